"""Where the ontology is read from and where results go."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from registry.errors import RegistryError

RESULTS = "results"

FOLDERS = {
    "terms": "term",
    "methods": "method",
    "papers": "paper",
    "repositories": "repository",
    "tasks": "task",
    "metrics": "metric",
    "protocols": "protocol",
    "datasets": "dataset",
    "benchmarks": "benchmark",
    "claims": "claim",
    "ablations": "ablation",
    RESULTS: "run",
    "notices": "notice",
}
"""The folders of an ontology, and the kind of subject that a file of each describes."""

IMPORTS = "imports"
"""The folder of what other collections state: a file holds many subjects, which are none of ours."""

PAGES = "logseq"
"""The folder of imports that holds collections of pages."""

LANDMARK = Path("ontology", "vocabulary.ttl")


@dataclass(frozen=True)
class Home:
    """Folders of Turtle files, of which a later one shadows an earlier file of the same path.

    In a checkout there is one, `ontology/`, and results go there.  An installed package reads the
    ontology that it ships and, over it, the files of a folder of the user.
    """

    layers: tuple[Path, ...]
    results: Path
    work: Path
    """Checkpoints and downloads; nothing there is part of the graph."""

    def reads(self, layer: Path, folder: str) -> bool:
        """Whether a folder of a layer is read.  A user's own may hold anything else beside ours."""
        return layer == self.layers[0] or folder in (*FOLDERS, IMPORTS)

    @property
    def imports(self) -> Path:
        """Where imported collections go: beside the results."""
        return self.results.parent / IMPORTS

    @property
    def notices(self) -> Path:
        """What is said of runs after they were filed, beside their results."""
        return self.results.parent / "notices"


def find_home(named: Path | None = None) -> Home:
    """The home that was named, else REGISTRY_HOME, else the checkout around this folder or the package.

    Failing all, a folder of the user's.  A named folder that holds `ontology/vocabulary.ttl` is a
    registry of its own; any other is a layer over the shipped ontology, made when a result is written.
    """
    if named is None and os.environ.get("REGISTRY_HOME"):
        named = Path(os.environ["REGISTRY_HOME"])
    if named is not None:
        named = named.resolve()
        if (named / LANDMARK).is_file():
            return _checkout(named)
        if named.exists() and not named.is_dir():
            raise RegistryError(f"{named} is a file; --home must name a folder")
        return _layered(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / LANDMARK).is_file() and (folder / "pyproject.toml").is_file():
            return _checkout(folder)
    package = Path(__file__).resolve().parent.parent
    if (package / LANDMARK).is_file():
        return _checkout(package)
    import click

    return _layered(Path(click.get_app_dir("contrastive-registry")))


def _checkout(root: Path) -> Home:
    _require_name(root)
    ontology = root / "ontology"
    return Home(layers=(ontology,), results=ontology / "results", work=root / ".registry")


def _layered(folder: Path) -> Home:
    _require_name(folder)
    return Home(layers=(shipped_ontology(), folder), results=folder / "results", work=folder / ".registry")


def _require_name(folder: Path) -> None:
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise RegistryError(f"the name of {str(folder)!a} is not UTF-8; name another folder with --home") from None


def shipped_ontology() -> Path:
    """The ontology of the package itself: inside it when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "ontology", package.parent / "ontology"):
        if (folder / "vocabulary.ttl").is_file():
            return folder
    raise RegistryError(f"the ontology is missing from {package}; install the package again")
