"""The raw density on a common footing: standard deviations from the mean, dense positive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, Shape
from volviz.core.volume import Volume

MOST_VOXELS = 4_000_000  # read for one low-passed plane: with a voxel of 2 angstrom and a low pass of 30, 15 sections are
Check = Callable[[], None] | None
LEAST_DEVIATION = 1e-30  # of values that differ at all; one over it still fits single precision


@dataclass(frozen=True, slots=True)
class Contrast:
    """What turns a file's numbers into standard deviations, dense positive."""

    mean: float
    deviation: float
    dense_is_dark: bool

    def apply(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the values in standard deviations, dense positive."""
        scale = (-1 if self.dense_is_dark else 1) / self.deviation
        return np.asarray((values - np.float32(self.mean)) * np.float32(scale), dtype=np.float32)


def contrast_of(values: npt.NDArray[np.float32], dense_is_dark: bool) -> Contrast:
    """Return mean and deviation of a sample, robust: clipped to the 0.5 and 99.5 percentiles.

    Gold beads and hot voxels would otherwise set the scale. Where nearly all voxels have one value, as in masks and in maps that
    were cut out, the few others do set it: there is nothing else to go by.
    """
    inside = _without_extremes(values, 0.5)
    deviation = float(inside.std())
    return Contrast(float(inside.mean()), deviation if deviation > LEAST_DEVIATION else 1.0, dense_is_dark)


def dense_is_dark(volume: Volume, voxels: int = 1_000_000, check: Check = None) -> bool:
    """Guess the sign of the density: True if dense matter is dark, as in a tomogram straight from reconstruction.

    Matter fills the lesser part of the ice, so it makes the longer tail of the low-passed histogram. A guess: the
    person can switch it, for the network and the picture together.
    """
    blocks = _blocks(volume, voxels, check)
    smooth = np.concatenate([box_mean(block, (3, 3, 3)).ravel() for block in blocks])
    smooth = _without_extremes(smooth, 0.1)
    centred = smooth - smooth.mean()
    return bool((centred**3).mean() <= 0)


def lowpass_voxels(grid: Grid, lowpass: float) -> Shape:
    """Return the odd number of voxels along each axis (z, y, x) nearest to a width in angstrom, at least 1."""
    sizes = 10 * grid.nanometres * np.asarray(grid.voxel_size)
    z, y, x = (max(1, 2 * round((lowpass / size - 1) / 2) + 1) for size in sizes)
    return z, y, x


def lowpassed(volume: Volume, lowpass: float, region: Region | None = None, check: Check = None) -> npt.NDArray[np.float32]:
    """Read a region (z, y, x) of the box mean of a volume, of a width in angstrom; context is read beyond the region.

    ``check``, here and in what else reads a volume, is called now and then and may raise, which ends it.
    """
    region = region or Region.whole(volume.grid.shape)
    size = lowpass_voxels(volume.grid, lowpass)
    wide = region.grown([n // 2 for n in size], volume.grid.shape)
    smooth = box_mean(volume.read(wide, check), size)
    inner = region.shifted([-a for a in wide.start])
    return smooth[inner.slices]


def spread_planes(grid: Grid, lowpass: float = 0.0, count: int = 12) -> list[Region]:
    """Return z planes spread evenly over a volume: enough to know its grey values by, and quick to read from a file.

    Of very large sections, or where the low pass (angstrom) reaches over many, their middle.
    """
    depth, height, width = grid.shape
    chosen = np.unique(np.linspace(0, depth - 1, min(depth, count)).astype(int))
    return [narrowed(Region((int(z), 0, 0), (int(z) + 1, height, width)), grid, lowpass) for z in chosen]


def narrowed(region: Region, grid: Grid, lowpass: float, most: int = MOST_VOXELS) -> Region:
    """Return the middle of a region, along y and x, for whose low-passed voxels no more than about ``most`` have to be read."""
    sizes = np.array(region.shape)
    long = np.array([False, *(sizes[1:] > 1)])
    read = np.prod(np.where(long, sizes, sizes + np.array(lowpass_voxels(grid, lowpass)) - 1), dtype=np.float64)
    share = min(1.0, most / float(read)) ** (1 / max(1, int(long.sum())))
    kept = np.where(long, np.maximum(1, np.floor(sizes * share)), sizes).astype(int)
    start = np.array(region.start) + (sizes - kept) // 2
    return Region(_fit(start), _fit(start + kept))


def lowpassed_sample(volume: Volume, lowpass: float, check: Check = None) -> npt.NDArray[np.float32]:
    """Return low-passed densities of a few planes, as a list of values."""
    return np.concatenate([lowpassed(volume, lowpass, plane, check).ravel() for plane in spread_planes(volume.grid, lowpass)])


def lowpassed_contrast(volume: Volume, lowpass: float, dense_is_dark: bool, check: Check = None) -> Contrast:
    """Return what turns the low-passed density into the standard deviations in which a raw ramp is given."""
    return contrast_of(lowpassed_sample(volume, lowpass, check), dense_is_dark)


def box_mean(data: npt.NDArray[np.float32], size: Shape) -> npt.NDArray[np.float32]:
    """Return the mean over a box of odd size (z, y, x) around every voxel, over what lies inside the array."""
    out = data
    for axis, width in enumerate(size):
        if width == 1:
            continue
        if width % 2 == 0:
            raise ValueError(f"a box mean needs odd widths, not {size}")
        half, n = width // 2, out.shape[axis]
        sums = np.zeros_like(out)
        for shift in range(-half, half + 1):
            into, take = [slice(None)] * 3, [slice(None)] * 3
            into[axis], take[axis] = slice(max(0, -shift), n - max(0, shift)), slice(max(0, shift), n + min(0, shift))
            if max(0, shift) < n and -shift < n:
                sums[tuple(into)] += out[tuple(take)]
        at = np.arange(n)
        count = np.minimum(at + half, n - 1) - np.maximum(at - half, 0) + 1
        out = sums / count.reshape([-1 if i == axis else 1 for i in range(3)]).astype(np.float32)
    return out


def _without_extremes(values: npt.NDArray[np.float32], percent: float) -> npt.NDArray[np.float32]:
    """Return values clipped to the percentiles at both ends; as they are, if nothing but extremes differs from the rest."""
    low, high = np.percentile(values, [percent, 100 - percent])
    return np.clip(values, low, high) if high > low else values


def _blocks(volume: Volume, voxels: int, check: Check) -> list[npt.NDArray[np.float32]]:
    """Read a few bricks spread evenly over a volume, about this many voxels in all."""
    side = 48
    counts = [max(1, n // side) for n in volume.grid.shape]
    starts = np.stack(np.meshgrid(*[np.arange(c) for c in counts], indexing="ij"), axis=-1).reshape(-1, 3) * side
    wanted = max(1, voxels // side**3)
    chosen = starts[np.unique(np.linspace(0, len(starts) - 1, min(wanted, len(starts))).astype(int))]
    regions = [Region(_fit(s), _fit(np.minimum(s + side, volume.grid.shape))) for s in chosen]
    return [volume.read(region, check) for region in regions]


def _fit(values: npt.NDArray[np.int_]) -> Shape:
    z, y, x = (int(v) for v in values)
    return z, y, x
