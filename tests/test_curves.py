"""Learning curves are read as they were recorded, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from registry import Registry, RegistryError
from registry.curves import COLUMNS, Point, read_curve
from registry.errors import UnknownName
from tests.conftest import FileRun


def recorded_anew(record: Path, content: bytes) -> None:
    """Gives a run another curve and the checksum of it."""
    curve = record.with_suffix(".csv")
    text = record.read_text().replace(sha256(curve.read_bytes()).hexdigest(), sha256(content).hexdigest())
    record.write_text(text)
    curve.write_bytes(content)


def curve_of(home: Path, record: Path) -> list[Point]:
    return read_curve(Registry.open(home).graph, record.stem)


def test_a_curve_of_the_graph_has_a_point_for_each_epoch(registry: Registry) -> None:
    run = next(run for run in registry.all_runs if run.method == "moco_v2" and run.benchmark == "shapes_knn")
    points = read_curve(registry.graph, run.name)
    epochs = registry.recipe_named(run.recipe).settings["epochs"]
    assert [point.epoch for point in points] == list(range(1, int(str(epochs)) + 1))
    first = points[0]
    assert None not in (first.loss, first.learning_rate, first.seconds, first.images, first.embedding_spread)
    assert first.false_negative_share is None


def test_every_curve_of_the_graph_can_be_read(registry: Registry) -> None:
    assert all(read_curve(registry.graph, run.name) for run in registry.all_runs if run.status == "succeeded")


def test_columns_that_a_record_lacks_are_none(tiny_home: Path, file_run: FileRun) -> None:
    lacking = dict.fromkeys(COLUMNS[1:])
    assert curve_of(tiny_home, file_run(500)) == [Point(epoch=1, loss=2.5, **lacking)]


def test_what_is_no_finite_number_is_none(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    recorded_anew(record, b"epoch,loss,learning_rate,seconds\n1,nan,inf,\n2,0.5,0.1,3\n")
    losses = [(point.epoch, point.loss, point.learning_rate) for point in curve_of(tiny_home, record)]
    assert losses == [(1, None, None), (2, 0.5, 0.1)]


def test_a_run_without_a_curve_has_no_points(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    checksum = sha256(record.with_suffix(".csv").read_bytes()).hexdigest()
    text = record.read_text().replace(f'schema:sha256 "{checksum}"', 'rdfs:comment "gone"')
    record.write_text("@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n" + text)
    assert curve_of(tiny_home, record) == []


def test_an_unknown_run_is_told(tiny: Registry) -> None:
    with pytest.raises(UnknownName, match="no run 'nothing'"):
        read_curve(tiny.graph, "nothing")


def test_a_curve_that_is_gone_is_told(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    record.with_suffix(".csv").unlink()
    with pytest.raises(RegistryError, match=f"the learning curve of {record.stem} cannot be read"):
        curve_of(tiny_home, record)


def test_a_folder_in_the_place_of_a_curve_is_told(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    record.with_suffix(".csv").unlink()
    record.with_suffix(".csv").mkdir()
    with pytest.raises(RegistryError, match="cannot be read"):
        curve_of(tiny_home, record)


def test_a_curve_that_was_changed_is_told(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    record.with_suffix(".csv").write_text("epoch,loss\n1,2.4\n")
    with pytest.raises(RegistryError, match="its sha256 differs"):
        curve_of(tiny_home, record)


@pytest.mark.parametrize(
    "content",
    [
        b"loss\n2.5\n",
        b"epoch,loss\none,2.5\n",
        b"epoch,loss\n1,low\n",
        b"loss,epoch\n2.5\n",
        b"epoch,loss\n\xff\xfe,1\n",
        b'epoch,loss\n1,"' + b"9" * 200_000 + b'"\n',
    ],
)
def test_a_curve_of_other_things_than_epochs_is_told_with_its_place(
    tiny_home: Path, file_run: FileRun, content: bytes
) -> None:
    record = file_run(500)
    recorded_anew(record, content)
    with pytest.raises(RegistryError, match=r"\d.* is no epoch of a curve"):
        curve_of(tiny_home, record)


def test_an_empty_curve_has_no_points(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    recorded_anew(record, b"")
    assert curve_of(tiny_home, record) == []


def test_what_other_files_say_of_a_run_does_not_move_its_curve(
    tiny_home: Path, file_run: FileRun, add: Callable[[str], None]
) -> None:
    record = file_run(500)
    add(f"run:{record.stem} rdfs:comment 'A remark.' .")  # in more/, which comes before results/
    assert [point.loss for point in curve_of(tiny_home, record)] == [2.5]


def test_the_name_that_a_record_gives_is_no_path(tiny_home: Path, file_run: FileRun) -> None:
    record = file_run(500)
    record.write_text(record.read_text().replace(f"{record.stem}.csv", "/etc/passwd"))
    assert [point.loss for point in curve_of(tiny_home, record)] == [2.5]
