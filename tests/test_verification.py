"""A run is done again from its record, and what came of it is filed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_impl.errors import Diverged
from registry import Registry, runner
from registry.errors import BadSetting, Interrupted, RegistryError, RunFailed
from tests.conftest import FileRun
from tests.test_checks import edit
from tests.test_notices import call, problems, verify, why
from tests.test_runner import run

# Verification


def test_a_repetition_on_the_same_machine_is_identical(tiny_home: Path) -> None:
    (file,) = run(tiny_home, seeds=[3])
    found = verify(tiny_home, file, stated_by="Ada Lovelace", command="registry verify")
    assert (found.outcome, found.difference, found.tolerance, found.held) == ("identical", 0.0, 5.0, True)
    assert (found.differing, found.stated_by) == ((), "Ada Lovelace")
    registry = Registry.open(tiny_home)
    rerun = registry.find_run(found.rerun)
    assert (rerun.seed, rerun.recipe_hash) == (3, registry.find_run(file.stem).recipe_hash)
    assert registry.why_not_ranked(rerun) == f"seed 3 counts already, by {file.stem}"
    assert why(tiny_home, file) is None
    assert registry.notices.verified(file.stem) == "confirmed, held 1 of 1"
    assert problems(tiny_home) == []


def pretend(file: Path, images: int) -> float:
    """Writes into a record that so many more of its 30 images were right; returns the points that this makes."""
    text = file.read_text()
    block = re.search(r"#trained> a .*?reg:total 30 \.", text, re.DOTALL)
    assert block
    right = int(re.search(r"reg:correct (\d+)", block[0])[1])  # type: ignore[index]
    images = images if right + images <= 30 else -images
    value = round(100 * (right + images) / 30, 6)
    changed = re.sub(r"reg:correct \d+", f"reg:correct {right + images}", block[0])
    changed = re.sub(r"mls:hasValue [\d.]+", f"mls:hasValue {value}", changed)
    file.write_text(text.replace(block[0], changed))
    return round(round(100 * right / 30, 6) - value, 6)


def test_a_value_within_the_tolerance_holds_and_one_beyond_does_not(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    points = pretend(file, 1)
    assert abs(points) == pytest.approx(100 / 30)
    near = verify(tiny_home, file)
    assert (near.outcome, near.difference) == ("holds", points)
    far = verify(tiny_home, file, tolerance=1.0)
    assert (far.outcome, far.difference, far.tolerance) == ("does not hold", points, 1.0)
    registry = Registry.open(tiny_home)
    assert registry.notices.verified(file.stem) == "not confirmed, held 1 of 2"
    assert registry.why_not_ranked(registry.find_run(file.stem)) is None, "to retract is a person's act"
    assert registry.leaderboard("toy_knn").standings[0].remark == f"single run; not confirmed: {file.stem}"
    assert problems(tiny_home) == []


def test_equal_values_with_other_losses_are_not_called_identical(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    curve = file.with_suffix(".csv")
    curve.write_text(re.sub(r"^1,\d+\.\d", "1,7.7", curve.read_text(), flags=re.MULTILINE))
    assert verify(tiny_home, file).outcome == "holds"


def test_what_another_file_says_of_a_run_hides_no_losses(tiny_home: Path, add: Callable[[str], None]) -> None:
    (file,) = run(tiny_home)
    add(f'run:{file.stem} rdfs:comment "Said before the record, by the order of files." .')
    assert verify(tiny_home, file).outcome == "identical"


def test_a_verification_whose_own_run_was_retracted_says_nothing(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    pretend(file, 1)
    found = verify(tiny_home, file, tolerance=0.0)
    assert Registry.open(tiny_home).notices.doubted(file.stem)
    Registry.open(tiny_home).retract(found.rerun, "another program was on the machine")
    assert Registry.open(tiny_home).notices.verified(file.stem) is None


def test_the_settings_of_the_record_are_verified_and_not_todays_recipe(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    edit(tiny_home, "methods/alpha.ttl", "hp:learning_rate 0.05", "hp:learning_rate 0.01")
    assert why(tiny_home, file) == "the recipe has changed since"
    found = verify(tiny_home, file)
    assert found.outcome == "identical"
    rerun = Registry.open(tiny_home).find_run(found.rerun)
    assert (rerun.follows_recipe, why(tiny_home, Path(f"{rerun.name}.ttl"))) == (True, "the recipe has changed since")


def test_a_run_that_departs_from_its_recipe_is_verified_as_it_ran(tiny_home: Path) -> None:
    (file,) = run(tiny_home, changes={"queue_size": "16"})
    found = verify(tiny_home, file)
    assert found.outcome == "identical"
    assert Registry.open(tiny_home).find_run(found.rerun).changed == ("queue_size",)


def test_what_differs_between_the_two_runs_is_listed(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    text = re.sub(r'reg:sourceSha256 "\w+"', f'reg:sourceSha256 "{"0" * 64}"', file.read_text())
    file.write_text(re.sub(r'reg:torchVersion "[^"]+"', 'reg:torchVersion "1.0"', text))
    result = call(tiny_home, "verify", file.stem, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "different: torchVersion: 1.0 recorded, " in result.output
    assert "warning: the code is not the one that the record was measured with" in result.output
    (notice,) = (tiny_home / "ontology" / "notices").iterdir()
    assert len(re.findall(r"(sourceSha256|torchVersion): \w", notice.read_text())) == 2


def test_verify_exits_with_0_when_it_holds_and_with_1_when_it_does_not(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    good = call(tiny_home, "verify", "alpha-s0")
    assert (good.exit_code, f"{file.stem}: identical\n  +0.00 points" in good.output) == (0, True), good.output
    pretend(file, 1)
    bad = call(tiny_home, "verify", file.stem, "--tolerance", "0.5", "--device", "cpu")
    assert (bad.exit_code, f"{file.stem}: does not hold\n" in bad.output) == (1, True), bad.output
    assert "tolerance 0.50 points" in bad.output
    assert "registry retract" in bad.output
    filed = max((tiny_home / "ontology" / "results").rglob("*.ttl"), key=lambda path: path.stat().st_mtime_ns)
    assert f"registry verify {file.stem} --device cpu --tolerance 0.5" in filed.read_text()


def test_a_changed_benchmark_is_not_verified(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "ep:neighbours 5", "ep:neighbours 6")
    with pytest.raises(
        RegistryError, match="on version 1 of toy_knn; its data, split or protocol settings now differ"
    ):
        verify(tiny_home, file)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "reg:version 1", "reg:version 2")
    with pytest.raises(RegistryError, match="on version 1 of toy_knn, which is version 2 today"):
        verify(tiny_home, file)


def test_a_tolerance_may_change_under_the_same_version(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "reg:verificationTolerance 5.0", "reg:verificationTolerance 7.0")
    assert (why(tiny_home, file), problems(tiny_home)) == (None, [])


def test_data_that_are_not_those_of_the_record_are_refused_and_nothing_is_filed(
    tiny_home: Path, file_run: FileRun
) -> None:
    file = file_run(500)  # its checksums are those of no data
    with pytest.raises(RegistryError, match=r"sha256 .* expected 2222"):
        verify(tiny_home, file, device="cpu")
    assert len(Registry.open(tiny_home).all_runs) == 1
    assert not list((tiny_home / "ontology" / "notices").iterdir())


def test_what_cannot_be_verified_says_why(tiny_home: Path, file_run: FileRun) -> None:
    failed, whole, edited = file_run(None, status="Failed"), file_run(500, seed=1), file_run(500, seed=2)
    with pytest.raises(RegistryError, match="has no value to verify: failed, it broke"):
        verify(tiny_home, failed)
    for tolerance in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadSetting, match="a tolerance is a number of percentage points from 0"):
            verify(tiny_home, whole, tolerance=tolerance)
    edited.write_text(edited.read_text().replace("hp:temperature 0.2", "hp:temperature 0.3"))
    with pytest.raises(RegistryError, match="are not those that its reg:recipeHash was made from"):
        verify(tiny_home, edited)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "reg:verificationTolerance 5.0 ;", "")
    with pytest.raises(
        BadSetting, match=r"toy_knn states no reg:verificationTolerance; name one .* with --tolerance"
    ):
        verify(tiny_home, whole)


@pytest.mark.parametrize(
    ("error", "raised", "status"),
    [(KeyboardInterrupt(), Interrupted, "interrupted"), (Diverged("the loss became nan"), RunFailed, "diverged")],
)
def test_a_repetition_that_breaks_off_is_recorded_and_decides_nothing(
    tiny_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[RegistryError],
    status: str,
) -> None:
    from reference_impl import experiment

    (file,) = run(tiny_home)

    def breaks_off(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(experiment, "execute", breaks_off)
    with pytest.raises(raised, match=f"{file.stem} is neither confirmed nor refuted: the run with seed 0") as caught:
        verify(tiny_home, file)
    assert "--resume" not in str(caught.value)
    registry = Registry.open(tiny_home)
    assert sorted(found.status for found in registry.all_runs) == [status, "succeeded"]
    assert registry.notices.verified(file.stem) is None


def test_a_verification_leaves_the_checkpoint_of_a_run_alone(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    folder = tiny_home / ".registry" / "checkpoints"
    (before,) = folder.iterdir()
    written = before.stat().st_mtime_ns
    verify(tiny_home, file)
    assert before.stat().st_mtime_ns == written
    assert len(list(folder.iterdir())) == 2


def test_the_device_is_the_recorded_one(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = run(tiny_home)
    file.write_text(file.read_text().replace('reg:deviceKind "cpu"', 'reg:deviceKind "cuda"'))
    monkeypatch.setattr(
        runner, "usable_device", lambda asked: (_ for _ in ()).throw(BadSetting(f"asked for {asked}"))
    )
    with pytest.raises(BadSetting, match="asked for cuda"):
        verify(tiny_home, file)
    with pytest.raises(BadSetting, match="asked for cpu"):
        verify(tiny_home, file, device="cpu")
