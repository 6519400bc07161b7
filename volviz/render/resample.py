"""One grid's values on another: linear where that is finer, averaged over area where it is coarser."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, Shape

Floats32 = npt.NDArray[np.float32]
_FIRST, _LAST = 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Along one axis: which source voxels (tap, target) make each target voxel, with which weights."""

    index: npt.NDArray[np.int64]
    weight: Floats32


def _offset(source: Grid, target: Grid) -> Shape | None:
    """Return the voxel (z, y, x) of the source where a target with the same voxels begins; None if it has others."""
    if not np.allclose(source.voxel_size, target.voxel_size, rtol=1e-3 / max(target.shape)):
        return None
    start = np.subtract(target.origin, source.origin) / source.voxel_size
    whole = np.rint(start).astype(int)
    inside = (whole >= 0).all() and (whole + target.shape <= source.shape).all()
    z, y, x = (int(v) for v in whole)
    return (z, y, x) if inside and (np.abs(start - whole) < 1e-3).all() else None


class Resampling:
    """From a source grid onto a target grid; outside the source its nearest voxels go on."""

    def __init__(self, source: Grid, target: Grid) -> None:
        self.source, self.target = source, target
        self._offset = _offset(source, target)
        self.taps = [_axis_taps(source, target, axis) for axis in range(3)]

    @property
    def coarser(self) -> bool:
        """Whether voxels are averaged: none of the target's is smaller than the source's, and some are larger."""
        ratio = np.divide(self.target.voxel_size, self.source.voxel_size)
        return bool((ratio > 0.999).all() and (ratio > 1.001).any())

    @property
    def aligned(self) -> bool:
        """Whether every target voxel is a source voxel: `needed` is then all there is to do."""
        return self._offset is not None

    def needed(self, region: Region) -> Region:
        """Return the source voxels (z, y, x) that a region of the target is made from."""
        if self._offset is not None:
            return region.shifted(self._offset)
        ends = [(int(index.min()), int(index.max()) + 1) for index in self._used(region)]
        return Region((ends[0][0], ends[1][0], ends[2][0]), (ends[0][1], ends[1][1], ends[2][1]))

    def place(self, region: Region) -> Region | None:
        """Return the target voxels that are the source voxels of a region; None if they are not `aligned`."""
        return region.shifted([-a for a in self._offset]) if self._offset is not None else None

    def apply(self, data: npt.NDArray[np.generic], region: Region, available: Region | None = None) -> Floats32:
        """Make a region of the target from source values (..., z, y, x) of ``available``, by default of ``needed``.

        Where the source voxels given are less than those needed, the nearest of them stand in.
        """
        given = available or self.needed(region)
        out = np.asarray(data, dtype=np.float32)
        for axis in range(3):
            taps = self.taps[axis]
            part = slice(region.start[axis], region.stop[axis])
            index = np.clip(taps.index[:, part], given.start[axis], given.stop[axis] - 1) - given.start[axis]
            weight = taps.weight[:, part]
            at = out.ndim - 3 + axis
            shape = [-1 if i == at else 1 for i in range(out.ndim)]
            total = np.take(out, index[0], axis=at) * weight[0].reshape(shape)
            for k in range(1, len(index)):
                total += np.take(out, index[k], axis=at) * weight[k].reshape(shape)
            out = total
        return out

    def covered(self, region: Region) -> Region | None:
        """Return the target voxels (z, y, x) whose centres lie in a region of the source."""
        low, high = [], []
        for axis in range(3):
            at = _positions(self.source, self.target, axis)
            inside = np.nonzero((at >= region.start[axis] - 0.5) & (at < region.stop[axis] - 0.5))[0]
            if not inside.size:
                return None
            low.append(int(inside[_FIRST]))
            high.append(int(inside[_LAST]) + 1)
        return Region((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def _used(self, region: Region) -> list[npt.NDArray[np.int64]]:
        return [taps.index[:, a:b] for taps, a, b in zip(self.taps, region.start, region.stop, strict=True)]


def _positions(source: Grid, target: Grid, axis: int) -> npt.NDArray[np.float64]:
    """Return where the target's voxel centres lie along an axis, in voxels of the source."""
    world = target.origin[axis] + np.arange(target.shape[axis]) * target.voxel_size[axis]
    return np.asarray((world - source.origin[axis]) / source.voxel_size[axis], dtype=np.float64)


def _axis_taps(source: Grid, target: Grid, axis: int) -> Taps:
    last = source.shape[axis] - 1
    at = _positions(source, target, axis)
    ratio = target.voxel_size[axis] / source.voxel_size[axis]
    if ratio <= 1.001:
        first = np.floor(at + 1e-6)
        index = first + np.arange(2)[:, None]
        weight = np.stack([1 - (at - first), at - first])
    else:
        low = at - ratio / 2 + 0.5  # a source voxel i fills i .. i + 1 here
        index = np.floor(low) + np.arange(math.ceil(ratio) + 1)[:, None]
        weight = np.maximum(0, np.minimum(low + ratio, index + 1) - np.maximum(low, index))
        weight = np.where((index >= 0) & (index <= last), weight, 0)
        weight[0, weight.sum(axis=0) == 0] = 1
    weight = weight / weight.sum(axis=0)
    return Taps(np.clip(index, 0, last).astype(np.int64), weight.astype(np.float32))
