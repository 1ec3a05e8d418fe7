"""An invented folder of pages in the shapes of real ones, with their flaws, of any number and size.

Every word is made up here.  The shapes, and how often each occurs, are those of ontologies that
people keep in Logseq: blocks with tabs or with spaces, groups with bold titles, properties in the
head of the page, JSON-LD in fences, relations in any of their places.  A page of 15 kB has some 140
blocks and 20 links in its text, which is the mean of the real pages that were counted.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

SYLLABLES = ("con", "tra", "stive", "pre", "text", "view", "aug", "ment", "key", "que", "ry", "mo", "en", "sa", "li")
FIRST = ("Robust", "Sparse", "Deep", "Latent", "Noisy", "Paired", "Cross-view", "Masked", "Online", "Frozen")
SECOND = ("Encoder", "Loss", "Queue", "Sampler", "Projector", "Prototype", "Crop", "Objective", "Probe", "Bank")
STATES = ("draft", "active", "complete", "stub", "approved", "in-progress")
SECTIONS = ("Overview", "How It Works", "Where It Is Used", "Limits", "Open Questions", "Related Ideas")
RELATIONS = ("enables", "requires", "has-part", "relatedTo", "depends-on", "uses")

_WORDS = ["".join(random.Random(number).choices(SYLLABLES, k=1 + number % 4)) for number in range(4000)]


@dataclass(frozen=True)
class Facts:
    """What a page states, before it is given a shape."""

    name: str
    properties: list[tuple[str, str]]
    relations: list[tuple[str, str]]
    definition: str


def name_of(number: int) -> str:
    """The name of a page."""
    place = f" {number // 100}" if number >= 100 else ""
    return f"{FIRST[number % 10]} {SECOND[number // 10 % 10]}{place}"


def page(number: int, pages: int, size: int = 15_000) -> str:
    """The text of one page of a corpus of so many, about `size` characters long."""
    chance = random.Random(number)
    (shape,) = chance.choices((_tabs, _spaces, _bold, _head, _fenced), weights=(50, 20, 10, 12, 8))
    parts = [shape(_facts(number, pages, chance), chance)]
    if chance.random() < 0.2:
        parts.append(_axioms(parts[0], chance))
    length = sum(map(len, parts))
    while length < size:
        parts.append(_section(pages, chance))
        length += len(parts[-1])
    return "".join(parts)


def write(folder: Path, pages: int, size: int = 15_000) -> None:
    """Makes a folder of pages."""
    (folder / "pages").mkdir(parents=True)
    for number in range(pages):
        text = page(number, pages, size)
        (folder / "pages" / f"{name_of(number)}.md").write_text(text, encoding="utf-8", newline="")


def _facts(number: int, pages: int, chance: random.Random) -> Facts:
    name = name_of(number)
    identifier = f"AI-{number % 7900:04d}" if chance.random() < 0.97 else f"ai-{number}-x"
    properties = [
        ("ontology", "true"),
        ("term-id", identifier),
        ("preferred-term", name),
        ("source-domain", "ai"),
        ("status", chance.choice(STATES)),
        ("version", "1.0"),
        ("last-updated", f"2025-11-{chance.randint(1, 28)}"),
        ("maturity", "mature" if chance.random() < 0.9 else ""),
        ("made-up-key", _sentence(chance, 4)),
        ("authority-score", f"0.{chance.randint(50, 99)}"),
    ]
    relations = [("is-subclass-of", f"[[{_other(pages, chance)}]]")]
    for relation in chance.sample(RELATIONS, 3):
        targets = ", ".join(f"[[{_other(pages, chance)}]]" for _ in range(chance.randint(1, 4)))
        relations.append(
            (relation, targets if chance.random() < 0.9 else f"{targets} (by its {_sentence(chance, 3)})")
        )
    return Facts(name, properties, relations, _sentence(chance, 40))


def _tabs(facts: Facts, chance: random.Random) -> str:
    lines = ["- ### OntologyBlock", f"  id:: {facts.name.lower().replace(' ', '-')}-ontology", "  collapsed:: true"]
    lines += [f"\t- {key}:: {value}" for key, value in facts.properties]
    lines += [f"\t- definition:: {facts.definition}", "\t- #### Relationships"]
    if chance.random() < 0.13:
        lines.append("- is-subclass-of:: [[ai:LearningMethod]]")
    lines += ["\t  id:: relationships", *(f"\t\t- {key}:: {value}" for key, value in facts.relations), ""]
    return "\n".join(lines)


def _spaces(facts: Facts, chance: random.Random) -> str:
    blanks = " " * chance.choice((2, 4))
    lines = ["- ### OntologyBlock", *(f"{blanks}- {key}:: {value}" for key, value in facts.properties)]
    lines += [f"{blanks}- definition:: {facts.definition}", "", "### Relationships"]
    return "\n".join([*lines, *(f"- {key}:: {value}" for key, value in facts.relations), ""])


def _bold(facts: Facts, chance: random.Random) -> str:
    lines = ["- ### OntologyBlock", "  collapsed:: true", "", "  - **Identification**"]
    lines += [f"    - {key}:: {value}" for key, value in facts.properties]
    lines += ["", "  - **Definition**", f"    - definition:: {facts.definition}", "", "  - #### Relationships"]
    return "\n".join([*lines, *(f"    - {key}:: {value}" for key, value in facts.relations), ""])


def _head(facts: Facts, chance: random.Random) -> str:
    lines = [f"{key}:: {value}" for key, value in [*facts.properties, *facts.relations]]
    return "\n".join([*lines, "", "- ### Definition", f"\t- {facts.definition}", ""])


def _fenced(facts: Facts, chance: random.Random) -> str:
    parents = [value.strip("[]") for key, value in facts.relations if key == "is-subclass-of"]
    content = {
        "@context": {"label": "http://www.w3.org/2000/01/rdf-schema#label"},
        "@type": "Class",
        "label": facts.name,
        "definition": facts.definition,
        "subClassOf": parents,
    }
    head = "\n".join(f"{key}:: {value}" for key, value in facts.properties[:4])
    return f"{head}\n\n- # {facts.name}\n- ```json-ld\n  {json.dumps(content)}\n  ```\n"


def _axioms(head: str, chance: random.Random) -> str:
    lines = "\n".join(f"  (SubClassOf :{chance.choice(FIRST)} :{chance.choice(SECOND)})" for _ in range(12))
    return f"- #### Axioms\n\t- ```clojure\n{lines}\n  ```\n"


def _section(pages: int, chance: random.Random) -> str:
    """A heading with bullets at several depths, some of them with links."""
    lines = [f"- ## {chance.choice(SECTIONS)}"]
    if chance.random() < 0.1:
        lines.append(f"\t- **Status**: {chance.choice(STATES)}")
    for _ in range(chance.randint(4, 14)):
        text = _sentence(chance, chance.randint(3, 20))
        if chance.random() < 0.18:
            text += f" [[{_other(pages, chance)}]] and so on."
        blanks = "\t" * chance.randint(1, 3)
        lines.append(f"{blanks}- {text}")
        if chance.random() < 0.4:
            lines.append(f"{blanks}  {_sentence(chance, 5)}" if chance.random() < 0.6 else "")
    return "\n".join([*lines, ""])


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words)).capitalize() + "."


def _other(pages: int, chance: random.Random) -> str:
    """The name of another page, one in five of which nobody has written."""
    return name_of(chance.randrange(pages)) if chance.random() < 0.8 else f"Unwritten {chance.randrange(5 * pages)}"
