"""What crosses module borders: frozen records, no input or output."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from registry.signatures import Setting


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method as the graph describes it.  Neighbours are given by slug."""

    name: str
    label: str
    definition: str
    implementation: str | None
    introduced_in: str | None
    variant_of: str | None
    borrows_from: tuple[str, ...]
    components: tuple[str, ...]
    departures: tuple[str, ...]
    """Where our implementation or a recipe differs from the paper, in words."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A method's settings for the benchmarks that share them."""

    name: str
    method: str
    variant: str | None
    """None for the recipe that runs when no other is asked for."""
    benchmarks: tuple[str, ...]
    settings: dict[str, Setting]
    departures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Where a data set comes from and how to recognise it."""

    name: str
    label: str
    synthetic: bool
    loader: str | None
    channel_mean: tuple[float, ...]
    channel_std: tuple[float, ...]
    checksums: dict[str, str]
    """sha256 by split, for the splits where it is fixed."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Data set, protocol and metric."""

    name: str
    label: str
    version: int
    dataset: Dataset
    protocol: str
    implementation: str | None
    settings: dict[str, Setting]
    training_split: str
    evaluation_split: str
    metric: str
    higher_is_better: bool

    @property
    def runnable(self) -> bool:
        """Whether it can be run here; others are described because claims are about them."""
        return bool(self.implementation and self.dataset.loader and self.settings)

    @property
    def title(self) -> str:
        """The label, with a warning where the data are synthetic."""
        return f"{self.label} (synthetic data)" if self.dataset.synthetic else self.label


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A number that a source states, with the conditions it was reached under."""

    name: str
    label: str
    method: str
    benchmark: str
    value: float
    """In percent, whatever unit the source used."""
    decimals: int
    """Digits after the point that the source gives, counted in percent."""
    stated: str
    locator: str
    source: str
    evidence: str
    statistic: str
    selection: str
    raw_values: tuple[float, ...]
    sample_size: int
    """How many trainings it summarises; 1 where the source does not say."""
    conditions: dict[str, Setting]
    """Settings of the recipe that the source states."""
    scoring: dict[str, Setting]
    """Settings of the protocol that the source states."""
    caveats: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training and evaluation with one seed.  Values in percent, None where there is none."""

    name: str
    method: str
    benchmark: str
    benchmark_version: int
    recipe: str
    follows_recipe: bool
    recipe_hash: str
    benchmark_hash: str
    changed: tuple[str, ...]
    seed: int
    status: str
    started: str
    value: float | None
    untrained: float | None
    missing: tuple[str, ...]
    """Provenance that a ranking asks for and the record lacks."""
    reason: str | None
    """Why there is no result."""
    images_per_second: float | None
    wall_seconds: float | None
    peak_memory: int | None
    device: str | None
    source_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """Statistics over raw values: sample standard deviation (ddof 1) and Student's t interval.

    `sd` is None for one value; the interval is None for fewer than three.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A line of a leaderboard: what the runs of one recipe reached together, in percent."""

    rank: int | None
    method: str
    recipe: str
    variant: str | None
    result: Aggregate
    untrained: float
    runs: tuple[str, ...]
    remark: str


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Standings of one benchmark version, and the runs that do not count with the reason."""

    benchmark: Benchmark
    standings: tuple[Standing, ...]
    left_out: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What our results say about a claim."""

    claim: Claim
    verdict: str
    reason: str
    ours: Aggregate | None
    recipe: str | None


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Something in the graph that is not as it should be, and where."""

    file: Path
    line: int | None
    subject: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.subject}: {self.message}" if self.subject else f"{place}: {self.message}"
