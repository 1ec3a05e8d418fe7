"""Facts of our own subjects written into their files, as far as the graph can hold them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from registry.errors import RegistryError
from registry.graph import Graph
from registry.home import IMPORTS
from registry.namespaces import BASE, curie, iri
from registry.pages.own_names import OwnNames
from registry.pages.own_shapes import Shapes
from registry.triples import name_of
from registry.turtle_edit import Change, edit

_TYPE = iri("rdf", "type")


@dataclass
class Written:
    """What became of some changes."""

    taken: list[tuple[Change, str]] = field(default_factory=list)
    """Each with its file, by the path below the ontology."""
    refused: list[tuple[Change, str]] = field(default_factory=list)
    """Each with the reason."""
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each file that changed, the text before and after."""


class Writer:
    """Writes into the files of a graph; what the package ships is copied to the user's own layer first."""

    def __init__(self, graph: Graph, names: OwnNames) -> None:
        self.graph, self.names = graph, names
        self.shapes = Shapes(graph)

    def write(self, subject: str, changes: Iterable[Change], *, whole: bool = False) -> Written:
        """Makes the changes that no shape objects to, each file as a whole; raises RegistryError for a full disk.

        With `whole` all of them are made or none.
        """
        done = Written()
        by_file: dict[str, list[Change]] = {}
        changes = list(changes)
        kindless = self._is_kindless(subject, changes)
        for change in changes:
            objection = self._objection(change)
            if kindless and change.predicate == iri("rdf", "type"):
                objection = f"{self.key(change.predicate)}: without one, nobody would know what {curie(subject)} is"
            if objection:
                done.refused.append((change, objection))
            else:
                by_file.setdefault(self.file_of(subject, change), []).append(change)
        if whole and done.refused:
            return done
        for name, mine in by_file.items():
            text = before = self.graph.files[name].read_bytes().decode()
            # Together if that can be: one change may be what another needs.
            together = self._tried(subject, text, mine)
            for group in [mine] if whole or together[1] is None else [[each] for each in mine]:
                after, objection = together if group is mine else self._tried(subject, text, group)
                if objection is None:
                    text = after
                    done.taken += ((each, name) for each in group)
                else:
                    done.refused += ((each, objection) for each in group)
            if text != before:
                self._publish(name, text)
                done.texts[name] = (before, text)
        return done

    def key(self, predicate: str) -> str:
        """What a property is called on pages."""
        key = self.names.keys.get(predicate)
        return key.name if key else curie(predicate)

    def file_of(self, subject: str, change: Change | None = None) -> str:
        """The file that states the value to be removed, else the one that is about the subject."""
        patterns: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal | None]] = []
        if change is not None and isinstance(change.remove, ox.NamedNode | ox.Literal):
            patterns.append((ox.NamedNode(change.predicate), change.remove))
        patterns.append((ox.NamedNode(_TYPE), None))
        for predicate, value in patterns:
            for quad in self.graph.store.quads_for_pattern(ox.NamedNode(subject), predicate, value, None):
                assert isinstance(quad.graph_name, ox.NamedNode)
                name = name_of(quad.graph_name.value)
                if name is not None and not name.startswith(f"{IMPORTS}/"):
                    return name
        raise RegistryError(f"no file of the ontology says what {curie(subject)} is, so nothing can be written of it")

    def _is_kindless(self, subject: str, changes: Sequence[Change]) -> bool:
        """Whether the subject would be left without a class, so that no shape would speak of it either."""
        mine = [change for change in changes if change.predicate == iri("rdf", "type")]
        left = set(self.graph.properties(subject).get(iri("rdf", "type"), []))
        left -= {change.remove for change in mine if change.remove is not None}
        return bool(mine) and not left | {change.add for change in mine if change.add is not None}

    def _objection(self, change: Change) -> str | None:
        """What keeps a link out before any shape is asked."""
        if not isinstance(change.add, ox.NamedNode):
            return None
        address = change.add.value
        if address in self.names.classes and change.predicate != _TYPE:
            return (
                f"{self.key(change.predicate)}: {self.names.classes[address]!r} is a kind of things, and none itself"
            )
        if address.startswith(BASE) and not self.graph.properties(address):
            return f"{self.key(change.predicate)} points at {curie(address)}, which nothing describes"
        return None

    def _tried(self, subject: str, text: str, changes: list[Change]) -> tuple[str, str | None]:
        try:
            after = edit(text, subject, changes)
        except RegistryError as error:
            return text, str(error)
        objections = self.shapes.objections(subject, text, after)
        return after, " ".join(objections) or None

    def _publish(self, name: str, text: str) -> None:
        from registry.results import replace

        target = self.graph.home.layers[-1] / Path(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            replace(target, text.encode())
        except OSError as error:
            raise RegistryError(f"{target} cannot be written: {error}; it is as it was") from error
