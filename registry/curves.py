"""Learning curves: one row an epoch, from the CSV beside a run's record."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from hashlib import sha256

from registry.errors import RegistryError
from registry.graph import Graph
from registry.namespaces import iri

COLUMNS = ("loss", "learning_rate", "seconds", "images", "embedding_spread", "false_negative_share")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One epoch of a training.  None where the record has no such number."""

    epoch: int
    loss: float | None
    learning_rate: float | None
    seconds: float | None
    images: float | None
    embedding_spread: float | None
    """1 - |mean of the unit embeddings|^2; 0 when all images have become one point."""
    false_negative_share: float | None


def read_curve(graph: Graph, run: str) -> list[Point]:
    """The epochs of a run; none where it has no curve.

    Raises UnknownName, and RegistryError where the file is gone or is not the one that was recorded.
    """
    content = curve_csv(graph, run)
    if content is None:
        return []
    rows = csv.DictReader(io.StringIO(content.decode("utf-8", errors="replace"), newline=""))
    try:
        return [_point(row) for row in rows]
    except (TypeError, ValueError, KeyError, csv.Error) as error:
        problem = f"row {rows.line_num} of the learning curve of {run} is no epoch of a curve: {error}"
        raise RegistryError(problem) from error


def curve_csv(graph: Graph, run: str) -> bytes | None:
    """The file of the curve as it was recorded, or None where the run has no curve; raises as `read_curve` does."""
    node = f"{graph.find('run', run)}#curve"
    recorded = graph.value(node, iri("schema", "sha256"))
    if recorded is None:
        return None
    # The name in the record is data; the file is the one beside the record, whatever that says.  Other
    # files may speak of the run as well: the record is the one that speaks of the curve.
    file = graph.path_of(node).with_suffix(".csv")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RegistryError(f"the learning curve of {run} cannot be read: {error}") from error
    if sha256(content).hexdigest() != recorded:
        raise RegistryError(f"{file} is not the learning curve that {run} recorded: its sha256 differs")
    return content


def _point(row: dict[str, str]) -> Point:
    numbers = {name: _number(row.get(name)) for name in COLUMNS}
    return Point(epoch=int(row["epoch"]), **numbers)


def _number(text: str | None) -> float | None:
    value = float(text) if text else None
    return value if value is None or math.isfinite(value) else None
