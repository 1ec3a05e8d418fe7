"""Evaluation tables as Papers with Code writes them: an import as it came, or our claims in that shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.errors import RegistryError
from registry.namespaces import iri
from registry.pwc import SHAPES, Field, Json, Number, dump
from registry.triples import Term, Value, graph_of

if TYPE_CHECKING:
    from registry.catalogue import Registry

Row = dict[str, Value]


def pwc(registry: Registry, names: Sequence[str]) -> dict[str, bytes]:
    """The tables of the named imports, or those of our claims; see `to_json`."""
    return {"evaluation-tables.json": to_json(registry, *names).encode()}


def to_json(registry: Registry, *sources: str) -> str:
    """The JSON that the imports were made from, or, without one, a table of our claims for each benchmark.

    Raises UnknownName for an import that is not there.  Results are never among the claims.
    """
    if not sources:
        return dump(_claimed(registry), indent=2)
    tasks = [task for source in sources for task in _imported(registry, source)]
    return dump(tasks, indent=2)


def _imported(registry: Registry, source: str) -> list[Json]:
    address = registry.graph.find("import", source)
    files = registry.graph.files_of(address)
    if len(files) != 1:
        raise RegistryError(f"the import {source} stands in {len(files)} files: {', '.join(files)}; keep one")
    try:
        return _Reader(registry.graph.store, graph_of(files[0])).tasks(address)
    except RecursionError:
        raise RegistryError(f"the import {source} is nested too deep") from None
    except (KeyError, ValueError) as error:
        raise RegistryError(
            f"{registry.graph.files[files[0]]}: does not hold together ({error}); import its source again"
        ) from error


class _Reader:
    """Objects from one graph."""

    def __init__(self, store: ox.Store, graph: ox.NamedNode) -> None:
        self._facts: dict[str, dict[str, list[Term]]] = {}
        for quad in store.quads_for_pattern(None, None, None, graph):
            if isinstance(quad.subject, ox.NamedNode):
                properties = self._facts.setdefault(quad.subject.value, {})
                properties.setdefault(quad.predicate.value, []).append(quad.object)

    def tasks(self, address: str) -> list[Json]:
        return [self._member("task", task) for task in self._ordered(address, "reg:importedTask")]

    def _ordered(self, address: str, predicate: str) -> list[str]:
        found = self._facts[address].get(_expanded(predicate), [])
        members = [term.value for term in found if isinstance(term, ox.NamedNode)]
        return sorted(members, key=lambda member: int(self._text(member, "reg:position")))

    def _text(self, address: str, predicate: str) -> str:
        found = self._maybe(address, predicate)
        if found is None:
            raise KeyError(f"{address} has no {predicate}")
        return found

    def _maybe(self, address: str, predicate: str) -> str | None:
        found = self._facts[address].get(_expanded(predicate), [])
        return found[0].value if found and not isinstance(found[0], ox.Triple) else None

    def _member(self, shape: str, address: str) -> Json:
        """A member of a list of objects, which may be something else that was kept as it was."""
        kept = self._maybe(address, "reg:jsonText")
        return self._object(shape, address) if kept is None else _parsed(kept)

    def _object(self, shape: str, address: str) -> Json:
        facts = self._facts[address]
        nulls = {term.value for term in facts.get(iri("reg", "nullField"), []) if isinstance(term, ox.Literal)}
        others: dict[str, Json] = {}
        for term in facts.get(iri("reg", "otherField"), []):
            other = _parsed(term.value if isinstance(term, ox.Literal) else "")
            others |= other if isinstance(other, dict) else {}
        found: dict[str, Json] = {}
        for key in json.loads(self._text(address, "reg:fields")):
            if key in nulls:
                found[key] = None
            elif key in others:
                found[key] = others[key]
            else:
                found[key] = self._field(SHAPES[shape].fields[key], address)
        return found

    def _field(self, known: Field, address: str) -> Json:
        match known.holds:
            case "text" | "url" | "date":
                return self._text(address, known.predicate)
            case "flag":
                return self._text(address, known.predicate) == "true"
            case "object":
                return self._object(known.shape, self._text(address, known.predicate))
            case "objects":
                return [self._member(known.shape, member) for member in self._ordered(address, known.predicate)]
            case "texts":
                return [self._listed(member) for member in self._ordered(address, known.predicate)]
            case "values":
                cells = self._ordered(address, known.predicate)
                return {self._text(cell, "reg:metricName"): self._cell(cell) for cell in cells}

    def _listed(self, address: str) -> Json:
        kept = self._maybe(address, "reg:jsonText")
        return self._text(address, "rdfs:label") if kept is None else _parsed(kept)

    def _cell(self, address: str) -> Json:
        text = self._text(address, "reg:statedText")
        return text if self._maybe(address, "reg:jsonType") is None else _parsed(text)


def _expanded(predicate: str) -> str:
    prefix, _, local = predicate.partition(":")
    return iri(prefix, local)


def _parsed(text: str) -> Json:
    parsed: Json = json.loads(text, parse_float=Number, parse_int=Number)
    return parsed


_CLAIMS = """
SELECT DISTINCT ?task ?dataset ?about ?benchmark ?metric ?unit ?claim ?method ?stated ?title ?url ?date ?code ?more
WHERE {
  ?claim a reg:Claim ; reg:statedText ?stated ; qudt:hasUnit ?unit ; reg:evidenceLevel ?level ;
         reg:aboutMethod/skos:prefLabel ?method ; reg:onBenchmark ?on ; prov:hadPrimarySource ?source .
  ?on skos:prefLabel ?benchmark ; reg:metric/skos:prefLabel ?metric ;
      reg:dataset ?data .
  ?data skos:prefLabel ?dataset .
  FILTER(?unit IN (unit:PERCENT, unit:FRACTION) && ?level != reg:Recalled)
  OPTIONAL { ?on reg:task/skos:prefLabel ?task }
  OPTIONAL { ?data skos:definition ?about }
  OPTIONAL { ?source dcterms:title ?title }
  OPTIONAL { ?source fabio:hasURL ?url }
  OPTIONAL { ?source dcterms:date ?date }
  OPTIONAL { ?source schema:codeRepository ?code }
  OPTIONAL { ?claim reg:pretrainedOn ?more }
}
ORDER BY ?task ?dataset ?benchmark ?claim
"""
"""Differences, times and memory have no column in such a table, and what nobody read has no place there."""


def _claimed(registry: Registry) -> Json:
    """By task and data set, a part of the data set for each benchmark: protocols that differ share no table."""
    tasks: dict[str, dict[str, tuple[str, dict[str, list[Row]]]]] = {}
    once = {str(row["claim"]): row for row in registry.graph.select(_CLAIMS)}
    for row in once.values():
        datasets = tasks.setdefault(str(row["task"] or "No task stated"), {})
        _, benchmarks = datasets.setdefault(str(row["dataset"]), (str(row["about"] or ""), {}))
        benchmarks.setdefault(str(row["benchmark"]), []).append(row)
    return [
        {
            "categories": [],
            "datasets": [
                {
                    "dataset": dataset,
                    "dataset_citations": [],
                    "dataset_links": [],
                    "description": about,
                    "subdatasets": [_part(benchmark, rows) for benchmark, rows in benchmarks.items()],
                }
                for dataset, (about, benchmarks) in datasets.items()
            ],
            "description": "",
            "source_link": None,
            "subtasks": [],
            "synonyms": [],
            "task": task,
        }
        for task, datasets in tasks.items()
    ]


def _part(benchmark: str, rows: list[Row]) -> Json:
    columns: list[Json] = [*sorted({_column(row) for row in rows})]
    return {
        "dataset_citations": [],
        "dataset_links": [],
        "description": "",
        "sota": {"metrics": columns, "rows": [_row(row) for row in rows]},
        "subdataset": benchmark,
        "subdatasets": [],
    }


def _column(row: Row) -> str:
    """Fractions stand in a column of their own: values are verbatim, and .5 is not less than 50."""
    return f"{row['metric']} (fraction)" if row["unit"] == iri("unit", "FRACTION") else str(row["metric"])


def _row(row: Row) -> Json:
    """The source that states the number is its paper, or else the repository among the code links."""
    code, title = row["code"], str(row["title"] or "")
    return {
        "code_links": [] if code is None else [{"title": title, "url": str(code)}],
        "metrics": {_column(row): str(row["stated"])},
        "model_links": [],
        "model_name": str(row["method"]),
        "paper_date": None if row["date"] is None else str(row["date"]),
        "paper_title": title if code is None else "",
        "paper_url": str(row["url"] or ""),
        "uses_additional_data": row["more"] is not None,
    }
