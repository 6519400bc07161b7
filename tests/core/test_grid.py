"""Where voxels are in space."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.grid import Grid, Region, bricks

sizes = st.floats(0.5, 50)
places = st.floats(-1e4, 1e4)
shapes = st.tuples(*[st.integers(1, 300)] * 3)
grids = st.builds(Grid, shapes, st.tuples(sizes, sizes, sizes), st.tuples(places, places, places))
indices = st.tuples(*[st.floats(-500, 500)] * 3)


@st.composite
def regions(draw, shape):
    start = [draw(st.integers(0, n - 1)) for n in shape]
    return Region(start, [draw(st.integers(a + 1, n)) for a, n in zip(start, shape, strict=True)])


@given(grids, indices)
def test_to_index_undoes_to_world(grid, index):
    np.testing.assert_allclose(grid.to_index(grid.to_world(index)), index, atol=1e-6)


def test_axes_are_swapped_once():
    grid = Grid((4, 5, 6), (1.0, 2.0, 3.0), (100.0, 200.0, 300.0))
    np.testing.assert_array_equal(grid.to_world((1, 0, 0)), (300, 200, 101))  # a step along z is a step in z
    np.testing.assert_array_equal(grid.to_world((0, 0, 1)), (303, 200, 100))
    np.testing.assert_array_equal(grid.to_world([[0, 1, 0], [0, 0, 0]]), [(300, 202, 100), (300, 200, 100)])


@given(st.data(), grids, indices)
def test_a_crop_stays_in_place(data, grid, index):
    region = data.draw(regions(grid.shape))
    part = grid.crop(region)
    assert part.shape == region.shape
    np.testing.assert_allclose(part.to_world(index), grid.to_world(np.add(index, region.start)), rtol=1e-9, atol=1e-6)


def test_a_crop_outside_is_refused():
    with pytest.raises(ValueError, match="does not lie inside"):
        Grid((4, 4, 4)).crop(Region((0, 0, 0), (4, 4, 5)))


@given(grids, sizes)
def test_resampling_keeps_the_box_to_half_a_voxel(grid, size):
    new = grid.resample(size)
    assert new.voxel_size == (size,) * 3
    np.testing.assert_allclose(new.center_xyz, grid.center_xyz, rtol=1e-9, atol=1e-6)
    slack = size / 2 if min(new.shape) > 1 else max(size, *grid.extent_xyz)
    assert (np.abs(np.subtract(new.bounds_xyz, grid.bounds_xyz)) <= slack / 2 + size / 2 + 1e-6).all()


@given(grids)
def test_resampling_to_the_same_voxel_size_changes_nothing(grid):
    same = grid.resample(grid.voxel_size)
    assert same.shape == grid.shape
    np.testing.assert_allclose(same.origin, grid.origin, rtol=1e-9, atol=1e-6)


@given(grids)
def test_the_bounds_hold_whole_voxels(grid):
    low, high = grid.bounds_xyz
    np.testing.assert_allclose(high - low, (np.array(grid.shape) * grid.voxel_size)[::-1], rtol=1e-6)


@given(shapes, st.tuples(*[st.integers(1, 100)] * 3))
def test_bricks_cover_everything_once(shape, size):
    shape = tuple(min(n, 40) for n in shape)
    seen = np.zeros(shape, int)
    for region in bricks(shape, tuple(max(7, s) for s in size)):
        seen[region.slices] += 1
    assert (seen == 1).all()


@given(st.data(), shapes)
def test_regions_meet_and_grow(data, shape):
    a, b = data.draw(regions(shape)), data.draw(regions(shape))
    mark = np.zeros(3)
    both = a & b
    if both is not None:
        assert (np.array(both.start) >= np.maximum(a.start, b.start)).all()
        assert (both & a) == both
        assert (both & b) == both
    grown = a.grown((3, 3, 3), shape)
    assert (grown & a) == a
    assert (np.subtract(a.start, grown.start) <= 3).all()
    assert (np.array(grown.start) >= mark).all()
    assert (np.array(grown.stop) <= shape).all()


@pytest.mark.parametrize(
    "arguments",
    [((0, 4, 4),), ((4, 4, 4), (0.0, 1.0, 1.0)), ((4, 4, 4), (float("nan"), 1.0, 1.0)), ((4, 4, 4), (1.0,) * 3, (float("inf"), 0.0, 0.0))],
)
def test_an_impossible_grid_is_refused(arguments):
    with pytest.raises(ValueError, match=r"needs|must"):
        Grid(*arguments)


def test_a_corrected_voxel_size_scales_the_origin_too():
    grid = Grid((4, 4, 4), (1.0, 1.0, 1.0), (-10.0, 0.0, 5.0), voxel_size_known=False).with_voxel_size(6.0)
    assert grid.origin == (-60.0, 0.0, 30.0)
    assert grid.voxel_size_known
