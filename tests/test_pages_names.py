"""Names of pages: one safe file each, one identity, and back."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.pages.names import file_name, fold, needs_title, page_iri, page_name

HARD = [
    "../../x", "A/B", "CON", "con.txt", "Nul", "COM¹", "a:b?", "x" * 300, "é" * 200, "🎉" * 90, "👩\u200d🔬",
    ".hidden",
    "..", ".", "a.", "a ", " a", "%41", "%2F", "100%", "___", "_/_", "a____b", "/a/", "a//b", "\x00\x1f\x7f", "a\nb",
    "", "/", "C#", "Straße", "STRASSE", "ΟΔΟΣ", "οδοσ", "οδος", "\u017f", "S", "İ", "\u0131", "e\u0301", "é", "ﬁ",
    "fi",
    "a\u200bb", "a\\b", "~", "a%7Eb", "AI.Learning v1.0", "\ud800", "COM1.x.y", "LPT9 ", "CONOUT$", "\u202egpj",
    "a" * 252, "a" * 253,
]  # fmt: skip
"""Names that file systems stumble over; lone surrogates come from file names that are not UTF-8."""

names = st.one_of(
    st.text(max_size=40),
    st.text("/_%. aA:2Ff", max_size=12),
    st.sampled_from(HARD),
    st.text(min_size=100, max_size=300),
)


def is_safe(file: str) -> bool:
    stem = file.removesuffix(".md")
    return (
        len(file.encode()) <= 255
        and PurePosixPath(file).name == PureWindowsPath(file).name == file
        and not re.search(r"[\x00-\x1f\x7f:*?\"<>|/\\#]", file)
        and not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|\s|$)", stem)
        and not file.startswith((".", " "))
        and not stem.endswith((".", " "))
        and file == normalize("NFC", file)
    )


def on_a_mac(file: str) -> str:
    return normalize("NFC", normalize("NFD", file).casefold())


@pytest.mark.parametrize("name", HARD)
def test_a_hard_name_has_a_safe_file(name: str, tmp_path: Path) -> None:
    file = file_name(name)
    assert is_safe(file)
    (tmp_path / file).write_text("")
    assert [found.name for found in tmp_path.iterdir()] == [file]


@given(names)
def test_every_name_has_a_safe_file(name: str) -> None:
    assert is_safe(file_name(name))


@given(names)
def test_a_name_comes_back_from_its_file_or_needs_a_title(name: str) -> None:
    assert (page_name(file_name(name)) == name) is not needs_title(name)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).map(lambda name: normalize("NFC", name)))
def test_only_long_names_and_loose_slashes_need_a_title(name: str) -> None:
    loose = name.startswith("/") or name.endswith("/") or "//" in name
    assert needs_title(name) == loose


@settings(max_examples=500)
@given(names, names)
def test_two_pages_share_no_file_where_case_does_not_count(one: str, other: str) -> None:
    if fold(one) != fold(other):
        files = file_name(one), file_name(other)
        assert on_a_mac(files[0]) != on_a_mac(files[1])
        assert files[0].upper() != files[1].upper()


def test_no_two_of_the_hard_names_share_a_file() -> None:
    files: dict[str, str] = {}
    for name in HARD:
        assert files.setdefault(on_a_mac(file_name(name)), fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("A/B", "A___B.md"),
        ("a:b?", "a%3Ab%3F.md"),
        ("CON", "CON___.md"),
        ("Momentum Contrast", "Momentum Contrast.md"),
        (".hidden", "%2Ehidden.md"),
        ("a_/b", "a%5F___b.md"),
        ("%41", "%2541.md"),
    ],
)
def test_files_are_named_as_logseq_names_them(name: str, file: str) -> None:
    assert (file_name(name), page_name(file)) == (file, name)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("pages/deep/ETSI_Domain_A___B.md", "ETSI_Domain_A/B"),
        ("100%.md", "100%"),
        ("50%FF.md", "50%FF"),
        ("caf%C3%A9.md", "café"),
        ("AI.Learning v1.0.md", "AI.Learning v1.0"),
    ],
)
def test_files_of_others_are_read_as_logseq_reads_them(file: str, name: str) -> None:
    assert page_name(file) == name


@given(names)
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_spellings_of_one_page_have_one_iri() -> None:
    address = "https://w3id.org/contrastive-registry/page/seeds/momentum%20contrast"
    assert {
        page_iri("seeds", name) for name in ("Momentum Contrast", "momentum contrast/", " MOMENTUM CONTRAST")
    } == {address}
    assert page_iri("seeds", "MomentumContrast") != address
    assert page_iri("a/b", "x") == "https://w3id.org/contrastive-registry/page/a%2Fb/x"
