"""What a claim's raw values give, and whether what the source prints agrees with them."""

from __future__ import annotations

import re

from registry.records import Aggregate, Claim
from registry.statistics import sample_sd

NOISE = 1e-9
"""Binary fractions: 67.55 printed as 67.5 and as 67.6 are both right."""


def remarks(claim: Claim, theirs: Aggregate) -> tuple[str, ...]:
    """How the stated mean, spread and n stand to the aggregate of the claim's raw values."""
    found = []
    if abs(theirs.mean - claim.value) > rounding(claim.decimals) + NOISE:
        found.append(f"the stated {claim.value:.{claim.decimals}f} is not the mean of the raw values")
    if claim.sample_size not in (1, theirs.n):
        found.append(f"the stated n = {claim.sample_size} is not the number of raw values")
    if claim.spread is not None and theirs.sd is not None and is_deviation(claim):
        found.append(_of_spread(claim, claim.spread, theirs))
    return tuple(found)


def _of_spread(claim: Claim, spread: float, theirs: Aggregate) -> str:
    stated = f"the stated ±{spread:.{claim.spread_decimals}f}"
    fits = [
        ddof
        for ddof, sd in ((0, theirs.population_sd), (1, theirs.sd))
        if sd is not None and abs(sd - spread) <= rounding(claim.spread_decimals) + NOISE
    ]
    if not fits:
        return f"{stated} agrees with neither"
    agrees = f"{stated} agrees with ddof {fits[0]} only" if len(fits) == 1 else f"{stated} agrees with both"
    if claim.spread_ddof is not None and claim.spread_ddof not in fits:
        return f"{agrees}, and is said to have ddof {claim.spread_ddof}"
    return agrees


def rounding(decimals: int) -> float:
    """A printed number stands for all that round to it: half a unit of its last digit."""
    return float(0.5 * 10**-decimals)


def is_deviation(claim: Claim) -> bool:
    """Whether the number after the plus-minus sign may be read as a standard deviation.

    Where the source only prints it, it is: that is what the sign mostly means.
    """
    if claim.spread_ddof is not None or claim.spread_is is None:
        return True
    return (
        re.match(r"((sample|population) )?(std|sd|standard deviation)\b", claim.spread_is, re.IGNORECASE) is not None
    )


def widest_sd(claim: Claim) -> float | None:
    """The largest standard deviation (ddof 1) that a stated spread can stand for.

    None where there is none, where it is something else, or where nobody knows of how many values.
    """
    if claim.spread is None or claim.sample_size < 2 or not is_deviation(claim):
        return None
    return sample_sd(claim.spread + rounding(claim.spread_decimals), claim.sample_size, claim.spread_ddof)
