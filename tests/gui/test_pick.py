"""What lies under the pointer."""

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, front, of_classes, plain
from volviz.core.cuts import Clips, Plane
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
