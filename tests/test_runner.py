"""From a recipe to a record: a real, tiny training on the CPU."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry import Registry, environment, runner
from registry.errors import BadSetting, MissingExtra, RegistryError, RunFailed
from tests.conftest import PROVENANCE, ROOT


class Silent:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.warnings: list[str] = []

    def seed(self, *_: object) -> None:
        """Not kept."""

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def stage(self, what: str) -> None:
        self.stages.append(what)

    def progress(self, progress: object) -> None:
        self.stages.append("progress")

    def scored(self, *_: object) -> None:
        """Not kept."""


def run(home: Path, method: str = "alpha", **changes: object) -> list[Path]:
    options = {"seeds": [0], "device": "cpu", "listener": Silent(), "command": "a test"}
    return Registry.open(home).run(method, "toy_knn", **(options | changes))


def test_a_run_files_a_complete_record_that_conforms_and_counts(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    registry = Registry.open(tiny_home)
    assert [str(problem) for problem in registry.check()] == []
    (found,) = registry.all_runs
    assert found.name == file.stem
    assert found.status == "succeeded"
    assert registry.why_not_ranked(found) is None
    assert found.untrained is not None
    text = file.read_text()
    for fact in PROVENANCE:
        assert f"reg:{fact} " in text, f"{fact} is not recorded"
    assert (
        file.with_suffix(".csv")
        .read_text()
        .startswith("epoch,loss,learning_rate,seconds,images,embedding_spread,false_negative_share\n1,")
    )


def test_each_seed_is_a_run_of_its_own(tiny_home: Path) -> None:
    run(tiny_home, seeds=[0, 1, 2])
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert [(s.result.n, s.rank) for s in board.standings] == [(3, 1)]


def test_a_changed_setting_is_recorded_and_not_ranked(tiny_home: Path) -> None:
    run(tiny_home, changes={"queue_size": "16", "epochs": "1"})
    registry = Registry.open(tiny_home)
    assert registry.why_not_ranked(registry.all_runs[0]) == "changed recipe: queue_size"


def test_a_setting_set_to_its_own_value_changes_nothing(tiny_home: Path) -> None:
    run(tiny_home, changes={"epochs": "1"})
    registry = Registry.open(tiny_home)
    assert registry.why_not_ranked(registry.all_runs[0]) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temprature": "0.1"}, "alpha has no setting 'temprature'; did you mean 'temperature'?"),
        ({"epochs": "many"}, "epochs takes int, not 'many'"),
        ({"symmetric": "perhaps"}, "symmetric takes true or false, not 'perhaps'"),
        ({"head": "mpl"}, "head is one of linear, mlp, not 'mpl'"),
        ({"milestones": "1,x"}, "milestones takes"),
        ({"epochs": "0"}, "epochs must be at least 1, not 0"),
        ({"temperature": "-1"}, "temperature must be positive, not -1.0"),
        ({"temperature": "nan"}, "temperature must be a finite number, not nan"),
        ({"momentum": "5"}, "momentum must be from 0 to 1, not 5.0"),
        ({"flip_probability": "7"}, "flip_probability must be from 0 to 1, not 7.0"),
        ({"blur_sigma_min": "-1"}, "blur_sigma_min must be at least 0, not -1.0"),
        ({"weight_decay": "inf"}, "weight_decay must be a finite number, not inf"),
        ({"batch_size": "15"}, "batch_size 15 does not divide into 2 BatchNorm groups"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_runs(
    tiny_home: Path, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        run(tiny_home, changes=changes)
    assert message in str(caught.value)
    assert not (tiny_home / "ontology" / "results").exists()


def test_a_method_without_code_and_a_benchmark_without_data_say_so(tiny_home: Path) -> None:
    with pytest.raises(RegistryError, match="no recipe of gamma for benchmark 'toy_knn'"):
        run(tiny_home, "gamma")
    registry = Registry.open(tiny_home)
    with pytest.raises(BadSetting, match="benchmark 'far_knn' is described only"):
        runner.run(
            registry,
            registry.recipe("alpha", "toy_knn"),
            registry.benchmark("far_knn"),
            seeds=[0],
            device="cpu",
            changes={},
            data=None,
            resume=False,
            listener=Silent(),
            command="",
            after=lambda file: None,
        )


def test_a_run_that_diverges_leaves_a_record(tiny_home: Path) -> None:
    reason = "the loss became nan at step 2 (epoch 1, step 2 of 6)"
    with pytest.raises(RunFailed, match=f"the run with seed 0 diverged: {re.escape(reason)}\nrecorded in "):
        run(tiny_home, changes={"learning_rate": "1e20"})
    (found,) = Registry.open(tiny_home).all_runs
    assert (found.status, found.reason, found.value) == ("diverged", reason, None)


def test_other_seeds_go_on_after_one_that_failed(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = runner._run_once

    def unlucky(job: runner.Job, seed: int, warned: list[str]) -> Path:
        if seed == 1:
            raise RunFailed("bad luck")
        return once(job, seed, warned)

    monkeypatch.setattr(runner, "_run_once", unlucky)
    with pytest.raises(RunFailed, match="bad luck"):
        run(tiny_home, seeds=[0, 1, 2, 2])
    assert sorted(found.seed for found in Registry.open(tiny_home).all_runs) == [0, 2]


def test_a_file_in_the_place_of_results_is_told_before_the_training(tiny_home: Path) -> None:
    (tiny_home / "ontology" / "results").write_text("")
    with pytest.raises(RegistryError, match=r"results cannot be written to .*--home"):
        run(tiny_home)


def test_a_new_source_file_makes_the_tree_modified(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    (tmp_path / "reference_impl").mkdir()
    (tmp_path / "reference_impl" / "a.py").write_text("")
    (tmp_path / "ontology" / "results").mkdir(parents=True)
    git("init")
    git("add", ".")
    git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-m", "one")
    (tmp_path / "ontology" / "notices").mkdir()
    for filed in ("results", "notices"):
        (tmp_path / "ontology" / filed / "filed.ttl").write_text("")
    assert environment._commit(tmp_path)["sourceModified"] is False
    (tmp_path / "reference_impl" / "new.py").write_text("")
    assert environment._commit(tmp_path)["sourceModified"] is True


def test_a_run_that_fails_leaves_a_record_with_the_reason(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the device is gone")

    monkeypatch.setattr("reference_impl.experiment.train", broken)
    with pytest.raises(RunFailed, match="failed: RuntimeError: the device is gone"):
        run(tiny_home)
    (found,) = Registry.open(tiny_home).all_runs
    assert found.status == "failed"
    assert Registry.open(tiny_home).check() == []


def test_missing_data_is_a_clear_error_and_no_run(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "home")
    with pytest.raises(RegistryError, match="no CIFAR-10 in"):
        registry.run("moco_v2", "cifar10_mini_knn", device="cpu", data=tmp_path, listener=Silent())
    assert list((tmp_path / "home").rglob("*.ttl")) == []


def test_nothing_to_resume_is_a_clear_error(tiny_home: Path) -> None:
    with pytest.raises(RegistryError, match="nothing to resume"):
        run(tiny_home, resume=True)


def test_cuda_without_a_device_is_refused(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadSetting, match="no CUDA device is available here; use --device cpu"):
        run(tiny_home, device="cuda")


def test_a_missing_extra_is_named(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.environment, "find_spec", lambda name: None if name == "torch" else name)
    with pytest.raises(MissingExtra, match=r"\(torch\); install .* 'contrastive-registry\[train\]'"):
        run(tiny_home)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_is_recorded_and_can_be_resumed(tiny_home: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "registry.cli", "--home", str(tiny_home), "run-benchmark", "alpha"]
    command += ["--on", "toy_knn", "--device", "cpu", "--epochs", "400"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
        # Whoever starts the tests in the background has them ignore Ctrl-C, and what they start as well.
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "epoch 2/" in line:
                process.send_signal(how)
                break
        process.stdout.read()
        message = process.stderr.read()
    assert process.returncode == 1
    assert "the run with seed 0 was interrupted" in message
    assert "go on with --resume" in message
    assert "Traceback" not in message
    (found,) = Registry.open(tiny_home).all_runs
    assert found.status == "interrupted"
    assert Registry.open(tiny_home).check() == []


def test_a_resumed_run_says_so(tiny_home: Path) -> None:
    run(tiny_home)
    (file,) = run(tiny_home, resume=True)
    assert "reg:resumed true" in file.read_text()


@pytest.mark.slow
def test_the_papers_imagenet_recipe_runs_from_a_folder_of_images(tmp_path: Path) -> None:
    from tests.test_data import image_folder

    root = image_folder(tmp_path / "images", {"cat": (60, 50), "dog": (50, 70), "owl": (64, 64), "rat": (80, 40)})
    # The papers' protocol, but two epochs of the probe instead of a hundred.
    folder = tmp_path / "home" / "benchmarks"
    folder.mkdir(parents=True)
    protocol = (ROOT / "ontology" / "benchmarks" / "imagenet1k_linear.ttl").read_text()
    (folder / "imagenet1k_linear.ttl").write_text(
        protocol.replace("ep:epochs 100", "ep:epochs 2").replace("( 60 80 )", "( 1 )")
    )
    registry = Registry.open(tmp_path / "home")
    (file,) = registry.run(
        "moco_v2",
        "imagenet1k_linear",
        device="cpu",
        data=root,
        # Eight images make two batches of four, each of two BatchNorm groups.
        changes={"epochs": "1", "batch_size": "4", "bn_splits": "2", "queue_size": "16"},
        listener=Silent(),
    )
    found = next(r for r in Registry.open(tmp_path / "home").all_runs if r.name == file.stem)
    assert found.status == "succeeded"
    assert found.changed == ("batch_size", "bn_splits", "epochs", "queue_size")
