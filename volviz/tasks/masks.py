"""Label volumes as annotations that a session can hold, where every object is a mark of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Box, Dense
from volviz.core.boxes import Corners, Mask
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, bricks
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation

MOST_RUNS = 500_000  # of all masks together; a session holds them as text
SLAB_VOXELS = 2**22


def boxes_of(dense: Dense, first_id: int = 1, report: Report = silent) -> tuple[Box, ...]:
    """Return a labelling as objects that a session can hold: what hangs together of a class as a box with its mask.

    The background becomes objects too, but only where it was told from voxels that nobody labelled.

    Raises:
        VolvizError: it is too rich in detail for that.
        Cancelled: by ``report``.
    """
    from scipy import ndimage

    from volviz.measure.components import pieces

    given = dense.segmentation
    hard = np.empty(given.shape, np.int16)
    for region in _slabs(given):
        report(0.3 * region.start[0] / given.shape[0], "reading labels")
        hard[region.slices] = _hard(given, region)
    # Where every voxel has a class, the background is the rest and nothing that anybody pointed out.
    said = [i for i in range(len(given.labels)) if i > 0 or given.kind == "score" or bool((hard < 0).any())]
    found: list[Box] = []
    runs = 0
    for k, i in enumerate(said):
        told = part(report, 0.3 + 0.7 * k / len(said), 0.3 + 0.7 * (k + 1) / len(said))
        numbers, _ = pieces((hard == i).view(np.uint8), 1, told)
        for number, slices in enumerate(ndimage.find_objects(numbers), 1):
            z, y, x = slices
            grid = given.grid.crop(Region((z.start, y.start, x.start), (z.stop, y.stop, x.stop)))
            mask = Mask.of(grid, numbers[slices] == number)
            runs += len(mask.runs)
            if runs > MOST_RUNS:
                raise VolvizError(
                    "These labels are too rich in detail to become annotations one by one; open them as a segmentation, or remove "
                    "small objects first (volviz clean)."
                )
            found.append(Box(_corners(grid), given.labels[i].name, first_id + len(found), mask=mask))
    return tuple(found)


def _hard(given: Segmentation, region: Region) -> npt.NDArray[np.int16]:
    """Return the most probable classes of a region, -1 where nothing is said."""
    classes = np.asarray(given.data[(slice(None), *region.slices)])
    nothing = (given.most + 1) // 2 if given.kind == "score" else 0
    return np.where(classes.max(axis=0) > nothing, classes.argmax(axis=0), -1).astype(np.int16)


def _slabs(given: Segmentation) -> Iterator[Region]:
    _, height, width = given.shape
    return bricks(given.shape, (max(1, SLAB_VOXELS // (height * width)), height, width))


def _corners(grid: Grid) -> Corners:
    (x0, y0, z0), (x1, y1, z1) = (corner.tolist() for corner in grid.bounds_xyz)
    return (x0, y0, z0), (x1, y1, z1)
