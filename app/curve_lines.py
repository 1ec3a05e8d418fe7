"""What may be drawn of a learning curve, and the points of one line of the picture."""

from __future__ import annotations

from collections.abc import Sequence

from registry.curves import Point
from registry.records import Run

QUANTITIES = {
    "loss": ("loss", "training loss"),
    "embedding spread": ("embedding_spread", "embedding spread (0 to 1)"),
    "learning rate": ("learning_rate", "learning rate"),
    "false negative share": ("false_negative_share", "false negatives (0 to 1)"),
    "seconds": ("seconds", "seconds of the epoch"),
    "images": ("images", "images of the epoch"),
}
"""By the words for it: the column of a curve, and the title of its axis."""


def line(run: Run, runs: Sequence[Run], points: Sequence[Point], column: str) -> list[dict[str, object]]:
    """The points of a run that have a number, and a finite one.

    A seed that stands among `runs` more than once is told apart by the end of the run's name.
    """
    again = sum(other.seed == run.seed for other in runs) > 1
    seed = f"{run.seed} ({run.name[-6:]})" if again else str(run.seed)
    values = ((point.epoch, getattr(point, column)) for point in points)
    return [
        {"epoch": epoch, "value": value, "seed": seed, "run": run.name}
        for epoch, value in values
        if value is not None
    ]
