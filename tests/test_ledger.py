"""The ledger of claims: every claim is in it, also where it cannot be judged, with the way to find out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import Registry, RegistryError, ledger_aside
from registry.ledger import claims_about, entries, entry, meaning, methods_of_claims, stated_by, way_to_compare
from registry.ledger_aside import entries_aside
from registry.verdict_names import NOT_ATTEMPTED
from tests.conftest import FileRun
from tests.test_checks import edit

CLAIM = """claim:{name} a reg:Claim, schema:Claim ; skos:prefLabel "{name}"@en ;
    reg:aboutMethod method:{method} ; reg:onBenchmark benchmark:{benchmark} ; mls:hasValue {value} ;
    qudt:hasUnit unit:PERCENT ; reg:statedText "50" ; reg:locator "page 1" ; prov:hadPrimarySource paper:ada1843 ;
    reg:reportedBy reg:FirstParty ; reg:evidenceLevel reg:Primary ; reg:statistic reg:SingleRun ;
    reg:selectionRule reg:LastEpoch ."""

Add = Callable[[str], None]


def of(name: str, *, method: str = "alpha", benchmark: str = "toy_knn", value: str = "50.0") -> str:
    """The Turtle of a claim."""
    return CLAIM.format(name=name, method=method, benchmark=benchmark, value=value)


def test_the_verdicts_of_the_ledger_are_those_of_the_registry(registry: Registry) -> None:
    found = list(entries(registry, registry.graph.names("claim")))
    assert [each.verdict for each in found] == registry.verdicts()
    assert all(each.verdict is not None and each.reason == each.verdict.reason for each in found)


@pytest.mark.parametrize(
    ("turtle", "reason"),
    [
        (of("odd", method="omega"), "no method 'omega'"),
        (of("odd", benchmark="nowhere"), "no benchmark 'nowhere'"),
        (of("odd", value='"much"'), "mls:hasValue is 'much', which is no number"),
        ("claim:odd a reg:Claim .", "it lacks something that every claim states (see: registry check)"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_in_the_ledger_with_the_reason(
    tiny_home: Path, add: Add, turtle: str, reason: str
) -> None:
    add(turtle)
    registry = Registry.open(tiny_home)
    found = {each.name: each for each in entries(registry, registry.graph.names("claim"))}
    assert len(found) == 8
    assert found["odd"].verdict is None
    assert found["odd"].reason.startswith(reason)
    assert (found["odd"].claim is None) == ("lacks" in reason or "number" in reason)


def test_claims_about_a_method_are_found_also_where_nobody_describes_it(tiny_home: Path, add: Add) -> None:
    add(of("odd", method="omega"))
    registry = Registry.open(tiny_home)
    assert claims_about(registry, "omega") == ["odd"]
    assert claims_about(registry, "beta") == ["beta-near"]
    assert claims_about(registry, "nothing") == []
    assert methods_of_claims(registry) == ["alpha", "beta", "omega"]


def test_the_way_to_compare_names_the_seeds_that_are_missing(tiny_home: Path, file_run: FileRun) -> None:
    def way(name: str) -> str | None:
        registry = Registry.open(tiny_home)
        claim = entry(registry, name).claim
        assert claim is not None
        return way_to_compare(registry, claim)

    command = "registry run-benchmark alpha --on toy_knn"
    assert way("alpha-near") == f"{command} --seed 0 --seed 1 --seed 2"
    file_run(600, seed=1)
    assert way("alpha-near") == f"{command} --seed 0 --seed 2"
    for seed in (0, 2):
        file_run(600, seed=seed)
    assert way("alpha-near") == f"{command} --seed 3"
    assert way("alpha-far") is None  # its benchmark is described only


def test_the_way_to_compare_names_the_variant_that_fits(tiny_home: Path) -> None:
    edit(tiny_home, "claims/alpha-near.ttl", "hp:epochs 1 ;", "hp:epochs 1 ; hp:symmetric true ;")
    registry = Registry.open(tiny_home)
    claim = entry(registry, "alpha-near").claim
    assert claim is not None
    assert str(way_to_compare(registry, claim)).startswith(
        "registry run-benchmark alpha --on toy_knn --recipe symmetric"
    )


def test_who_states_a_claim_is_told_by_kind_and_slug(tiny_home: Path) -> None:
    assert stated_by(Registry.open(tiny_home), "alpha-near") == (("paper", "ada1843"), "first party")
    edit(tiny_home, "claims/alpha-near.ttl", "paper:ada1843 ; reg:reportedBy reg:FirstParty", "<https://x.test/#y>")
    assert stated_by(Registry.open(tiny_home), "alpha-near") == (None, None)


def test_words_of_the_vocabulary_are_told_with_their_meaning(registry: Registry) -> None:
    assert meaning(registry, "LastEpoch") == ("last epoch", "The number of the last epoch.")
    assert meaning(registry, "Unheard") == ("Unheard", "")


def test_a_claim_that_nobody_has_run_is_not_attempted(tiny_home: Path) -> None:
    found = entry(Registry.open(tiny_home), "alpha-near")
    assert found.verdict is not None
    assert found.verdict.verdict == NOT_ATTEMPTED


# By a process of its own


def test_a_process_of_its_own_judges_the_same(tiny: Registry, add: Callable[[str], None]) -> None:
    add(of("odd", benchmark="nowhere"))
    registry = Registry(tiny.home)
    names = registry.graph.names("claim")
    assert list(entries_aside(registry, names)) == list(entries(registry, names))


def test_what_goes_wrong_in_the_process_is_raised_here(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "from registry import ledger, ledger_aside\n"
        "from registry.errors import UnknownName\n"
        "def fail(*_): raise UnknownName('benchmark', 'nowhere', ['somewhere'])\n"
        "ledger.entries = fail\n"
        "ledger_aside.main()"
    )
    monkeypatch.setattr(ledger_aside, "COMMAND", (sys.executable, "-c", script))
    with pytest.raises(RegistryError, match="no benchmark 'nowhere'; did you mean 'somewhere'"):
        list(entries_aside(tiny, tiny.graph.names("claim")))


def test_a_process_that_ends_early_is_told(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_aside, "COMMAND", (sys.executable, "-c", "import sys; sys.stdin.buffer.read()"))
    with pytest.raises(RegistryError, match="ended after 0 of 7"):
        list(entries_aside(tiny, tiny.graph.names("claim")))


def test_the_process_ends_with_whoever_asked(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    popen = ledger_aside.subprocess.Popen
    monkeypatch.setattr(
        ledger_aside.subprocess, "Popen", lambda *words, **more: started.append(popen(*words, **more)) or started[0]
    )
    found = entries_aside(tiny, tiny.graph.names("claim"))
    next(found)
    found.close()
    assert started[0].poll() is not None
