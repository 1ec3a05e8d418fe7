"""The named questions about claims, against answers worked out by hand on the tiny ontology."""

from __future__ import annotations

from itertools import combinations

from registry import Registry
from registry.namespaces import slug


def claim(name: str, **changed: str) -> str:
    """The Turtle of a claim about alpha on the toy benchmark."""
    said = {
        "reg:aboutMethod": "method:alpha",
        "reg:onBenchmark": "benchmark:toy_knn",
        "mls:hasValue": "61.5",
        "qudt:hasUnit": "unit:PERCENT",
        "reg:statedText": '"61.5"',
        "reg:locator": '"page 2"',
        "prov:hadPrimarySource": "repository:engine",
        "reg:evidenceLevel": "reg:Primary",
        "reg:statistic": "reg:SingleRun",
        "reg:selectionRule": "reg:LastEpoch",
    } | {key.replace("_", ":", 1): value for key, value in changed.items()}
    facts = " ; ".join(f"{key} {value}" for key, value in said.items())
    return (
        f'repository:engine a fabio:ComputerProgram . claim:{name} a reg:Claim ; skos:prefLabel "{name}" ; {facts} .'
    )


def test_claims(answers) -> None:
    columns = ("claim", "value", "unit", "stated", "source", "evidence", "selection")
    found = answers("claims", *columns, method="alpha")
    assert found[2] == (
        *("claim:alpha-fraction", 0.5, "unit:FRACTION", ".500"),
        *("paper:ada1843", "reg:Primary", "reg:LastEpoch"),
    )
    assert [row[0] for row in found] == [
        f"claim:alpha-{name}" for name in ("best", "far", "fraction", "long", "near", "spread")
    ]


def test_claims_on_benchmark(answers) -> None:
    columns = ("claim", "method", "value", "epochs", "encoder")
    found = answers("claims_on_benchmark", *columns, benchmark="toy_knn")
    assert len(found) == 6
    assert found[3] == ("claim:alpha-near", "method:alpha", 60.0, 1, "resnet_mini")
    assert found[5] == ("claim:beta-near", "method:beta", 55.5, None, None)


def test_claims_of_paper(answers, add) -> None:
    add(claim("alpha-engine"))
    found = answers("claims_of_paper", "claim", "method", "stated", paper="ada1843")
    assert len(found) == 7
    assert found[-1] == ("claim:beta-near", "method:beta", "55.5")


def test_claims_of_repository(answers, add) -> None:
    add(claim("alpha-engine"))
    columns = ("claim", "benchmark", "value", "locator")
    assert answers("claims_of_repository", *columns, repository="engine") == [
        ("claim:alpha-engine", "benchmark:toy_knn", 61.5, "page 2")
    ]


def test_claims_never_rerun(answers) -> None:
    assert answers("claims_never_rerun", "claim", "benchmark", method="alpha") == [
        ("claim:alpha-far", "benchmark:far_knn")
    ]
    # the run of beta failed, and yet somebody tried
    assert answers("claims_never_rerun", "claim", method="beta") == []


def test_claims_by_evidence(answers, add) -> None:
    add("method:alpha reg:evidenceLevel reg:Primary .")
    add("ablation:alpha-less a reg:Ablation ; reg:evidenceLevel reg:Primary .")
    assert answers("claims_by_evidence", "evidence", "claims") == [("reg:Primary", 6), ("reg:Secondary", 1)]


def test_claims_selected_on_test(answers) -> None:
    assert answers("claims_selected_on_test", "claim", "stated") == [("claim:alpha-best", "60.0")]


def test_claims_recalled(answers, add) -> None:
    assert answers("claims_recalled", "claim") == []
    add(claim("alpha-heard", reg_evidenceLevel="reg:Recalled"))
    assert answers("claims_recalled", "claim", "method") == [("claim:alpha-heard", "method:alpha")]


def test_claims_in_dispute(answers, add) -> None:
    assert answers("claims_in_dispute", "claim", method="alpha") == []
    # 0.615 is 61.5 percent: 1.5 from near, whose epochs and encoder it shares; the others' are other ones.
    fraction = {"mls_hasValue": "0.615", "qudt_hasUnit": "unit:FRACTION", "reg_statedText": '".615"'}
    add(claim("beside", **fraction, hp_epochs="1", hp_encoder='"resnet_mini"'))
    columns = ("claim", "stated", "source", "otherClaim", "otherStated", "otherSource", "gap", "unit", "epochs")
    assert answers("claims_in_dispute", *columns, method="alpha") == [
        (
            *("claim:alpha-near", "60.0", "paper:ada1843"),
            *("claim:beside", ".615", "repository:engine"),
            *(1.5, "unit:PERCENT", 1),
        )
    ]


def test_claims_in_dispute_are_those_that_python_finds(registry: Registry) -> None:
    def kept(name: str) -> tuple[object, ...]:
        found = next(claim for claim in registry.all_claims if claim.name == name)
        conditions = [found.conditions.get(key) for key in ("epochs", "encoder", "batch_size")]
        return found.benchmark, found.unit, *conditions

    asked = registry.ask("claims_in_dispute", method="moco_v2")
    places = [asked.columns.index(column) for column in ("claim", "otherClaim")]
    found = {frozenset(slug(str(row[place])) for place in places) for row in asked.rows}
    mine = [claim for claim in registry.all_claims if claim.method == "moco_v2"]
    expected = {
        frozenset((one.name, two.name))
        for one, two in combinations(mine, 2)
        if one.source != two.source and abs(one.value - two.value) > 1e-9 and kept(one.name) == kept(two.name)
    }
    assert found == expected
    assert found


def test_costs(answers, add) -> None:
    assert answers("costs", "claim", method="alpha") == []
    add(claim("alpha-slow", mls_hasValue="90", qudt_hasUnit="unit:MIN", reg_statedText='"90 Min"'))
    columns = ("claim", "metric", "value", "unit", "stated")
    assert answers("costs", *columns, method="alpha") == [
        ("claim:alpha-slow", "metric:top1_accuracy", 90, "unit:MIN", "90 Min")
    ]


def test_results_beating_claim(answers) -> None:
    # a0 50, a1 52 and a2 60 stand against 0.5, which is 50 percent; beta has no result.
    columns = ("run", "method", "measured", "claimed")
    assert answers("results_beating_claim", *columns, claim="alpha-fraction") == [
        ("a2", "method:alpha", 60.0, 50.0),
        ("a1", "method:alpha", 52.0, 50.0),
    ]
    assert answers("results_beating_claim", *columns, claim="beta-near") == []
    assert answers("results_beating_claim", "run", claim="alpha-near") == []


def test_results_beating_claim_are_lower_where_lower_is_better(answers, add, tiny_home) -> None:
    metric = tiny_home / "ontology" / "metrics" / "top1_accuracy.ttl"
    metric.write_text(metric.read_text().replace("reg:higherIsBetter true", "reg:higherIsBetter false"))
    assert answers("results_beating_claim", "run", claim="alpha-near") == [("a0",), ("a1",)]
