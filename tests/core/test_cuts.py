"""What a clip leaves of a ray."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from volviz.core.cuts import Clips, Plane
from volviz.core.grid import Grid

GRID = Grid((10, 20, 30), (10.0, 5.0, 2.0), (100.0, -30.0, 7.0))
part = st.tuples(st.floats(0, 0.45), st.floats(0.55, 1))
direction = st.tuples(*[st.floats(-1, 1).map(lambda v: round(v, 2))] * 3).filter(lambda d: np.linalg.norm(d) > 0.1)


@given(st.tuples(part, part, part), st.lists(direction, max_size=3), direction, direction)
def test_the_span_of_a_ray_is_where_its_points_are_left(parts, normals, towards, aside):
    middle = GRID.center_xyz
    planes = tuple(Plane(tuple(middle + 8.0 * np.asarray(n)), n) for n in normals)
    clips = Clips(True, *parts, planes)
    direction_xyz = np.asarray(towards) / np.linalg.norm(towards)
    start = middle + 20.0 * np.asarray(aside) - 150.0 * direction_xyz
    along = np.linspace(0, 300, 3001)
    points = start + along[:, None] * direction_xyz
    low, high = GRID.bounds_xyz
    share = (points - low) / (high - low)
    # Whether a ray that runs within a face is inside is nobody's business.
    assume(not (np.abs(share[..., None] - np.array(parts)) < 1e-6).all(axis=0).any())
    assume(all(np.abs((points - plane.point_xyz) @ plane.normal_xyz).max() > 1e-6 for plane in planes))
    left = ((share > np.array(parts)[:, 0]) & (share < np.array(parts)[:, 1])).all(axis=1)
    for plane in planes:
        left &= (points - plane.point_xyz) @ plane.normal_xyz < 0
    span = clips.span(GRID, start, direction_xyz)
    if span is None:
        assert left.sum() <= 1
    else:
        inside = (along > span[0] + 1e-6) & (along < span[1] - 1e-6)
        assert (inside != left).sum() <= 2


@pytest.mark.parametrize("clips", [Clips(x=(0.0, 0.4)), Clips(planes=(Plane(tuple(GRID.center_xyz - [2.0, 0, 0]), (1.0, 0.0, 0.0)),))])
def test_off_means_whole(clips: Clips):
    start, direction_xyz = np.asarray(GRID.center_xyz) - [500.0, 0, 0], np.array([1.0, 0.0, 0.0])
    whole, cut = Clips().span(GRID, start, direction_xyz), clips.span(GRID, start, direction_xyz)
    assert whole
    assert cut
    assert cut[1] < whole[1] - 1
    off = Clips(on=False, x=clips.x, planes=clips.planes)
    assert off.span(GRID, start, direction_xyz) == whole
    assert clips.cuts
    assert not off.cuts
    assert len(off.half_spaces) == 0
