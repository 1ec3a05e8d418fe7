"""What a person at a terminal sees of a run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from registry.tables import duration

if TYPE_CHECKING:
    from reference_impl.evaluation import Score
    from reference_impl.training import Progress
    from registry.records import Benchmark, Recipe


class Narrator:
    """Tells a person at a terminal how a run goes.  A run does not end because nobody listens any more."""

    def say(self, text: str) -> None:
        with suppress(OSError):
            click.echo(text)

    def seed(self, seed: int, recipe: Recipe, benchmark: Benchmark, device: str) -> None:
        self.say(f"{recipe.method} on {benchmark.title}, recipe {recipe.name}, seed {seed}, {device}")

    def warning(self, text: str) -> None:
        with suppress(OSError):
            click.echo(f"warning: {text}", err=True)

    def stage(self, what: str) -> None:
        self.say(f"  {what}")

    def progress(self, progress: Progress) -> None:
        loss = "" if progress.loss is None else f"loss {progress.loss:.4f}  "
        self.say(
            f"  epoch {progress.epoch}/{progress.epochs}{'' if progress.epoch_done else ' ...'}  {loss}"
            f"{progress.images_per_second:.0f} images/s  {duration(progress.seconds_left)} left"
        )

    def scored(self, untrained: Score, trained: Score) -> None:
        before, after = (100 * score.correct / score.total for score in (untrained, trained))
        self.say(f"  {after:.2f} % of {trained.total} test images right, {before:.2f} % before training")
