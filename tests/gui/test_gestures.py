"""What drags and clicks in the 3D view mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from volviz.core.camera import Camera
from volviz.core.scene import Light
from volviz.gui.document import State
from volviz.gui.gestures import focused, light_dragged, light_fixed_to, light_in_camera
from volviz.gui.pick import pick

pytestmark = pytest.mark.gui

CAMERA = Camera(distance=500).orbited(40, 20)


@pytest.mark.parametrize("fixed_to", ["camera", "world"])
def test_the_light_goes_where_the_hand_goes(fixed_to: str) -> None:
    light = light_fixed_to(Light(direction_xyz=(0.0, 0.0, 1.0)), CAMERA, fixed_to)
    x, y, z = light_in_camera(light_dragged(light, CAMERA, 30, 0), CAMERA)
    assert (x, y, z) == pytest.approx((0.5, 0.0, 0.866), abs=1e-3)
    x, y, z = light_in_camera(light_dragged(light, CAMERA, 0, 30), CAMERA)
    assert (x, y, z) == pytest.approx((0.0, 0.5, 0.866), abs=1e-3)


def test_fixing_the_light_elsewhere_does_not_move_it() -> None:
    light = Light()
    world = light_fixed_to(light, CAMERA, "world")
    assert light_in_camera(world, CAMERA) == pytest.approx(light_in_camera(light, CAMERA), abs=1e-3)
    turned = CAMERA.orbited(90, 0)
    assert light_in_camera(world, turned) != pytest.approx(light_in_camera(light, turned), abs=0.1)


def test_a_click_finds_the_front_of_the_object(state: State) -> None:
    middle = state.volume.grid.to_world((11.5, 15, 16))
    right, up, _ = state.camera.project(middle)
    x, y, z = pick(state.camera, state.scene, state.volume, state.segmentation, float(right), float(up))
    # The shell's outer side, 9 to 11 voxels of 12 A in front of the centre, as seen from +z.
    assert 8.5 * 12 < z - middle[2] < 11.5 * 12
    assert (x, y) == pytest.approx(middle[:2], abs=12)


def test_a_click_past_the_object_finds_nothing(state: State) -> None:
    assert pick(state.camera, state.scene, state.volume, state.segmentation, 0.45, 0.45) is None
    hidden = replace(state.scene, ramps={name: replace(ramp, visible=False) for name, ramp in state.scene.ramps.items()})
    assert pick(state.camera, hidden, state.volume, state.segmentation, 0.0, 0.0) is None


def test_focus_brings_a_point_to_the_middle_without_turning(state: State) -> None:
    point = (30.0, 200.0, 90.0)
    camera = focused(state.camera, point)
    right, up, depth = camera.project(point)
    assert (right, up) == pytest.approx((0, 0), abs=1e-9)
    assert camera.orientation == state.camera.orientation
    assert depth == pytest.approx(state.camera.project(np.asarray(point))[2])
