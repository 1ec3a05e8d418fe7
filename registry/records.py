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
    reading: bool
    """Whether the paper leaves something open, so that ours is a reading of it."""


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
    image_counts: dict[str, int]
    """How many images a split has, for the splits where that is known."""


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
    """In `unit`; a fraction has become percent."""
    unit: str
    """"%", "points" (a difference of percentages), "s", "min", "h" or "GB"."""
    compared_with: str | None
    """The method that a difference is measured from; None where the number stands by itself."""
    decimals: int
    """Digits after the point that the source gives, counted in `unit`."""
    stated: str
    also_stated: tuple[str, ...]
    """Other places of the source that print the same number: verbatim text and place."""
    locator: str
    source: str
    evidence: str
    statistic: str
    selection: str
    raw_values: tuple[float, ...]
    sample_size: int
    """How many trainings it summarises; 1 where the source does not say."""
    spread: float | None
    """The number after the plus-minus sign."""
    spread_decimals: int
    spread_ddof: int | None
    """Of a stated standard deviation, 0 or 1; None where nobody knows."""
    spread_is: str | None
    """What that number is, in words; not given where the source only prints it."""
    pretrained_on: tuple[str, ...]
    """Data sets that its encoder learned from, where they are not the benchmark's own."""
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
    false_negative_share: float | None
    """Of the negatives kept in the last epoch, the share of their query's class; None where none are chosen."""
    device: str | None
    source_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What somebody said of a run after it was filed; the record itself is never edited."""

    name: str
    run: str
    stated: str
    """When, in UTC."""
    stated_by: str | None


@dataclass(frozen=True, kw_only=True)
class Retraction(Notice):
    """The run counts no more."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Supersession(Notice):
    """Another run takes its place."""

    reason: str
    successor: str


@dataclass(frozen=True, kw_only=True)
class Verification(Notice):
    """The run was done again from its record."""

    rerun: str
    outcome: str
    """identical, holds, or does not hold."""
    difference: float
    """The new value minus the recorded one, in percentage points."""
    tolerance: float
    differing: tuple[str, ...]
    """What was different in code, software and machine, in words."""

    @property
    def held(self) -> bool:
        """Whether the new value was near enough to the recorded one."""
        return self.outcome in ("identical", "holds")


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """Statistics over raw values: sample standard deviation (ddof 1) and Student's t interval.

    The standard deviations are None for one value; the interval is None for fewer than three.
    """

    n: int
    mean: float
    sd: float | None
    population_sd: float | None
    """With ddof 0: only to see what a source has printed."""
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
class Difference:
    """Our mean minus a claim's or another of ours, in percentage points, with its 95% interval."""

    low: float
    high: float
    p_value: float
    """Of a difference at least as large if there were none."""
    test: str


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Results of ours that come closest to a claim and that nothing says it should equal."""

    recipe: str
    benchmark: str
    synthetic: bool
    result: Aggregate
    runs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What our results say about a claim."""

    claim: Claim
    verdict: str
    reason: str
    ours: Aggregate | None = None
    """What runs under the claim's conditions reached; None where there are none."""
    recipe: str | None = None
    runs: tuple[str, ...] = ()
    difference: Difference | None = None
    differences: tuple[str, ...] = ()
    """The conditions that keep the nearest results from being compared, in words."""
    nearest: Nearest | None = None
    theirs: Aggregate | None = None
    """Recomputed from the raw values that the source gives."""
    remarks: tuple[str, ...] = ()
    """Whether what the source prints agrees with its raw values."""


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What a source says becomes of a method when one setting changes and the others do not."""

    name: str
    label: str
    method: str
    changed_from: dict[str, Setting]
    changed_to: dict[str, Setting]
    """The same keywords with other values."""
    epochs_factor: float
    """By what the change multiplies the epochs; 1 where the trainings are equally long."""
    expects: str
    """"Higher", "Lower", "NoDifference" or "Fails"."""
    stated: tuple[str, ...]
    locator: str
    source: str
    evidence: str
    rests_on: tuple[str, ...]
    """Claims whose numbers show the direction."""
    caveats: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the runs of two recipes, which differ in the change alone, say to an ablation on a benchmark."""

    ablation: Ablation
    claimed: tuple[float, ...]
    """The differences that its claims give, in percentage points."""
    benchmark: str | None
    """None where no recipes make the change on a benchmark that runs here."""
    synthetic: bool
    answer: str
    reason: str
    recipe: str | None = None
    """With the change."""
    reference: str | None = None
    """Without it."""
    ours: Aggregate | None = None
    without: Aggregate | None = None
    """What the runs without the change reached."""
    difference: Difference | None = None
    """With the change minus without it; minus the untrained encoder where the source says that it fails."""
    runs: tuple[str, ...] = ()
    """Those with the change, and those without it."""


@dataclass(frozen=True, kw_only=True)
class StatedParent:
    """What one source gives as the parent of a subject."""

    parent: str
    agrees: str
    """"ours" when the registry gives the same, "above ours" when it stands higher up there, else "not ours"."""
    stated: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Description:
    """Any subject with all that is said of it; neighbours are given as `kind:slug`."""

    kind: str
    name: str
    label: str
    definition: str
    facts: dict[str, tuple[str, ...]]
    """What is said, by the word for it: its own properties first, then what others say about it."""
    parents: tuple[StatedParent, ...]
    also: tuple[str, ...]
    """Other subjects that bear the name it was found by."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """How much the graph holds."""

    subjects: dict[str, int]
    """By kind."""
    implemented: int
    """Methods that run here."""
    readings: int
    """Those of them that are a reading of a paper that leaves something open."""
    runnable: int
    """Benchmarks that run here; the others are described because claims are about them."""
    evidence: dict[str, int]
    """Claims by how directly they were read."""


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
