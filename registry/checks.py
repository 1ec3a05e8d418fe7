"""Is the graph whole?  Everything that is wrong, each with file, line and subject."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import BadSetting
from registry.graph import Graph, python_value
from registry.hashes import benchmark_hash
from registry.namespaces import KINDS, PREFIXES, curie, iri, slug
from registry.records import Violation
from registry.signatures import keywords, match

if TYPE_CHECKING:
    from registry.catalogue import Registry

FOLDERS = {f"{kind}s": kind for kind in KINDS if kind not in ("repository", "recipe", "run")} | {
    "repositories": "repository"
}


def check(registry: Registry) -> list[Violation]:
    """Files that do not parse, shapes, dangling links, names, recipes against code, records."""
    graph = registry.graph
    found = [Violation(file=b.file, line=b.line, subject="", message=b.reason) for b in graph.broken]
    found += _names(graph)
    found += _shapes(graph)
    found += _dangling(graph)
    found += _undefined(graph)
    found += _settings(registry)
    found += _records(registry)
    return sorted(set(found), key=lambda violation: (str(violation.file), violation.line or 0, violation.message))


def _at(graph: Graph, subject: str, message: str) -> Violation:
    files = graph.files_of(subject)
    if not files:
        return Violation(file=graph.home.layers[0], line=None, subject=curie(subject), message=message)
    return Violation(
        file=graph.files[files[0]],
        line=graph.line_of(subject, files[0]),
        subject=curie(subject),
        message=message,
    )


def _names(graph: Graph) -> Iterator[Violation]:
    """One subject a file, named by its slug."""
    broken = {problem.file for problem in graph.broken}
    for name, file in graph.files.items():
        folder, _, rest = name.partition("/")
        kind = "run" if folder == "results" else FOLDERS.get(folder)
        if kind is None or file in broken:
            continue
        expected = iri(kind, Path(rest).stem)
        if name not in graph.files_of(expected):
            yield Violation(
                file=file, line=None, subject=curie(expected), message="the file is named so but does not describe it"
            )


def _shapes(graph: Graph) -> Iterator[Violation]:
    """SHACL, by pyshacl.  A shape that holds other shapes reports their messages."""
    import pyshacl
    from rdflib import Graph as Triples
    from rdflib import Namespace, URIRef

    shape_file = graph.files.get("shapes.ttl")
    broken = {problem.file for problem in graph.broken}
    if shape_file is None or shape_file in broken:
        return
    data = Triples()
    for file in graph.files.values():
        if file not in broken and file != shape_file:
            data.parse(file, format="turtle")
    _, report, _ = pyshacl.validate(data, shacl_graph=str(shape_file), advanced=False, meta_shacl=False)
    sh = Namespace(PREFIXES["sh"])
    assert isinstance(report, Triples)
    for result in report.objects(None, sh.result):
        focus = report.value(result, sh.focusNode)
        messages = sorted(str(message) for message in report.objects(result, sh.resultMessage))
        if isinstance(focus, URIRef):
            yield _at(graph, str(focus), " ".join(messages))


def _dangling(graph: Graph) -> Iterator[Violation]:
    """Links into our namespace that nothing describes."""
    # A subject whose file does not parse is not missing; the file is reported already.
    lost = {problem.file.stem for problem in graph.broken}
    for row in graph.rows("dangling"):
        subject, target = str(row["subject"]), str(row["object"])
        if slug(target) not in lost:
            message = f"{curie(str(row['property']))} points at {curie(target)}, which nothing describes"
            yield _at(graph, subject, message)


def _undefined(graph: Graph) -> Iterator[Violation]:
    """Properties of our namespaces that the vocabulary does not define."""
    if "vocabulary.ttl" not in graph.files or graph.files["vocabulary.ttl"] in {p.file for p in graph.broken}:
        return
    for row in graph.rows("undefined_properties"):
        yield _at(graph, str(row["subject"]), f"{curie(str(row['property']))} is not defined in vocabulary.ttl")


def _settings(registry: Registry) -> Iterator[Violation]:
    """Recipes against constructors, benchmarks against protocols, pointers against code."""
    from registry.reading import read_recipe
    from registry.runner import consumers

    graph = registry.graph
    for name in graph.slugs.get("recipe", []):
        address = iri("recipe", name)
        try:
            recipe = read_recipe(graph, name)
            if recipe.method not in graph.slugs.get("method", []):
                continue  # a dangling link, reported as such
            for problem in match(recipe.settings, consumers(registry.method(recipe.method))):
                yield _at(graph, address, problem)
        except BadSetting as error:
            yield _at(graph, address, str(error))
    for benchmark in registry.benchmarks():
        if not benchmark.runnable:
            continue
        assert benchmark.implementation and benchmark.dataset.loader
        address = iri("benchmark", benchmark.name)
        try:
            taken = keywords(benchmark.implementation)
            for problem in match(benchmark.settings, {benchmark.implementation: taken}):
                yield _at(graph, address, problem)
            keywords(benchmark.dataset.loader)
        except BadSetting as error:
            yield _at(graph, address, str(error))


def _records(registry: Registry) -> Iterator[Violation]:
    """Curves that are missing or changed; benchmarks that changed without a new version."""
    graph = registry.graph
    known = graph.slugs.get("benchmark", [])
    for run in registry.all_runs:
        address = iri("run", run.name)
        curve = graph.properties(f"{address}#curve")
        if curve:
            name = str(python_value(curve[iri("schema", "contentUrl")][0]))
            expected = str(python_value(curve[iri("schema", "sha256")][0]))
            file = graph.files[graph.files_of(address)[0]].parent / Path(name).name
            if not file.is_file():
                yield _at(graph, address, f"the learning curve {name} is missing")
            elif sha256(file.read_bytes()).hexdigest() != expected:
                yield _at(graph, address, f"the learning curve {name} is not the one that was recorded")
        if run.benchmark in known:
            benchmark = registry.benchmark(run.benchmark)
            if run.benchmark_version == benchmark.version and run.benchmark_hash != benchmark_hash(benchmark):
                yield _at(
                    graph,
                    address,
                    f"benchmark {run.benchmark} has changed since, under the same version {benchmark.version}; "
                    "a change needs a new reg:version",
                )
