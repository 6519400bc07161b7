"""A low pass and the averaging onto a coarser grid in one step, so that nothing is low-passed that is averaged right after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Region, Shape
from volviz.render.resample import Resampling, Taps

Floats32 = npt.NDArray[np.float32]
AT_A_TIME = 16  # target sections made by one product of matrices: of more of them, more of a matrix is zeros


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """Target voxel t is the sum over k of ``weight[t, k]`` times source voxel ``first[t] + k``."""

    first: npt.NDArray[np.int64]
    weight: Floats32

    def needed(self, start: int, stop: int, length: int) -> tuple[int, int]:
        return int(self.first[start:stop].min()), min(length, int(self.first[start:stop].max()) + self.weight.shape[1])

    def matrix(self, start: int, stop: int, low: int, high: int) -> Floats32:
        """Return what makes target voxels of source voxels ``low`` to ``high``: (target, source)."""
        out = np.zeros((stop - start, high - low), np.float32)
        at = self.first[start:stop, None] - low + np.arange(self.weight.shape[1])
        there = self.weight[start:stop] != 0
        np.add.at(out, (np.nonzero(there)[0], at[there]), self.weight[start:stop][there])
        return out


class Reduction:
    """The mean over a box of every source voxel's neighbours, as `box_mean`, averaged over area by a `Resampling` onto a coarser grid.

    Both are sums along one axis after another, with weights that depend on the place along that axis alone; so are the two
    together, along each axis, and the result is the same but for rounding. What it saves: the low pass is worked out only where
    a target voxel wants it, and along y and x on the few voxels that are left. To average first and low-pass
    the coarse voxels would be as quick, but no box of whole coarse voxels is as wide as the low pass, and the picture of the
    same density, and what a ramp shows of it, would change with the binning.
    """

    def __init__(self, resampling: Resampling, size: Shape) -> None:
        self._source, self._target = resampling.source.shape, resampling.target.shape
        self._axes = [_composed(resampling.taps[i], size[i] // 2, self._source[i]) for i in range(3)]

    def needed(self, region: Region) -> Region:
        """Return the source voxels (z, y, x) that a region of the target is made from."""
        ends = [axis.needed(a, b, n) for axis, a, b, n in zip(self._axes, region.start, region.stop, self._source, strict=True)]
        return Region((ends[0][0], ends[1][0], ends[2][0]), (ends[0][1], ends[1][1], ends[2][1]))

    def apply(self, data: Floats32, region: Region) -> Floats32:
        """Make a region of the target from the source values (z, y, x) of `needed`."""
        given = self.needed(region)
        data = self._sections(data, region, given.start[0])
        for i in (1, 2):
            axis, part = self._axes[i], slice(region.start[i], region.stop[i])
            first, weight = axis.first[part] - given.start[i], axis.weight[part]
            total: Floats32 | None = None
            for k in range(weight.shape[1]):
                taken = np.take(data, np.minimum(first + k, data.shape[i] - 1), axis=i)
                taken *= weight[:, k].reshape((-1,) + (1,) * (2 - i))
                total = taken if total is None else np.add(total, taken, out=total)
            assert total is not None
            data = total
        return data

    def _sections(self, data: Floats32, region: Region, begin: int) -> Floats32:
        """Reduce along z, first of all, because whole sections are quickly added to one another."""
        out = np.empty((region.shape[0], *data.shape[1:]), np.float32)
        for start in range(region.start[0], region.stop[0], AT_A_TIME):
            stop = min(region.stop[0], start + AT_A_TIME)
            low, high = self._axes[0].needed(start, stop, self._source[0])
            matrix = self._axes[0].matrix(start, stop, low, high)
            into = out[start - region.start[0] : stop - region.start[0]]
            np.matmul(matrix, data[low - begin : high - begin].reshape(high - low, -1), out=into.reshape(stop - start, -1))
        return out


def _composed(taps: Taps, half: int, length: int) -> _Axis:
    """Return the weights of source voxels in an average of means over ``2 * half + 1`` of them, cut at the ends of the axis."""
    at = np.arange(length)
    low, high = np.maximum(at - half, 0), np.minimum(at + half, length - 1)
    used = taps.weight != 0
    first = np.where(used, low[taps.index], length).min(axis=0)
    last = np.where(used, high[taps.index], -1).max(axis=0)
    weight = np.zeros((taps.index.shape[1], int((last - first).max()) + 1), np.float64)
    place = first[:, None] + np.arange(weight.shape[1])
    for index, share in zip(taps.index, taps.weight, strict=True):
        inside = (place >= low[index][:, None]) & (place <= high[index][:, None])
        weight += inside * (share / (high[index] - low[index] + 1))[:, None]
    return _Axis(first.astype(np.int64), weight.astype(np.float32))
