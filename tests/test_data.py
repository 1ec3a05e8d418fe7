"""Data sets: what is read is what was meant, and anything else is refused by name."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from PIL import Image

from reference_impl import data, parquet, shapes
from reference_impl.errors import DataError
from registry import Registry
from tests.test_formulas import recipe_of_v2

SHARED = Path(__file__).resolve().parents[2] / "shared" / "datasets"
needs_cifar10 = pytest.mark.skipif(not (SHARED / "cifar10").is_dir(), reason="CIFAR-10 is not at hand")


def checksums(name: str) -> dict[str, str]:
    return Registry.open(Path(__file__).parents[1]).benchmark(name).dataset.checksums


def test_shapes_are_the_same_on_every_machine() -> None:
    splits = data.shapes32(None, Path())
    assert {"train": splits.train.sha256(), "test": splits.test.sha256()} == checksums("shapes_knn")


def test_each_class_of_shapes_has_as_many_images() -> None:
    images, labels = shapes.render(30, seed=5)
    assert images.shape == (30, 3, 32, 32)
    assert np.bincount(labels).tolist() == [3] * 10


def test_outlines_differ_from_each_other() -> None:
    axis = np.linspace(-1, 1, 101)
    drawn = [outline(axis[None, :], axis[:, None]) for outline in shapes.OUTLINES.values()]
    overlaps = [(a & b).sum() / (a | b).sum() for index, a in enumerate(drawn) for b in drawn[:index]]
    assert max(overlaps) < 0.85


def test_the_colour_of_a_shape_says_nothing_about_its_class() -> None:
    images, labels = shapes.render(2000, seed=1)
    corners = images[:, :, 0, 0].astype(float)
    means = np.stack([corners[labels == label].mean(axis=0) for label in range(10)])
    # 200 draws of a deviation of about 74: the standard error of a class mean is about 5.
    assert np.abs(means - means.mean(axis=0)).max() < 25


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_shards(folder: Path, split: str, images: np.ndarray, labels: list[int], count: int = 2) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index, chosen in enumerate(np.array_split(np.arange(len(labels)), count)):
        table = pyarrow.table(
            {
                "img": [{"bytes": png(images[i]), "path": None} for i in chosen],
                "label": [labels[i] for i in chosen],
            }
        )
        files.append(folder / f"{split}-{index:05d}-of-{count:05d}.parquet")
        pyarrow.parquet.write_table(table, files[-1])
    return files


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)


def test_parquet_shards_come_back_pixel_for_pixel(tmp_path: Path, pixels: np.ndarray) -> None:
    write_shards(tmp_path, "train", pixels, [3, 1, 4, 1, 5, 9, 2])
    images, labels = parquet.read(parquet.shards(tmp_path, "train"))
    np.testing.assert_array_equal(images.transpose(0, 2, 3, 1), pixels)
    assert labels.tolist() == [3, 1, 4, 1, 5, 9, 2]


def test_a_missing_shard_is_named(tmp_path: Path, pixels: np.ndarray) -> None:
    write_shards(tmp_path, "train", pixels, [0] * 7)[0].unlink()
    with pytest.raises(DataError, match=r"holds 1 of the 2 train shards: train-00001-of-00002\.parquet"):
        parquet.shards(tmp_path, "train")


def test_a_truncated_shard_is_named(tmp_path: Path, pixels: np.ndarray) -> None:
    file = write_shards(tmp_path, "train", pixels, [0] * 7)[1]
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"train-00001-of-00002\.parquet cannot be read as Parquet"):
        parquet.read(parquet.shards(tmp_path, "train"))


def test_a_row_that_is_no_image_is_named(tmp_path: Path) -> None:
    file = tmp_path / "test-00000-of-00001.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"img": [{"bytes": b"no image"}], "label": [0]}), file)
    with pytest.raises(DataError, match=r"test-00000-of-00001\.parquet, row 0: not an image"):
        parquet.read([file])


def test_other_columns_are_told(tmp_path: Path) -> None:
    file = tmp_path / "test-00000-of-00001.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"]}), file)
    with pytest.raises(DataError, match=r"has the columns \['text'\]; expected 'img' and 'label'"):
        parquet.read([file])


def test_a_data_set_of_another_size_is_not_cifar10(tmp_path: Path, pixels: np.ndarray) -> None:
    for split in ("train", "test"):
        write_shards(tmp_path, split, pixels, [0] * 7)
    with pytest.raises(DataError, match="this is not the train split of CIFAR-10: 7 images"):
        data.cifar10(tmp_path, tmp_path)


def test_a_folder_without_cifar10_says_what_was_looked_for_and_where(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no CIFAR-10 in .*looked there and in .*cifar10 for train-\*\.parquet"):
        data.cifar10(tmp_path, tmp_path)
    with pytest.raises(DataError, match="no folder"):
        data.cifar10(tmp_path / "nowhere", tmp_path)


def test_without_folder_and_network_the_way_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(data, "CIFAR10", no_network)
    with pytest.raises(
        DataError, match=r"downloading CIFAR-10 .* failed \(no route to host\).*--data DIR or REGISTRY_DATA"
    ):
        data.cifar10(None, tmp_path)


def test_the_order_of_a_copy_does_not_matter(pixels: np.ndarray) -> None:
    labels = np.arange(7)
    shuffled = np.random.default_rng(1).permutation(7)
    one = data.in_canonical_order(pixels, labels)
    other = data.in_canonical_order(pixels[shuffled], labels[shuffled])
    assert data.ImagesInMemory(*one, classes=7).sha256() == data.ImagesInMemory(*other, classes=7).sha256()


@needs_cifar10
@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifar10", "cifar10_mini"])
def test_cifar10_is_what_the_ontology_says(name: str) -> None:
    splits = getattr(data, name)(SHARED, Path())
    assert {"train": splits.train.sha256(), "test": splits.test.sha256()} == checksums(f"{name}_knn")
    assert splits.train.labels.bincount().tolist() == [len(splits.train) // 10] * 10
    if name == "cifar10":
        mean = splits.train.images.double().mean(dim=(0, 2, 3)) / 255
        torch.testing.assert_close(mean, torch.tensor([0.49139968, 0.48215841, 0.44653091], dtype=torch.float64))


def image_folder(root: Path, sizes: dict[str, tuple[int, int]]) -> Path:
    generator = np.random.default_rng(0)
    for split in ("train", "val"):
        for name, (width, height) in sizes.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for index in range(2):
                pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    return root


def test_folder_views_are_crops_that_differ_and_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    source = data.imagenet1k(image_folder(tmp_path, {"cat": (90, 70), "dog": (64, 64)}), tmp_path).train
    found = []
    for workers in (0, 1, 2):
        source.workers = workers
        torch.manual_seed(3)
        found.append(next(iter(source.views(4, recipe_of_v2(blur_probability=0.0), torch.device("cpu"), 2))).images)
    first, second = found[0]
    assert first.shape == second.shape == (4, 3, 224, 224)
    assert not torch.equal(first, second)
    for others in found[1:]:
        assert torch.equal(others[0], first)
        assert torch.equal(others[1], second)


def test_a_sample_is_random_and_the_same_every_time(tmp_path: Path) -> None:
    folder = data.imagenet1k(image_folder(tmp_path, {"cat": (30, 30), "dog": (30, 30)}), tmp_path).train
    memory = data.shapes32(None, tmp_path).test
    for source in (folder, memory):
        assert torch.equal(source.sample(3, torch.device("cpu")), source.sample(3, torch.device("cpu")))
    in_order = next(iter(memory.labelled(50, torch.device("cpu"))))[0]
    assert not torch.equal(memory.sample(50, torch.device("cpu")), in_order)


def test_image_folder_gives_centre_crops_of_the_papers_size(tmp_path: Path) -> None:
    splits = data.imagenet1k(image_folder(tmp_path, {"cat": (300, 260), "dog": (80, 500)}), tmp_path)
    assert (len(splits.train), splits.train.classes) == (4, 2)
    images, labels = next(iter(splits.test.labelled(4, torch.device("cpu"))))
    assert images.shape == (4, 3, 224, 224)
    assert labels.tolist() == [0, 0, 1, 1]


def test_an_image_folder_without_splits_or_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"looked there and in .*imagenet1k for the folders train/ and val/"):
        data.imagenet1k(tmp_path, tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "val").mkdir()
    with pytest.raises(DataError, match="does not hold one folder of images for each class"):
        data.imagenet1k(tmp_path, tmp_path)
    with pytest.raises(DataError, match="cannot be downloaded"):
        data.imagenet1k(None, tmp_path)


def test_a_broken_image_in_a_folder_is_named(tmp_path: Path) -> None:
    root = image_folder(tmp_path, {"cat": (40, 40)})
    (root / "val" / "cat" / "0.png").write_bytes(b"not a picture")
    splits = data.imagenet1k(root, tmp_path)
    for workers in (0, 1):
        splits.test.workers = workers
        with pytest.raises(DataError, match=r"^\S+0\.png cannot be read as an image") as caught:
            list(splits.test.labelled(1, torch.device("cpu")))
        assert "Traceback" not in str(caught.value)
