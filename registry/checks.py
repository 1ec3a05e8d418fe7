"""Is the graph whole?  Everything that is wrong, each with file, line and subject."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import BadSetting
from registry.graph import Graph
from registry.hashes import benchmark_hash, recipe_hash
from registry.home import FOLDERS, IMPORTS
from registry.namespaces import PREFIXES, curie, iri, slug
from registry.reading import read_dataset, read_recipe, settings_of
from registry.records import Run, Supersession, Verification, Violation
from registry.signatures import keywords, match
from registry.statements import other_numbers, stated_twice

if TYPE_CHECKING:
    from registry.catalogue import Registry


def check(registry: Registry) -> list[Violation]:
    """Files that do not parse, shapes, dangling links, names, recipes against code, records."""
    graph = registry.graph
    found = [Violation(file=b.file, line=b.line, subject="", message=b.reason) for b in graph.broken]
    found += _names(graph)
    found += _shapes(graph)
    found += _dangling(graph)
    found += _undefined(graph)
    found += _loops(graph)
    found += (_at(graph, *problem) for problem in (*other_numbers(graph), *stated_twice(graph)))
    found += _settings(registry)
    found += _records(registry)
    found += _notices(registry)
    found += _unreadable(registry)
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
        if not rest or file in broken or folder == IMPORTS:
            continue
        kind = FOLDERS.get(folder)
        if kind is None:
            near = get_close_matches(folder, FOLDERS, n=1)
            guess = f"did you mean {near[0]}/?" if near else f"there are {', '.join(FOLDERS)}"
            yield Violation(file=file, line=None, subject="", message=f"no folder {folder}/ belongs here; {guess}")
            continue
        expected = iri(kind, Path(rest).stem)
        if name not in graph.files_of(expected):
            yield Violation(
                file=file, line=None, subject=curie(expected), message="the file is named so but does not describe it"
            )


def _shapes(graph: Graph) -> Iterator[Violation]:
    """SHACL, by pyshacl.  A shape that holds other shapes reports their messages."""
    import pyshacl
    from rdflib import RDF, BNode, Namespace, URIRef
    from rdflib import Graph as Triples

    shape_file = graph.files.get("shapes.ttl")
    broken = {problem.file for problem in graph.broken}
    if shape_file is None:
        home = graph.home.layers[0]
        yield Violation(
            file=home / "shapes.ttl", line=None, subject="", message="is missing; nothing was checked by shape"
        )
        return
    if shape_file in broken:
        return
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it prints a traceback for an ill-typed literal
    data = Triples()
    nameless: dict[BNode, Path] = {}
    for name, file in graph.files.items():
        # Shapes are for what we say; what others state is kept as it is, and there may be very much of it.
        if file in broken or file == shape_file or name.startswith(f"{IMPORTS}/"):
            continue
        try:
            read = Triples().parse(file, format="turtle")
        except Exception as error:  # whatever a second parser does not take
            yield Violation(file=file, line=None, subject="", message=f"rdflib cannot read it: {error}")
            continue
        nameless |= {node: file for node in read.subjects(RDF.type) if isinstance(node, BNode)}
        data += read
    _, report, _ = pyshacl.validate(data, shacl_graph=str(shape_file), advanced=False, meta_shacl=False)
    sh = Namespace(PREFIXES["sh"])
    assert isinstance(report, Triples)
    for result in report.objects(None, sh.result):
        focus = report.value(result, sh.focusNode)
        message = " ".join(sorted(str(text) for text in report.objects(result, sh.resultMessage)))
        if isinstance(focus, URIRef):
            yield _at(graph, str(focus), message)
        elif isinstance(focus, BNode) and focus in nameless:
            yield Violation(file=nameless[focus], line=None, subject="a subject without a name", message=message)


def _dangling(graph: Graph) -> Iterator[Violation]:
    """Links into our namespace that nothing describes."""
    # A subject whose file does not parse is not missing; the file is reported already.
    lost = {problem.file.stem for problem in graph.broken}
    for row in graph.rows("checks/dangling"):
        subject, target = str(row["subject"]), str(row["object"])
        if slug(target) not in lost:
            message = f"{curie(str(row['property']))} points at {curie(target)}, which nothing describes"
            yield _at(graph, subject, message)


def _undefined(graph: Graph) -> Iterator[Violation]:
    """Properties of our namespaces that the vocabulary does not define."""
    if "vocabulary.ttl" not in graph.files or graph.files["vocabulary.ttl"] in {p.file for p in graph.broken}:
        return
    for row in graph.rows("checks/undefined_properties"):
        yield _at(graph, str(row["subject"]), f"{curie(str(row['property']))} is not defined in vocabulary.ttl")


def _settings(registry: Registry) -> Iterator[Violation]:
    """Recipes against constructors, benchmarks against protocols, pointers against code."""
    from registry.runner import keywords_of

    defaults: dict[tuple[str, str, str | None], str] = {}
    graph = registry.graph
    for name in graph.names("recipe"):
        address = iri("recipe", name)
        try:
            recipe = read_recipe(graph, name)
            if recipe.method not in graph.names("method"):
                continue  # a dangling link, reported as such
            for benchmark in recipe.benchmarks:
                first = defaults.setdefault((recipe.method, benchmark, recipe.variant), name)
                if first != name:
                    yield _at(graph, address, f"{first} is for {benchmark} as well; give one a reg:variantName")
            takers = keywords_of(registry.method(recipe.method), recipe.settings)
            for problem in match(recipe.settings, takers):
                yield _at(graph, address, problem)
        except BadSetting as error:
            yield _at(graph, address, str(error))
    for described in registry.benchmarks():
        if not described.runnable:
            continue
        assert described.implementation and described.dataset.loader
        address = iri("benchmark", described.name)
        try:
            taken = keywords(described.implementation)
            for problem in match(described.settings, {described.implementation: taken}):
                yield _at(graph, address, problem)
            keywords(described.dataset.loader)
        except BadSetting as error:
            yield _at(graph, address, str(error))


def _unreadable(registry: Registry) -> Iterator[Violation]:
    """Subjects that the listings leave out because a value is not what it should be."""
    registry.benchmarks()
    registry.verdicts()  # reads claims, runs and recipes
    registry.ablations()
    for name in registry.graph.names("dataset"):
        try:
            read_dataset(registry.graph, name)
        except BadSetting as error:
            yield _at(registry.graph, iri("dataset", name), str(error))
    for subject, reason in registry.left_out.items():
        yield _at(registry.graph, subject, reason)


def _loops(graph: Graph) -> Iterator[Violation]:
    for row in graph.select("SELECT DISTINCT ?method { ?method reg:variantOf+ ?method }"):
        yield _at(graph, str(row["method"]), "is a variant of itself, by way of its reg:variantOf")
    for row in graph.select("SELECT DISTINCT ?run { ?run (^reg:supersedes/reg:successor)+ ?run }"):
        yield _at(graph, str(row["run"]), "supersedes itself, by way of its reg:successor")


def _records(registry: Registry) -> Iterator[Violation]:
    """Records that were copied or edited, curves that are gone, benchmarks changed without a new version."""
    graph = registry.graph
    known = graph.names("benchmark")
    for run in registry.all_runs:
        address = iri("run", run.name)
        files = graph.files_of(address)
        if len(files) > 1:
            yield _at(graph, address, f"stands in {len(files)} files: {', '.join(files)}")
        yield from (_at(graph, address, problem) for problem in _edited(graph, run, graph.files[files[0]].parent))
        if run.benchmark in known:
            benchmark = registry.benchmark(run.benchmark)
            if run.benchmark_version == benchmark.version and run.benchmark_hash != benchmark_hash(benchmark):
                yield _at(
                    graph,
                    address,
                    f"benchmark {run.benchmark} has changed since, under the same version {benchmark.version}; "
                    "a change needs a new reg:version",
                )


def _notices(registry: Registry) -> Iterator[Violation]:
    """Verifications that the two records do not bear out, and successors that could be none."""
    runs = {run.name: run for run in registry.all_runs}
    for notice in (notice for name in runs for notice in registry.notices.about(name)):
        run, address = runs[notice.run], iri("notice", notice.name)
        other = runs.get(notice.rerun if isinstance(notice, Verification) else "")
        if isinstance(notice, Supersession):
            other = runs.get(notice.successor)
            if other and (other.method, other.benchmark) != (run.method, run.benchmark):
                yield _at(registry.graph, address, f"{other.name} is of another method or benchmark than {run.name}")
        elif isinstance(notice, Verification) and other and run.value is not None and other.value is not None:
            if (other.recipe_hash, other.seed, other.benchmark_hash) != (
                run.recipe_hash,
                run.seed,
                run.benchmark_hash,
            ):
                yield _at(registry.graph, address, f"{other.name} is no repetition of {run.name}")
            elif abs(other.value - run.value - notice.difference) > 1e-6:
                yield _at(
                    registry.graph, address, f"the difference {notice.difference} is not that of the two values"
                )
            elif notice.held != (abs(notice.difference) <= notice.tolerance):
                yield _at(registry.graph, address, f"the outcome {notice.outcome!r} is not what the difference says")


def _edited(graph: Graph, run: Run, folder: Path) -> Iterator[str]:
    """What does not agree with itself in a record, in words."""
    address = iri("run", run.name)
    for state in ("trained", "untrained"):
        value, correct, total = (
            graph.value(f"{address}#{state}", iri(*name))
            for name in (("mls", "hasValue"), ("reg", "correct"), ("reg", "total"))
        )
        if isinstance(value, float | int) and isinstance(correct, int) and isinstance(total, int) and total:
            if abs(value - 100 * correct / total) > 1e-6:
                yield f"the {state} value {value} is not {correct} of {total}"
        elif value is not None:
            yield f"the {state} value does not say how many images of how many it counts"
    try:
        settings = settings_of(graph, graph.properties(f"{address}#settings"), "hp")
        if recipe_hash(settings) != run.recipe_hash:
            yield "the settings are not those that reg:recipeHash was made from"
    except BadSetting as error:
        yield str(error)
    if not graph.properties(f"{address}#curve"):
        return
    name, expected = (graph.value(f"{address}#curve", iri("schema", part)) for part in ("contentUrl", "sha256"))
    file = folder / Path(str(name)).name
    if not file.is_file():
        yield f"the learning curve {name} is missing"
    elif sha256(file.read_bytes()).hexdigest() != expected:
        yield f"the learning curve {name} is not the one that was recorded"
