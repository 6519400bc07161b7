"""Opening MRC files: tomograms and maps (.mrc .rec .map .st .ali .mrcs), plain or compressed with gzip or bzip2."""

from __future__ import annotations

import bz2
import gzip
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

from volviz.core.atomic import reason
from volviz.core.errors import VolvizError
from volviz.core.mapped import open_map
from volviz.core.volume import Volume
from volviz.io.mrc_header import HEADER_BYTES, Header, parse

MRC_SUFFIXES = (".mrc", ".rec", ".map", ".st", ".ali", ".mrcs")
GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
# FEI extended headers have about 1 kB per tilt image; anything much larger is not worth carrying in memory.
LARGEST_EXTENDED = 2**24


def open_mrc(path: Path, *, index: int | None = None) -> Volume:
    """Open an MRC file as a Volume whose data stay on disk, (z, y, x).

    A compressed file is unpacked into a nameless temporary file, which goes when the Volume does. Of a stack of volumes
    ``index`` chooses one.

    Raises:
        VolvizError: this is no MRC file, is cut short, or holds what volviz cannot show.
    """
    with path.open("rb") as file:
        magic = file.read(3)
        file.seek(0)
        if magic.startswith(GZIP_MAGIC):
            with gzip.open(file) as packed:
                return _open_packed(packed, path, index)
        if magic == BZIP2_MAGIC:
            with bz2.open(file) as packed:
                return _open_packed(packed, path, index)
        return _open_plain(file, path, index, ())


def _open_packed(packed: gzip.GzipFile | bz2.BZ2File, path: Path, index: int | None) -> Volume:
    try:
        head = packed.read(HEADER_BYTES)
        # A look at the header first: whatever else somebody has compressed need not be unpacked whole.
        parse(head, None, str(path))
        with tempfile.TemporaryFile() as unpacked:
            unpacked.write(head)
            shutil.copyfileobj(packed, unpacked, 2**22)
            unpacked.seek(0)
            return _open_plain(unpacked, path, index, ("The file is compressed; it was unpacked into a temporary file.",))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise VolvizError(f"{path} is compressed but damaged or cut short; fetch it again.") from error
    except OSError as error:
        raise VolvizError(f"{path} could not be unpacked ({reason(error)}); see that the temporary folder is not full.") from error


def _open_plain(file: IO[bytes], path: Path, index: int | None, notes: tuple[str, ...]) -> Volume:
    size = file.seek(0, 2)
    file.seek(0)
    header = parse(file.read(HEADER_BYTES), size, str(path))
    extended = file.read(header.extended_bytes) if header.extended_bytes <= LARGEST_EXTENDED else b""
    chosen, more = choose(index, header.count, path)
    offset = header.offset + chosen * (header.data_bytes // header.count)
    data = open_map(file, header.dtype, offset, header.file_shape).transpose(header.order)
    grid, placed = header.placement.grid(header.shape)
    return Volume(
        grid,
        data,
        name=stem(path),
        source=path.absolute(),
        header={**_carried(header, extended), "count": header.count, "index": chosen},
        notes=(*notes, *header.notes, *placed, *more),
    )


def _carried(header: Header, extended: bytes) -> dict[str, Any]:
    """Return what a writer must carry on, and what `volviz info` shows besides."""
    return {
        "format": "mrc",
        "mode": header.mode,
        "shape": header.shape,
        "placement": header.placement.to_json(),
        "extended": extended,
        "extended_type": header.extended_type,
        "space_group": header.space_group,
        "statistics": header.statistics,
        "labels": header.labels,
    }


def choose(index: int | None, count: int, path: Path) -> tuple[int, tuple[str, ...]]:
    """Return which of the volumes in a file to take, and a sentence if that was not asked for.

    Raises:
        VolvizError: there is no such volume.
    """
    if index is not None and not 0 <= index < count:
        held = "one volume" if count == 1 else f"{count} volumes, 0 to {count - 1}"
        raise VolvizError(f"{path} holds {held}; there is no number {index}.")
    if index is None and count > 1:
        return 0, (f"The file holds {count} volumes; the first is shown (volviz convert --index N writes another alone).",)
    return index or 0, ()


def stem(path: Path) -> str:
    """Return a file's name without its suffixes: ts_16 for ts_16.mrc.gz, ts_16.3 for ts_16.3.mrc."""
    name = path.name
    for suffix in (".gz", ".bz2"):
        name = name.removesuffix(suffix)
    for suffix in (".ome.tif", ".ome.tiff", ".ome.zarr"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return Path(name).stem
