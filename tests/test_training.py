"""The loop: resumes to the same numbers, says when it diverges, writes whole checkpoints."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl import checkpoint, experiment, training
from reference_impl.contract import Method, Views
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.errors import CheckpointError, DataError, Diverged, Impossible
from reference_impl.optimisers import sgd
from reference_impl.training import Epoch, throughput
from tests.test_formulas import recipe_of_v2

CPU = torch.device("cpu")


def toy_images(count: int, seed: int) -> ImagesInMemory:
    """Three classes that a colour tells apart, with noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 120, (count, 3, 16, 16), dtype=np.uint8)
    images[np.arange(count), labels] += 120
    return ImagesInMemory(images, labels, classes=3)


def toy(folder: Path | None, cache: Path) -> Splits:
    return Splits(train=toy_images(96, 0), test=toy_images(30, 1))


SETTINGS: dict[str, experiment.Setting] = {
    "encoder": "resnet_mini",
    "bn_splits": 2,
    "head": "mlp",
    "dim": 8,
    "queue_size": 40,
    "momentum": 0.9,
    "temperature": 0.2,
    "symmetric": False,
    "shuffle": True,
    "epochs": 4,
    "batch_size": 16,
    "optimiser": "sgd",
    "decay_vectors": True,
    "warmup_epochs": 0,
    "learning_rate": 0.05,
    "sgd_momentum": 0.9,
    "weight_decay": 0.0005,
    "schedule": "cosine",
    "milestones": (),
    "precision": "bfloat16",
    **asdict(recipe_of_v2(crop_scale_min=0.4)),
}


def plan(file: Path, **changes: object) -> experiment.Experiment:
    return replace(
        experiment.Experiment(
            identity="toy",
            method="reference_impl.moco:MoCo",
            settings=dict(SETTINGS),
            loader=f"{__name__}:toy",
            checksums={},
            channel_mean=(0.5, 0.5, 0.5),
            channel_std=(0.25, 0.25, 0.25),
            protocol="reference_impl.evaluation:knn",
            protocol_settings={"neighbours": 5, "temperature": 0.1, "features": "encoder"},
            seed=0,
            device="cpu",
            data=None,
            cache=file.parent,
            checkpoint=file,
            resume=False,
        ),
        **changes,
    )


class Stop(Exception):
    """Stands for a kill."""


def execute(planned: experiment.Experiment, stop_after: int | None = None) -> experiment.Outcome:
    def progress(told: training.Progress) -> None:
        if told.epoch_done and told.epoch == stop_after:
            raise Stop

    return experiment.execute(planned, on_progress=progress, on_stage=lambda _: None, on_curve=lambda _: None)


def numbers(curve: list[Epoch]) -> list[tuple[float, ...]]:
    return [(row.epoch, row.loss, row.learning_rate, row.embedding_spread) for row in curve]


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path: Path, stop_after: int) -> None:
    whole = execute(plan(tmp_path / "whole.pt"))
    with pytest.raises(Stop):
        execute(plan(tmp_path / "parts.pt"), stop_after=stop_after)
    resumed = execute(plan(tmp_path / "parts.pt", resume=True))
    assert numbers(resumed.curve) == numbers(whole.curve)
    assert (resumed.trained, resumed.untrained) == (whole.trained, whole.untrained)
    ours, theirs = (torch.load(tmp_path / name, weights_only=True)["method"] for name in ("parts.pt", "whole.pt"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_two_runs_of_one_seed_are_equal_and_of_two_seeds_are_not(tmp_path: Path) -> None:
    first, again = (numbers(execute(plan(tmp_path / "a.pt")).curve) for _ in range(2))
    other = numbers(execute(plan(tmp_path / "b.pt", seed=1)).curve)
    assert first == again
    assert first != other


def test_training_does_not_depend_on_how_the_encoder_is_scored(tmp_path: Path) -> None:
    probe = {
        "features": "encoder",
        "normalise": "l2",
        "augmented": True,
        "learning_rates": (0.1,),
        "epochs": 1,
        "batch_size": 8,
        "schedule": "step",
        "milestones": (1,),
    }
    by_knn = execute(plan(tmp_path / "a.pt"))
    by_probe = execute(
        plan(tmp_path / "b.pt", protocol="reference_impl.evaluation:linear_probe", protocol_settings=probe)
    )
    assert numbers(by_knn.curve) == numbers(by_probe.curve)


def test_the_outcome_counts_what_was_read(tmp_path: Path) -> None:
    outcome = execute(plan(tmp_path / "a.pt"))
    assert outcome.trained.total == 30
    assert outcome.checksums["train"] == toy_images(96, 0).sha256()


def test_other_images_than_the_benchmarks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"the test images of .* are not those of this benchmark: sha256 .* expected 0000"
    ):
        execute(plan(tmp_path / "a.pt", checksums={"test": "0000"}))


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"the loss became nan at step \d+ \(epoch \d, step \d of 6\)"):
        execute(plan(tmp_path / "a.pt", settings=SETTINGS | {"learning_rate": 1e20}))


class Collapsing(Method):
    """A method whose embeddings are all one point."""

    def __init__(self, encoder: nn.Module, **_: object) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(encoder.width, 4)
        nn.init.zeros_(self.head.weight)

    def loss(self, views: Views) -> torch.Tensor:
        return 0.0 * self.head(self.encoder(views.images[0])).sum()

    def after_step(self, progress: float) -> None:
        """Nothing moves."""


def test_collapsed_embeddings_end_the_run_as_diverged(tmp_path: Path) -> None:
    settings = SETTINGS | {"epochs": 1, "weight_decay": 0.0}
    with pytest.raises(Diverged, match="collapsed: all embeddings are one point"):
        execute(plan(tmp_path / "a.pt", method=f"{__name__}:Collapsing", settings=settings))


def test_a_batch_larger_than_the_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Impossible, match="batch_size 200 is more than the 96 training images"):
        execute(plan(tmp_path / "a.pt", settings=SETTINGS | {"batch_size": 200}))


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing to resume"):
        execute(plan(tmp_path / "none.pt", resume=True))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    execute(plan(tmp_path / "a.pt", settings=SETTINGS | {"epochs": 1}))
    with pytest.raises(CheckpointError, match="belongs to another run"):
        execute(plan(tmp_path / "a.pt", identity="another", resume=True))


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("code ran",)

    torch.save({"identity": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.load(tmp_path / "evil.pt", "toy")


def test_a_truncated_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.pt", {"identity": "toy"})
    (tmp_path / "a.pt").write_bytes((tmp_path / "a.pt").read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"a\.pt cannot be read"):
        checkpoint.load(tmp_path / "a.pt", "toy")


def test_a_save_that_fails_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path / "a.pt", {"identity": "old"})

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(tmp_path / "a.pt", {"identity": "new"})
    assert checkpoint.load(tmp_path / "a.pt", "old") == {"identity": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


class Noted(Method):
    """A method of one weight, whose loss is  weight * mean(first view) + mean(second view)."""

    def __init__(self, encoder: nn.Module | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.encoder, self.head = nn.Flatten(), nn.Identity()
        self.seen: list[tuple[float, float]] = []
        self.progress: list[float] = []
        self.matmul: set[torch.dtype] = set()

    def loss(self, views: Views) -> torch.Tensor:
        first, second = (float(view.mean()) for view in views.images)
        self.seen.append((first, second))
        self.matmul.add((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
        return self.weight * first + second

    def after_step(self, progress: float) -> None:
        self.progress.append(progress)


def noted(tmp_path: Path, **changes: object) -> tuple[Noted, list[Epoch]]:
    torch.manual_seed(0)
    method, curve = Noted(), []
    fields = training.Training.__dataclass_fields__
    asked = SETTINGS | changes
    settings = training.Training(**{name: asked[name] for name in fields})
    names = ("learning_rate", "weight_decay", "sgd_momentum", "decay_vectors")
    training.train(
        method,
        toy_images(50, 0),
        recipe_of_v2(crop_scale_min=0.4),
        lambda images: images,
        settings,
        sgd(method, **{name: asked[name] for name in names}),
        CPU,
        curve=curve,
        checkpoint_file=tmp_path / "noted.pt",
        identity="noted",
        resume=False,
        carried={},
        on_progress=lambda _: None,
    )
    return method, curve


@pytest.mark.parametrize(("schedule", "milestones"), [("cosine", ()), ("step", (1, 3))])
def test_the_loop_is_sgd_with_momentum_weight_decay_and_the_schedule(
    tmp_path: Path, schedule: str, milestones: tuple[int, ...]
) -> None:
    method, curve = noted(tmp_path, schedule=schedule, milestones=milestones, weight_decay=0.1)
    weight, velocity = 2.0, 0.0
    for step, (first, _) in enumerate(method.seen):
        epoch = step // 3  # 50 images make three batches of 16; two images are left out
        factor = (
            0.5 * (1 + np.cos(np.pi * epoch / 4))
            if schedule == "cosine"
            else 0.1 ** sum(epoch >= milestone for milestone in milestones)
        )
        velocity = 0.9 * velocity + first + 0.1 * weight
        weight -= 0.05 * factor * velocity
    assert len(method.seen) == 12
    assert method.weight.item() == pytest.approx(weight, rel=1e-5)
    assert [row.images for row in curve] == [48] * 4


def test_the_two_views_of_a_batch_differ_and_every_epoch_draws_anew(tmp_path: Path) -> None:
    method, _ = noted(tmp_path)
    assert all(first != second for first, second in method.seen)
    assert len(set(method.seen)) == 12


def test_progress_runs_from_the_first_step_to_one(tmp_path: Path) -> None:
    assert noted(tmp_path)[0].progress == pytest.approx([(step + 1) / 12 for step in range(12)])


@pytest.mark.parametrize(("precision", "dtype"), [("bfloat16", torch.bfloat16), ("float32", torch.float32)])
def test_networks_compute_in_the_precision_of_the_recipe(tmp_path: Path, precision: str, dtype: torch.dtype) -> None:
    assert noted(tmp_path, precision=precision)[0].matmul == {dtype}


def test_throughput_is_the_median_without_the_warm_up_epoch() -> None:
    curve = [Epoch(index, 1.0, 0.1, seconds, 100, 0.5) for index, seconds in enumerate([9.0, 1.0, 2.0, 4.0])]
    assert throughput(curve) == (50.0, 3)
    assert throughput(curve[:1]) == (pytest.approx(100 / 9), 1)
