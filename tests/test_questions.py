"""Every named question against an answer worked out by hand on the tiny ontology."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from registry import Registry
from registry.errors import RegistryError, UnknownName
from registry.graph import parameters_of, query_names, read_query
from registry.namespaces import KINDS, curie


def test_methods(answers) -> None:
    assert answers("methods", "method", "variantOf", "implementation") == [
        ("method:alpha", None, "reference_impl.moco:MoCo"),
        ("method:beta", "method:alpha", "reference_impl.moco:MoCo"),
        ("method:gamma", "method:beta", None),
    ]


def test_lineage(answers) -> None:
    assert answers("lineage", "ancestor", "distance", "definition", method="gamma") == [
        ("method:beta", 1, "Alpha, colder."),
        ("method:alpha", 2, "The first."),
    ]


def test_descendants(answers) -> None:
    assert answers("descendants", "descendant", "distance", "definition", method="alpha") == [
        ("method:beta", 1, "Alpha, colder."),
        ("method:gamma", 2, "Beta, not built yet."),
    ]
    assert answers("descendants", "descendant", method="gamma") == []


def test_methods_without_implementation(answers) -> None:
    assert answers("methods_without_implementation", "method", "claims") == [("method:gamma", 0)]


def test_methods_under_term(answers, add) -> None:
    found = [("method:alpha", "term:contrast"), ("method:beta", "term:contrast"), ("method:gamma", "term:contrast")]
    assert answers("methods_under_term", "method", "term", term="learning") == found
    assert answers("methods_under_term", "method", "term", term="craft") == []


def test_terms_below(answers) -> None:
    assert answers("terms_below", "narrower", "above", term="learning") == [
        ("term:contrast", "term:learning"),
        ("term:infonce", "term:contrast"),
    ]


def test_methods_by_component(answers, add) -> None:
    add("term:tuned a reg:Component ; skos:broader term:infonce . method:beta reg:usesComponent term:tuned .")
    assert answers("methods_by_component", "method", "component", term="tuned") == [("method:beta", "term:tuned")]
    assert answers("methods_by_component", "method", "component", term="infonce") == [
        ("method:alpha", "term:infonce"),
        ("method:beta", "term:infonce"),
        ("method:beta", "term:tuned"),
        ("method:gamma", "term:infonce"),
    ]


def test_papers_by_component(answers) -> None:
    columns = ("paper", "title", "date", "method", "component")
    assert answers("papers_by_component", *columns, term="infonce") == [
        ("paper:ada1843", "Notes", "1843", method, "term:infonce")
        for method in ("method:alpha", "method:beta", "method:gamma")
    ]


def test_component_changes(answers, add, registry: Registry) -> None:
    add("method:beta reg:usesComponent term:craft . method:alpha reg:usesComponent term:learning .")
    assert answers("component_changes", "change", "component", method="alpha", other="beta") == [
        ("added", "term:craft"),
        ("left out", "term:learning"),
    ]
    found = registry.ask("component_changes", method="moco_v1", other="moco_v2").rows
    assert [(change, curie(str(component))) for change, component, _ in found] == [
        ("added", "term:gaussian_blur"),
        ("added", "term:mlp_head"),
        ("left out", "term:linear_head"),
    ]


def test_recipes(answers) -> None:
    columns = ("recipe", "benchmark", "variant", "basedOn")
    assert answers("recipes", *columns, method="alpha") == [
        ("recipe:alpha-toy", "benchmark:toy_knn", None, None),
        ("recipe:alpha-toy-symmetric", "benchmark:toy_knn", "symmetric", "recipe:alpha-toy"),
    ]


def test_settings(answers, add, registry: Registry) -> None:
    found = {row[0]: row[1:] for row in answers("settings", "setting", "value", "statedIn", recipe="beta-toy")}
    assert found["hp:temperature"] == (0.07, "recipe:beta-toy")
    assert found["hp:epochs"] == (1, "recipe:alpha-toy")
    assert found["hp:milestones"] == ("()", "recipe:alpha-toy")
    for name in ("moco_v1-cifar10_mini", "moco_v1-imagenet1k"):
        asked = {curie(str(row[0])): row[1] for row in registry.ask("settings", recipe=name).rows}
        read = registry.recipe_named(name).settings
        assert asked == {f"hp:{key}": _told(value) for key, value in read.items()}


def _told(value: object) -> object:
    return f"({' '.join(map(str, value))})" if isinstance(value, tuple) else value


def test_recipe_changes(answers, registry: Registry) -> None:
    columns = ("setting", "before", "after")
    assert answers("recipe_changes", *columns, recipe="alpha-toy-symmetric", other="beta-toy") == [
        ("hp:head", "linear", "mlp"),
        ("hp:symmetric", True, False),
        ("hp:temperature", 0.2, 0.07),
    ]
    pair = ("moco_v1-cifar10_mini", "moco_v2-cifar10_mini")
    one, two = (registry.recipe_named(name).settings for name in pair)
    asked = registry.ask("recipe_changes", recipe=pair[0], other=pair[1]).rows
    assert [(curie(str(name)), before, after) for name, before, after in asked] == [
        (f"hp:{key}", _told(one[key]), _told(two[key])) for key in sorted(one) if one[key] != two[key]
    ]


def test_method_changes(answers, registry: Registry) -> None:
    columns = ("kind", "what", "before", "after")
    assert answers("method_changes", *columns, method="alpha", other="beta", benchmark="toy_knn") == [
        ("setting", "hp:head", "linear", "mlp"),
        ("setting", "hp:temperature", 0.2, 0.07),
    ]
    asked = registry.ask("method_changes", method="moco_v1", other="moco_v2", benchmark="imagenet1k_linear").rows
    told = {curie(str(what)): (before, after) for _, what, before, after in asked}
    assert told["term:mlp_head"] == (None, "used")
    assert told["hp:temperature"] == (0.07, 0.2)
    assert told["hp:milestones"] == ("(120 160)", "()")
    assert "hp:queue_size" not in told


def test_recipes_below_temperature(answers) -> None:
    columns = ("recipe", "temperature", "statedIn")
    assert answers("recipes_below_temperature", *columns, bound="0.2") == [
        ("recipe:beta-toy", 0.07, "recipe:beta-toy")
    ]
    assert answers("recipes_below_temperature", *columns, bound="0.3") == [
        ("recipe:beta-toy", 0.07, "recipe:beta-toy"),
        ("recipe:alpha-toy", 0.2, "recipe:alpha-toy"),
        ("recipe:alpha-toy-symmetric", 0.2, "recipe:alpha-toy"),
    ]


def test_recipes_below_temperature_are_those_that_the_runner_would_use(registry: Registry) -> None:
    asked = {curie(str(row[0])): row[2] for row in registry.ask("recipes_below_temperature", bound="0.15").rows}
    read = {f"recipe:{recipe.name}": recipe.settings.get("temperature") for recipe in registry.all_recipes}
    assert asked == {name: value for name, value in read.items() if isinstance(value, float) and value < 0.15}


def test_departures(answers, add) -> None:
    add('method:alpha reg:differsFromPaper "Smaller."@en . recipe:alpha-toy reg:differsFromPaper "Shorter."@en .')
    assert answers("departures", "subject", "departure", method="alpha") == [
        ("method:alpha", "Smaller."),
        ("recipe:alpha-toy", "Shorter."),
    ]


def test_open_questions(answers, add) -> None:
    assert answers("open_questions", "method") == []
    add('method:gamma reg:openQuestion "Which loss?"@en .')
    assert answers("open_questions", "method", "label", "question") == [("method:gamma", "Gamma", "Which loss?")]


def test_datasets(answers, add) -> None:
    add('dataset:toy reg:split [ reg:splitName "test" ; reg:imageCount 9 ; schema:sha256 "ab" ] .')
    columns = ("dataset", "synthetic", "split", "images", "examples", "sha256")
    assert answers("datasets", *columns) == [
        ("dataset:far", None, None, None, None, None),
        ("dataset:toy", True, "test", 9, None, "ab"),
    ]


def test_benchmarks(answers) -> None:
    assert answers("benchmarks", "benchmark", "version", "dataset", "protocol", "metric") == [
        ("benchmark:far_knn", 1, "dataset:far", "protocol:knn", "metric:top1_accuracy"),
        ("benchmark:toy_knn", 1, "dataset:toy", "protocol:knn", "metric:top1_accuracy"),
    ]


def test_parents_in_dispute(answers, registry: Registry) -> None:
    assert answers("parents_in_dispute", "term", "ours", "theirs", "source") == [
        ("term:contrast", "term:learning", "term:craft", "a page")
    ]
    found = [tuple(curie(str(cell)) for cell in row[:3]) for row in registry.ask("parents_in_dispute").rows]
    assert [theirs for term, _, theirs in found if term == "term:momentum_contrast"] == [
        "term:content_and_assets",
        "term:model_architecture",
        "term:training_method",
    ]


def test_notations_in_dispute(answers, add) -> None:
    assert answers("notations_in_dispute", "notation") == []
    add('term:craft skos:notation "AI-0001"^^reg:termId .')
    assert answers("notations_in_dispute", "notation", "subject", "label") == [
        ("AI-0001", "term:contrast", "Contrast"),
        ("AI-0001", "term:craft", "Craft"),
    ]


def test_same_concept(answers, add) -> None:
    add("method:beta skos:exactMatch <http://example.org/Beta> .")
    assert answers("same_concept", "subject", "label", "same") == [("method:beta", "Beta", "http://example.org/Beta")]


def test_paper(answers) -> None:
    found = answers("paper", "subject", "property", "value", paper="ada1843")
    assert ("paper:ada1843", "dcterms:title", "Notes") in found
    assert ("paper:ada1843", "reg:authors", "Lovelace, Ada") in found
    assert ("method:gamma", "reg:introducedIn", "paper:ada1843") in found
    assert ("claim:beta-near", "prov:hadPrimarySource", "paper:ada1843") in found
    # two types, title, date and an author; three methods, seven claims and a protocol point at it
    assert len(found) == 5 + 11


def test_term(answers) -> None:
    found = answers("term", "subject", "property", "value", term="contrast")
    assert ("term:contrast", "skos:notation", "AI-0001") in found
    assert ("method:gamma", "skos:broader", "term:contrast") in found
    methods = {"method:alpha", "method:beta", "method:gamma"}
    assert {row[0] for row in found} == {"term:contrast", "term:infonce", *methods}


def import_table(home: Path) -> None:
    row = {"model_name": "X", "paper_date": "2020-02-01", "metrics": {"F1": "87.58*", "Size": "24M*", "EM": "-1"}}
    part = {"subdataset": "Half", "sota": {"metrics": [], "rows": [{"metrics": {}}, {"metrics": {"F1": ""}}]}}
    dataset = {"dataset": "Whole", "subdatasets": [part], "sota": {"metrics": ["F1", "EM"], "rows": [row]}}
    tasks = [{"task": "Reading", "subtasks": [{"task": "Skimming", "datasets": [dataset]}]}]
    (home / "t.json").write_text(json.dumps(tasks))
    assert [report.problem for report in Registry.open(home).import_pwc([home / "t.json"])] == [""]


def test_imported_tables(answers, tiny_home: Path) -> None:
    assert answers("imported_tables", "import") == []
    import_table(tiny_home)
    assert answers("imported_tables", "import", "task", "dataset", "orderedBy", "rows") == [
        ("import:pwc-t", "Skimming", "Whole", "F1", 1),
        ("import:pwc-t", "Skimming", "Half", None, 2),
    ]


def test_imported_rows(answers, tiny_home: Path) -> None:
    import_table(tiny_home)
    columns = ("dataset", "row", "model", "date", "metric", "stated", "value")
    registry = Registry.open(tiny_home)
    found = registry.ask("imported_rows", **{"import": "pwc-t"})
    assert [tuple(row[found.columns.index(column)] for column in columns) for row in found.rows] == [
        ("Whole", 1, "X", "2020-02-01", "F1", "87.58*", 87.58),
        ("Whole", 1, "X", "2020-02-01", "Size", "24M*", None),
        ("Whole", 1, "X", "2020-02-01", "EM", "-1", -1.0),
        ("Half", 2, None, None, "F1", "", None),
    ]


def test_imported_values_without_number(answers, tiny_home: Path) -> None:
    import_table(tiny_home)
    registry = Registry.open(tiny_home)
    assert [row[1:] for row in registry.ask("imported_values_without_number").rows] == [
        ("X", "Size", "24M*", "a footnote mark"),
        ("X", "Size", "24M*", "a unit suffix M"),
        (None, "F1", "", "empty"),
    ]


def test_every_question_is_tested_has_a_help_line_and_runs(registry: Registry) -> None:
    files = Path(__file__).parent.glob("test_*.py")
    tested = {name for file in files for name in re.findall(r"^def test_(\w+)\(", file.read_text(), re.MULTILINE)}
    for name in query_names():
        assert name in tested, f"no test for the question {name}"
        lines = read_query(name).splitlines()
        assert re.match(r"# [A-Z].+\.$", lines[0]), f"{name} has no help line"
        asked = set(re.findall(r"\$(\w+)", "\n".join(line for line in lines if not line.startswith("#"))))
        assert asked == parameters_of(read_query(name)).keys(), f"{name} does not declare what it asks for"
        assert set(parameters_of(read_query(name)).values()) <= {*KINDS, "number"}
        assert "ORDER BY" in read_query(name), f"the rows of {name} come in any order"
    assert set(registry.ask("methods").columns) >= {"method", "label"}


def test_an_unknown_question_gets_the_nearest_guess(tiny: Registry) -> None:
    with pytest.raises(UnknownName, match="no question 'linage'; did you mean 'lineage'"):
        tiny.ask("linage")


def test_parameters_are_asked_for_and_checked(tiny: Registry) -> None:
    with pytest.raises(RegistryError, match="needs --param method=<method>"):
        tiny.ask("lineage")
    with pytest.raises(UnknownName, match="did you mean 'beta'"):
        tiny.ask("lineage", method="bta")
    with pytest.raises(RegistryError, match="takes no parameter 'colour'; it takes method"):
        tiny.ask("lineage", method="beta", colour="red")
    with pytest.raises(RegistryError, match="'cold' is not a number"):
        tiny.ask("recipes_below_temperature", bound="cold")
    with pytest.raises(RegistryError, match="only named questions take parameters"):
        tiny.ask("SELECT * { ?s ?p ?o }", method="beta")
