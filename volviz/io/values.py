"""Reading volumes and segmentations piece by piece, so that what lies on disk never enters memory whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Region, Shape, bricks
from volviz.core.report import Report
from volviz.core.segmentation import Segmentation
from volviz.core.sink import Sink
from volviz.core.volume import Volume
from volviz.io.classes import hard_classes

SLAB_BYTES = 2**26


def pour(value: Segmentation, sink: Sink, report: Report) -> None:
    """Put a whole segmentation into a sink, slab by slab, and finish it; whatever goes wrong, abort it."""
    try:
        sink.begin(value.grid, value.labels, value.kind, value.provenance)
        regions = list(pieces(value.grid.shape, len(value.labels) * value.bits // 8, value.data, sink))
        for i, region in enumerate(regions):
            report(i / len(regions), "writing")
            sink.write(region, np.asarray(value.data[(slice(None), *region.slices)]))
        report(1.0, "written")
        sink.finish()
    except BaseException:
        sink.abort()
        raise


def pieces(shape: Shape, bytes_per_voxel: int, *stored: object) -> Iterator[Region]:
    """Yield regions that cover a volume, each of about 64 MiB: slabs or, where what is read or written is ``stored`` in chunks (z, y, x
    last), blocks of whole ones. A slab through a chunk would unpack it, or pack it anew, for each of several slabs.
    """
    chunks = [chunk[-3:] for one in stored if (chunk := getattr(one, "chunk", None)) is not None]
    if not chunks:
        yield from slabs(shape, bytes_per_voxel)
        return
    size = [min(n, max(lengths)) for n, *lengths in zip(shape, *chunks, strict=True)]
    for axis in (2, 1, 0):
        size[axis] = min(shape[axis], size[axis] * max(1, SLAB_BYTES // (math.prod(size) * bytes_per_voxel)))
    yield from bricks(shape, size)


def slabs(shape: Shape, bytes_per_voxel: int) -> Iterator[Region]:
    """Yield slabs of whole sections that cover a volume, each of at most 64 MiB but at least one section."""
    depth = max(1, SLAB_BYTES // (shape[1] * shape[2] * bytes_per_voxel))
    return bricks(shape, (depth, shape[1], shape[2]))


def voxels(value: Volume | Segmentation, region: Region) -> npt.NDArray[Any]:
    """Read what a file of one value per voxel gets: the density, or the most probable class (0 where scores find none)."""
    if isinstance(value, Volume):
        return np.asarray(value.data[region.slices])
    return hard_classes(np.asarray(value.data[(slice(None), *region.slices)]), value.kind)


def voxel_bytes(value: Volume | Segmentation) -> int:
    """Return how much memory one voxel takes while it is read."""
    return np.dtype(value.data.dtype).itemsize if isinstance(value, Volume) else 5 * len(value.labels)
