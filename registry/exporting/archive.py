"""The files of an export as one zip, to be taken away through a browser.  The same files give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.catalogue import Registry

EPOCH = (1980, 1, 1, 0, 0, 0)


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files by their names."""
    return _zipped(sorted(files.items()))


def pages_archive(registry: Registry, names: Iterable[str], *, profile: str, flavour: str, work: Path) -> bytes:
    """A zip of the folder that `Registry.export_pages` writes, which below `work` can be watched growing.

    It holds the base of the export too, so that pages edited in the unpacked folder can come home.
    """
    with TemporaryDirectory(dir=work) as place:
        folder = Path(place) / "pages"
        registry.export_pages(folder, *names, profile=profile, flavour=flavour)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        return _zipped((path.relative_to(folder).as_posix(), path.read_bytes()) for path in found)


def _zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(entry, content, compresslevel=6)
    return stream.getvalue()
