"""A low pass and binning in one step."""

from __future__ import annotations

import math

import numpy as np
import pytest

from volviz.core.density import Contrast, box_mean, lowpass_voxels, lowpassed
from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume
from volviz.render import slabs
from volviz.render.reduction import Reduction
from volviz.render.resample import Resampling
from volviz.render.slabs import Packed, Source

FINE = Grid((50, 61, 72), (5.0, 5.0, 5.0), (100.0, -50.0, 7.0))
LOOK = Packed(False, 30.0, Contrast(0.0, 1.0, False))


def values_on(grid: Grid) -> np.ndarray:
    """Noise, and a step where values of another size begin."""
    values = np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)
    values[20:40, 10:, 30:] += 20
    return values


def coarser(grid: Grid, factor: int) -> Grid:
    """The grid of voxels so many times as wide over the same box: not exactly so many, where that leaves a rest."""
    return grid.resample([n * size / -(-n // factor) for n, size in zip(grid.shape, grid.voxel_size, strict=True)])


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 3, 3), (5, 3, 1), (15, 15, 15), (61, 5, 5)])
@pytest.mark.parametrize("target", [coarser(FINE, 2), coarser(FINE, 3), coarser(FINE, 7), FINE.resample((5.0, 10.0, 12.5))])
def test_it_is_the_low_pass_and_then_the_average(size: tuple[int, int, int], target: Grid) -> None:
    values, resampling, whole = values_on(FINE), Resampling(FINE, target), Region.whole(target.shape)
    reduction = Reduction(resampling, size)
    assert reduction.needed(whole) == Region.whole(FINE.shape)
    expected = resampling.apply(box_mean(values, size), whole, available=Region.whole(FINE.shape))
    np.testing.assert_allclose(reduction.apply(values, whole), expected, atol=2e-5)
    part = Region((3, 2, 1), (7, 8, 9))
    np.testing.assert_allclose(reduction.apply(values[reduction.needed(part).slices], part), expected[part.slices], atol=2e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_what_is_drawn_of_a_binned_volume_is_its_low_pass_averaged(factor: int) -> None:
    volume, grid = Volume(FINE, values_on(FINE)), coarser(FINE, factor)
    smooth = Resampling(FINE, grid).apply(lowpassed(volume, 30.0), Region.whole(grid.shape))
    source, steps = Source(volume, None, grid, np.dtype(np.uint16)), 65535 / (slabs.RAW_RANGE[1] - slabs.RAW_RANGE[0])
    expected = np.clip((smooth - slabs.RAW_RANGE[0]) * steps, 0, 65535)
    drawn = np.zeros(grid.shape, np.float32)
    for region in source.regions(LOOK):
        drawn[region.slices] = source.slab(region, LOOK).groups[0][..., 0]
    np.testing.assert_allclose(drawn, expected, atol=1.0)


@pytest.mark.parametrize(("factor", "voxel_size"), [(2, 8.0), (4, 2.0), (3, 4.0)])
def test_a_large_volume_is_read_about_once(factor: int, voxel_size: float) -> None:
    grid = Grid((1000, 4096, 4096), (voxel_size,) * 3)
    volume = Volume(grid, np.broadcast_to(np.float32(0), grid.shape))
    source = Source(volume, None, coarser(grid, factor), np.dtype(np.uint16))
    reduction = Reduction(Resampling(grid, source.grid), lowpass_voxels(grid, LOOK.lowpass))
    read, drawn = 0, 0
    for region in source.regions(LOOK):
        count = math.prod(reduction.needed(region).shape)
        assert count <= 1.1 * slabs.READ
        read, drawn = read + count, drawn + math.prod(region.shape)
    assert drawn == math.prod(source.grid.shape)
    assert read < 1.5 * math.prod(grid.shape)
