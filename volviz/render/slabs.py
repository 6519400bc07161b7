"""From arrays, perhaps on a disk, to what textures hold: slab by slab, without OpenGL, so in any thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.density import Check, Contrast, lowpass_voxels, lowpassed, lowpassed_contrast
from volviz.core.grid import Grid, Region, bricks
from volviz.core.scene import RawLook
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.parts import BRICK
from volviz.render.reduction import Reduction
from volviz.render.resample import Resampling

RAW_RANGE = (-4.0, 8.0)  # standard deviations that the raw channel can hold; dense matter makes the long tail
SLAB = 8 * 2**20  # bytes that go to the driver at a time: with what follows from them a moment even in software
BRICKED = 2**19  # voxels whose maxima are taken at a time
READ = 24 * 2**20  # voxels read for a slab at most, what binning averages included

Heard = Callable[[Region, npt.NDArray[np.float32]], None]
Stored = npt.NDArray[Any]  # uint8 or uint16, as the textures


@dataclass(frozen=True, slots=True, eq=False)
class Slab:
    """A box of the textures' grid and what each group holds there, (z, y, x, channel).

    Without groups it is a box of whole bricks, all of whose voxels are there: their maxima can be taken.
    """

    region: Region
    groups: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """What of the raw look is in the textures: two looks that agree in this need no other values."""

    invert: bool
    lowpass: float
    contrast: Contrast


class Source:
    """A volume and its classes as seen on the textures' grid, in their type of numbers.

    Group 0 holds (raw, three classes), or raw alone, later groups four classes.
    """

    def __init__(self, volume: Volume, segmentation: Segmentation | None, grid: Grid, dtype: np.dtype[Any]) -> None:
        self.volume, self.segmentation, self.grid, self.dtype = volume, segmentation, grid, dtype
        full = segmentation.grid if segmentation is not None else volume.grid
        self._raw, self._classes = Resampling(volume.grid, grid), Resampling(full, grid)
        self._reduction: tuple[float, Reduction] | None = None  # for a low pass
        self.groups, self.channels = groups_of(segmentation), channels_of(segmentation)
        self._binning = math.prod(grid.voxel_size) / min(math.prod(volume.grid.voxel_size), math.prod(full.voxel_size))

    @property
    def averaged(self) -> float:
        """How many voxels are read for one of the grid."""
        return max(1.0, self._binning)

    def packed(self, look: RawLook, check: Check = None) -> Packed:
        """Measure the contrast under a raw look; reads a few planes."""
        return Packed(look.invert, look.lowpass, lowpassed_contrast(self.volume, look.lowpass, look.invert, check))

    def regions(self, packed: Packed) -> Iterator[Region]:
        """Yield boxes that cover the grid, each a slab."""
        depth, height, width = self.grid.shape
        voxels = max(1, SLAB // (self.channels * self.dtype.itemsize * self.groups))
        if self._raw.coarser:
            deep, rows = self._least_read(voxels, packed.lowpass)
        else:
            voxels = max(1, min(voxels, int(READ / self.averaged)))
            rows = min(height, max(1, voxels // width))
            deep = max(1, voxels // (rows * width))
        yield from bricks((depth, height, width), (deep, rows, width))

    def _least_read(self, voxels: int, lowpass: float) -> tuple[int, int]:
        """Return how deep and high a box is of which least is read twice, because the low pass reaches into its neighbours."""
        depth, height, width = self.grid.shape
        reduction = self._reduced(lowpass)

        def read(box: tuple[int, int]) -> int:
            z, y = ((n - size) // 2 for n, size in zip((depth, height), box, strict=True))
            there = Region((z, y, 0), (z + box[0], y + box[1], width))
            return math.prod(reduction.needed(there).shape)

        def fitting(deep: int) -> tuple[int, int]:
            rows = max(1, min(height, voxels // (deep * width)))
            while rows > 1 and read((deep, rows)) > READ:
                rows = rows * 9 // 10
            return deep, rows

        return min((fitting(min(depth, 2**i)) for i in range(8)), key=lambda box: max(1.0, read(box) / READ) * read(box) / math.prod(box))

    def brick_regions(self) -> Iterator[Region]:
        """Yield boxes of whole bricks that cover the grid, each about as much work as a slab."""
        depth, width = 4 * BRICK, self.grid.shape[2]
        rows = max(1, BRICKED // (depth * width * BRICK)) * BRICK
        yield from bricks(self.grid.shape, (depth, rows, width))

    def slab(self, region: Region, packed: Packed, heard: Heard | None = None, check: Check = None) -> Slab:
        """Read a box of the grid. ``heard`` gets its low-passed density, ``check`` is called while much is read."""
        segmentation, smooth = self.segmentation, self._smooth(region, packed.lowpass, check)
        if heard is not None:
            heard(region, smooth)
        if segmentation is None:
            return self._slab(region, None, packed, smooth)
        need = self._classes.needed(region)
        data = np.asarray(segmentation.data[(slice(_first(segmentation), None), *need.slices)])
        return self._slab(region, self._on_grid(data, region, need), packed, smooth)

    @property
    def first(self) -> int:
        """The first class that is drawn: 1 where there is a background."""
        return _first(self.segmentation) if self.segmentation is not None else 0

    def place(self, region: Region) -> Region | None:
        """Return where a region of the segmentation's own grid lies on this grid, perhaps in part outside; None if between voxels."""
        return self._classes.place(region)

    def written(self, region: Region, data: Stored, packed: Packed) -> Slab | None:
        """Return what a region of the segmentation's own grid, with these classes, changes on this grid, if anything."""
        covered = self._classes.covered(region)
        if self.segmentation is None or covered is None:
            return None
        smooth = self._smooth(covered, packed.lowpass)
        return self._slab(covered, self._on_grid(data[_first(self.segmentation) :], covered, region), packed, smooth)

    def _on_grid(self, data: Stored, region: Region, available: Region) -> Stored:
        if self._classes.aligned:
            return self._converted(data[(slice(None), *self._classes.needed(region).shifted([-a for a in available.start]).slices)])
        return self._converted(self._classes.apply(data, region, available))

    def _converted(self, classes: npt.NDArray[Any]) -> Stored:
        """Return classes as the segmentation stores them, or their means, in the type of the textures."""
        own = np.dtype(self.segmentation.data.dtype) if self.segmentation is not None else self.dtype
        if classes.dtype == self.dtype:
            return classes
        return _rounded(classes.astype(np.float32) * np.float32(np.iinfo(self.dtype).max / np.iinfo(own).max), self.dtype)

    def _slab(self, region: Region, classes: Stored | None, packed: Packed, smooth: npt.NDArray[np.float32]) -> Slab:
        out = tuple(np.zeros((*region.shape, self.channels), self.dtype) for _ in range(self.groups))
        out[0][..., 0] = self._raw_values(smooth, packed)
        if classes is not None:
            for i, channel in enumerate(classes, start=1):
                out[i // 4][..., i % 4] = channel
        return Slab(region, out)

    def _raw_values(self, smooth: npt.NDArray[np.float32], packed: Packed) -> Stored:
        share = (packed.contrast.apply(smooth) - np.float32(RAW_RANGE[0])) / np.float32(RAW_RANGE[1] - RAW_RANGE[0])
        return _rounded(share * np.float32(np.iinfo(self.dtype).max), self.dtype)

    def _smooth(self, region: Region, lowpass: float, check: Check = None) -> npt.NDArray[np.float32]:
        """Return the low-passed density of a box of the grid."""
        if self._raw.coarser:
            reduction = self._reduced(lowpass)
            return reduction.apply(self.volume.read(reduction.needed(region), check), region)
        smooth = lowpassed(self.volume, lowpass, self._raw.needed(region), check)
        return smooth if self._raw.aligned else self._raw.apply(smooth, region)

    def _reduced(self, lowpass: float) -> Reduction:
        """Return the low pass and the binning in one."""
        if self._reduction is None or self._reduction[0] != lowpass:
            self._reduction = lowpass, Reduction(self._raw, lowpass_voxels(self.volume.grid, lowpass))
        return self._reduction[1]


def groups_of(segmentation: Segmentation | None) -> int:
    """Return how many groups of four channels hold the raw density and the drawn classes."""
    return -(-(1 + (len(segmentation.drawn) if segmentation is not None else 0)) // 4)


def channels_of(segmentation: Segmentation | None) -> int:
    """Return how many channels the texels of a group have."""
    return 1 if segmentation is None else 4


def _first(segmentation: Segmentation) -> int:
    return len(segmentation.labels) - len(segmentation.drawn)


def _rounded(values: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> Stored:
    np.rint(values, out=values)
    rounded: Stored = np.clip(values, 0, np.iinfo(dtype).max, out=values).astype(dtype)
    return rounded
