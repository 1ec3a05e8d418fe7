"""Whether a claim and results of ours are about the same thing, and if not, what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from registry.records import Benchmark, Claim
from registry.signatures import Setting

LAST_EPOCH = ("LastEpoch", "SelectionNotStated")
"""The selection rules that nothing of ours conflicts with: we score the last epoch."""

SELECTION = {
    "BestEpochOnTest": "the best epoch on the test set",
    "EarlierEpoch": "an earlier epoch than the last",
    "BestOnDevelopment": "the best checkpoint on the development set",
}

RECALLED = "evidence level: the claim is recalled, nobody has read it in a text"

CALLED = {"encoder": "backbone"}
"""Settings that readers know by another word than the code's."""


def differences(
    claim: Claim, claimed: Benchmark, recipe: Mapping[str, Setting], measured: Benchmark
) -> tuple[str, ...]:
    """The conditions in which a claim on `claimed` and runs of `recipe` on `measured` differ, in words.

    Only what the source states can differ.  Nothing is left where the two may be compared.
    """
    found = list(
        chain(
            _quantity(claim, measured),
            _data(claim, claimed, measured),
            _scoring(claim, claimed, measured),
            _settings(claim.conditions, recipe, ""),
            _reading(claim),
        )
    )
    if not found and claimed.name != measured.name:
        found.append(_differs("benchmark", claimed.name, measured.name))
    return tuple(found)


def _differs(what: str, theirs: str, ours: str) -> str:
    return f"{what}: claimed {theirs}, ours {ours}"


def _quantity(claim: Claim, measured: Benchmark) -> list[str]:
    if claim.unit == "points":
        than = claim.compared_with or "another method"
        return [_differs("unit", f"a difference from {than} in points", f"{measured.metric} in %")]
    if claim.unit != "%":
        return [_differs("unit", f"{claim.unit} on the hardware of its source", f"{measured.metric} in %")]
    return []


def _data(claim: Claim, claimed: Benchmark, measured: Benchmark) -> list[str]:
    found = []
    same = claimed.dataset.name == measured.dataset.name
    if not same:
        found.append(_differs("data set", _dataset(claimed), _dataset(measured)))
    if claim.pretrained_on and set(claim.pretrained_on) != {measured.dataset.name}:
        found.append(_differs("pretraining data", " and ".join(claim.pretrained_on), measured.dataset.name))
    if not same:
        return found  # the splits of two data sets have nothing in common but their names
    for what, theirs, ours in (
        ("training split", claimed.training_split, measured.training_split),
        ("split", claimed.evaluation_split, measured.evaluation_split),
    ):
        if theirs and theirs != ours:
            found.append(_differs(what, theirs, ours or "not stated"))
    return found


def _dataset(benchmark: Benchmark) -> str:
    dataset = benchmark.dataset
    return f"{dataset.label} (synthetic data)" if dataset.synthetic else dataset.label


def _scoring(claim: Claim, claimed: Benchmark, measured: Benchmark) -> list[str]:
    found = []
    if claimed.protocol != measured.protocol:
        found.append(_differs("protocol", _words(claimed.protocol), _words(measured.protocol)))
    else:
        stated = {**claimed.settings, **claim.scoring}
        found += _settings(stated, measured.settings, "protocol's ")
    if claimed.metric != measured.metric:
        found.append(_differs("metric", _words(claimed.metric), _words(measured.metric)))
    return found


def _settings(stated: Mapping[str, Setting], held: Mapping[str, Setting], whose: str) -> list[str]:
    """Backbone and epochs first: they matter most."""
    first = {"encoder": 0, "epochs": 1}
    found = []
    for name in sorted(stated, key=lambda name: (first.get(name, 2), name)):
        if name not in held:
            ours = "has no such setting"
        elif held[name] != stated[name]:
            ours = _value(held[name])
        else:
            continue
        found.append(_differs(whose + CALLED.get(name, name), _value(stated[name]), ours))
    return found


def _reading(claim: Claim) -> list[str]:
    found = []
    if claim.selection not in LAST_EPOCH:
        rule = SELECTION.get(claim.selection, _words(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", claim.selection).lower()))
        found.append(_differs("selection rule", rule, "the last epoch"))
    if claim.evidence == "Recalled":
        found.append(RECALLED)
    return found


def _words(slug: str) -> str:
    return slug.replace("_", " ")


def _value(value: Setting) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(member) for member in value) or "none"
    return str(value)
