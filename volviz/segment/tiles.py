"""Overlapping tiles: where they lie and how their results are blended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Triple = tuple[float, float, float]
Scale = Literal["robust", "standard", "min-max"]
Output = Literal["softmax", "sigmoid", "clamp"]


@dataclass(frozen=True, slots=True)
class Bricks:
    """How a network wants its input: cubes of ``tile`` voxels that overlap by ``overlap``, at ``voxel_size`` (A).

    Without a ``voxel_size`` the tomogram is taken at its own. ``scale`` is that of the density: see `Standard.of`.

    Every axis of a tile is a multiple of ``multiple``. Outside ``voxel_size_range`` (A) results are a guess, and no
    tomogram is upsampled more than ``upsampling`` times. ``dense_is_dark`` is the sign it was trained with; with None,
    no tomogram is inverted.
    """

    voxel_size: float | None = 10.0
    voxel_size_range: tuple[float, float] = (5.0, 16.0)
    upsampling: float = 1.6
    tile: int = 128
    overlap: int = 32
    multiple: int = 8
    dense_is_dark: bool | None = True
    scale: Scale = "robust"


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """Tiles along one axis: they begin at ``starts``, all ``size`` voxels long; only the volume's end is padded.

    ``window`` (tile, voxel) weighs the voxels of each tile; over all tiles the weights of a voxel of the volume sum to one.
    """

    starts: tuple[int, ...]
    size: int
    window: npt.NDArray[np.float32]

    @classmethod
    def along(cls, length: int, bricks: Bricks) -> Tiling:
        """Tile an axis. The last tile is clamped to the volume's end; an axis shorter than a tile has one, padded to the multiple."""
        if length <= bricks.tile:
            size = -(-length // bricks.multiple) * bricks.multiple
            return cls((0,), size, np.ones((1, size), np.float32))
        step = bricks.tile - bricks.overlap
        count = -(-(length - bricks.tile) // step) + 1
        starts = tuple(min(k * step, length - bricks.tile) for k in range(count))
        i = np.arange(bricks.tile)
        ramp = np.minimum(1, (np.minimum(i, bricks.tile - 1 - i) + 1) / max(1, bricks.overlap))
        total = np.zeros(length)
        for start in starts:
            total[start : start + bricks.tile] += ramp
        window = np.stack([ramp / total[start : start + bricks.tile] for start in starts])
        return cls(starts, bricks.tile, window.astype(np.float32))

    def touching(self, start: int, stop: int) -> range:
        """Return the numbers of the tiles that have voxels in start..stop."""
        hit = [k for k, s in enumerate(self.starts) if s < stop and s + self.size > start]
        return range(hit[0], hit[-1] + 1)

    def final(self, k: int, length: int) -> int:
        """Return up to where (exclusive) the sums are complete once tile k and all before it were added."""
        return self.starts[k + 1] if k + 1 < len(self.starts) else length
