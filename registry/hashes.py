"""Checksums that say whether two recipes, or two benchmarks, are the same."""

from __future__ import annotations

import json
from hashlib import sha256

from registry.records import Benchmark
from registry.signatures import Setting


def recipe_hash(settings: dict[str, Setting]) -> str:
    """sha256 of the settings as canonical JSON."""
    return _hash({name: settings[name] for name in sorted(settings)})


def benchmark_hash(benchmark: Benchmark) -> str:
    """sha256 of what a benchmark measures: data and split, protocol with its settings, and the metric."""
    return _hash(
        {
            "dataset": benchmark.dataset.name,
            "loader": benchmark.dataset.loader,
            "splits": [benchmark.training_split, benchmark.evaluation_split],
            "checksums": benchmark.dataset.checksums,
            "channels": [benchmark.dataset.channel_mean, benchmark.dataset.channel_std],
            "protocol": [benchmark.protocol, benchmark.implementation],
            "settings": benchmark.settings,
            "metric": benchmark.metric,
        }
    )


def _hash(content: object) -> str:
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
