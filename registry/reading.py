"""Records from the graph: one function for each kind of subject."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

import pyoxigraph as ox

from registry.errors import BadSetting
from registry.graph import Graph, Term, Value, python_value
from registry.namespaces import PREFIXES, iri, slug
from registry.records import Benchmark, Claim, Dataset, Method, Recipe
from registry.signatures import CONSUMERS, Keyword, Setting, keywords

Properties = Mapping[str, Sequence[Term]]


def read_method(graph: Graph, name: str) -> Method:
    found = graph.properties(iri("method", name))
    return Method(
        name=name,
        label=_text(found, "skos", "prefLabel") or name,
        definition=_text(found, "skos", "definition") or "",
        implementation=_text(found, "reg", "implementation"),
        introduced_in=_slug(found, "reg", "introducedIn"),
        variant_of=_slug(found, "reg", "variantOf"),
        borrows_from=_slugs(found, "reg", "borrowsFrom"),
        components=_slugs(found, "reg", "usesComponent"),
        departures=_texts(found, "reg", "differsFromPaper"),
    )


def read_recipe(graph: Graph, name: str, _above: tuple[str, ...] = ()) -> Recipe:
    """The recipe with the settings of those it is based on, nearer ones first; raises BadSetting."""
    found = graph.properties(iri("recipe", name))
    settings = settings_of(graph, found, "hp")
    base = _slug(found, "reg", "basedOn")
    if base is not None:
        if base in (*_above, name):
            raise BadSetting(f"recipe {name!r} is based on itself")
        settings = read_recipe(graph, base, (*_above, name)).settings | settings
    method = _slug(found, "reg", "ofMethod") or ""
    implementation = _text(graph.properties(iri("method", method)), "reg", "implementation")
    return Recipe(
        name=name,
        method=method,
        variant=_text(found, "reg", "variantName"),
        benchmarks=_slugs(found, "reg", "onBenchmark"),
        settings=accepted(settings, [implementation, *CONSUMERS] if implementation else []),
        departures=_texts(found, "reg", "differsFromPaper"),
    )


def read_benchmark(graph: Graph, name: str) -> Benchmark:
    found = graph.properties(iri("benchmark", name))
    protocol = _slug(found, "reg", "protocol") or ""
    implementation = _text(graph.properties(iri("protocol", protocol)), "reg", "implementation")
    metric = _slug(found, "reg", "metric") or ""
    version = graph.value(iri("benchmark", name), iri("reg", "version"))
    return Benchmark(
        name=name,
        label=_text(found, "skos", "prefLabel") or name,
        version=version if isinstance(version, int) else 0,
        dataset=read_dataset(graph, _slug(found, "reg", "dataset") or ""),
        protocol=protocol,
        implementation=implementation,
        settings=accepted(settings_of(graph, found, "ep"), [implementation] if implementation else []),
        training_split=_text(found, "reg", "trainingSplit") or "",
        evaluation_split=_text(found, "reg", "evaluationSplit") or "",
        metric=metric,
        higher_is_better=graph.value(iri("metric", metric), iri("reg", "higherIsBetter")) is not False,
    )


def read_dataset(graph: Graph, name: str) -> Dataset:
    found = graph.properties(iri("dataset", name))
    checksums = {}
    for split in found.get(iri("reg", "split"), []):
        if not isinstance(split, ox.NamedNode | ox.BlankNode):
            raise BadSetting(f"reg:split is {split}, not a part of the data set")
        parts = {quad.predicate.value: quad.object for quad in graph.store.quads_for_pattern(split, None, None, None)}
        label, checksum = parts.get(iri("reg", "splitName")), parts.get(iri("schema", "sha256"))
        if label is not None and checksum is not None:
            checksums[str(python_value(label))] = str(python_value(checksum))
    return Dataset(
        name=name,
        label=_text(found, "skos", "prefLabel") or name,
        synthetic=graph.value(iri("dataset", name), iri("reg", "synthetic")) is True,
        loader=_text(found, "reg", "loader"),
        channel_mean=_numbers(graph, found, "channelMean"),
        channel_std=_numbers(graph, found, "channelStd"),
        checksums=dict(sorted(checksums.items())),
    )


def read_claim(graph: Graph, row: Mapping[str, Value]) -> Claim:
    """From a row of `queries/claims.rq`; fractions become percent."""
    address = str(row["claim"])
    found = graph.properties(address)
    fraction = row["unit"] == iri("unit", "FRACTION")
    scale = 100.0 if fraction else 1.0
    printed = _stated_digits(str(row["stated"]), number(row["value"], "mls:hasValue"))
    decimals = max(0, len(printed) - (2 if fraction else 0))
    return Claim(
        name=slug(address),
        label=str(row["label"]),
        method=slug(str(row["method"])),
        benchmark=slug(str(row["benchmark"])),
        value=number(row["value"], "mls:hasValue") * scale,
        decimals=decimals,
        stated=str(row["stated"]),
        locator=str(row["locator"]),
        source=str(row["sourceTitle"] or slug(str(row["source"]))),
        evidence=slug(str(row["evidence"])),
        statistic=slug(str(row["statistic"])),
        selection=slug(str(row["selection"])),
        raw_values=tuple(value * scale for value in _numbers(graph, found, "rawValues")),
        sample_size=_whole(graph.value(address, iri("reg", "sampleSize")), default=1),
        conditions=settings_of(graph, found, "hp"),
        scoring=settings_of(graph, found, "ep"),
        caveats=_texts(found, "reg", "caveat"),
    )


def _whole(value: Value, *, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


def number(value: Value, what: str) -> float:
    """The value as a number; raises BadSetting that names what it is of."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadSetting(f"{what} is {value!r}, which is no number")
    return float(value)


def _stated_digits(stated: str, value: float) -> str:
    """The digits after the point as the source prints them: trailing zeros count there, not in RDF."""
    for digits in re.findall(r"\d*\.\d+|\d+", stated):
        if float(digits) == value:
            return str(digits).partition(".")[2]
    return repr(value).partition(".")[2]


def accepted(settings: dict[str, Setting], pointers: Sequence[str]) -> dict[str, Setting]:
    """The settings as the code takes them: `hp:temperature 1` is 1.0.  What does not fit stays as it is."""
    known: dict[str, Keyword] = {}
    for pointer in pointers:
        with suppress(BadSetting):
            known |= keywords(pointer)
    taken = dict(settings)
    for name in settings.keys() & known.keys():
        with suppress(BadSetting):
            taken[name] = known[name].accept(settings[name])
    return taken


def settings_of(graph: Graph, found: Properties, prefix: str) -> dict[str, Setting]:
    """The settings among the properties of a subject: local names and Python values, sorted."""
    base = PREFIXES[prefix]
    return {
        address.removeprefix(base): _setting(graph, terms, address)
        for address, terms in sorted(found.items())
        if address.startswith(base)
    }


def _setting(graph: Graph, terms: Sequence[Term], address: str) -> Setting:
    if len(terms) > 1:
        raise BadSetting(f"{slug(address)} has {len(terms)} values")
    term = terms[0]
    if isinstance(term, ox.Literal):
        value = python_value(term)
        assert value is not None
        return value
    # An RDF list; its members are numbers.
    return tuple(python_value(item) for item in graph.items(term))  # type: ignore[return-value]


def _numbers(graph: Graph, found: Properties, name: str) -> tuple[float, ...]:
    values = [python_value(item) for head in found.get(iri("reg", name), []) for item in graph.items(head)]
    return tuple(number(value, f"reg:{name}") for value in values)


def _texts(found: Properties, prefix: str, name: str) -> tuple[str, ...]:
    return tuple(sorted(term.value for term in found.get(iri(prefix, name), []) if isinstance(term, ox.Literal)))


def _text(found: Properties, prefix: str, name: str) -> str | None:
    texts = _texts(found, prefix, name)
    return texts[0] if texts else None


def _slugs(found: Properties, prefix: str, name: str) -> tuple[str, ...]:
    return tuple(
        sorted(slug(term.value) for term in found.get(iri(prefix, name), []) if isinstance(term, ox.NamedNode))
    )


def _slug(found: Properties, prefix: str, name: str) -> str | None:
    slugs = _slugs(found, prefix, name)
    return slugs[0] if slugs else None
