"""Puts the ontology and a note of the Git commit into the wheel: an installed package has no repository to ask."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelContents(BuildHookInterface):
    """Adds registry/ontology, and registry/build.json where there is a repository; without it, runs do not count."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for path in (Path(self.root) / "ontology").iterdir():
            if path.name != "imports":  # a person's own, under other licences than ours
                build_data["force_include"][str(path)] = f"registry/ontology/{path.name}"
        try:
            commit, changes = (
                subprocess.run(
                    ["git", "-C", self.root, *arguments], capture_output=True, encoding="utf-8", check=True
                ).stdout.strip()
                for arguments in (
                    ["rev-parse", "HEAD"],
                    ["status", "--porcelain", "--", "registry", "reference_impl", "ontology", "pyproject.toml"],
                )
            )
        except (OSError, subprocess.CalledProcessError):
            return
        note = Path(self.directory) / "build.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"sourceCommit": commit, "sourceModified": bool(changes)}), encoding="utf-8")
        build_data["force_include"][str(note)] = "registry/build.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The note is in the wheel now; beside it, it would only be in the way."""
        (Path(self.directory) / "build.json").unlink(missing_ok=True)
