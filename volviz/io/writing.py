"""Saving volumes and segmentations: the suffix decides the format, the work goes slab by slab."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volviz.core.atomic import check_absent, check_other, partial_name, remove, replacing, unwritten
from volviz.core.errors import VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.room import COMPRESSED, PLAIN, lack_on
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume, check_volume
from volviz.io.mrc import MRC_SUFFIXES, stem
from volviz.io.mrc_folder import HARD_CLASSES, MrcFolder
from volviz.io.mrc_writer import MODES, MrcWriter
from volviz.io.values import pieces, pour, voxel_bytes, voxels

if TYPE_CHECKING:
    from volviz.io.zarr_writer import ZarrSink


def save(value: Volume | Segmentation, path: str | Path, *, overwrite: bool = False, report: Report = silent) -> None:
    """Write a volume or a segmentation so that it lies exactly on its tomogram in other programs.

    ``.mrc .rec .map`` (also with ``.gz``) are MRC, ``.zarr`` is OME-Zarr 0.5, ``.tif .tiff`` is OME-TIFF; a segmentation
    keeps only the most probable class in MRC and TIFF, and all of itself in ``.zarr`` or in a folder of MRC files (any
    other name). Data on disk are read slab by slab, never whole. The result appears when it is whole.

    Raises:
        TypeError: it is neither.
        VolvizError: the name is taken, or that of the tomogram that a segmentation was made from, the place not writable, the
            suffix or the kind of number not supported.
        Cancelled: ``report`` says so; nothing is left behind.
    """
    check_volume(value, Segmentation)
    path = Path(path).expanduser()
    if isinstance(value, Segmentation):
        check_other(path, value.source)
        if _is_zarr(path) or "." not in path.name.rstrip("."):
            pour(value, segmentation_sink(value, path, overwrite=overwrite), report)
            return
    save_together([(value, path)], overwrite=overwrite, report=report)


def save_together(values: Sequence[tuple[Volume | Segmentation, Path]], *, overwrite: bool = False, report: Report = silent) -> None:
    """Write volumes, or the most probable classes of segmentations, as `save` does; all of them appear or none.

    Raises:
        VolvizError: as `save`.
        Cancelled: ``report`` says so; nothing is left behind.
    """
    for _, path in values:
        check_volume_file(path, overwrite=overwrite)
    needed = sum(_room(value, path) for value, path in values)
    if lack := lack_on(values[0][1], needed):
        what = " and ".join(str(path) for _, path in values)
        raise VolvizError(f"There is no room for {what}: {lack}; {COMPRESSED if _is_zarr(values[0][1]) else PLAIN}.")
    with ExitStack() as stack:
        partial = [stack.enter_context(replacing(path, overwrite=overwrite, folder=_is_zarr(path))) for _, path in values]
        for i, ((value, path), place) in enumerate(zip(values, partial, strict=True)):
            try:
                _write(value, place, part(report, i / len(values), (i + 1) / len(values)))
            except OSError as error:
                raise unwritten(path, error) from error


def check_volume_file(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a name under which no volume can be written, before the work.

    Raises:
        VolvizError: it is taken, or says no format.
    """
    check_suffix(path)
    if _is_zarr(path):
        from volviz.io.zarr_writer import check_target

        check_target(path, overwrite=overwrite)
    check_absent(path, overwrite=overwrite)


def _is_zarr(path: Path) -> bool:
    return path.name.lower().endswith(".zarr")


def _room(value: Volume | Segmentation, path: Path) -> int:
    """Return how many bytes on the disk a volume takes, or at least may take that is compressed."""
    count = math.prod(value.grid.shape)
    if path.name.lower().endswith((".tif", ".tiff")):
        from volviz.io.tiff import tiff_type

        return count * tiff_type(value).itemsize
    if _is_zarr(path) and isinstance(value, Volume):
        from volviz.io.zarr_writer import volume_room

        return volume_room(value)
    return count * mrc_type(value).itemsize


def _write(value: Volume | Segmentation, path: Path, report: Report) -> None:
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        from volviz.io.tiff import write_tiff

        write_tiff(value, path, report)
    elif isinstance(value, Volume) and _is_zarr(path):
        from volviz.io.zarr_writer import write_zarr

        write_zarr(value, path, report)
    elif name.endswith(".gz"):
        plain = partial_name(path.with_suffix(""))
        try:
            _write_mrc(value, plain, part(report, 0.0, 0.3))
            _compress(plain, path, part(report, 0.3, 1.0))
        finally:
            remove(plain)
    else:
        _write_mrc(value, path, report)


def check_suffix(path: Path) -> None:
    """Refuse a name that says no format in which a volume is written.

    Raises:
        VolvizError: it says none.
    """
    if not path.name.lower().removesuffix(".gz").endswith(MRC_SUFFIXES) and not path.name.lower().endswith((".zarr", ".tif", ".tiff")):
        raise VolvizError(f"volviz does not know how to write {path.name}; end the name in .mrc, .mrc.gz, .zarr or .tif.")


def segmentation_sink(value: Segmentation, path: Path, *, overwrite: bool = False) -> MrcFolder | ZarrSink:
    """Return the sink for all of a segmentation: an OME-Zarr for ``.zarr``, otherwise a folder of MRC files.

    Raises:
        VolvizError: a result is there already, or the folder cannot be written to.
    """
    if path.suffix.lower() == ".zarr":
        from volviz.io.zarr_writer import ZarrSink

        return ZarrSink(path, value, overwrite=overwrite, bits=value.bits)
    name = value.name or (stem(value.source) if value.source else path.name)
    return MrcFolder(path, name, value, labels=value.labels, overwrite=overwrite, bits=value.bits)


def _write_mrc(value: Volume | Segmentation, path: Path, report: Report) -> None:
    dtype = mrc_type(value)
    with MrcWriter(path, value.grid, dtype, value.header, keep_extended=isinstance(value, Volume)) as writer:
        regions = list(pieces(value.grid.shape, voxel_bytes(value), value.data))
        for i, region in enumerate(regions):
            report(i / len(regions), "writing")
            writer.write(region, voxels(value, region))
    report(1.0, "written")


def mrc_type(value: Volume | Segmentation) -> np.dtype[Any]:
    """Return the narrowest type of number an MRC file holds in which no value of this one is lost.

    Raises:
        VolvizError: there is none.
    """
    if isinstance(value, Segmentation):
        return np.dtype(np.int8 if len(value.labels) <= HARD_CLASSES else np.uint16)
    dtype = np.dtype(value.data.dtype).newbyteorder("=")
    if dtype.str[1:] in MODES:
        return dtype
    if dtype.kind == "b":
        return np.dtype(np.int8)
    if dtype.kind == "f":
        return np.dtype(np.float32)
    if dtype.kind not in "iu":
        raise VolvizError(f"Numbers of the kind {dtype} do not fit an MRC file; convert them to real numbers first.")
    least, greatest = _range(value)
    for candidate in (np.int8, np.int16, np.uint16):
        if np.iinfo(candidate).min <= least and greatest <= np.iinfo(candidate).max:
            return np.dtype(candidate)
    if max(-least, greatest) > 2**24:
        raise VolvizError(f"Whole numbers up to {max(-least, greatest):,} do not fit an MRC file; save the volume as .zarr instead.")
    return np.dtype(np.float32)


def _range(volume: Volume) -> tuple[int, int]:
    ends = [(int(p.min()), int(p.max())) for p in (voxels(volume, r) for r in pieces(volume.grid.shape, voxel_bytes(volume), volume.data))]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _compress(plain: Path, packed: Path, report: Report) -> None:
    total = plain.stat().st_size
    with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
        for done in range(0, total, 2**22):
            report(done / total, "compressing")
            target.write(source.read(2**22))
    report(1.0, "written")
