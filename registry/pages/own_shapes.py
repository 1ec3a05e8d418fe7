"""Whether the shapes would refuse a subject once its file is changed, without reading the whole graph."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.graph import Graph
from registry.namespaces import PREFIXES, iri

if TYPE_CHECKING:
    from rdflib import Graph as Triples


class Shapes:
    """The shapes of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.file: Path | None = graph.files.get("shapes.ttl")

    @cached_property
    def single(self) -> frozenset[str]:
        """The properties that a subject may have once."""
        rows = self.graph.select(
            "SELECT DISTINCT ?path { ?shape sh:property [ sh:path ?path ; sh:maxCount 1 ] FILTER(isIRI(?path)) }"
        )
        return frozenset(str(row["path"]) for row in rows)

    def objections(self, subject: str, before: str, after: str) -> list[str]:
        """What the shapes say against a subject in the new text of its file that they did not say before."""
        if self.file is None:
            return []
        known = self._messages(subject, before)
        return sorted(self._messages(subject, after) - known)

    @cached_property
    def _triples(self) -> Triples:
        from rdflib import Graph as Triples

        return Triples().parse(str(self.file), format="turtle")

    def _messages(self, subject: str, text: str) -> set[str]:
        import pyshacl
        from rdflib import Graph as Triples
        from rdflib import Namespace, URIRef

        data = Triples().parse(data=text, format="turtle")
        # A shape may ask of what kind the things are that a subject points at.
        for linked in {fact.object for fact in ox.parse(text, format=ox.RdfFormat.TURTLE)}:
            if isinstance(linked, ox.NamedNode):
                for kind in self.graph.properties(linked.value).get(iri("rdf", "type"), []):
                    if isinstance(kind, ox.NamedNode):
                        data.add((URIRef(linked.value), URIRef(iri("rdf", "type")), URIRef(kind.value)))
        _, report, _ = pyshacl.validate(data, shacl_graph=self._triples, advanced=False, meta_shacl=False)
        sh = Namespace(PREFIXES["sh"])
        assert isinstance(report, Triples)
        return {
            " ".join(sorted(str(text) for text in report.objects(result, sh.resultMessage)))
            for result in report.objects(None, sh.result)
            if report.value(result, sh.focusNode) == URIRef(subject)
        }
