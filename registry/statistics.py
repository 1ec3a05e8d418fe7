"""Aggregates over seeds and differences of means, recomputed from raw values by SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from registry.records import Aggregate, Difference

LEVEL = 0.95
ENOUGH = 3
"""Fewer runs than this never win a comparison."""

FROM_VALUES = "Welch's t, from raw values"
FROM_SUMMARY = "Welch's t, from mean, standard deviation and n"
FROM_PAIRS = "Student's t, from differences of pairs"
FROM_OUR_SPREAD = "Student's t, with our spread for the claim's unseen runs"


def aggregate(values: Sequence[float]) -> Aggregate:
    """n, mean, standard deviations (ddof 1 and 0) and the 95% interval of the mean by Student's t."""
    import numpy as np

    n = len(values)
    mean = float(np.mean(values))
    sd = float(np.std(values, ddof=1)) if n > 1 else None
    low = high = None
    if n >= ENOUGH and sd is not None:
        margin = _quantile(n - 1) * sd / n**0.5
        low, high = mean - margin, mean + margin
    population = float(np.std(values, ddof=0)) if n > 1 else None
    return Aggregate(n=n, mean=mean, sd=sd, population_sd=population, low=low, high=high)


def sample_sd(spread: float, size: int, ddof: int | None) -> float:
    """The standard deviation with ddof 1 that a source means which prints `spread` over `size` values.

    Nobody knows what ddof None stands for: it is read as 0, whose ddof 1 is the larger, so that an
    interval becomes too wide and never too narrow.
    """
    return float(spread if ddof == 1 else spread * (size / (size - 1)) ** 0.5)


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """mean(ours) - mean(theirs) by Welch's t-test; each needs two values."""
    import numpy as np

    return _welch(ours, float(np.mean(theirs)), float(np.std(theirs, ddof=1)), len(theirs), FROM_VALUES)


def difference_from_summary(ours: Sequence[float], mean: float, sd: float, size: int) -> Difference:
    """mean(ours) - `mean` by Welch's t-test, where `sd` (ddof 1) is the spread of `size` unseen values."""
    return _welch(ours, mean, sd, size, FROM_SUMMARY)


def difference_from_mean(ours: Sequence[float], mean: float, size: int) -> Difference:
    """mean(ours) - `mean`, where `mean` is that of `size` unseen values of unknown spread.

    Their spread is taken to be ours: for one value this is the prediction interval of one more run.
    Treating a single published run as exact would call half of all honest repetitions different.
    """
    import numpy as np

    n = len(ours)
    error = float(np.std(ours, ddof=1)) * (1 / n + 1 / size) ** 0.5
    return _by_t(float(np.mean(ours)) - mean, error, n - 1, FROM_OUR_SPREAD)


def difference_from_zero(gains: Sequence[float]) -> Difference:
    """The mean of differences that were measured in pairs, by Student's t; it needs two."""
    import numpy as np

    error = float(np.std(gains, ddof=1)) / len(gains) ** 0.5
    return _by_t(float(np.mean(gains)), error, len(gains) - 1, FROM_PAIRS)


def least_half_width(error: float) -> float:
    """What an interval of a difference keeps when one side is known exactly and the other to that standard error."""
    from scipy import special

    return float(special.ndtri((1 + LEVEL) / 2)) * error


def _welch(ours: Sequence[float], mean: float, sd: float, size: int, test: str) -> Difference:
    import numpy as np

    parts = np.array([np.var(ours, ddof=1) / len(ours), sd**2 / size])
    # Welch-Satterthwaite.  SciPy's ttest_ind gives the same, but warns when one sample has no spread.
    freedom = parts.sum() ** 2 / (parts**2 / [len(ours) - 1, size - 1]).sum() if parts.any() else 1.0
    return _by_t(float(np.mean(ours)) - mean, float(parts.sum()) ** 0.5, float(freedom), test)


def _by_t(gap: float, error: float, freedom: float, test: str) -> Difference:
    """The interval and the two-sided p value of a gap with that standard error."""
    from scipy import special

    if error == 0:
        return Difference(low=gap, high=gap, p_value=1.0 if gap == 0 else 0.0, test=test)
    margin = _quantile(freedom) * error
    p_value = float(2 * special.stdtr(freedom, -abs(gap) / error))
    return Difference(low=gap - margin, high=gap + margin, p_value=p_value, test=test)


@cache
def _quantile(freedom: float) -> float:
    """Student's t of a two-sided interval at LEVEL."""
    # scipy.stats has the same by another name, and takes a second longer to import.
    from scipy import special

    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))
