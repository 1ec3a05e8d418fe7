"""Records from the graph: one function for each kind of subject."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import pyoxigraph as ox

from registry.errors import BadSetting
from registry.graph import Graph
from registry.namespaces import PREFIXES, iri, slug
from registry.records import Benchmark, Claim, Dataset, Method, Recipe, Run
from registry.signatures import Keyword, Setting, consumers, keywords
from registry.triples import Term, Value, python_value

Properties = Mapping[str, Sequence[Term]]

UNITS = {
    iri("unit", "PERCENT"): "%",
    iri("unit", "FRACTION"): "%",
    iri("reg", "PercentagePoint"): "points",
    iri("unit", "SEC"): "s",
    iri("unit", "MIN"): "min",
    iri("unit", "HR"): "h",
    iri("unit", "GigaBYTE"): "GB",
}


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
        reading=is_reading(graph, name),
    )


def is_reading(graph: Graph, method: str) -> bool:
    """Whether a method's paper leaves something open, so that ours is `READING`; False for one that is not there."""
    return iri("reg", "openQuestion") in graph.properties(iri("method", method))


def read_recipe(graph: Graph, name: str, _above: tuple[str, ...] = ()) -> Recipe:
    """The recipe with the settings of those it is based on, nearer ones first; raises BadSetting."""
    found = graph.summary.recipe(name)

    def texts(local: str) -> list[str]:
        return sorted(value for value in found.get(iri("reg", local), []) if isinstance(value, str))

    def slugs(local: str) -> list[str]:
        values = found.get(iri("reg", local), [])
        return sorted(slug(value["iri"]) for value in values if isinstance(value, dict) and "iri" in value)

    settings = {
        address.removeprefix(PREFIXES["hp"]): _plain(values, address)
        for address, values in sorted(found.items())
        if address.startswith(PREFIXES["hp"])
    }
    for base in slugs("basedOn")[:1]:
        if base in (*_above, name):
            raise BadSetting(f"recipe {name!r} is based on itself")
        settings = read_recipe(graph, base, (*_above, name)).settings | settings
    method = next(iter(slugs("ofMethod")), "")
    implementation = graph.value(iri("method", method), iri("reg", "implementation"))
    return Recipe(
        name=name,
        method=method,
        variant=next(iter(texts("variantName")), None),
        benchmarks=tuple(slugs("onBenchmark")),
        settings=accepted(settings, consumers(str(implementation), settings) if implementation else []),
        departures=tuple(texts("differsFromPaper")),
    )


def _plain(values: Sequence[object], address: str) -> Setting:
    if len(values) > 1:
        raise BadSetting(f"{slug(address)} has {len(values)} values")
    value = values[0]
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict) and "list" in value:
        return tuple(value["list"])
    raise BadSetting(f"{slug(address)} is {value}, which is no value")


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
    checksums, counts = {}, {}
    for split in found.get(iri("reg", "split"), []):
        if not isinstance(split, ox.NamedNode | ox.BlankNode):
            raise BadSetting(f"reg:split is {split}, not a part of the data set")
        parts = {quad.predicate.value: quad.object for quad in graph.store.quads_for_pattern(split, None, None, None)}
        label, checksum = parts.get(iri("reg", "splitName")), parts.get(iri("schema", "sha256"))
        if label is not None and checksum is not None:
            checksums[str(python_value(label))] = str(python_value(checksum))
        count = None if (images := parts.get(iri("reg", "imageCount"))) is None else python_value(images)
        if label is not None and isinstance(count, int):
            counts[str(python_value(label))] = count
    return Dataset(
        name=name,
        label=_text(found, "skos", "prefLabel") or name,
        synthetic=graph.value(iri("dataset", name), iri("reg", "synthetic")) is True,
        loader=_text(found, "reg", "loader"),
        channel_mean=_numbers(graph, found, "channelMean"),
        channel_std=_numbers(graph, found, "channelStd"),
        checksums=dict(sorted(checksums.items())),
        image_counts=counts,
    )


NEEDED_OF_CLAIMS = (
    *(
        ("skos", "prefLabel"),
        ("reg", "aboutMethod"),
        ("reg", "onBenchmark"),
        ("mls", "hasValue"),
        ("qudt", "hasUnit"),
    ),
    *(("reg", "statedText"), ("prov", "hadPrimarySource"), ("reg", "locator"), ("reg", "evidenceLevel")),
    *(("reg", "statistic"), ("reg", "selectionRule")),
)


def read_claim(graph: Graph, name: str) -> Claim | None:
    """What the graph says of a claim, fractions as percent; None where the shapes miss something in it."""
    address = iri("claim", name)
    found = graph.properties(address)
    if any(iri(*needed) not in found for needed in NEEDED_OF_CLAIMS):
        return None

    def needed(prefix: str, local: str) -> str:
        return str(python_value(found[iri(prefix, local)][0]))

    stated_unit = needed("qudt", "hasUnit")
    unit = UNITS.get(stated_unit)
    if unit is None:
        raise BadSetting(f"qudt:hasUnit is {stated_unit}, which no claim has")
    fraction = stated_unit == iri("unit", "FRACTION")
    scale, shift = (100.0, 2) if fraction else (1.0, 0)
    stated, source = needed("reg", "statedText"), needed("prov", "hadPrimarySource")
    value = number(graph.value(address, iri("mls", "hasValue")), "mls:hasValue")
    spread = graph.value(address, iri("reg", "statedSpread"))
    spread = None if spread is None else number(spread, "reg:statedSpread")
    ddof = graph.value(address, iri("reg", "spreadDdof"))
    return Claim(
        name=name,
        label=needed("skos", "prefLabel"),
        method=slug(needed("reg", "aboutMethod")),
        benchmark=slug(needed("reg", "onBenchmark")),
        value=value * scale,
        unit=unit,
        compared_with=_slug(found, "reg", "comparedWith"),
        decimals=max(0, len(_stated_digits(stated, value)) - shift),
        stated=stated,
        also_stated=_also_stated(graph, found),
        locator=needed("reg", "locator"),
        source=str(graph.value(source, iri("dcterms", "title")) or slug(source)),
        evidence=slug(needed("reg", "evidenceLevel")),
        statistic=slug(needed("reg", "statistic")),
        selection=slug(needed("reg", "selectionRule")),
        raw_values=tuple(value * scale for value in _numbers(graph, found, "rawValues")),
        sample_size=_whole(graph.value(address, iri("reg", "sampleSize")), default=1),
        spread=None if spread is None else spread * scale,
        spread_decimals=0 if spread is None else max(0, len(_stated_digits(stated, spread)) - shift),
        spread_ddof=ddof if ddof in (0, 1) and isinstance(ddof, int) else None,
        spread_is=_text(found, "reg", "statedSpreadIs"),
        pretrained_on=_slugs(found, "reg", "pretrainedOn"),
        conditions=settings_of(graph, found, "hp"),
        scoring=settings_of(graph, found, "ep"),
        caveats=_texts(found, "reg", "caveat"),
    )


def read_run(row: Mapping[str, Value | Sequence[str]], required: Collection[str]) -> Run:
    """From a row of `Summary.runs`; `required` are the properties without which a run does not count."""

    def text(name: str) -> str | None:
        return None if row.get(name) is None else str(row[name])

    def needed(name: str) -> str:
        if (found := text(name)) is None:
            raise BadSetting(f"the run says nothing of its {name}")
        return found

    def optional(name: str) -> float | None:
        return None if row.get(name) is None else number(row[name], name)

    changed, stated = row["changed"], row["stated"]
    assert isinstance(changed, list)
    assert isinstance(stated, list)
    memory = optional("peakMemory")
    return Run(
        name=slug(needed("run")),
        method=slug(needed("method")),
        benchmark=slug(needed("benchmark")),
        benchmark_version=int(number(row["version"], "benchmark version")),
        recipe=slug(text("recipe") or text("departsFrom") or ""),
        follows_recipe=row["recipe"] is not None,
        recipe_hash=needed("recipeHash"),
        benchmark_hash=needed("benchmarkHash"),
        changed=tuple(changed),
        seed=int(number(row["seed"], "seed")),
        status=slug(needed("status")).lower(),
        started=needed("started"),
        value=optional("value"),
        untrained=optional("untrained"),
        missing=tuple(sorted(slug(name) for name in set(required).difference(stated))),
        reason=text("reason"),
        images_per_second=optional("imagesPerSecond"),
        wall_seconds=optional("wallSeconds"),
        peak_memory=None if memory is None else int(memory),
        false_negative_share=optional("falseNegativeShare"),
        device=text("device"),
        source_sha256=text("sourceSha256"),
    )


def _also_stated(graph: Graph, found: Properties) -> tuple[str, ...]:
    """Each other place that prints the number: its verbatim text, and where it stands."""
    places = []
    for node in found.get(iri("reg", "alsoStated"), []):
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            raise BadSetting(f"reg:alsoStated is {node}, not a statement")
        parts = {quad.predicate.value: quad.object for quad in graph.store.quads_for_pattern(node, None, None, None)}
        stated, locator = parts.get(iri("reg", "statedText")), parts.get(iri("reg", "locator"))
        if isinstance(stated, ox.Literal):
            place = f" in {locator.value}" if isinstance(locator, ox.Literal) else ""
            places.append(f'"{stated.value}"{place}')
    return tuple(sorted(places))


def _whole(value: Value, *, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


def number(value: object, what: str) -> float:
    """The value as a number; raises BadSetting that names what it is of."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadSetting(f"{what} is {value!r}, which is no number")
    return float(value)


def _stated_digits(stated: str, value: float) -> str:
    """The digits after the point as the source prints them: trailing zeros count there, not in RDF."""
    for digits in re.findall(r"\d*\.\d+|\d+", stated):
        if float(digits) == abs(value):
            return str(digits).partition(".")[2]
    return repr(value).partition(".")[2].removesuffix("0")


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
