"""One number printed twice is one claim: fractions, percent and percentage points told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_checks import edit, problems

PERCENT, FRACTION, POINT = "unit:PERCENT", "unit:FRACTION", "reg:PercentagePoint"


def change(home: Path, value: str, unit: str, more: str = "", *, name: str = "beta-near", stated: str = "") -> None:
    """Gives the claim another number; `more` is Turtle that is added to it."""
    edit(home, f"claims/{name}.ttl", "mls:hasValue 55.5", f"mls:hasValue {value}")
    edit(home, f"claims/{name}.ttl", "unit:PERCENT ;", f"{unit} ; {more}")
    edit(home, f"claims/{name}.ttl", 'statedText "55.5"', f'statedText "{stated or value}"')


def also(value: str, unit: str) -> str:
    text = f'reg:statedText "{value}" ; reg:locator "page 2"'
    return f"reg:alsoStated [ a reg:Statement ; {text} ; mls:hasValue {value} ; qudt:hasUnit {unit} ] ;"


def second_claim(home: Path, value: str, unit: str, more: str = "") -> None:
    """Adds the claim beta-other: that of beta-near, with another number."""
    claims = home / "ontology" / "claims"
    text = (claims / "beta-near.ttl").read_text().replace("beta-near", "beta-other")
    (claims / "beta-other.ttl").write_text(text)
    change(home, value, unit, more, name="beta-other")


def messages(home: Path) -> list[str]:
    return [problem.message for problem in problems(home)]


@pytest.mark.parametrize(
    ("value", "unit", "again", "unit_again"),
    [
        ("0.8086", FRACTION, "80.86", PERCENT),
        ("80.86", PERCENT, "0.8086", FRACTION),
        ("0.811", FRACTION, "81.10", PERCENT),
        ("0.811", FRACTION, "81.14", PERCENT),
        ("76.25", PERCENT, "76.3", PERCENT),
    ],
)
def test_a_number_that_rounds_to_what_is_printed_elsewhere_is_one_claim(
    tiny_home: Path, value: str, unit: str, again: str, unit_again: str
) -> None:
    change(tiny_home, value, unit, also(again, unit_again))
    assert messages(tiny_home) == []


@pytest.mark.parametrize(
    ("value", "again", "words"),
    [
        ("0.8086", "80.68", "states 0.8086 and also 80.68 %, which is another number"),
        ("0.811", "81.16", "states 0.811 and also 81.16 %, which is another number"),
        ("0.8110", "81.14", "states 0.8110 and also 81.14 %, which is another number"),
    ],
)
def test_another_number_is_reported_with_both(tiny_home: Path, value: str, again: str, words: str) -> None:
    change(tiny_home, value, FRACTION, also(again, PERCENT))
    (found,) = problems(tiny_home)
    assert found.message == f"{words}; correct one, or give it a claim of its own"
    assert (found.file.name, found.subject) == ("beta-near.ttl", "claim:beta-near")


def test_a_fraction_and_its_percent_in_two_files_are_one_claim(tiny_home: Path) -> None:
    second_claim(tiny_home, "80.86", PERCENT)
    change(tiny_home, "0.8086", FRACTION)
    assert messages(tiny_home) == [
        "0.8086 and 80.86 % are one claim: keep one and add reg:alsoStated to it; the other is beta-near"
    ]


@pytest.mark.parametrize(
    ("value", "unit", "more"),
    [
        ("80.68", PERCENT, ""),
        ("0.8086", FRACTION, ""),
        ("80.86", PERCENT, "hp:epochs 2 ;"),
        ("80.86", PERCENT, "reg:pretrainedOn dataset:toy ;"),
    ],
)
def test_other_numbers_and_other_conditions_are_other_claims(
    tiny_home: Path, value: str, unit: str, more: str
) -> None:
    for prefix, folder in (("hp", "hyperparameter"), ("dataset", "dataset")):
        edit(
            tiny_home,
            "claims/beta-near.ttl",
            "@prefix unit:",
            f"@prefix {prefix}: <https://w3id.org/contrastive-registry/{folder}/> .\n@prefix unit:",
        )
    second_claim(tiny_home, value, unit, more)
    change(tiny_home, "0.8086", FRACTION)
    assert messages(tiny_home) == []


def test_points_and_percent_are_kept_apart(tiny_home: Path) -> None:
    second_claim(tiny_home, "0.24", POINT, "reg:comparedWith method:alpha ;")
    change(tiny_home, "0.0024", FRACTION, also("0.24", PERCENT))
    assert messages(tiny_home) == []


def test_a_difference_cannot_also_be_a_share(tiny_home: Path) -> None:
    change(tiny_home, "0.24", POINT, "reg:comparedWith method:alpha ; " + also("0.24", PERCENT))
    assert messages(tiny_home) == [
        "is a PercentagePoint, and what it also states, 0.24 %, is a share of a whole; give that a claim of its own"
    ]


def test_a_difference_without_what_it_is_from_is_refused(tiny_home: Path) -> None:
    change(tiny_home, "-0.24", POINT)
    assert any("needs one reg:comparedWith" in message for message in messages(tiny_home))


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("mls:hasValue 80.86 ; ", "What a claim also states needs one mls:hasValue."),
        ('reg:statedText "80.86" ; ', "What a claim also states needs one reg:statedText."),
        ('reg:locator "page 2" ; ', "What a claim also states needs a reg:locator."),
    ],
)
def test_an_incomplete_statement_breaks_its_shape(tiny_home: Path, missing: str, sentence: str) -> None:
    complete = also("80.86", PERCENT)
    assert missing in complete
    change(tiny_home, "0.8086", FRACTION, complete.replace(missing, ""))
    assert messages(tiny_home) == [sentence]


def test_a_statement_in_points_breaks_its_shape(tiny_home: Path) -> None:
    change(tiny_home, "0.8086", FRACTION, also("80.86", POINT))
    assert messages(tiny_home) == ["What a claim also states needs qudt:hasUnit unit:PERCENT or unit:FRACTION."]
