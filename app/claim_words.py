"""How claims and verdicts are written: a claim always as a quotation, a verdict always with its sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from registry.ledger import Entry
from registry.records import Claim
from registry.verdict_names import ABOVE, BELOW, FAILED, NOT_ATTEMPTED, NOT_COMPARABLE, REPRODUCED, VERDICTS

NO_VERDICT = "no verdict"
CHOICES = (*VERDICTS, NO_VERDICT)
EVIDENCE = ("primary", "secondary", "recalled")

SIGNS = {
    REPRODUCED: "✓",
    BELOW: "▼",
    ABOVE: "▲",
    NOT_COMPARABLE: "≠",
    NOT_ATTEMPTED: "○",
    FAILED: "✕",
    NO_VERDICT: "?",
}
ICONS = {
    REPRODUCED: ("check_circle", "green"),
    BELOW: ("arrow_downward", "orange"),
    ABOVE: ("arrow_upward", "blue"),
    NOT_COMPARABLE: ("difference", "gray"),
    NOT_ATTEMPTED: ("circle", "gray"),
    FAILED: ("close", "red"),
    NO_VERDICT: ("help", "gray"),
}
"""The icon and the colour of a verdict; the word always stands beside them."""

MEANINGS = {
    REPRODUCED: "the whole interval of ours minus claim lies within a point of zero",
    BELOW: "ours is lower, and the interval leaves out zero",
    ABOVE: "ours is higher, and the interval leaves out zero",
    NOT_COMPARABLE: "something differs, or there are too few seeds to tell",
    NOT_ATTEMPTED: "nobody has run it here",
    FAILED: "our runs of it broke off",
    NO_VERDICT: "the claim or what it is about cannot be read",
}


UNREADABLE = "unknown"


@dataclass
class Tally:
    """How many claims there are of each verdict and level of evidence, counted as they come."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    tested: int = 0
    benchmarks: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Tally:
        """Of all of these."""
        tally = cls()
        for entry in entries:
            tally.add(entry)
        return tally

    def add(self, entry: Entry) -> None:
        """One more."""
        level = evidence_of(entry)
        self.counts[verdict_of(entry), level if level in EVIDENCE else UNREADABLE] += 1
        self.tested += entry.verdict is not None and entry.verdict.difference is not None
        if entry.claim is not None:
            self.benchmarks.add(entry.claim.benchmark)


def printed(claim: Claim) -> str:
    """The number as its source prints it, with its unit; a difference says from what."""
    value = f"{claim.value:+.{claim.decimals}f}" if claim.unit == "points" else f"{claim.value:.{claim.decimals}f}"
    than = f" than {claim.compared_with or 'another method'}" if claim.unit == "points" else ""
    spread = "" if claim.spread is None else f" ± {claim.spread:.{claim.spread_decimals}f}"
    return f"{value}{spread} {claim.unit}{than}"


def quoted(claim: Claim) -> str:
    """The same in quotation marks, which no measured number ever has."""
    return f"“{printed(claim)}”"


def verdict_of(entry: Entry) -> str:
    """The word for it, also where there is no verdict."""
    return NO_VERDICT if entry.verdict is None else entry.verdict.verdict


def evidence_of(entry: Entry) -> str | None:
    """How directly the claim was read; None where it cannot be told."""
    return None if entry.claim is None else entry.claim.evidence.lower()


def signed(verdict: str) -> str:
    """A verdict with its sign."""
    return f"{SIGNS.get(verdict, '?')} {verdict}"
