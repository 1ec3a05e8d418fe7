"""Aggregates over seeds, recomputed from raw values by SciPy."""

from __future__ import annotations

from collections.abc import Sequence

from registry.records import Aggregate

LEVEL = 0.95
ENOUGH = 3
"""Fewer runs than this never win a comparison."""


def aggregate(values: Sequence[float]) -> Aggregate:
    """n, mean, sample standard deviation (ddof 1) and the 95% interval of the mean by Student's t."""
    import numpy as np
    from scipy import stats

    n = len(values)
    mean = float(np.mean(values))
    sd = float(np.std(values, ddof=1)) if n > 1 else None
    low = high = None
    if n >= ENOUGH and sd is not None:
        low, high = mean, mean
        if sd > 0:
            ends = stats.t.interval(LEVEL, df=n - 1, loc=mean, scale=stats.sem(values))
            low, high = float(ends[0]), float(ends[1])
    return Aggregate(n=n, mean=mean, sd=sd, low=low, high=high)


def difference(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of mean(ours) - mean(theirs), by Welch's t; each needs two values."""
    import numpy as np
    from scipy import stats

    gap = float(np.mean(ours) - np.mean(theirs))
    parts = np.array([np.var(sample, ddof=1) / len(sample) for sample in (ours, theirs)])
    if not parts.any():
        return gap, gap
    # Welch-Satterthwaite.  SciPy's ttest_ind gives the same, but warns when one sample has no spread.
    freedom = parts.sum() ** 2 / (parts**2 / [len(ours) - 1, len(theirs) - 1]).sum()
    margin = float(stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(parts.sum()))
    return gap - margin, gap + margin


def difference_from_mean(ours: Sequence[float], mean: float, size: int) -> tuple[float, float]:
    """The 95% interval of mean(ours) - `mean`, where `mean` is that of `size` unseen values.

    Their spread is taken to be ours: for one value this is the prediction interval of one more run.
    Treating a single published run as exact would call half of all honest repetitions different.
    """
    import numpy as np
    from scipy import stats

    n = len(ours)
    gap = float(np.mean(ours) - mean)
    spread = float(np.std(ours, ddof=1)) * (1 / n + 1 / size) ** 0.5
    margin = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread
    return gap - margin, gap + margin
