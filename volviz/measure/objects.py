"""A table of the objects of a class: how large each is, how much surface it has, and where it lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Triple
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.measure.cleaned import cleaning_of
from volviz.measure.cleaning import diameters, least_of, read_sections
from volviz.measure.components import Labels, pieces

SLAB_VOXELS = 2**22  # worked on at a time, of the volume and of one object
COLUMNS = (
    "class",
    "object",
    "volume_nm3",
    "surface_nm2",
    "diameter_nm",
    "centre_x_angstrom",
    "centre_y_angstrom",
    "centre_z_angstrom",
    "low_x_angstrom",
    "low_y_angstrom",
    "low_z_angstrom",
    "high_x_angstrom",
    "high_y_angstrom",
    "high_z_angstrom",
    "mean_probability",
    "touches_border",
    "voxels",
    "threshold",
)


@dataclass(frozen=True, slots=True)
class MeasuredObject:
    """What hangs together of a class at or above a threshold, by faces, edges or corners of voxels.

    ``id`` counts from 1, the largest of its class, down. ``volume`` (nm^3) is that of its voxels, ``diameter`` (nm) that of
    a sphere as large. ``surface`` (nm^2) is the area where the soft values pass the threshold, between voxels (marching
    cubes), inside the volume: where the volume cuts the object, the cut does not count. ``centre_xyz`` is the mean of its
    voxels, ``low_xyz`` and ``high_xyz`` are the corners of its box with whole voxels (A). ``probability`` is the mean over
    its voxels. If it ``touches_border``, of the volume or of what trimming leaves, it may be only a part.
    """

    label: str
    id: int
    volume: float
    surface: float
    diameter: float
    centre_xyz: Triple
    low_xyz: Triple
    high_xyz: Triple
    probability: float
    touches_border: bool
    voxels: int
    threshold: float

    @property
    def row(self) -> tuple[str | float | int, ...]:
        """Its values in the order of `COLUMNS`."""
        lengths = (self.volume, self.surface, self.diameter)
        places = (*self.centre_xyz, *self.low_xyz, *self.high_xyz)
        rest = (self.probability, int(self.touches_border), self.voxels, self.threshold)
        return (self.label, self.id, *(float(f"{v:.6g}") for v in lengths), *(round(v, 3) for v in places), round(rest[0], 4), *rest[1:])


def measure_objects(segmentation: Segmentation, name: str, threshold: float, report: Report = silent) -> tuple[MeasuredObject, ...]:
    """Measure the objects of one class, the largest first.

    Takes 4 bytes a voxel beside those of the class. A segmentation that was cleaned in memory is measured as it is now, and
    what its trimming emptied is outside.

    Raises:
        KeyError: there is no such class.
        Cancelled: by ``report``.
    """
    cleaning = cleaning_of(segmentation).get(name)
    start, stop = (0, segmentation.shape[0]) if cleaning is None else cleaning.sections(segmentation.grid)
    if start == stop:
        return ()
    values = read_sections(segmentation, segmentation.index(name), start, stop, part(report, 0.0, 0.1))
    grid = Grid(values.shape, segmentation.grid.voxel_size, (_first(segmentation.grid, start), *segmentation.grid.origin[1:]))
    least = least_of(segmentation, threshold)
    # Just below: a voxel that is at the level exactly belongs to the object, so the surface must pass outside it.
    level = max(segmentation.stored(threshold) * segmentation.most, least - 0.5) - 1e-3
    labels, count = pieces(values, least, part(report, 0.1, 0.4))
    if not count:
        return ()
    sizes, centres, sums = _moments(values, labels, count, part(report, 0.4, 0.6))
    volumes = sizes * math.prod(grid.voxel_size) / 1000
    spheres = diameters(sizes, grid)
    probabilities = segmentation.values(sums / np.maximum(1, sizes))
    from scipy import ndimage

    boxes = ndimage.find_objects(labels)
    found = []
    areas = _areas(values, labels, count, level, grid.voxel_size, part(report, 0.6, 1.0))
    for i, number in enumerate(int(n) for n in np.argsort(-sizes[1:], kind="stable") + 1):
        box = boxes[number - 1]
        low, high = np.array([b.start for b in box]), np.array([b.stop for b in box])
        found.append(
            MeasuredObject(
                label=name,
                id=i + 1,
                volume=float(volumes[number]),
                surface=float(areas[number]) / 100,
                diameter=float(spheres[number]),
                centre_xyz=_xyz(grid, centres[number]),
                low_xyz=_xyz(grid, low - 0.5),
                high_xyz=_xyz(grid, high - 0.5),
                probability=float(probabilities[number]),
                touches_border=bool((low == 0).any() or (high == values.shape).any()),
                voxels=int(sizes[number]),
                threshold=threshold,
            )
        )
    report(1.0, "measured")
    return tuple(found)


def _first(grid: Grid, section: int) -> float:
    return float(grid.origin[0] + section * grid.voxel_size[0])


def _xyz(grid: Grid, index: npt.NDArray[Any]) -> Triple:
    x, y, z = (float(v) for v in grid.to_world(index))
    return x, y, z


def _moments(
    values: npt.NDArray[Any], labels: Labels, count: int, report: Report
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return, by number, how many voxels there are, their mean index (z, y, x), and the sum of their stored values."""
    sizes, sums, centres = np.zeros(count + 1, np.int64), np.zeros(count + 1), np.zeros((count + 1, 3))
    depth = max(1, SLAB_VOXELS // max(1, math.prod(labels.shape[1:])))
    for start in range(0, len(labels), depth):
        report(start / len(labels), "measuring objects")
        slab = labels[start : start + depth]
        at = np.flatnonzero(slab)
        numbers = slab.reshape(-1)[at]
        sizes += np.bincount(numbers, minlength=count + 1)
        sums += np.bincount(numbers, values[start : start + depth].reshape(-1)[at], minlength=count + 1)
        for axis, places in enumerate(np.unravel_index(at, slab.shape)):
            centres[:, axis] += np.bincount(numbers, places + (start if axis == 0 else 0), minlength=count + 1)
    return sizes, centres / np.maximum(1, sizes)[:, None], sums


def _areas(
    values: npt.NDArray[Any], labels: Labels, count: int, level: float, voxel_size: Triple, report: Report
) -> npt.NDArray[np.float64]:
    """Return, by number, the area (A^2) where the values pass the level. Slabs share a section: no cube of voxels is missed."""
    from skimage import measure

    cubes: Callable[..., tuple[Any, ...]] = measure.marching_cubes  # scikit-image says no types
    areas, last = np.zeros(count + 1), np.array(labels.shape) - 1
    depth = max(1, SLAB_VOXELS // max(1, math.prod(labels.shape[1:])))
    for start in range(-1, len(labels), depth):
        report((start + 1) / len(labels), "measuring surfaces")
        stop = min(start + depth + 1, len(labels) + 1)
        there = np.asarray(labels[max(0, start) : stop].any(axis=0))
        if not there.any():
            continue
        # Beyond the volume the values go on as they end there: half a voxel of that is what the last voxels still cover.
        around = [(np.flatnonzero(there.any(axis=1 - i))[[0, -1]] + (-1, 2)).tolist() for i in range(2)]
        low = np.array([start, around[0][0], around[1][0]])
        where = np.ix_(*(np.clip(np.arange(*ends), 0, n) for ends, n in zip([(start, stop), *around], last, strict=True)))
        block, numbers = values[where].astype(np.float32), labels[where]
        if not block.min() < level < block.max():
            continue
        points, faces, *_ = cubes(block, level)
        corners = points[faces]
        middle = corners.mean(axis=1, dtype=np.float64)
        sides = (corners[:, 1:] - corners[:, :1]) * np.asarray(voxel_size, np.float32)
        area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).astype(np.float64) / 2
        area *= 0.5 ** ((middle + low < 0) | (middle + low > last)).sum(axis=1)
        areas += np.bincount(_touched(numbers, middle), area, minlength=count + 1)
    return areas


def _touched(numbers: Labels, places: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the number that the cubes of eight voxels around places (n, 3) hold. No cube holds two, or they were one object."""
    cube = np.clip(places.astype(np.int64), 0, np.array(numbers.shape) - 2)
    found = np.zeros(len(places), np.int32)
    for corner in np.ndindex(2, 2, 2):
        np.maximum(found, numbers[tuple((cube + corner).T)], out=found)
    return found
