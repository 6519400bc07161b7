"""The three orthogonal slices: which axes they show, and what is read and coloured for them. No window in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, Triple
from volviz.core.scene import Ramp
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.overview import Overview

AXES = "zyx"
READ_AT_ONCE = 2**26  # bytes of a file between two looks at whether they are still wanted


@dataclass(frozen=True, slots=True)
class Plane:
    """A family of slices. ``normal``, ``right`` and ``up`` are array axes: 0 z, 1 y, 2 x.

    The two axes that are shown keep their order in the array, so a slice's rows go up and its columns to the right.
    """

    name: str
    normal: int
    right: int
    up: int

    def index(self, grid: Grid, point_xyz: Triple) -> int:
        """Return the number of the slice through a point, clamped to the grid."""
        at = round(float(grid.to_index(point_xyz)[self.normal]))
        return max(0, min(grid.shape[self.normal] - 1, at))

    def region(self, grid: Grid, index: int) -> Region:
        """Return the voxels of one slice."""
        start, stop = [0, 0, 0], list(grid.shape)
        start[self.normal], stop[self.normal] = index, index + 1
        return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def moved(self, grid: Grid, point_xyz: Triple, index: int) -> Triple:
        """Return the point shifted along the normal into the middle of a slice."""
        at = grid.to_index(point_xyz)
        at[self.normal] = max(0, min(grid.shape[self.normal] - 1, index))
        x, y, z = (float(v) for v in grid.to_world(at))
        return x, y, z

    def place(self, point_xyz: Triple) -> tuple[float, float]:
        """Return where a point lies in the picture, (right, up) in angstrom."""
        return point_xyz[2 - self.right], point_xyz[2 - self.up]

    def point(self, right: float, up: float, depth_xyz: Triple) -> Triple:
        """Return the point at a place of the picture, as deep as another point is."""
        xyz = list(depth_xyz)
        xyz[2 - self.right], xyz[2 - self.up] = right, up
        return xyz[0], xyz[1], xyz[2]

    def frame(self, grid: Grid) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the left and right, and the lower and upper edge of the slices of a grid, in angstrom."""
        low, high = grid.bounds_xyz
        r, u = 2 - self.right, 2 - self.up
        return (float(low[r]), float(high[r])), (float(low[u]), float(high[u]))


XY = Plane("XY", 0, 2, 1)
XZ = Plane("XZ", 1, 2, 0)
YZ = Plane("YZ", 2, 1, 0)
PLANES = (XY, XZ, YZ)
# What is uncertain glows: dark red, orange, pale yellow, which no class has.
DOUBT = ((0.25, 0.02, 0.10), (0.75, 0.15, 0.15), (1.0, 0.60, 0.15), (1.0, 0.97, 0.70))


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What was read for one slice: grey values (up, right) float32, and classes (class, up, right) float32."""

    index: int
    grey: npt.NDArray[np.float32] | None
    classes: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Greys (up, right) of a part of a slice in full resolution, and the voxels (up, right) that it begins with."""

    grey: npt.NDArray[np.float32]
    start: tuple[int, int]

    def covers(self, rows: tuple[int, int], columns: tuple[int, int]) -> bool:
        """Whether these voxels, from the first to the one past the last, are in it."""
        (top, left), (height, width) = self.start, self.grey.shape
        return top <= rows[0] and rows[1] <= top + height and left <= columns[0] and columns[1] <= left + width


def read_slice(
    plane: Plane,
    point_xyz: Triple,
    volume: Volume | None,
    classes: Segmentation | None,
    slab: float = 0.0,
    overview: Overview | None = None,
    check: Callable[[], None] | None = None,
) -> Slice:
    """Read one slice through a point from whatever is there, and no more than that slice.

    The greys are the mean over a thickness of ``slab`` nanometres about it, of one voxel at least. With an ``overview`` they are
    taken from it instead, and are fewer. ``check`` is called while much is read, and may raise, which ends it.
    """
    index, grey, soft = 0, None, None
    if volume is not None:
        index = plane.index(volume.grid, point_xyz)
        region = thick(plane, volume.grid, index, slab)
        if overview is not None:
            n, axis = volume.grid.shape[plane.normal], plane.normal
            grey = overview.slice(axis, (region.start[axis] + region.stop[axis]) / (2 * n), region.shape[axis] / n)
        else:
            # A copy, or a memory map would be read when the slice is drawn, while the window waits.
            grey = np.array(volume.read(region, check).mean(axis=plane.normal))
    if classes is not None:
        at = plane.index(classes.grid, point_xyz)
        soft = classes.probabilities(plane.region(classes.grid, at)).squeeze(plane.normal + 1)
        index = at if volume is None else index
    return Slice(index, grey, soft)


def part_of(plane: Plane, region: Region, rows: tuple[int, int], columns: tuple[int, int]) -> Region:
    """Return the rows (up) and columns (right) of a slice's voxels, each from the first to the one past the last."""
    start, stop = list(region.start), list(region.stop)
    (start[plane.up], stop[plane.up]), (start[plane.right], stop[plane.right]) = rows, columns
    return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def read_part(plane: Plane, volume: Volume, region: Region, told: Callable[[float], None]) -> Part:
    """Read what `part_of` a slice names, in full resolution. ``told`` hears how much of it is there, 0..1, and may raise, which ends it."""
    rows, columns = region.shape[plane.up], region.shape[plane.right]
    grey = np.empty((rows, columns), np.float32)
    step = max(1, rows * READ_AT_ONCE // max(1, volume.reach(region)))
    first, right = region.start[plane.up], (region.start[plane.right], region.stop[plane.right])
    if volume.chunk is not None:  # none of which is to be unpacked twice
        step = -(-step // volume.chunk[plane.up]) * volume.chunk[plane.up]
    last, row = region.stop[plane.up], first
    while row < last:
        told((row - first) / rows)
        stop = min(last, (row // step + 1) * step)
        grey[row - first : stop - first] = volume.read(part_of(plane, region, (row, stop), right)).mean(axis=plane.normal)
        row = stop
    return Part(grey, (first, right[0]))


def thick(plane: Plane, grid: Grid, index: int, slab: float) -> Region:
    """Return the voxels of a slice and of its neighbours that a thickness (nm) takes in, cut at the faces."""
    margin = [0, 0, 0]
    margin[plane.normal] = max(0, round((10 * slab / grid.voxel_size[plane.normal] - 1) / 2))
    return plane.region(grid, index).grown(margin, grid.shape)


def overlay(classes: npt.NDArray[np.float32], names: tuple[str, ...], ramps: Mapping[str, Ramp], opacity: float) -> npt.NDArray[np.uint8]:
    """Colour a slice of classes (class, up, right) as the ramps do in 3D: (up, right, 4) uint8, to lie on the grey.

    Where several classes are above their ramps, their colours mix by how far they are, as in the march.
    """
    height, width = classes.shape[1:]
    color = np.zeros((height, width, 3), np.float32)
    through = np.ones((height, width), np.float32)
    total = np.zeros((height, width), np.float32)
    for name, soft in zip(names, classes, strict=True):
        ramp = ramps.get(name)
        if ramp is None or not ramp.visible:
            continue
        weight = np.clip((soft - ramp.low) / max(ramp.high - ramp.low, 1e-6), 0, 1)
        color += weight[..., None] * np.asarray(ramp.color, np.float32)
        total += weight
        through *= 1 - weight
    out = np.zeros((height, width, 4), np.uint8)
    out[..., :3] = np.rint(255 * color / np.maximum(total, 1e-6)[..., None])
    out[..., 3] = np.rint(255 * opacity * (1 - through))
    return out


def doubtful(classes: npt.NDArray[np.float32], opacity: float) -> npt.NDArray[np.uint8]:
    """Colour a slice of classes (class, up, right) by how uncertain it is: (up, right, 4) uint8, to lie on the grey.

    Uncertainty is one less the lead of the most probable class over the next: nothing is seen where that is 0, the colour is
    full where two classes are about as probable.
    """
    first_two = np.partition(classes, len(classes) - 2, axis=0)[-2:] if len(classes) > 1 else np.stack([classes[0] * 0, classes[0]])
    uncertain = np.clip(1 - (first_two[1] - first_two[0]), 0, 1)
    out = np.zeros((*uncertain.shape, 4), np.uint8)
    place = uncertain[..., None] * (len(DOUBT) - 1)
    below = np.clip(place.astype(int), 0, len(DOUBT) - 2)
    stops = np.asarray(DOUBT, np.float32)
    out[..., :3] = np.rint(255 * (stops[below[..., 0]] * (1 + below - place) + stops[below[..., 0] + 1] * (place - below)))
    out[..., 3] = np.rint(255 * min(1.0, 1.6 * opacity) * uncertain**1.5)
    return out


def binned(grey: npt.NDArray[np.float32], factor: int) -> npt.NDArray[np.float32]:
    """Return the mean over squares of this many voxels, (up, right): what a slice looks like from afar.

    Dropping voxels instead would keep all of the noise. The last square of a row may be cut.
    """
    if factor <= 1:
        return grey
    rows, columns = np.arange(0, grey.shape[0], factor), np.arange(0, grey.shape[1], factor)
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    high, wide = (np.diff([*starts, length]) for starts, length in ((rows, grey.shape[0]), (columns, grey.shape[1])))
    return np.asarray(sums / (high[:, None] * wide), dtype=np.float32)


def contrast_from(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return the grey values to show black and white: the 1st and 99th percentile, so that outliers do not decide."""
    low, high = (float(v) for v in np.percentile(values, [1, 99]))
    return (low, high) if high > low else (low - 0.5, low + 0.5)
