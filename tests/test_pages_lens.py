"""Facts of pages change in their own lines, in whatever style a page is written."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RegistryError
from registry.pages.facts import read_page
from registry.pages.keys import Key, load_keys
from registry.pages.lens import change

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
KEYS = load_keys(ROOT / "ontology" / "page_keys.ttl")

TABS = (
    "- ### OntologyBlock\n  id:: queue-ontology\n  collapsed:: true\n\t- term-id:: AI-9001\n"
    "\t- preferred-term:: Key Queue\n\t- owl:class:: ai:KeyQueue\n\t- status:: draft\n\t- definition::\n"
    "\t- #### Relationships\n\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco)\n\n"
    "## Key Queue\n\nA queue of keys, **Status**: draft.\n"
)
HEAD = "title:: Key Queue\nterm-id:: AI-9001\nstatus:: draft\n\n- Text about [[Memory]].\n- more"
SPACES = (
    "- ### OntologyBlock\r\n  id:: queue\r\n\r\n  - **Identification**\r\n    - term-id:: AI-9001\r\n"
    "    - preferred-term:: Key Queue\r\n\r\n  - **Definition**\r\n    - definition:: A queue.\r\n"
)
BARE = "Nothing is stated here.\n\n```yaml\nterm-id:: AI-0000\n```\n"
PAGES = {"tabs": TABS, "head": HEAD, "spaces": SPACES, "bare": BARE}


def values(text: str, key: Key) -> list[str]:
    return list(dict.fromkeys(fact.value for fact in read_page(text, "Key Queue.md", KEYS).facts if fact.key == key))


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came; all others stay, in their order."""
    old, new = Counter(before.split("\n")), Counter(after.split("\n"))
    kept = old & new
    for text in (before, after):
        rest = Counter(kept)
        order = [line for line in text.split("\n") if rest[line] and not rest.subtract([line])]
        assert Counter(order) == kept
    return sorted((old - new).elements()), sorted((new - old).elements())


@pytest.mark.parametrize(
    ("page", "key", "wanted", "gone", "come"),
    [
        ("tabs", "status", ["approved"], ["\t- status:: draft"], ["\t- status:: approved"]),
        ("tabs", "status", [], ["\t- status:: draft"], []),
        ("tabs", "definition", ["A queue."], ["\t- definition::"], ["\t- definition:: A queue."]),
        ("tabs", "owl-class", ["ai:Queue"], ["\t- owl:class:: ai:KeyQueue"], ["\t- owl:class:: ai:Queue"]),
        (
            "tabs",
            "is-subclass-of",
            ["Memory"],
            ["\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco)"],
            ["\t\t- isSubclassOf:: [[Memory]]"],
        ),
        (
            "tabs",
            "is-subclass-of",
            ["memory", "Queue", "Buffer"],
            ["\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco)"],
            ["\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco), [[Buffer]]"],
        ),
        (
            "tabs",
            "is-subclass-of",
            ["Store", "Queue"],
            ["\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco)"],
            ["\t\t- isSubclassOf:: [[Store]], [[Queue]] (via moco)"],
        ),
        ("tabs", "is-subclass-of", [], ["\t\t- isSubclassOf:: [[Memory]], [[Queue]] (via moco)"], []),
        ("tabs", "enables", ["MoCo"], [], ["\t\t- enables:: [[MoCo]]"]),
        ("tabs", "maturity", ["mature"], [], ["\t- maturity:: mature"]),
        ("head", "maturity", ["mature"], [], ["maturity:: mature"]),
        ("head", "status", [], ["status:: draft"], []),
        ("spaces", "status", ["draft"], [], ["    - status:: draft\r"]),
        ("bare", "term-id", ["AI-9001"], [], ["term-id:: AI-9001"]),
    ],
)
def test_a_fact_changes_in_its_own_line(
    page: str, key: str, wanted: list[str], gone: list[str], come: list[str]
) -> None:
    after = change(PAGES[page], KEYS, {KEYS.named(key): wanted})
    assert changed(PAGES[page], after) == (gone, come)


def test_a_new_fact_joins_its_group() -> None:
    after = change(SPACES, KEYS, {KEYS.named("status"): ["draft"]}).split("\r\n")
    assert after[after.index("    - preferred-term:: Key Queue") + 1] == "    - status:: draft"


def test_a_block_that_holds_more_stays_a_block() -> None:
    text = "- status:: draft\n  maturity:: new\n\t- child\n- maturity:: x\n\t- child\n"
    after = change(text, KEYS, {KEYS.named("status"): [], KEYS.named("maturity"): ["new"]})
    assert after == "- maturity:: new\n\t- child\n-\n\t- child\n"


def test_a_page_without_a_last_line_end_gets_none() -> None:
    text = "status:: draft\nmaturity:: new"
    assert change(text, KEYS, {KEYS.named("maturity"): []}) == "status:: draft"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("definition", "two\nlines", "has one line"),
        ("definition", "a [[Queue]] of keys", "as a link"),
        ("definition", " blank ", "no blanks around"),
        ("is-subclass-of", "A]] and [[B", "no link"),
    ],
)
def test_a_value_that_would_not_come_back_is_refused(key: str, value: str, message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        change(TABS, KEYS, {KEYS.named(key): [value]})


def test_a_fact_of_a_json_fence_is_not_changed() -> None:
    text = '- ```json-ld\n  {"@type": "Page", "title": "Key Queue", "vc:schemaVersion": "2"}\n  ```\n'
    facts = read_page(text, "Key Queue.md", KEYS).facts
    for fact in facts:
        with pytest.raises(RegistryError, match="by hand"):
            change(text, KEYS, {fact.key: []})


NAMES = st.sampled_from(["Memory", "Queue", "A, B", "Ünïcode", "a/b", "MoCo v2"])
WANTED = st.dictionaries(
    st.sampled_from(["is-subclass-of", "enables", "has-part"]), st.lists(NAMES, max_size=4, unique=True), max_size=3
)
SINGLE = st.dictionaries(
    st.sampled_from(["status", "maturity", "preferred-term"]),
    st.sampled_from(["draft", "007", "1.0", "x:: y", "true", "C# now", "\\#a"]),
    max_size=3,
)


@given(st.sampled_from(sorted(PAGES)), WANTED, SINGLE)
def test_what_was_put_is_what_is_read_and_putting_it_again_changes_nothing(
    page: str, links: dict[str, list[str]], words: dict[str, str]
) -> None:
    wanted: dict[Key, Sequence[str]] = {KEYS.named(name): found for name, found in links.items()}
    wanted |= {KEYS.named(name): [word] for name, word in words.items()}
    after = change(PAGES[page], KEYS, wanted)
    for key, expected in wanted.items():
        assert sorted(values(after, key)) == sorted(expected)
    assert change(after, KEYS, wanted) == after


REAL = sorted([*(SHARED / "pages").glob("*.md"), *(SHARED / "seeds").glob("*.md")])


@pytest.mark.skipif(not REAL, reason="the real pages are not here")
def test_every_real_page_keeps_its_bytes_and_takes_changes_in_few_lines() -> None:
    choose = random.Random(0)
    counts = []
    for file in REAL:
        text = file.read_bytes().decode()
        keys = {fact.key for fact in read_page(text, "Key Queue.md", KEYS).facts}
        assert change(text, KEYS, {key: values(text, key) for key in keys}, "Key Queue.md") == text
        for key in choose.sample(sorted(keys, key=lambda key: key.name), min(3, len(keys))):
            wanted = choose.choice([[], ["Another Thing"]])
            try:
                after = change(text, KEYS, {key: wanted}, "Key Queue.md")
            except RegistryError:
                continue
            assert values(after, key) == wanted
            gone, come = changed(text, after)
            assert all("::" in line for line in gone)
            counts.append(len(gone) + len(come))
    assert len(counts) > 0.98 * 3 * len(REAL)
    assert sum(counts) / len(counts) < 2
