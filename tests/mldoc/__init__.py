"""Asks Logseq's own parser, mldoc, what it sees in pages; the parser is never part of this repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from registry.pages import references
from registry.pages.reader import Property, read

View = dict[str, Any]

needs_mldoc = pytest.mark.skipif(
    not os.environ.get("MLDOC") and not os.environ.get("REGISTRY_MLDOC_REQUIRED"),
    reason="Logseq's parser is not at hand: set MLDOC to the index.js of npm's mldoc 1.5.7",
)


def views_of(texts: Sequence[str]) -> list[View | None]:
    """What mldoc sees in each text: page properties, blocks, references, fences; None where it gives up.

    One Node process reads them all.  The keys are those of `view` in view.mjs; blocks and lines are counted from 0.
    """
    node = shutil.which("node")
    assert node and os.environ.get("MLDOC"), "mldoc is required: set MLDOC to its index.js and have node on PATH"
    answered = subprocess.run(
        [node, "--stack-size=4000", str(Path(__file__).with_name("view.mjs"))],
        input=json.dumps(list(texts)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    answers: list[View | None] = json.loads(answered.stdout)
    assert len(answers) == len(texts)
    return answers


def views(files: Iterable[Path]) -> list[View | None]:
    """What mldoc sees in each file, in their order."""
    return views_of([file.read_bytes().decode() for file in files])


def seen(text: str) -> View:
    """What our own reader sees in a text, with the keys of mldoc's view."""
    page = read(text)
    found = references.of(page)

    def referred(block: int | None, everywhere: bool = False) -> View:
        mine = [one for one in found if everywhere or one.block == block]
        return {
            "pages": _sorted({one.name for one in mine if not one.uuid}),
            "uuids": _sorted({one.name for one in mine if one.uuid}),
        }

    return {
        "properties": _stated(page.properties),
        "ignored": _stated(page.ignored),
        "blocks": [
            {
                "line": block.first,
                "level": block.level,
                "bullet": block.bullet,
                "heading": block.heading,
                "marker": block.marker,
                "priority": block.priority,
                "properties": _stated(block.properties),
                "ignored": _stated(block.ignored),
                **referred(index),
                "parent": block.parent,
                "depth": block.depth,
            }
            for index, block in enumerate(page.blocks)
        ],
        "fences": [[fence.language or None, -1 if fence.block is None else fence.block] for fence in page.fences],
        **referred(None, everywhere=True),
    }


def _stated(properties: list[Property]) -> list[list[str]]:
    return [[one.key, one.value] for one in properties]


def _sorted(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))  # as JavaScript sorts
