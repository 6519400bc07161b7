"""Bringing a class onto the grid of its tomogram: as it is, or resampled where it was computed at another binning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.reading import Reading
from volviz.core.sizing import SAME_BOX
from volviz.core.volume import Volume

Read = Callable[[Region], npt.NDArray[np.float32]]
ENOUGH = 0.5  # of a class's box that must lie in the tomogram's


def reader(volume: Volume, target: Grid, reading: Reading, of: str) -> Read:
    """Return what reads the probability of a class in a region (z, y, x) of another grid; ``of`` names that grid's volume.

    The same number of voxels are the same voxels. Otherwise the place in space decides; outside of the class's box it is 0.

    Raises:
        VolvizError: the two do not lie in the same space.
    """
    if volume.grid.shape == target.shape:
        return lambda region: reading.probability(np.asarray(volume.data[region.slices]))
    source = _placed(volume, target, of)
    from volviz.segment.resample import taps  # brings torch

    along = tuple(taps(source, target, axis) for axis in range(3))
    inside = _inside(source, target)

    def read(region: Region) -> npt.NDArray[np.float32]:
        import torch

        from volviz.segment.resample import gather

        z, y, x = (a.part(lo, hi) for a, lo, hi in zip(along, region.start, region.stop, strict=True))
        needed = Region((z.start, y.start, x.start), (z.stop, y.stop, x.stop))
        values = torch.from_numpy(reading.probability(np.asarray(volume.data[needed.slices])))
        out = np.array(gather(values, (z, y, x), needed.start).numpy(), dtype=np.float32)
        for axis, (lo, hi, mask) in enumerate(zip(region.start, region.stop, inside, strict=True)):
            out *= mask[lo:hi].reshape([-1 if i == axis else 1 for i in range(3)])
        return out

    return read


def _placed(volume: Volume, target: Grid, of: str) -> Grid:
    """Return where a class lies: where its file says, or over the whole of the target where one of them does not know its voxels."""
    source = volume.grid
    ratio = np.asarray(target.shape) / np.asarray(source.shape)
    if not (source.voxel_size_known and target.voxel_size_known):
        if ratio.max() / ratio.min() > 1 + SAME_BOX:
            raise VolvizError(
                f"{volume.name} has {_size(source)} voxels and {of} {_size(target)}, and not both say how large a voxel is; set the voxel "
                "sizes, or save the class on the tomogram's grid."
            )
        size = np.asarray(target.shape) * target.voxel_size / np.asarray(source.shape)
        first = np.asarray(target.origin) - np.asarray(target.voxel_size) / 2 + size / 2
        return Grid(source.shape, (size[0], size[1], size[2]), (first[0], first[1], first[2]))
    for candidate in (source, _moved(source, target)):
        low, high = (np.asarray(corner) for corner in candidate.bounds_xyz)
        other_low, other_high = (np.asarray(corner) for corner in target.bounds_xyz)
        shared = np.prod(np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None))
        if shared >= ENOUGH * np.prod(high - low):
            return candidate
    raise VolvizError(
        f"{volume.name} ({_size(source)} voxels of {source.mean_voxel_size:.4g} Å) and {of} ({_size(target)} of "
        f"{target.mean_voxel_size:.4g} Å) do not lie in the same space; save the class on the tomogram's grid, or correct its voxel size."
    )


def _moved(source: Grid, target: Grid) -> Grid:
    """Return the grid with its box centred on the target's, if both are as large: many programs drop the origin."""
    if not np.allclose(source.extent_xyz, target.extent_xyz, rtol=SAME_BOX):
        return source
    shift = (target.center_xyz - source.center_xyz)[::-1]
    z, y, x = (float(v) for v in np.asarray(source.origin) + shift)
    return Grid(source.shape, source.voxel_size, (z, y, x))


def _inside(source: Grid, target: Grid) -> list[npt.NDArray[np.float32]]:
    """Return along each axis, 1 for the target's voxels whose centre lies in the source's box, else 0."""
    found = []
    for axis in range(3):
        at = target.origin[axis] + np.arange(target.shape[axis]) * target.voxel_size[axis]
        place = (at - source.origin[axis]) / source.voxel_size[axis]
        margin = 0.5 + target.voxel_size[axis] / source.voxel_size[axis]  # the boxes of two binnings differ by part of a voxel
        found.append(((place >= -margin) & (place <= source.shape[axis] - 1 + margin)).astype(np.float32))
    return found


def _size(grid: Grid) -> str:
    return " × ".join(str(n) for n in grid.shape[::-1])
