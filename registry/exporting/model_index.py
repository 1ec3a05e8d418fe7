"""What a method reached here as the `model-index` of a Hugging Face model card: our results, never claims."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from registry.errors import RegistryError
from registry.exporting.lookup import data_label, label, names, run_iris, seeds, standings, task_of
from registry.namespaces import iri
from registry.reading import is_reading
from registry.records import Benchmark, Standing
from registry.statistics import LEVEL
from registry.tables import percent, printable
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry

Value = str | int | float | bool | None | Mapping[str, "Value"] | Sequence["Value"]


def model_index(registry: Registry, methods: Sequence[str]) -> dict[str, bytes]:
    """A card's front matter for each method; raises RegistryError for a named one without results."""
    for method in methods:
        registry.graph.find("method", method)
    cards = {}
    for method, found in standings(registry, methods or names(registry, "method")).items():
        if found:
            results = [_result(registry, name, found) for name in sorted({b.name for b, _ in found})]
            index: Value = {"model-index": [{"name": label(registry, "method", method), "results": results}]}
            cards[f"{method}.md"] = ("---\n" + "".join(_yaml(index)) + "---\n").encode()
        elif methods:
            raise RegistryError(f"{method} has no results that count; see: registry runs {method}")
    return cards


def _result(registry: Registry, name: str, found: Sequence[tuple[Benchmark, Standing]]) -> dict[str, Value]:
    """One benchmark, a metric for each recipe.  The configuration tells benchmarks of one data set apart."""
    benchmark = registry.benchmark(name)
    task = task_of(registry, name) or "other"
    return {
        "task": {"type": task.replace("_", "-"), "name": label(registry, "task", task)},
        "dataset": {
            "type": benchmark.dataset.name,
            "name": data_label(benchmark.dataset),
            "config": f"{name}, version {benchmark.version}",
            "split": benchmark.evaluation_split,
        },
        "metrics": [_metric(registry, benchmark, standing) for held, standing in found if held.name == name],
        "source": {"name": "Contrastive Registry: runs of its own", "url": iri("benchmark", name)},
    }


def _metric(registry: Registry, benchmark: Benchmark, standing: Standing) -> dict[str, Value]:
    ours, of = standing.result, seeds(registry, standing.runs)
    what = f"single run, seed {of[0]}" if ours.n == 1 else f"mean of {ours.n} seeds, sd {percent(ours.sd)} (ddof 1)"
    args: dict[str, Value] = {"unit": "percent", "recipe": standing.recipe, "seeds": of, "n": ours.n}
    if ours.sd is not None:
        args |= {"standard_deviation": _rounded(ours.sd), "ddof": 1}
    if ours.low is not None and ours.high is not None:
        args |= {"interval": [_rounded(ours.low), _rounded(ours.high)], "interval_level": LEVEL}
    args["runs"] = run_iris(standing.runs)
    if is_reading(registry.graph, standing.method):
        args["remark"] = READING
    return {
        "type": benchmark.metric,
        "value": _rounded(ours.mean),
        "name": f"{label(registry, 'metric', benchmark.metric)} in percent, {benchmark.label}: {what}",
        "args": args,
    }


def _rounded(value: float) -> float:
    """To the digits that a run's record has."""
    return round(value, 6)


def _yaml(value: Value, indent: int = 0) -> Iterator[str]:
    """Block YAML whose scalars are JSON's, which YAML takes over: a writer of our own needs no package."""
    pad = " " * indent
    if isinstance(value, Mapping):
        for key, held in value.items():
            if isinstance(held, Mapping | list) and held:
                yield f"{pad}{key}:\n"
                yield from _yaml(held, indent + 2)
            else:
                yield f"{pad}{key}: {_scalar(held)}\n"
    elif isinstance(value, Sequence):
        for held in value:
            if isinstance(held, Mapping) and held:
                yield f"{pad}- {''.join(_yaml(held, indent + 2)).lstrip()}"
            else:
                yield f"{pad}- {_scalar(held)}\n"


def _scalar(value: Value) -> str:
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # YAML 1.1 reads 1e-05 as text
    return json.dumps(printable(value) if isinstance(value, str) else value, ensure_ascii=False)
