"""One term, any other subject, and whatever texts the graph holds of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import network
from app.state import keeper
from registry import Registry
from registry.namespaces import iri
from tests.conftest import Explore
from tests.exploring import texts
from tests.exploring_terms import EVIL, HOSTILE, LONG, Add, links, literal, markup, nodes, picture, shown_of

# One term


@pytest.mark.parametrize("name", ["momentum_contrast", "AI-0284"])
def test_a_term_is_shown_with_all_that_is_said_of_it(explore: Explore, registry: Registry, name: str) -> None:
    app = explore("terms", term=name)
    described = registry.describe("term:momentum_contrast")
    assert app.title[0].value == "Momentum Contrast"
    shown = texts(app)
    assert "AI\\-0284" in shown
    assert described.definition[:40] in shown
    assert all(other in shown for other in described.facts["also called"])
    for fact in ("methods", "related"):
        targets = {f"{value.replace(':', 's?')}" for value in described.facts[fact]}
        assert {target.split("?")[-1] for target in targets} <= {
            value.rpartition("=")[2] for value in links(app).values()
        }
    assert links(app)["Contrastive Learning"] == "terms?term=contrastive_learning"
    assert links(app)["Machine Learning"] == "terms?term=machine_learning"


def test_each_sources_own_parent_is_shown_in_its_words(explore: Explore, registry: Registry) -> None:
    app = explore("terms", term="contrastive_learning")
    parents = registry.describe("term:contrastive_learning").parents
    assert [block.value for block in app.code] == [
        each.stated for each in sorted(parents, key=lambda each: each.agrees != "not ours")
    ]
    against = sum(each.agrees == "not ours" for each in parents)
    assert f"{against} of {len(parents)} contradict the parent" in texts(app)


def test_the_picture_of_a_term_is_what_stands_around_it(explore: Explore) -> None:
    app = explore("terms", term="momentum_contrast")
    found = nodes(app)
    assert found["term:momentum_contrast"]["label"] == "This term"
    assert {"term:contrastive_learning", "term:machine_learning", "method:moco_v1"} <= set(found)
    assert found["term:content_and_assets"]["label"] == "Term named by a source"
    assert len(found) <= 60


def test_an_unknown_term_is_told_with_what_comes_near(explore: Explore) -> None:
    app = explore("terms", term="momentum_contrasd")
    assert "did you mean" in texts(app)
    assert links(app)["Momentum Contrast \\(term\\)"] == "terms?term=momentum_contrast"
    assert "as long as the one in the address" in texts(explore("terms", term="x" * 5_000))


def test_a_lonely_term_says_so(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, term="craft")
    assert "stands at the top of the taxonomy" in texts(app)
    assert "Nothing stands above or below it" in texts(app)
    assert "A source puts these below it" in texts(app)
    assert links(app)["Contrast"] == "terms?term=contrast"


def test_imported_pages_of_a_term_are_linked(explore: Explore, tiny_home: Path, add: Add) -> None:
    add("page:a a reg:Page ; rdfs:label 'Contrast page' ; skos:notation 'AI-0001'^^reg:termId .")
    app = explore("terms", tiny_home, term="contrast")
    assert links(app)["Contrast page"] == "terms?subject=page%3Aa"


# Any other subject


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "paper:he2019_moco",
            "dataset:cifar10",
            "metric:top1_accuracy",
            "protocol:knn",
            "task:image_classification",
        ),
        *("repository:moco", "ablation:moco_v2-mlp_head", "recipe:moco_v2-shapes", "method:moco_v2"),
        *("benchmark:cifar10_knn", "claim:moco_v1-imagenet1k_linear-200ep-authors", "term:key_queue"),
    ],
)
def test_any_subject_is_shown_as_the_registry_describes_it(
    explore: Explore, registry: Registry, subject: str
) -> None:
    kind, _, name = subject.partition(":")
    known = registry.graph.names(kind)
    name = name if name in known else known[0]
    described = registry.describe(f"{kind}:{name}")
    app = explore("terms", subject=f"{kind}:{name}")
    assert len(app.title) == 1
    shown = texts(app).replace("\\", "")
    for word, values in described.facts.items():
        if kind != "term":
            assert f"**{word}**" in shown
        for value in values[:12]:
            if ":" not in value and len(value) < 100 and word not in ("arXiv", "DOI"):
                assert " ".join(value.split()) in shown, (word, value)
    neighbours = sum(value.partition(":")[0] == "paper" for values in described.facts.values() for value in values)
    assert len([link for link in links(app).values() if "paper%3A" in link]) >= min(1, neighbours)


def test_values_become_links_where_they_name_something(explore: Explore) -> None:
    found = links(explore("terms", subject="paper:he2019_moco"))
    assert found["MoCo v1"] == "methods?method=moco_v1"
    assert found["Key queue"] == "terms?term=key_queue"
    assert found["1911\\.05722"] == "https://arxiv.org/abs/1911.05722"
    assert found["10\\.1109\\/CVPR42600\\.2020\\.00975"] == "https://doi.org/10.1109/CVPR42600.2020.00975"


def test_only_the_web_becomes_a_web_link(explore: Explore, tiny_home: Path, add: Add) -> None:
    addresses = (
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://example.org/a_b(c)",
        "data:text/html,x",
        "//x.org",
    )
    add("".join(f"dataset:toy schema:url {literal(address)} ." for address in addresses))
    app = explore("terms", tiny_home, subject="dataset:toy")
    web = [target for target in links(app).values() if "?" not in target and target != "terms"]
    assert web == ["https://example.org/a_b(c)"]


def test_many_values_stand_in_a_table_that_opens(explore: Explore, tiny_home: Path, add: Add) -> None:
    add("".join(f"paper:p{number:03} dcterms:references paper:ada1843 ." for number in range(100)))
    app = explore("terms", tiny_home, subject="paper:ada1843")
    assert [str(each.label) for each in app.expander] == ["All 100"]
    assert not app.dataframe
    opened = explore("terms", tiny_home, subject="paper:ada1843", all_referred_to_by="true")
    assert len(opened.dataframe[0].value) == 100


def test_an_unknown_subject_and_an_ambiguous_one_are_told(explore: Explore, tiny_home: Path, add: Add) -> None:
    assert "no paper" in texts(explore("terms", tiny_home, subject="paper:nowhere"))
    assert "no subject" in texts(explore("terms", tiny_home, subject="nowhere"))
    add("term:a a skos:Concept ; skos:altLabel 'Twin' . term:b a skos:Concept ; skos:altLabel 'Twin' .")
    keeper.clear()
    app = explore("terms", tiny_home, subject="Twin")
    assert "is the name of" in texts(app)
    assert {"terms?term=a", "terms?term=b"} <= set(links(app).values())


def test_others_that_bear_the_name_are_linked(explore: Explore, registry: Registry) -> None:
    described = registry.describe("moco")
    assert described.also
    app = explore("terms", subject="moco")
    assert "Others of that name" in texts(app)


# Whatever the graph holds


@pytest.mark.parametrize(
    "address", [{}, {"view": "Tree"}, {"words": "anything"}, {"term": "x"}, {"subject": "paper:x"}, {"below": "x"}]
)
def test_an_empty_graph_is_told(explore: Explore, bare: Path, address: dict[str, str]) -> None:
    app = explore("terms", bare, **address)
    assert texts(app)
    if not address:
        assert "one file in ontology/terms/ describes one" in texts(app)


ADDRESSES: list[dict[str, str]] = [
    {"methods": "true"},
    {"view": "Tree", "methods": "true", "open": "*"},
    {"term": "evil"},
    {"subject": "paper:evil"},
    {"words": "alert"},
    {"term": "a'b&c"},
    {"term": EVIL},
    {"subject": f"paper:{EVIL}"},
    {"below": EVIL},
    {"at": "term:evil", "open": EVIL, "part": EVIL, "view": EVIL, "methods": EVIL, "kinds": EVIL, "hits": EVIL},
]


@pytest.fixture
def evil_home(tiny_home: Path, add: Add) -> Path:
    """The tiny ontology with names that would be markup."""
    texts = f"skos:prefLabel {literal(EVIL)} ; skos:definition {literal(EVIL)} ; skos:altLabel {literal(EVIL)}"
    stated = f"reg:statedText {literal(EVIL)} ; dcterms:source {literal(EVIL)}"
    said = f"reg:assertion [ rdfs:subClassOf term:craft ; {stated} ]"
    add(f"term:evil a skos:Concept ; {texts} ; skos:notation {literal(EVIL)} ; skos:broader term:contrast ; {said} .")
    add(f"term:craft skos:broader term:evil . <{iri('term', '')}a'b&c> a skos:Concept ; skos:prefLabel 'Odd' .")
    add(f"method:evil a mls:Algorithm, skos:Concept ; {texts} ; skos:broader term:evil ; {said} .")
    add(f"paper:evil a schema:ScholarlyArticle ; dcterms:title {literal(EVIL)} ; dcterms:abstract {literal(EVIL)} .")
    add(f"paper:evil <https://example.org/{'%3Cscript%3E'}> {literal(EVIL)} ; dcterms:references term:evil .")
    return tiny_home


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: " ".join(address))
def test_text_is_never_markup(explore: Explore, evil_home: Path, address: dict[str, str]) -> None:
    app = explore("terms", evil_home, **address)
    shown = markup(app)
    for text in HOSTILE:
        assert text not in shown
    assert "<" not in shown.replace("\\<", "")
    assert not [line for line in shown.splitlines() if line.startswith("#")]


def test_the_picture_is_given_no_sign_that_could_be_markup(explore: Explore, evil_home: Path) -> None:
    app = explore("terms", evil_home, methods="true")
    content = picture(app)["elements"]
    assert {"Disputed term", "Disputed method"} <= {node["label"] for node in nodes(app).values()}
    for element in [*content["nodes"], *content["edges"]]:
        for key, value in element["data"].items():
            assert key in {"id", "label", "name", "in full", "notation", "source", "target"}
            assert not set(value) & set("<>&\"'`\\"), value
            assert value.isprintable()
            assert len(value) <= network.LONGEST + 8
    known = {network.TERM, network.DISPUTED, network.NAMED, network.METHOD, network.DISPUTED_METHOD, network.HERE}
    assert {node["label"] for node in nodes(app).values()} <= known
    ids = {node["data"]["id"] for node in content["nodes"]}
    assert len(ids) == len(content["nodes"])
    assert {edge["data"][end] for edge in content["edges"] for end in ("source", "target")} <= ids


def test_slugs_that_look_alike_when_made_harmless_stay_two_nodes(tiny_home: Path, add: Add) -> None:
    add(f"<{iri('term', '')}a'b> a skos:Concept . <{iri('term', '')}a\u2019b> a skos:Concept .")
    shown = shown_of(tiny_home)
    assert {subject for subject in shown.subjects.values() if subject[1].startswith("a")} >= {
        ("term", "a'b"),
        ("term", "a\u2019b"),
    }


def test_long_names_are_cut_in_captions_and_links(explore: Explore, tiny_home: Path, add: Add) -> None:
    add(f"term:long a skos:Concept ; skos:prefLabel {literal(LONG)} ; skos:broader term:contrast .")
    add(f"term:{'s' * 300} a skos:Concept ; skos:broader term:long .")
    app = explore("terms", tiny_home)
    assert len(nodes(app)["term:long"]["name"]) <= 30
    for address in ({"view": "Tree", "open": "*"}, {"term": "long"}, {"words": "name"}, {"term": "s" * 300}):
        app = explore("terms", tiny_home, **address)
        assert all(len(label) <= 200 for label in links(app))
        assert len(app.title[0].value) <= 200
