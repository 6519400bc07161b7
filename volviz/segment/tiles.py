"""Overlapping tiles: where they lie and how their results are blended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Shape

Scale = Literal["robust", "standard", "min-max"]
Output = Literal["softmax", "sigmoid", "clamp"]
Statistics = Literal["tile", "volume"]


# What a network says at a face inside the volume, where zeros stand for what goes on beyond, is not used: this part of
# the overlap belongs to the neighbour alone. Of the first bundled network, with its statistics held fixed, probabilities
# were off by 0.06 to 0.34 on average within two voxels of such a face, and by less than 0.005 from 32 voxels on.
_UNUSED = 1 / 4
# A volume of so many tiles is one: as much is in memory as when two tiles run side by side on a CPU.
_WHOLE = 2


@dataclass(frozen=True, slots=True)
class Overview:
    """A second look at everything, with voxels ``coarser`` times as large, that may add to ``label`` what is background without it.

    See `volviz.segment.overview`.
    """

    coarser: float
    label: str


@dataclass(frozen=True, slots=True)
class Faint:
    """How the odds of ``label`` change where the network doubts all of it, or hardly any, tile by tile. See `volviz.segment.faint`.

    Nothing changes where of what is likelier than 0.25 a share ``sure`` is above 0.8. For each hundredth that a tile has less,
    the logarithm of the odds rises by a hundredth of ``slope``, by ``most`` at the most; with more it falls, to ``least`` (not
    above 0) at the least. ``voxels`` is how much of it must be there to tell: the sum of the probabilities at which the tile
    counts half.
    """

    label: str
    sure: float
    slope: float
    least: float
    most: float
    voxels: float


@dataclass(frozen=True, slots=True)
class Bricks:
    """How a network wants its input: boxes of about ``tile`` voxels a side at most that overlap by ``overlap``, at ``voxel_size`` (A).

    Without a ``voxel_size`` the tomogram is taken at its own. ``scale`` is that of the density: see `Standard.of`.

    Every axis of a tile is a multiple of ``multiple``. Outside ``voxel_size_range`` (A) results are a guess, and no
    tomogram is upsampled more than ``upsampling`` times. ``dense_is_dark`` is the sign it was trained with; with None,
    no tomogram is inverted.
    ``statistics`` says over what layers normalise: each tile by itself, or all tiles by what was found on a sample of
    the volume (`volviz.segment.nn.statistics`). With an ``overview`` the network looks at everything from farther away too; with ``faint``
    the odds of one class depend on how sure of it the network is on the whole.
    """

    voxel_size: float | None = 10.0
    voxel_size_range: tuple[float, float] = (5.0, 16.0)
    upsampling: float = 1.6
    tile: int = 128
    overlap: int = 32
    multiple: int = 8
    dense_is_dark: bool | None = True
    scale: Scale = "robust"
    statistics: Statistics = "tile"
    overview: Overview | None = None
    faint: Faint | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tiling:
    """Tiles along one axis: they begin at ``starts``, all ``size`` voxels long; the last may end a little beyond the volume.

    ``window`` (tile, voxel) weighs the voxels of each tile; over all tiles the weights of a voxel of the volume sum to one.
    """

    starts: tuple[int, ...]
    size: int
    window: npt.NDArray[np.float32]

    @classmethod
    def along(cls, length: int, bricks: Bricks) -> Tiling:
        """Tile an axis with as few tiles as there can be, no larger than they must be.

        All begin at multiples of ``multiple``, so that layers that halve see the same pairs of voxels in every tiling.
        The last one is clamped to the end of the volume, rounded up to the multiple.
        """
        m = bricks.multiple
        length = -(-length // m) * m
        if length <= max(m, bricks.tile):
            return cls((0,), length, np.ones((1, length), np.float32))
        most = bricks.tile // m * m
        overlap = min(-(-bricks.overlap // m) * m, most - m)
        count = -(-(length - overlap) // (most - overlap))
        size = -(-(length + (count - 1) * overlap) // (count * m)) * m
        starts = tuple(min(k * (size - overlap), length - size) for k in range(count))
        unused = int(_UNUSED * overlap)
        ramp = np.clip((np.arange(size) - unused + 1) / max(1, overlap - 2 * unused), 0, 1)
        weights = np.stack([_open(ramp, start == 0, start + size == length) for start in starts])
        total = np.zeros(length)
        for start, weight in zip(starts, weights, strict=True):
            total[start : start + size] += weight
        window = np.stack([weight / total[start : start + size] for start, weight in zip(starts, weights, strict=True)])
        return cls(starts, size, window.astype(np.float32))

    def touching(self, start: int, stop: int) -> range:
        """Return the numbers of the tiles that count for voxels in start..stop."""
        hit = [k for k in range(len(self.starts)) if self.support(k)[0] < stop and self.support(k)[1] > start]
        return range(hit[0], hit[-1] + 1)

    def final(self, k: int) -> int:
        """Return up to where (exclusive) the sums are complete once tile k, not the last, and all before it were added."""
        return self.support(k + 1)[0]

    def support(self, k: int) -> tuple[int, int]:
        """Return the first voxel for which a tile counts, and the one past the last."""
        used = np.flatnonzero(self.window[k])
        return self.starts[k] + int(used[0]), self.starts[k] + int(used[-1]) + 1


def tilings(shape: Shape, bricks: Bricks, *, whole: bool = True) -> list[Tiling]:
    """Return the tilings along (z, y, x) of a volume; a small one is left ``whole``.

    One that has no more voxels than two tiles may have is one tile, however long it is: what overlaps would be computed up to
    eight times, and statistics would take a pass of their own. Not so if every tile is normalised by itself: then it has to be
    of the size that the network was taught with.
    """
    padded = [-(-n // bricks.multiple) * bricks.multiple for n in shape]
    if whole and bricks.statistics == "volume" and np.prod(padded) <= _WHOLE * bricks.tile**3:
        bricks = replace(bricks, tile=max(padded))
    return [Tiling.along(n, bricks) for n in shape]


def _open(ramp: npt.NDArray[np.float64], first: bool, last: bool) -> npt.NDArray[np.float64]:
    """Return a tile's weights: a ramp at faces where a neighbour takes over, none at the ends of the volume."""
    flat = np.ones_like(ramp)
    return (flat if first else ramp) * (flat if last else ramp[::-1])
