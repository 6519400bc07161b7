"""What lies under the pointer."""

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, front, of_classes, plain
from volviz.core.cuts import Clips, Plane
from volviz.core.guides import Slices
from volviz.gui.pick import pick


@pytest.mark.parametrize("orthographic", [False, True])
def test_one_picks_what_is_left_of_a_cut(orthographic: bool) -> None:
    z, _, _ = axes(40)
    volume, classes = of_classes((np.abs(z) < 15).astype(np.float32))
    camera, scene = front(volume.grid, orthographic=orthographic), plain(classes, 5.0)
    middle = volume.grid.center_xyz
    top = pick(camera, scene, classes, 0.0, 0.0)
    assert top is not None
    assert abs(top[2] - middle[2] - 150) < 10
    for clips in (Clips(z=(0.0, 0.5)), Clips(planes=(Plane(tuple(middle), (0.0, 0.0, 2.0)),))):
        cut = pick(camera, replace(scene, clips=clips), classes, 0.0, 0.0)
        assert cut is not None
        assert abs(cut[2] - middle[2]) < 10


def test_one_picks_a_plane_of_density_that_is_nearer() -> None:
    z, _, _ = axes(40)
    volume, classes = of_classes((np.abs(z) < 5).astype(np.float32))
    camera, scene = front(volume.grid), plain(classes, 5.0)
    low, high = volume.grid.bounds_xyz
    for place, wanted in ((0.9, low[2] + 0.9 * (high[2] - low[2])), (0.1, volume.grid.center_xyz[2] + 50)):
        point = pick(camera, replace(scene, slices=Slices(z=place)), classes, 0.1, 0.0)
        assert point is not None
        assert abs(point[2] - wanted) < 10
    clear = pick(camera, replace(scene, slices=Slices(z=0.9, opacity=0.3)), classes, 0.1, 0.0)
    assert clear is not None
    assert abs(clear[2] - volume.grid.center_xyz[2] - 50) < 10
    empty = replace(scene, ramps={})
    assert pick(camera, replace(empty, slices=Slices(z=0.5)), classes, 0.4, 0.0) is not None
    assert pick(camera, replace(empty, slices=Slices(z=0.5)), classes, 0.6, 0.0) is None
