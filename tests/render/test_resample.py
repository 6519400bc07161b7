"""One grid's values on another."""

from __future__ import annotations

import numpy as np
import pytest

from volviz.core.grid import Grid, Region
from volviz.render.memory import light_shape
from volviz.render.resample import Resampling

FINE = Grid((24, 30, 36), (5.0, 5.0, 5.0), (100.0, -50.0, 7.0))


def ramp_on(grid: Grid) -> np.ndarray:
    """A density that is linear in space."""
    points = grid.to_world(np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1))
    return (points @ np.array([0.01, -0.02, 0.03])).astype(np.float32)


@pytest.mark.parametrize("voxel_size", [2.0, 5.0, 8.0, 10.0, 17.0, (5.0, 10.0, 20.0)])
def test_a_linear_density_stays_where_it_is(voxel_size) -> None:
    target = FINE.resample(voxel_size)
    resampling = Resampling(FINE, target)
    whole = Region.whole(target.shape)
    out = resampling.apply(ramp_on(FINE)[resampling.needed(whole).slices], whole)
    inner = tuple(slice(2, -2) if n > 5 else slice(1, -1) for n in target.shape)
    assert np.allclose(out[inner], ramp_on(target)[inner], atol=0.05)  # a cut voxel counts as if its value lay in its part's middle


def test_a_part_is_the_part_of_the_whole() -> None:
    target = FINE.resample(7.0)
    resampling = Resampling(FINE, target)
    data = np.random.default_rng(0).random(FINE.shape).astype(np.float32)
    whole = resampling.apply(data, Region.whole(target.shape), available=Region.whole(FINE.shape))
    part = Region((3, 4, 5), (9, 11, 20))
    assert np.allclose(resampling.apply(data[resampling.needed(part).slices], part), whole[part.slices], atol=1e-6)


def test_binning_keeps_the_mean() -> None:
    data = np.random.default_rng(0).random(FINE.shape).astype(np.float32)
    target = FINE.resample(10.0)
    whole = Region.whole(target.shape)
    out = Resampling(FINE, target).apply(data, whole, available=Region.whole(FINE.shape))
    blocks = data.reshape(12, 2, 15, 2, 18, 2).mean(axis=(1, 3, 5))
    assert np.allclose(out, blocks, atol=1e-6)


def test_covered_voxels_have_their_centres_inside() -> None:
    target = FINE.resample(10.0)
    covered = Resampling(FINE, target).covered(Region((4, 0, 6), (10, 30, 12)))
    assert covered == Region((2, 0, 3), (5, 15, 6))


def test_the_same_grid_needs_no_neighbours() -> None:
    same = Resampling(FINE, FINE)
    assert same.aligned
    part = Region((1, 2, 3), (4, 5, 6))
    assert same.needed(part) == part


def test_the_light_volume_halves_five_times() -> None:
    assert light_shape((64, 65, 500)) == (32, 64, 256)
    assert all(n % 32 == 0 for n in light_shape((1, 77, 1440)))
