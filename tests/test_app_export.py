"""The page that exports: its files are those of the command that it names, and each slip is a sentence."""

from __future__ import annotations

import io
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from app import exports, picking
from app.exports import PAGES, Making, Wish, making
from app.state import keeper
from app.words import plain
from registry import Registry
from registry.cli import cli
from registry.exporting import FORMATS
from registry.namespaces import KINDS
from tests.conftest import Explore, FileRun
from tests.exploring import run, texts

HOSTILE = ("<script>alert(1)</script>", "[x](javascript:alert(1))", "$x$", ":red[x]", "n" * 300)
ALL = [PAGES, *FORMATS]


@pytest.fixture
def measured(tiny_home: Path, file_run: FileRun) -> Path:
    """The tiny ontology with three runs."""
    for seed in range(3):
        file_run(500 + seed, seed=seed)
    return tiny_home


@pytest.fixture(autouse=True)
def _nothing_made_before() -> None:
    making.clear()


def prepared(app: AppTest) -> AppTest:
    app.button[0].click()
    return run(app)


def download(app: AppTest) -> str:
    (button,) = app.get("download_button")
    return str(button.proto.label).replace("\\", "")


def made(registry: Registry, wish: Wish) -> exports.Export:
    work = Making(registry, wish).work
    work.wait("")
    assert work.error is None
    assert work.result is not None
    return work.result


# What is offered


def test_every_format_is_offered_with_what_it_is_for(explore: Explore) -> None:
    app = explore("export")
    labels = [each.proto.label for each in app.get("page_link")]
    assert [label for label in labels if label in map(plain, ALL)] == [plain(form) for form in ALL]
    assert all(plain(exports.purpose_of(form)) in texts(app) for form in ALL)


@pytest.mark.parametrize("form", ALL)
def test_a_format_shows_its_licence_and_its_command_and_makes_nothing(
    explore: Explore, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr(Registry, "export_files", refuse)
    monkeypatch.setattr(Registry, "export_pages", refuse)
    run_of_ours = {"run": Registry.open().runs(limit=1)[0].name} if form == "rocrate" else {}
    app = explore("export", format=form, **run_of_ours)
    licence = exports.licence_of(form)
    assert licence is None or plain(licence) in texts(app)
    assert app.code[0].value.startswith(f"registry export {form} --output ")
    assert not app.get("download_button")


@pytest.mark.parametrize("form", FORMATS)
def test_what_may_be_named_is_a_kind_of_subject(form: str) -> None:
    found = FORMATS[form]
    assert bool(found.kinds) == (found.subject is not None)
    assert set(found.kinds) <= set(KINDS)
    assert found.file.count(".") == 1
    assert "." + found.file.partition(".")[2] in {f".{ending}" for ending in exports.TYPES}


# What is made


@pytest.mark.parametrize("form", ALL)
def test_the_file_is_what_the_command_writes(measured: Path, tmp_path: Path, form: str) -> None:
    registry = Registry.open(measured)
    wish = Wish(form, (registry.runs(limit=1)[0].name,) if form == "rocrate" else ())
    export = made(registry, wish)
    words = shlex.split(wish.command)
    where = tmp_path / "out"
    words[words.index("--output") + 1] = str(where)
    done = CliRunner().invoke(cli, ["--home", str(measured), *words[1:]])
    assert done.exit_code == 0, done.output
    if not wish.is_folder:
        assert export.content == where.read_bytes()
        return
    with zipfile.ZipFile(io.BytesIO(export.content)) as zipped:
        files = {path.relative_to(where).as_posix(): path for path in where.rglob("*") if path.is_file()}
        assert set(zipped.namelist()) == set(files)
        assert export.files == len(files)
        for name, path in files.items():
            assert zipped.read(name) == path.read_bytes() or name.startswith(".registry/")


def test_named_subjects_are_the_only_ones_in_it(explore: Explore, measured: Path) -> None:
    app = prepared(explore("export", measured, format="csv", methods="alpha"))
    registry = keeper(str(measured)).current().registry
    size = exports.size(len(registry.export("csv", "alpha")))
    assert download(app) == f"Download runs-alpha.csv ({size})"
    app.multiselect[0].set_value(["alpha", "beta"])
    run(app)
    assert app.code[0].value == "registry export csv --output runs.csv alpha beta"
    assert not app.get("download_button"), "it is prepared when somebody asks for it"


def test_pages_come_in_their_profile_and_flavour(explore: Explore, measured: Path) -> None:
    app = prepared(explore("export", measured, format="logseq", flavour="obsidian"))
    assert app.code[0].value == "registry export logseq --output registry-pages --flavour obsidian"
    assert download(app).startswith("Download registry-pages.zip (")
    for profile, mark in (("ontologyblock", b"### OntologyBlock"), ("page-properties", b"term-id::")):
        content = made(Registry.open(measured), Wish(PAGES, profile=profile)).content
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            pages = [zipped.read(name) for name in zipped.namelist() if name.endswith(".md")]
        assert any(page.startswith(mark) or mark in page for page in pages)


def test_a_choice_of_profile_stands_in_the_address(explore: Explore, measured: Path) -> None:
    app = explore("export", measured, format="logseq")
    app.segmented_control[1].set_value("page-properties")
    run(app)
    assert app.query_params["profile"] == "page-properties"
    assert "--profile page-properties" in app.code[0].value


def test_a_file_is_made_once_for_one_state(explore: Explore, measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    export = Registry.export_files

    def counted(self: Registry, form: str, *names: str) -> dict[str, bytes]:
        calls.append(form)
        return export(self, form, *names)

    monkeypatch.setattr(Registry, "export_files", counted)
    for _ in range(2):
        prepared(explore("export", measured, format="bibtex"))
    assert calls == ["bibtex"]
    (measured / "ontology" / "methods" / "gamma.ttl").unlink()
    keeper.clear()
    prepared(explore("export", measured, format="bibtex"))
    assert calls == ["bibtex", "bibtex"]


# Slips


def test_unknown_names_in_the_address_are_told_with_the_nearest(explore: Explore, measured: Path) -> None:
    assert "Did you mean turtle" in texts(explore("export", measured, format="turtel"))
    assert "no method alfa. Did you mean alpha" in texts(explore("export", measured, format="csv", methods="alfa"))
    assert "no paper nobody" in texts(explore("export", measured, format="bibtex", papers="nobody"))
    assert "no collection notes" in texts(explore("export", measured, format="logseq", collections="notes"))
    assert "There is no run x" in texts(explore("export", measured, format="rocrate", run="x"))


def test_a_crate_waits_for_its_run(explore: Explore, measured: Path) -> None:
    app = explore("export", measured, format="rocrate")
    assert "choose which" in texts(app)
    app.selectbox[1].select_index(0)
    run(app)
    assert app.query_params["run"] == app.selectbox[1].value
    assert download(prepared(app)).startswith("Download ro-crate-alpha-s")


def test_many_names_are_typed_and_wrong_ones_told(
    explore: Explore, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picking, "MOST_NAMES", 1)
    app = prepared(explore("export", measured, format="csv", methods="alfa beta"))
    assert app.code[0].value == "registry export csv --output runs.csv alfa beta"
    assert app.error[0].value == plain("no method 'alfa'; did you mean 'alpha'?")
    assert "choose which" in texts(explore("export", measured, format="rocrate"))


def test_what_cannot_be_made_is_a_sentence(explore: Explore, measured: Path) -> None:
    app = prepared(explore("export", measured, format="model-index", methods="beta"))
    assert app.error[0].value == plain("beta has no results that count; see: registry runs beta")


def test_a_full_disk_is_told_and_tried_again(
    explore: Explore, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:

        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        full.setattr(Registry, "export_files", fail)
        app = prepared(explore("export", measured, format="turtle"))
        assert "No space left on device" in app.error[0].value
    assert download(prepared(app)).startswith("Download registry.ttl")


def test_a_curve_that_is_damaged_is_told(explore: Explore, measured: Path) -> None:
    for curve in measured.rglob("*.csv"):
        curve.write_text("other")
    run_of_it = Registry.open(measured).runs(limit=1)[0].name
    app = prepared(explore("export", measured, format="rocrate", run=run_of_it))
    assert "is not there as it was recorded" in app.error[0].value


@pytest.mark.parametrize("form", ALL)
def test_an_empty_graph_gives_a_file_or_a_sentence(explore: Explore, bare: Path, form: str) -> None:
    app = explore("export", bare, format=form)
    if form == "rocrate":
        assert "the graph holds no run yet" in texts(app)
        return
    prepared(app)
    assert app.get("download_button") or app.error or "the file would be empty" in texts(app)
    if form in ("csv", "csv-claims", "mls", "bibtex", "model-index", "croissant", "pwc", "eee"):
        assert not app.get("download_button")


def test_a_graph_too_large_for_a_browser_is_left_to_the_command(
    explore: Explore, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_TRIPLES", 10)
    app = explore("export", measured, format="nquads")
    assert "too much for a file in a browser" in texts(app)
    assert not app.button
    assert explore("export", measured, format="csv").button


# Text is data


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["format", "methods", "runs", "run", "collections", "flavour", "profile"])
def test_hostile_addresses_stay_text(explore: Explore, measured: Path, text: str, key: str) -> None:
    forms = {"run": "rocrate", "collections": PAGES, "flavour": PAGES, "profile": PAGES}
    app = explore("export", measured, **({"format": forms.get(key, "eee")} | {key: text}))
    assert text not in texts(app)


def test_hostile_names_of_subjects_stay_text(explore: Explore, measured: Path, add: Callable[[str], None]) -> None:
    add('<https://w3id.org/contrastive-registry/method/-o$(x);y> a reg:Method ; skos:prefLabel "[x](javascript:y)" .')
    app = explore("export", measured, format="csv", methods="-o$(x);y")
    words = shlex.split(app.code[0].value)
    assert words == ["registry", "export", "csv", "--output", "runs--o__x__y.csv", "--", "-o$(x);y"]
    assert "There is nothing of this kind" in texts(prepared(app))


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "2 kB"), (2_345_678, "2.3 MB")]
)
def test_sizes_are_said_as_people_do(count: int, words: str) -> None:
    assert exports.size(count) == words
