"""Files of Papers with Code tables: which are refused, what an import is, and our claims in the same shape."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry
from registry.cli import cli
from registry.errors import UnknownName
from registry.home import Home
from registry.namespaces import curie, iri
from registry.pwc_export import to_json
from tests.conftest import ROOT, FileRun
from tests.test_pwc import asked, bring, graph, table

# Files that are refused, by name


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'[\n  {\n    "task": "T",\n  }\n]', "t.json:3: this is not JSON|t.json:4: this is not JSON"),
        (b"", "t.json:1: this is not JSON: Expecting value"),
        (b'[{"task": "T"}', "t.json:1: this is not JSON"),
        (b'{"task": "T"}', "expected a list of tasks"),
        (b"3", "expected a list of tasks"),
        (b"[3]", r"tasks\[0\] is no object with a text as \"task\""),
        (b'[{"task": "T"}, {"paper_url": "u", "title": "t"}]', r"tasks\[1\] is no object"),
        (b'[{"task": "NaN",\n "n": NaN}]', "t.json:2: NaN is no JSON number"),
        (b'[{"task": "T", "n": -Infinity}]', "t.json:1: -Infinity is no JSON number"),
        (b'[{"task": "T", "datasets": [{"dataset": "D", "dataset": "E"}]}]', r"tasks\[0\].datasets\[0\] has the key"),
        (b'[{"task": "T", "x": "\\ud800"}]', r"tasks\[0\].x holds half of a surrogate pair"),
        (b'[\n{"task": "caf\xe9"}]', "t.json:2: byte 0xe9 is not UTF-8"),
        ('[{"task": "T"}]'.encode("utf-16"), "t.json:1: this is UTF-16"),
        (b"[" * 100_000, "t.json: is nested too deep|t.json:1"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(bare: Path, content: bytes, complaint: str) -> None:
    import re

    report = bring(bare, "t.json", content)
    assert re.search(complaint, report.problem)
    assert report.outcome == "refused"
    assert not (bare / "ontology" / "imports").exists()


def test_a_byte_order_mark_before_the_file_and_a_whole_surrogate_pair_are_read(bare: Path) -> None:
    bring(bare, "t.json", b"\xef\xbb\xbf" + b'[{"task": "\\ud83d\\ude00"}]')
    assert asked(bare, "?task a reg:ImportedTask ; rdfs:label ?label", "label") == [("\U0001f600",)]


def test_one_bad_file_does_not_keep_the_others_out(bare: Path) -> None:
    files = [bare / name for name in ("good.json", "bad.json", "missing.json", "folder.json", "last.json")]
    files[0].write_text('[{"task": "T"}]')
    files[1].write_text('[\n{"task": "T",}]')
    files[3].mkdir()
    files[4].write_text("[]")
    done = CliRunner().invoke(cli, ["--home", str(bare), "import", "pwc", *map(str, files)])
    assert done.exit_code == 1
    assert "bad.json:2: this is not JSON" in done.output
    assert "missing.json: cannot be read: No such file" in done.output
    assert "folder.json: cannot be read: Is a directory" in done.output
    written = [file.name for file in (bare / "ontology" / "imports" / "pwc").iterdir()]
    assert sorted(written) == ["good.ttl", "last.ttl"]


# The import itself


def test_an_import_is_a_graph_of_its_own_with_its_source_hash_and_licence(bare: Path) -> None:
    content = json.dumps([{"task": "T"}], indent=2).encode()
    bring(bare, "my tables.json", content)
    found = Registry.open(bare).graph.properties(iri("import", "pwc-my%20tables"))
    texts = {curie(name): [term.value for term in terms] for name, terms in found.items()}
    assert texts["dcterms:license"] == ["https://creativecommons.org/licenses/by-sa/4.0/"]
    assert texts["reg:sourceFile"] == ["my tables.json"]
    assert texts["schema:sha256"] == [sha256(content).hexdigest()]
    assert "Papers with Code" in texts["schema:creditText"][0]
    graphs = {quad.graph_name for quad in Registry.open(bare).graph.store.quads_for_pattern(None, None, None)}
    assert graph("my%20tables") in graphs


def test_importing_again_is_unchanged_and_a_new_version_replaces_the_old(bare: Path) -> None:
    outcomes = [bring(bare, "t.json", tasks).outcome for tasks in ([{"task": "A"}], [{"task": "A"}], [{"task": "B"}])]
    assert outcomes == ["imported", "unchanged", "replaced"]
    assert asked(bare, "?task a reg:ImportedTask ; rdfs:label ?label", "label") == [("B",)]
    assert bring(bare, "t.json", b"[").outcome == "refused"
    assert asked(bare, "?task a reg:ImportedTask ; rdfs:label ?label", "label") == [("B",)]


def test_two_files_never_share_an_import(bare: Path) -> None:
    for folder in ("one", "two"):
        (bare / folder).mkdir()
        (bare / folder / "t.json").write_text(f'[{{"task": "{folder}"}}]')
    first, second = Registry.open(bare).import_pwc([bare / "one" / "t.json", bare / "two" / "t.json"])
    assert (first.problem, second.outcome) == ("", "refused")
    assert "would replace the import of" in second.problem
    assert 't.ttl holds the import of "t.json"; rename' in bring(bare, "t", b"[]").problem


def test_imports_of_a_users_home_stand_beside_its_results(tmp_path: Path) -> None:
    home = Home(layers=(ROOT / "ontology", tmp_path), results=tmp_path / "results", work=tmp_path / ".registry")
    (tmp_path / "t.json").write_text('[{"task": "T"}]')
    Registry(home).import_pwc([tmp_path / "t.json"])
    assert (tmp_path / "imports" / "pwc" / "t.ttl").is_file()
    assert Registry(home).graph.names("import") == ["pwc-t"]


def test_the_command_prints_what_it_found_and_json_for_programs(bare: Path) -> None:
    (bare / "t.json").write_text(json.dumps(table({"metrics": {"A": "-", "B": "1"}, "shade": "red"})))
    shown = CliRunner().invoke(cli, ["--home", str(bare), "import", "pwc", str(bare / "t.json")])
    assert shown.exit_code == 0
    assert "1 value: a dash" in shown.output
    assert "kept as JSON text: pwc-t: tasks/T/datasets/D/sota/rows/1/shade" in shown.output
    told = CliRunner().invoke(cli, ["--home", str(bare), "import", "pwc", "--json", str(bare / "t.json")])
    (report,) = json.loads(told.output)
    assert report["outcome"] == "unchanged"
    assert (report["counts"]["values"], report["counts"]["numbers"]) == (2, 1)


# Our claims in the same shape


def test_our_claims_are_a_table_for_each_benchmark_verbatim_and_without_results(
    tiny_home: Path, file_run: FileRun
) -> None:
    for seed in range(3):
        file_run(777, seed=seed)
    tasks = json.loads(to_json(Registry.open(tiny_home)))
    datasets = [dataset for task in tasks for dataset in task["datasets"]]
    parts = {part["subdataset"]: part["sota"] for dataset in datasets for part in dataset["subdatasets"]}
    assert [task["task"] for task in tasks] == ["No task stated", "Telling colours apart"]
    assert len(parts) == 2
    near = parts["Toy, kNN"]
    assert near["metrics"] == ["Accuracy", "Accuracy (fraction)"]
    assert {"Accuracy (fraction)": ".500"} in [row["metrics"] for row in near["rows"]]
    assert {row["model_name"] for row in near["rows"]} == {"Alpha", "Beta"}
    assert {row["paper_title"] for row in near["rows"]} == {"Notes"}
    assert "77.7" not in json.dumps(tasks)


def test_our_claims_can_be_imported_and_counted(tiny_home: Path, bare: Path) -> None:
    text = to_json(Registry.open(tiny_home))
    report = bring(bare, "ours.json", text.encode())
    assert report.counts["rows"] == 7 == len(Registry.open(tiny_home).all_claims)
    assert report.kept_as_json == []
    assert to_json(Registry.open(bare), "pwc-ours") == text


def test_exporting_an_import_that_is_not_there_guesses_its_name(bare: Path) -> None:
    bring(bare, "tables.json", [])
    with pytest.raises(UnknownName, match="no import 'pwc-table'; did you mean 'pwc-tables'"):
        to_json(Registry.open(bare), "pwc-table")
