"""From one grid to another, brick by brick, as if the whole volume had been done at once.

Values are weighted by a tent around the wanted point. It is as wide as the larger of the two voxels: between voxels of
the same size or smaller that is trilinear interpolation, and shrinking averages what a new voxel covers, so that noise
beyond its resolution does not fold back. The weights depend on positions in space only, never on the brick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume

# A weight this small moves no stored byte; dropping it makes equal grids a plain copy.
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Along one axis: which source voxels each target voxel is made of, (target, tap), and their weights, summing to one."""

    index: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]

    @property
    def start(self) -> int:
        """First source voxel that is needed."""
        return int(self.index.min())

    @property
    def stop(self) -> int:
        """One past the last source voxel that is needed."""
        return int(self.index.max()) + 1

    @property
    def plain(self) -> bool:
        """Whether the target voxels are source voxels, one after the other."""
        return self.index.shape[1] == 1 and bool((np.diff(self.index[:, 0]) == 1).all())

    def part(self, start: int, stop: int) -> Taps:
        """Return the taps of some of the target voxels."""
        return Taps(self.index[start:stop], self.weight[start:stop])

    def mirrored(self, start: int, size: int) -> Taps:
        """Return the taps of so many target voxels from a start on; beyond the end they go back, the last voxel not repeated."""
        n = len(self.index)
        at = np.arange(start, start + size) % max(1, 2 * n - 2)
        at = np.minimum(at, 2 * n - 2 - at)
        return Taps(self.index[at], self.weight[at])


def taps(source: Grid, target: Grid, axis: int) -> Taps:
    """Return the taps from source to target along an axis. Beyond the edge the outermost voxel goes on."""
    n, step = source.shape[axis], target.voxel_size[axis] / source.voxel_size[axis]
    first = (target.origin[axis] - source.origin[axis]) / source.voxel_size[axis]
    position = np.clip(first + np.arange(target.shape[axis]) * step, 0, n - 1)
    width = max(1.0, step)
    low = np.floor(position - width).astype(np.int64)
    index = low[:, None] + np.arange(int(np.ceil(2 * width)) + 2)
    weight = np.clip(1 - np.abs(index - position[:, None]) / width, 0, None)
    weight[(index < 0) | (index >= n)] = 0
    weight /= weight.sum(axis=1, keepdims=True)
    weight[weight < _NOTHING] = 0
    # Every row keeps its few non-zero taps only, padded by repeating a voxel with weight 0.
    count = int((weight > 0).sum(axis=1).max())
    begin = np.minimum((weight > 0).argmax(axis=1)[:, None], weight.shape[1] - count) + np.arange(count)
    index, weight = np.take_along_axis(index, begin, 1), np.take_along_axis(weight, begin, 1)
    weight /= weight.sum(axis=1, keepdims=True)
    nearest = np.take_along_axis(index, weight.argmax(axis=1)[:, None], 1)
    return Taps(np.where(weight > 0, index, nearest), weight.astype(np.float32))


def gather(values: Tensor, along: tuple[Taps, Taps, Taps], offset: tuple[int, int, int] = (0, 0, 0)) -> Tensor:
    """Resample the last three axes (z, y, x). The values begin at this voxel of the source grid."""
    # The axis that shrinks most goes first: less is left for the others.
    order = sorted(range(3), key=lambda a: len(along[a].index) / values.shape[a - 3])
    for a in order:
        if along[a].plain:
            begin = along[a].start - offset[a]
            values = values.narrow(a - 3, begin, len(along[a].index))
            continue
        index = torch.from_numpy(along[a].index - offset[a]).to(values.device)
        weight = torch.from_numpy(along[a].weight).to(values.device)
        column = [1] * values.ndim
        column[a - 3] = -1
        out = values.index_select(a - 3, index[:, 0]) * weight[:, 0].reshape(column)
        for k in range(1, index.shape[1]):
            out += values.index_select(a - 3, index[:, k]) * weight[:, k].reshape(column)
        values = out
    return values


def read_resampled(volume: Volume, along: tuple[Taps, Taps, Taps], device: torch.device | None = None) -> Tensor:
    """Read what the taps need of a volume and return it resampled, (z, y, x) float32."""
    start, stop = (along[0].start, along[1].start, along[2].start), (along[0].stop, along[1].stop, along[2].stop)
    # A float32 file is mapped read-only; torch wants an array of its own.
    values = torch.from_numpy(np.require(volume.read(Region(start, stop)), requirements=["W"]))
    return gather(values.to(device) if device else values, along, start)
