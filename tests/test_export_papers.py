"""BibTeX, read by bibtexparser: every paper, its authors in order, its text intact."""

from __future__ import annotations

from pathlib import Path

import bibtexparser
import pytest
from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts
from pylatexenc.latex2text import LatexNodes2Text

from registry import Registry
from registry.graph import python_value
from registry.namespaces import iri
from tests.conftest import ROOT

PREFIXES = """# A paper of a test.
@prefix reg: <https://w3id.org/contrastive-registry/vocabulary#> .
@prefix schema: <https://schema.org/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix fabio: <http://purl.org/spar/fabio/> .
@prefix prism: <http://prismstandard.org/namespaces/basic/2.0/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix paper: <https://w3id.org/contrastive-registry/paper/> .
"""


def read(text: str) -> bibtexparser.Library:
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks
    return library


def paper(home: Path, description: str) -> bibtexparser.Library:
    (home / "ontology" / "papers" / "test.ttl").write_text(PREFIXES + f"paper:test {description} .\n")
    return read(Registry.open(home).export("bibtex", "test"))


def test_every_paper_of_the_registry_is_an_entry_under_its_slug(registry: Registry) -> None:
    entries = read(registry.export("bibtex")).entries
    assert [entry.key for entry in entries] == sorted(file.stem for file in (ROOT / "ontology" / "papers").iterdir())
    for entry in entries:
        title = registry.graph.value(iri("paper", entry.key), iri("dcterms", "title"))
        assert LatexNodes2Text().latex_to_text(entry["title"]) == title


def test_authors_of_every_paper_come_back_in_their_order(registry: Registry) -> None:
    library = bibtexparser.parse_string(registry.export("bibtex"), append_middleware=[SeparateCoAuthors()])
    stated = {entry.key: entry.get("author") for entry in library.entries}
    for key, field in stated.items():
        heads = registry.graph.properties(iri("paper", key)).get(iri("reg", "authors"), [])
        authors = [str(python_value(item)) for head in heads for item in registry.graph.items(head)]
        assert [LatexNodes2Text().latex_to_text(name) for name in (field.value if field else [])] == authors


def test_names_are_read_as_family_and_given(registry: Registry) -> None:
    library = bibtexparser.parse_string(
        registry.export("bibtex", "he2019_moco"), append_middleware=[SeparateCoAuthors(), SplitNameParts()]
    )
    (entry,) = library.entries
    names = [(*name.last, *name.first) for name in entry["author"]]
    assert names == [("He", "Kaiming"), ("Fan", "Haoqi"), ("Wu", "Yuxin"), ("Xie", "Saining"), ("Girshick", "Ross")]


def test_an_entry_says_what_the_graph_says(registry: Registry) -> None:
    (entry,) = read(registry.export("bibtex", "he2019_moco")).entries
    fields = {field.key: field.value for field in entry.fields}
    assert (entry.entry_type, fields["year"], fields["eprint"], fields["archiveprefix"]) == (
        "inproceedings",
        "2019",
        "1911.05722",
        "arXiv",
    )
    assert fields["doi"] == "10.1109/CVPR42600.2020.00975"
    assert fields["url"] == "https://arxiv.org/abs/1911.05722"
    assert fields["title"] == "{Momentum Contrast for Unsupervised Visual Representation Learning}"
    assert "Computer Vision and Pattern Recognition" in fields["booktitle"]


@pytest.mark.parametrize(
    ("kind", "entry_type", "venue"),
    [
        ("ConferencePaper", "inproceedings", "booktitle"),
        ("JournalArticle", "article", "journal"),
        ("Preprint", "misc", "howpublished"),
        ("BlogPost", "misc", "howpublished"),
    ],
)
def test_the_class_of_a_paper_is_its_entry_type(tiny_home: Path, kind: str, entry_type: str, venue: str) -> None:
    (entry,) = paper(tiny_home, f'a fabio:{kind} ; dcterms:title "T" ; schema:isPartOf "Somewhere"').entries
    assert (entry.entry_type, entry[venue]) == (entry_type, "Somewhere")


def test_what_tex_would_read_as_a_command_comes_back_as_text(tiny_home: Path) -> None:
    title = "50 % of C# & $x_1^2$ {are} ~ \\\\input{x} é λ"
    (entry,) = paper(tiny_home, f'a fabio:Preprint ; dcterms:title "{title}"').entries
    assert "\\%" in entry["title"]
    read_back = LatexNodes2Text().latex_to_text(entry["title"]).replace("\u02c6", "^")  # its name for a circumflex
    assert read_back == title.replace("\\\\", "\\")


def test_an_address_is_verbatim_and_cannot_end_its_field(tiny_home: Path) -> None:
    address = "https://example.org/a_b?c=%20&d={e}#f"
    (entry,) = paper(tiny_home, f'a fabio:WebPage ; dcterms:title "T" ; fabio:hasURL "{address}"^^xsd:anyURI').entries
    assert entry["url"] == "https://example.org/a_b?c=%20&d=%7Be%7D#f"


def test_an_organisation_is_one_author(tiny_home: Path) -> None:
    description = 'a fabio:Preprint ; dcterms:title "T" ; reg:authors ( "Research and Development" "Curie, Marie" )'
    (entry,) = paper(tiny_home, description).entries
    assert entry["author"] == "{Research and Development} and Curie, Marie"


def test_a_doi_is_found_as_identifier_too(tiny_home: Path) -> None:
    for said in ('prism:doi "10.1/x_y"', 'schema:identifier "doi:10.1/x_y"'):
        (entry,) = paper(tiny_home, f'a fabio:Preprint ; dcterms:title "T" ; {said}').entries
        assert entry["doi"] == "10.1/x_y"
