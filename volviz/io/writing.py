"""Saving volumes and segmentations: the suffix decides the format, the work goes slab by slab."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io.atomic import replacing
from volviz.io.mrc import MRC_SUFFIXES
from volviz.io.mrc_writer import MODES, MrcWriter

SLAB_BYTES = 2**26
HARD_CLASSES = 127


def save(value: Volume | Segmentation, path: str | Path, *, overwrite: bool = False, report: Report = silent) -> None:
    """Write a volume or a segmentation so that it lies exactly on its tomogram in other programs.

    ``.mrc .rec .map`` (also with ``.gz``) are MRC, ``.zarr`` is OME-Zarr 0.5, ``.tif .tiff`` is OME-TIFF; a segmentation
    keeps only the most probable class in MRC and TIFF, and all of itself in ``.zarr`` or in a folder of MRC files (any
    other name). Data on disk are read slab by slab, never whole. The result appears when it is whole.

    Raises:
        VolvizError: the name is taken, the place not writable, the suffix or the kind of number not supported.
        Cancelled: ``report`` says so; nothing is left behind.
    """
    path = Path(path).expanduser()
    name = path.name.lower()
    if name.endswith(MRC_SUFFIXES):
        with replacing(path, overwrite=overwrite) as partial:
            _write_mrc(value, partial, report)
    elif name.removesuffix(".gz").endswith(MRC_SUFFIXES):
        with replacing(path, overwrite=overwrite) as partial:
            plain = partial.with_name(partial.name.removesuffix(partial.suffix))
            try:
                _write_mrc(value, plain, part(report, 0.0, 0.3))
                _compress(plain, partial, part(report, 0.3, 1.0))
            finally:
                plain.unlink(missing_ok=True)
    elif name.endswith(".zarr"):
        from volviz.io.zarr_writer import save_zarr

        save_zarr(value, path, overwrite=overwrite, report=report)
    elif name.endswith((".tif", ".tiff")):
        from volviz.io.tiff import save_tiff

        save_tiff(value, path, overwrite=overwrite, report=report)
    elif isinstance(value, Segmentation) and "." not in path.name.rstrip("."):
        _save_folder(value, path, overwrite, report)
    else:
        raise VolvizError(f"volviz does not know how to write {path.name}; end the name in .mrc, .mrc.gz, .zarr or .tif.")


def _save_folder(value: Segmentation, folder: Path, overwrite: bool, report: Report) -> None:
    from volviz.io.mrc_folder import MrcFolder

    stem = value.name or (value.source.stem if value.source else folder.name)
    sink = MrcFolder(folder, stem, value, overwrite=overwrite)
    pour(value, sink, report)


def pour(value: Segmentation, sink: Any, report: Report) -> None:
    """Put a whole segmentation into a sink, slab by slab, and finish it; whatever goes wrong, abort it."""
    sink.begin(value.grid, value.labels, value.kind, value.provenance)
    try:
        regions = list(slabs(value.grid.shape, len(value.labels)))
        for i, region in enumerate(regions):
            report(i / len(regions), "writing")
            sink.write(region, np.asarray(value.data[(slice(None), *region.slices)]))
        sink.finish()
    except BaseException:
        sink.abort()
        raise
    report(1.0, "written")


def slabs(shape: tuple[int, int, int], bytes_per_voxel: int) -> Iterator[Region]:
    """Yield slabs of whole sections that cover a volume, each of at most 64 MiB but at least one section."""
    depth = max(1, SLAB_BYTES // (shape[1] * shape[2] * bytes_per_voxel))
    return bricks(shape, (depth, shape[1], shape[2]))


def voxels(value: Volume | Segmentation, region: Region) -> npt.NDArray[Any]:
    """Read what a file of one value per voxel gets: the density, or the most probable class (0 where scores find none)."""
    if isinstance(value, Volume):
        return np.asarray(value.data[region.slices])
    hard = value.hard(region)
    hard[hard == 255] = 0
    return hard


def voxel_bytes(value: Volume | Segmentation) -> int:
    """Return how much memory one voxel takes while it is read."""
    return np.dtype(value.data.dtype).itemsize if isinstance(value, Volume) else 5 * len(value.labels)


def _write_mrc(value: Volume | Segmentation, path: Path, report: Report) -> None:
    dtype = mrc_type(value)
    with MrcWriter(path, value.grid, dtype, value.header, keep_extended=isinstance(value, Volume)) as writer:
        regions = list(slabs(value.grid.shape, voxel_bytes(value)))
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
    ends = [(int(p.min()), int(p.max())) for p in (voxels(volume, r) for r in slabs(volume.grid.shape, voxel_bytes(volume)))]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _compress(plain: Path, packed: Path, report: Report) -> None:
    total = plain.stat().st_size
    with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
        for done in range(0, total, 2**22):
            report(done / total, "compressing")
            target.write(source.read(2**22))
    report(1.0, "written")
