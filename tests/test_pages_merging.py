"""Two people change one page: each change survives, and where they disagree both are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.pages import lists
from registry.pages.merging import Conflict, merge

BASE = "a:: 1\nis-subclass-of:: [[A]], [[B]]\n\n- first\n- second\n- third\n"

LINES = st.lists(
    st.sampled_from(["a:: 1", "a:: 2", "p:: [[A]]", "p:: [[A]], [[B]]", "  - p:: [[C]]", "- x", "- y", "", "```"]),
    max_size=8,
)
TEXTS = st.builds(
    lambda lines, ending, last: ending.join(lines) + last,
    LINES,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
)


@given(TEXTS, TEXTS)
def test_a_side_that_changed_nothing_gives_way(base: str, other: str) -> None:
    assert merge(base, base, other).text == other
    assert merge(base, other, base).text == other
    assert merge(base, other, other).text == other
    assert not merge(base, base, other).conflicts + merge(base, other, base).conflicts


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_of_theirs_is_lost_unsaid(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs)
    said = merged.text.split() + [
        word for conflict in merged.conflicts for line in conflict.theirs for word in line.split()
    ]
    for word in set(theirs.split()) - set(base.split()):
        # A list that both changed is written anew, with other commas.
        assert any(word.strip(",") in other for other in said)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=12, unique=True), st.data())
def test_edits_apart_from_each_other_both_survive(numbers: list[int], data: st.DataObject) -> None:
    base = [f"line {number}" for number in numbers]
    mine = data.draw(st.integers(0, len(base) - 3))
    other = data.draw(st.integers(mine + 2, len(base) - 1))
    ours, theirs, both = list(base), list(base), list(base)
    ours[mine] = both[mine] = "ours"
    theirs[other] = both[other] = "theirs"
    merged = merge("\n".join(base), "\n".join(ours), "\n".join(theirs))
    assert merged.text == "\n".join(both)
    assert not merged.conflicts


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(
            BASE.replace("[[B]]", "[[B]], [[C]]"),
            BASE.replace("[[A]], ", "").replace("[[B]]", "[[B]], [[D]]"),
            BASE.replace("[[A]], [[B]]", "[[B]], [[C]], [[D]]"),
            id="lists of pages merge as sets",
        ),
        pytest.param(
            BASE.replace("1", "2"),
            BASE.replace("[[B]]", "[[X]]"),
            BASE.replace("1", "2").replace("[[B]]", "[[X]]"),
            id="two properties side by side",
        ),
        pytest.param(
            BASE + "- by us\n", BASE + "- by them\n", BASE + "- by us\n- by them\n", id="both add at one place"
        ),
        pytest.param(
            BASE.replace("- second\n", ""),
            BASE.replace("- third", "- third, better"),
            None,
            id="next to a line that went",
        ),
        pytest.param(
            BASE.replace("a:: 1\n", "a:: 1\nuses:: [[X]]\n"),
            BASE.replace("a:: 1\n", "a:: 1\nuses:: [[Y]]\n"),
            BASE.replace("a:: 1\n", "a:: 1\nuses:: [[X]], [[Y]]\n"),
            id="both state a list that was not there",
        ),
        pytest.param(
            BASE.replace("- first", "- First").replace("\n", "\r\n"),
            BASE.replace("- third", "- Third"),
            BASE.replace("- first", "- First").replace("- third", "- Third").replace("\n", "\r\n"),
            id="other line endings are no change of a line",
        ),
        pytest.param(
            BASE.rstrip("\n"), BASE + "- fourth", BASE + "- fourth", id="a line behind a last one without an end"
        ),
    ],
)
def test_both_sides_are_heard(ours: str, theirs: str, expected: str | None) -> None:
    merged = merge(BASE, ours, theirs)
    if expected is None:
        assert merged.text == BASE.replace("- second\n", "")
        assert merged.conflicts[0].theirs == ("- second", "- third, better")
    else:
        assert (merged.text, merged.conflicts) == (expected, ())


def test_a_conflict_keeps_ours_and_tells_both_with_their_lines() -> None:
    merged = merge(BASE, BASE.replace("a:: 1", "new:: x\na:: 2"), BASE.replace("a:: 1", "a:: 3"))
    assert merged.text == BASE.replace("a:: 1", "new:: x\na:: 2")
    assert merged.conflicts == (Conflict(line=2, their_line=1, base=("a:: 1",), ours=("a:: 2",), theirs=("a:: 3",)),)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("[[A]], [[B]], [[C]]", "b", "[[A]], [[C]]"),
        ("[[A]], [[B]]", "A", "[[B]]"),
        ("[[A]], [[B]]", "B", "[[A]]"),
        ("[[A]] [[B]] [[C]]", "B", "[[A]] [[C]]"),
        ("[[A]] (via x, y), [[B]]", "A", "[[B]]"),
        ("[[A]], [[B]] (via is-subclass-of)", "B", "[[A]]"),
        ("[[A, B]], #C, [the label]([[D]])", "A, B", "#C, [the label]([[D]])"),
        ("[[A, B]], #C, [the label]([[D]])", "D", "[[A, B]], #C"),
        ("#C, #[[D]]", "c", "#[[D]]"),
        ("[[A]], [[a]]", "A", ""),
        ("[[Out [[In]] er]]", "Out [[In]] er", ""),
        ("[[A]]", "Z", "[[A]]"),
    ],
)
def test_a_link_leaves_a_list_with_its_comma(value: str, name: str, expected: str) -> None:
    assert lists.without(value, name) == expected
