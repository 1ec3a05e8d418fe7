"""Pages for Obsidian: front matter that another YAML reader reads, and links that lead where Obsidian would go."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry import Registry
from registry.pages.obsidian import Vault, front_matter
from tests.conftest import FileRun
from tests.test_pages_export import HOSTILE_TITLES
from tests.test_pages_normal import HOSTILE_TEXTS

PAGES = {
    "pages/First Page.md": "alias:: FirstPage, 1st\nstatus:: draft\n\n- ### OntologyBlock\n\t- term-id:: AI-0001\n"
    "\t- is-subclass-of:: [[ISO/IEC 1]], [[second page]]\n\t- version:: 1.0\n\t- collapsed:: true\n"
    "- see [[firstpage]], `[[ISO/IEC 1]]`, #[[ISO/IEC 1]] and [[Nowhere]]\n- | [[ISO/IEC 1]] | b |\n"
    "- ```\n  [[ISO/IEC 1]]\n  ```\n",
    "pages/ISO___IEC 1.md": "- one\r\n- two [[First Page]]\r\n",
    "other/Second Page.md": "---\ntags: [x]\n---\n\ntext\n",
    "pages/Craft.md": "title:: Carpentry: a craft\n\n- [[carpentry: A craft]] [[Second Page]]",
}
"""Synthetic pages of our own."""

Vaulted = tuple[Path, dict[str, str]]


@pytest.fixture
def exported(tiny_home: Path, file_run: FileRun, tmp_path: Path) -> Vaulted:
    """The folder with its files: our own pages, and a collection below them."""
    for name, text in PAGES.items():
        file = tiny_home / "ontology" / "imports" / "logseq" / "odd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    file_run(500)
    Registry.open(tiny_home).export_pages(tmp_path / "vault", flavour="obsidian")
    return tmp_path / "vault", read_vault(tmp_path / "vault")


def read_vault(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*.md") if ".registry" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes().decode() for file in files}


def front(text: str) -> dict[str, Any]:
    found = re.match(r"---\n(.*?\n)---\n", text, re.DOTALL)
    assert found
    properties = yaml.safe_load(found[1])
    assert isinstance(properties, dict)
    return properties


def resolve(link: str, files: dict[str, str]) -> list[str]:
    """The files that Obsidian might open: by path or by file name, whatever the case."""
    wanted = re.split(r"\\?\||#", link, maxsplit=1)[0].strip().casefold()
    paths = {name.removesuffix(".md").casefold(): name for name in files}
    if wanted in paths:
        return [paths[wanted]]
    return [name for path, name in paths.items() if PurePosixPath(path).name == wanted]


def links(text: str) -> list[str]:
    """What Obsidian takes for links: in a property the whole value, in the text everything outside of code."""
    stated = front(text).values() if text.startswith("---\n") else ()
    values = [value for each in stated for value in (each if isinstance(each, list) else [each])]
    linked = [value[2:-2] for value in values if isinstance(value, str) and re.fullmatch(r"\[\[.+\]\]", value)]
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", body, flags=re.DOTALL)
    return linked + re.findall(r"(?<!\\)\[\[(.+?)\]\](?!\])", prose)


def test_every_link_of_our_pages_leads_to_one_file(registry: Registry, tmp_path: Path) -> None:
    registry.export_pages(tmp_path / "vault", flavour="obsidian")
    files = read_vault(tmp_path / "vault")
    found = [(name, link, resolve(link, files)) for name, text in files.items() for link in links(text)]
    assert len(found) > 2000
    assert [each for each in found if len(each[2]) != 1] == []


def test_file_names_are_those_that_obsidian_can_link_to(registry: Registry, tmp_path: Path) -> None:
    registry.export_pages(tmp_path / "vault", flavour="obsidian")
    names = [PurePosixPath(name).stem for name in read_vault(tmp_path / "vault")]
    assert not [name for name in names if re.search(r'[\[\]#^|\\/:*?"<>%]', name)]
    assert len({name.casefold() for name in names}) == len(names)


def test_properties_are_front_matter_and_no_double_colon_is_left(exported: Vaulted) -> None:
    text = exported[1]["pages/Contrast.md"]
    assert front(text) == {
        "title": "Contrast",
        "tags": ["term"],
        "type": ["[[Term]]"],
        "term-id": "AI-0001",
        "preferred-term": "Contrast",
        "definition": "Learning from pairs.",
        "is-subclass-of": ["[[Learning]]"],
        "iri": "https://w3id.org/contrastive-registry/term/contrast",
    }
    assert text.endswith("---\n\n## Parents that sources state\n\n- [[pages/Craft|Craft]] (a page)\n")
    own = [text for name, text in exported[1].items() if name.startswith("pages/")]
    assert not [text for text in own if "::" in re.sub(r"^(definition|comment): .*", "", text, flags=re.MULTILINE)]


def test_numbers_and_flags_are_what_they_are(registry: Registry, tmp_path: Path) -> None:
    registry.export_pages(tmp_path / "vault", flavour="obsidian")
    found = front(read_vault(tmp_path / "vault")["pages/Contrastive Learning.md"])
    assert (found["authority-score"], found["ontology"], found["version"]) == (0.93, True, "1.0")
    assert found["last-updated"] == "2025-11-18"
    assert "[[Chen et al. 2020 SimCLR]]" in found["source"]
    assert "ContrastiveLearning" in found["aliases"]


def test_tables_keep_their_links_apart_from_their_bars(exported: Vaulted) -> None:
    text = exported[1]["pages/Alpha.md"]
    row = next(line for line in text.split("\n") if "alpha-best" in line)
    heading = next(line for line in text.split("\n") if line.startswith("| claim"))
    assert len(re.split(r"(?<!\\)\|", row)) == len(re.split(r"(?<!\\)\|", heading))
    assert "- ## " not in text and "\n## Claims\n\n" in text and "\n\n| claim |" in text


def test_imported_pages_get_front_matter_and_keep_their_text(exported: Vaulted) -> None:
    _, files = exported
    first = files["imported/odd/pages/First Page.md"]
    assert front(first) == {
        "aliases": ["FirstPage", "1st"],
        "status": "draft",
        "term-id": "AI-0001",
        "is-subclass-of": ["[[ISO___IEC 1|ISO/IEC 1]]", "[[second page]]"],
        "version": "1.0",
    }
    body = first.split("---\n", 2)[2]
    assert body.startswith("\n- ### OntologyBlock\n\t- term-id:: AI-0001\n")
    assert "- see [[First Page|firstpage]], `[[ISO/IEC 1]]`, #[[ISO___IEC 1|ISO/IEC 1]] and [[Nowhere]]\n" in body
    assert "| [[ISO___IEC 1\\|ISO/IEC 1]] | b |" in body
    assert body.endswith("- ```\n  [[ISO/IEC 1]]\n  ```\n")
    assert (
        files["imported/odd/pages/ISO___IEC 1.md"]
        == '---\naliases: ["ISO/IEC 1"]\n---\n- one\r\n- two [[First Page]]\r\n'
    )
    assert files["imported/odd/other/Second Page.md"] == PAGES["other/Second Page.md"]


def test_pages_of_one_name_in_two_folders_are_told_apart_by_their_paths(exported: Vaulted) -> None:
    _, files = exported
    assert "[[pages/Craft|Craft]]" in files["pages/Contrast.md"]
    assert "[[imported/odd/pages/Craft|carpentry: A craft]]" in files["imported/odd/pages/Craft.md"]
    for name, text in files.items():
        for link in links(text):
            assert len(resolve(link, files)) == (0 if link == "Nowhere" else 1), (name, link)


def test_hostile_titles_have_files_and_links(tiny: Registry, add: Callable[[str], None], tmp_path: Path) -> None:
    for number, title in enumerate(HOSTILE_TITLES):
        escaped = title.replace("\\", "\\\\").replace("\n", "\\n")
        add(f'term:t{number} a skos:Concept ; skos:prefLabel "{escaped}"@en ; skos:related term:t{number} .')
    Registry.open(tiny.home.results.parents[1]).export_pages(tmp_path / "vault" / "graph", flavour="obsidian")
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["graph"]
    files = read_vault(tmp_path / "vault" / "graph")
    labels = {}
    for name, text in files.items():
        found = front(text)
        if "related-to" in found:
            labels[found["iri"].rsplit("/t", 1)[-1]] = found["preferred-term"]
            assert [resolve(link[2:-2], files) for link in found["related-to"]] == [[name]]
    assert [labels[str(number)] for number in range(len(HOSTILE_TITLES))] == HOSTILE_TITLES


@given(
    st.dictionaries(
        HOSTILE_TEXTS | st.text(max_size=5), HOSTILE_TEXTS | st.text(max_size=9) | st.booleans(), max_size=4
    )
)
def test_any_text_survives_yaml(values: dict[str, str | bool]) -> None:
    assert front("---\nx: 1\n" + front_matter(values).removeprefix("---\n")) == {"x": 1} | values


@given(st.lists(HOSTILE_TEXTS | st.text(max_size=5), max_size=6))
def test_no_two_pages_share_a_file(names: list[str]) -> None:
    vault = Vault(names)
    files = {vault.file(name) for name in names}
    assert len({file.casefold() for file in files}) == len(files)
    assert all(PurePosixPath(file).name == file and not file.startswith(".") for file in files)
