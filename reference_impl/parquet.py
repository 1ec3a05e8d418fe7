"""Images and labels from Parquet shards in the Hugging Face layout."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reference_impl.errors import DataError

IMAGE_COLUMNS = ("img", "image")


def shards(folder: Path, split: str) -> list[Path]:
    """The files `<split>-00000-of-0000N.parquet` of a folder, in order; empty if there are none.

    Raises DataError when some of the N are missing.
    """
    found = sorted(folder.glob(f"{split}-*.parquet")) if folder.is_dir() else []
    if found:
        match = re.search(r"-of-(\d+)\.parquet$", found[-1].name)
        expected = int(match.group(1)) if match else len(found)
        if len(found) != expected:
            names = ", ".join(path.name for path in found)
            raise DataError(f"{folder} holds {len(found)} of the {expected} {split} shards: {names}")
    return found


def read(files: list[Path]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images (N, 3, H, W) as bytes and labels (N,); raises DataError naming the file and the row."""
    images, labels = [], []
    for file in files:
        encoded, file_labels = _columns(file)
        for row, item in enumerate(encoded):
            try:
                images.append(np.asarray(Image.open(io.BytesIO(item["bytes"])).convert("RGB")))
            except (OSError, TypeError, KeyError) as error:
                raise DataError(f"{file}, row {row}: not an image: {error}") from error
        try:
            labels.append(np.asarray(file_labels, dtype=np.int64))
        except (TypeError, ValueError) as error:
            raise DataError(f"{file}: the labels are not all whole numbers: {error}") from error
    if not images:
        raise DataError(f"{files[0].parent} holds no images in {', '.join(file.name for file in files)}")
    if len({image.shape for image in images}) != 1:
        raise DataError(f"the images of {files[0].parent} are not all of one size")
    return np.stack(images).transpose(0, 3, 1, 2), np.concatenate(labels)


def _columns(file: Path) -> tuple[list[Any], list[Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{file} cannot be read as Parquet (truncated?): {error}") from error
    column = next((name for name in IMAGE_COLUMNS if name in table.column_names), None)
    if column is None or "label" not in table.column_names:
        raise DataError(f"{file} has the columns {table.column_names}; expected 'img' and 'label'")
    return table[column].to_pylist(), table["label"].to_pylist()
