"""What cannot be run is refused before anything runs, with the way out; what is hardly meant is told and recorded."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from reference_impl import feasibility
from reference_impl.assembly import assemble
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.encoders import Encoder
from reference_impl.errors import Diverged, Impossible
from reference_impl.training import COLLAPSED, Epoch, _collapse
from registry import Registry
from registry.cli import cli
from tests.conftest import ROOT

CPU = torch.device("cpu")
KNN = {"neighbours": 5, "temperature": 0.1, "features": "encoder"}
METHODS = ("moco_v1", "moco_v2", "moco_v3", "simclr", "byol", "supcon", "moco_dual_view", "xmoco", "mae")
GB = 10**9


def images(count: int = 64) -> Splits:
    empty = np.zeros((count, 3, 32, 32), dtype=np.uint8)
    both = [ImagesInMemory(empty, np.zeros(count, dtype=np.int64), classes=10) for _ in range(2)]
    return Splits(train=both[0], test=both[1])


def recipe(registry: Registry, method: str, **changes: object) -> tuple[str, dict[str, object]]:
    found = registry.method(method)
    assert found.implementation
    settings = registry.recipe(method, "cifar10_mini_knn").settings | changes
    return found.implementation, settings


def rehearsal(implementation: str, count: int = 64) -> feasibility._Rehearsal:
    return feasibility._Rehearsal(implementation, images(count), KNN, CPU)


# Memory


def test_every_implemented_method_is_rehearsed_here(registry: Registry) -> None:
    assert {method.name for method in registry.methods() if method.implementation} == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_every_method_can_be_rehearsed_and_leaves_nothing_behind(registry: Registry, method: str) -> None:
    implementation, settings = recipe(registry, method, batch_size=32)
    before = torch.get_rng_state()
    needed = rehearsal(implementation).estimate(settings)
    assert needed is not None
    assert needed.total >= needed.network + needed.training > needed.network > 0
    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_step_keeps_grows_with_the_batch_and_the_precision(registry: Registry) -> None:
    implementation, settings = recipe(registry, "moco_v2", batch_size=512, bn_splits=1)
    small, large, exact = (
        rehearsal(implementation).estimate(settings | changes)
        for changes in ({}, {"batch_size": 1024}, {"precision": "float32"})
    )
    assert small and large and exact
    assert 1.8 < large.training / small.training < 2.05
    assert 1.5 < exact.training / small.training < 2.1


def test_the_network_counts_its_slow_copy_and_its_queue(registry: Registry) -> None:
    implementation, settings = recipe(registry, "moco_v2", batch_size=16, bn_splits=1, queue_size=5000)
    needed = rehearsal(implementation).estimate(settings)
    real = assemble(implementation, settings).method
    assert needed is not None
    assert needed.network == sum(tensor.nbytes for tensor in real.state_dict().values())
    assert needed.network > 2 * sum(weight.nbytes for weight in real.encoder.parameters()) + 5000 * 128 * 4


MEASURED = """
import sys, torch
from reference_impl.contract import Views
from registry import Registry
from reference_impl.assembly import assemble
from tests.test_feasibility import recipe, rehearsal

def status(line):
    with open("/proc/self/status") as file:
        return 1024 * int(next(each for each in file if each.startswith(line)).split()[1])

def steps(parts, count):
    method, batch = parts.method.to(memory_format=torch.channels_last).train(), parts.training.batch_size
    optimiser = parts.optimiser(method)
    for _ in range(count):
        raw = [torch.rand(batch, 3, 32, 32) for _ in range(method.view_count)]
        ready = tuple((images - 0.5).contiguous(memory_format=torch.channels_last) for images in raw)
        with torch.autocast("cpu", torch.bfloat16, enabled=parts.training.precision == "bfloat16"):
            loss = method.loss(Views(ready, torch.zeros(batch, dtype=torch.long)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        del loss, raw, ready

torch.set_num_threads(1)
registry = Registry.open()
for method, batch, precision in (("moco_v2", 256, "bfloat16"), ("simclr", 256, "float32"), ("mae", 256, "bfloat16")):
    implementation, settings = recipe(registry, method, batch_size=batch, precision=precision)
    needed = rehearsal(implementation).estimate(settings)
    steps(assemble(implementation, {**settings, "batch_size": 16}), 1)  # what libraries take once
    parts = assemble(implementation, settings)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the largest resident memory starts anew
    before = status("VmRSS")
    steps(parts, 2)
    print(method, (status("VmHWM") - before) / needed.training)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the largest resident memory")
def test_the_estimate_of_a_step_is_what_the_process_grows_by() -> None:
    # So the C library gives back what is freed, and does not keep it for later.
    environment = {"MALLOC_MMAP_THRESHOLD_": "65536", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    ratios = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
    assert len(ratios) == 3
    assert all(0.85 < ratio < 1.35 for ratio in ratios.values()), ratios


def refusal(implementation: str, settings: dict[str, object], count: int = 64) -> str:
    with pytest.raises(Impossible) as refused:
        feasibility.require(implementation, settings, images(count), KNN, CPU)
    return str(refused.value)


@pytest.mark.parametrize("name", ["batch_size", "queue_size"])
def test_what_cannot_fit_is_refused_with_a_value_that_does(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    large = {"batch_size": 4096, "queue_size": 16} if name == "batch_size" else {"queue_size": 4_000_000}
    implementation, settings = recipe(registry, "moco_v2", bn_splits=1, **large)
    monkeypatch.setattr(feasibility, "free_memory", lambda device: GB // 4)
    said = refusal(implementation, settings, 8192)
    assert said.startswith("the run needs about ")
    assert "of memory on cpu and 0.25 GB are free (" in said
    _, _, way_out = said.partition(f"--set {name}=")
    fitting = int(way_out.split()[0])
    assert 256 <= fitting < large[name]
    feasibility.require(implementation, settings | {name: fitting}, images(8192), KNN, CPU)


def test_where_no_batch_fits_no_batch_is_proposed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    implementation, settings = recipe(registry, "simclr")
    monkeypatch.setattr(feasibility, "free_memory", lambda device: 10**6)
    assert refusal(implementation, settings, 256).endswith("a smaller encoder, or a machine with more memory")


def test_nothing_is_said_of_memory_where_nobody_knows_it(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    implementation, settings = recipe(registry, "simclr")
    monkeypatch.setattr(feasibility, "free_memory", lambda device: None)
    feasibility.require(implementation, settings, images(256), KNN, CPU)


def test_a_small_run_is_not_rehearsed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    implementation, settings = recipe(registry, "simclr")
    monkeypatch.setattr(feasibility, "free_memory", lambda device: 64 * GB)
    monkeypatch.setattr(feasibility._Rehearsal, "estimate", None)
    feasibility.require(implementation, settings, images(256), KNN, CPU)


def test_a_control_group_allows_what_it_does_not_use_and_can_give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/meminfo": "MemTotal: 900 kB\nMemAvailable:   800 kB\n",
        "/proc/self/cgroup": "0::/jobs/one\n",
        "/sys/fs/cgroup/jobs/one/memory.max": "max\n",
        "/sys/fs/cgroup/jobs/one/memory.current": "5000\n",
        "/sys/fs/cgroup/jobs/memory.max": "9000\n",
        "/sys/fs/cgroup/jobs/memory.current": "7000\n",
        "/sys/fs/cgroup/jobs/memory.stat": "anon 100\ninactive_file 500\n",
    }
    monkeypatch.setattr(feasibility, "_read", lambda file: files.get(str(file), ""))
    assert feasibility.free_memory(CPU) == 2500
    files["/proc/self/cgroup"] = ""
    assert feasibility.free_memory(CPU) == 800 * 1024
    files.clear()
    assert feasibility.free_memory(CPU) is None


# Numbers that fit neither each other nor the images

PLAIN = {"batch_size": 16, "bn_splits": 2, "epochs": 10, "warmup_epochs": 0, "milestones": (), "schedule": "cosine"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 101}, "batch_size 101 is more than the 100 training images"),
        ({"batch_size": 15}, "batch_size 15 does not divide into 2 BatchNorm groups (bn_splits)"),
        ({"batch_size": 8, "bn_splits": 8}, "each of 8 BatchNorm groups (bn_splits) a single image"),
        ({"batch_size": 1, "bn_splits": 1}, "leaves a batch a single image"),
    ],
)
def test_numbers_that_cannot_be_run_are_refused(registry: Registry, changes: dict[str, object], said: str) -> None:
    implementation, settings = recipe(registry, "simclr", **PLAIN)
    feasibility.refuse(implementation, settings, 100)
    with pytest.raises(Impossible) as refused:
        feasibility.refuse(implementation, settings | changes, 100)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("method", "changes", "said"),
    [
        ("mae", {"bn_splits": 8}, "vit_mini_4 has no BatchNorm to split: its bn_splits must be 1, not 8"),
        ("mae", {"encoder": "resnet_mini"}, "its encoder must be a vision transformer, such as vit_mini_4"),
        ("mae", {"mask_ratio": 1.0}, "mask_ratio must be between 0 and 1, not 1.0"),
        ("mae", {"decoder_width": 32, "decoder_heads": 3}, "a width of 32 does not divide into 3 heads"),
        ("mae", {"decoder_width": 6, "decoder_heads": 2}, "decoder_width must divide by 4"),
        ("moco_v3", {"frozen_patches": True}, "this encoder has no patches to freeze"),
        ("moco_dual_view", {"selection": "none"}, "but selection 'none' keeps all negatives: set it to 1.0"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(
    registry: Registry, method: str, changes: dict[str, object], said: str
) -> None:
    implementation, settings = recipe(registry, method)
    feasibility.refuse(implementation, settings, 10_000)
    with pytest.raises(Impossible) as refused:
        feasibility.refuse(implementation, settings | changes, 10_000)
    assert said in str(refused.value)


def test_the_parts_of_every_recipe_of_ours_fit_each_other(registry: Registry) -> None:
    for each in registry.all_recipes:
        implementation = registry.method(each.method).implementation
        assert implementation
        assert feasibility.without_contents(implementation, each.settings) is not None, each.name


def test_a_method_that_needs_contents_to_be_built_is_not_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    implementation, settings = recipe(registry, "simclr")

    def build(encoder: Encoder, **own: object) -> None:
        next(encoder.parameters()).sum().item()

    monkeypatch.setattr("reference_impl.simclr.SimCLR", build)
    feasibility.require(implementation, settings, images(256), KNN, CPU)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"queue_size": 101}, "every query meets old keys of its own image as negatives"),
        ({"queue_size": 15}, "queue_size 15 is less than the 16 keys of a step: the rest of them is lost"),
        ({"queue_size": 31, "symmetric": True}, "less than the 32 keys of a step"),
        ({"momentum": 1.0}, "momentum 1 never moves the slow copy"),
        ({"warmup_epochs": 10}, "warmup_epochs 10 of 10 epochs: the learning rate only rises"),
        ({"schedule": "step", "milestones": (5, 10, 12)}, "milestones 10, 12 come after the last of 10 epochs"),
    ],
)
def test_numbers_that_are_hardly_meant_are_told(changes: dict[str, object], said: str) -> None:
    assert feasibility.warnings(PLAIN | {"queue_size": 64, "symmetric": False, "momentum": 0.9}, 100) == []
    (warning,) = feasibility.warnings(PLAIN | changes, 100)
    assert said in warning


def test_no_recipe_of_ours_but_one_is_warned_of(registry: Registry) -> None:
    warned = {
        (name, warning)
        for recipe in registry.all_recipes
        for name in recipe.benchmarks
        for counts in [registry.benchmark(name).dataset.image_counts]
        for warning in feasibility.warnings(recipe.settings, counts.get("train"))
    }
    assert warned == {
        (f"cifar10_{protocol}", "queue_size 256 is less than the 512 keys of a step: the rest of them is lost")
        for protocol in ("knn", "linear")
    }


# The command: one line, exit code 1, nothing filed; or a warning, and its place in the record


def call(home: Path, *changes: str) -> Result:
    options = [part for change in changes for part in ("--set", change)]
    command = ["--home", str(home), "run-benchmark", "alpha", "--on", "toy_knn", "--device", "cpu", *options]
    return CliRunner().invoke(cli, command)


def filed(home: Path) -> list[Path]:
    return list((home / "ontology" / "results").rglob("*.ttl"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["temperature=0"], "temperature must be positive, not 0.0"),
        (["momentum=1.5"], "momentum must be from 0 to 1, not 1.5"),
        (["batch_size=17"], "batch_size 17 does not divide into 2 BatchNorm groups (bn_splits)"),
        (["batch_size=2"], "a single image"),
        (["batch_size=100000"], "training images"),
        (["optimiser=adamw", "betas=2,0.9"], "recipe alpha-toy: Invalid beta parameter"),
    ],
)
def test_what_is_impossible_is_one_line_and_files_nothing(tiny_home: Path, changes: list[str], said: str) -> None:
    result = call(tiny_home, *changes)
    assert (result.exit_code, filed(tiny_home)) == (1, [])
    assert said in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.output


def test_too_little_memory_is_told_before_anything_is_scored(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feasibility, "free_memory", lambda device: 10**6)
    result = call(tiny_home)
    assert (result.exit_code, filed(tiny_home)) == (1, [])
    assert result.stderr.startswith("Error: recipe alpha-toy: the run needs about 0.0")
    assert "scoring" not in result.stdout


def test_a_warning_is_told_and_recorded(tiny_home: Path) -> None:
    result = call(tiny_home, "queue_size=8")
    assert result.exit_code == 0
    said = "queue_size 8 is less than the 16 keys of a step: the rest of them is lost"
    assert f"warning: {said}\n" in result.stderr
    assert Registry.open(tiny_home).ask("SELECT ?said { ?run reg:warning ?said }").rows == [(said,)]
    assert Registry.open(tiny_home).check() == []


# Runs that come to nothing


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (["learning_rate=1e20"], "the loss became "),
        # With the weights of the head gone, its bias is the embedding of every image.
        (
            ["learning_rate=1e-4", "weight_decay=10000", "sgd_momentum=0", "decay_vectors=false"],
            "collapsed: all embeddings are one point since epoch 1 (by step ",
        ),
    ],
)
def test_a_run_that_came_to_nothing_is_recorded_as_diverged_with_its_step(
    tiny_home: Path, changes: list[str], reason: str
) -> None:
    result = call(tiny_home, *changes)
    assert result.exit_code == 1
    assert f"the run with seed 0 diverged: {reason}" in result.stderr
    (run,) = Registry.open(tiny_home).all_runs
    assert run.status == "diverged"
    assert run.reason is not None
    assert run.reason.startswith(reason)


def test_a_collapse_is_dated_from_the_epoch_after_which_nothing_parted_again() -> None:
    row = Epoch(epoch=0, loss=1.0, learning_rate=0.1, seconds=1.0, images=96, embedding_spread=0.0)
    spreads = (0.5, COLLAPSED / 2, 0.3, COLLAPSED / 2, 0.0)
    curve = [replace(row, epoch=epoch, embedding_spread=spread) for epoch, spread in enumerate(spreads, start=1)]
    assert str(Diverged(_collapse(curve, 6))) == (
        "collapsed: all embeddings are one point since epoch 4 (by step 24 of 30; spread at the end 0.0e+00)"
    )
