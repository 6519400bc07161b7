"""From where one looks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.camera import VIEWS, Camera
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid

GRID = Grid((40, 100, 120), (8.0, 10.0, 10.0), (-100.0, 50.0, 0.0))
angles = st.floats(-360, 360)
cameras = st.builds(
    lambda a, b, c, height: Camera((10.0, 20.0, 30.0), 500.0, orthographic_height=height).turned((1, 2, 3), a).orbited(b, c),
    angles,
    angles,
    angles,
    st.none() | st.floats(10, 1000),
)
inside = st.floats(-0.5, 0.5)


@given(cameras)
def test_axes_are_orthonormal_and_right_handed(camera):
    axes = camera.axes_xyz
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)


@given(cameras, inside, inside, st.floats(10, 2000))
def test_a_point_on_a_ray_appears_where_the_ray_went_through(camera, right, up, along):
    start, direction = camera.ray(right, up)
    seen = camera.project(start + along * direction)
    np.testing.assert_allclose(seen[:2], (right, up), atol=1e-7)
    assert seen[2] > 0


def test_the_first_view_is_that_of_an_xy_slice():
    camera = Camera.framing(GRID, view="front")
    axes = camera.axes_xyz
    np.testing.assert_allclose(axes[0], (1, 0, 0), atol=1e-12)  # x to the right
    np.testing.assert_allclose(axes[1], (0, 1, 0), atol=1e-12)  # y up, as in IMOD
    assert camera.eye_xyz[2] > GRID.bounds_xyz[1][2]


@pytest.mark.parametrize(
    ("view", "back"), [("back", (0, 0, -1)), ("right", (1, 0, 0)), ("left", (-1, 0, 0)), ("top", (0, 1, 0)), ("bottom", (0, -1, 0))]
)
def test_standard_views_look_from_where_they_say(view, back):
    np.testing.assert_allclose(Camera().seen_from(view).axes_xyz[2], back, atol=1e-12)


@pytest.mark.parametrize("view", [None, *VIEWS])
@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.78])
@pytest.mark.parametrize("flat", [False, True])
def test_framing_sees_the_whole_box(view, aspect, flat):
    camera = Camera.framing(GRID, view=view, aspect=aspect)
    if flat:
        camera = Camera((0.0, 0.0, 0.0), 5.0, camera.orientation, orthographic_height=1.0).fitted(GRID, aspect=aspect)
    low, high = GRID.bounds_xyz
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    seen = camera.project(corners)
    assert (np.abs(seen[:, 0]) <= aspect / 2).all()
    assert (np.abs(seen[:, 1]) <= 0.5).all()
    assert max(np.abs(seen[:, 0]).max() / aspect, np.abs(seen[:, 1]).max()) > 0.4  # and not from the moon


@given(cameras, inside, inside)
def test_what_one_drags_follows_the_hand(camera, right, up):
    before = camera.project(camera.target_xyz)
    after = camera.panned(right, up).project(camera.target_xyz)
    np.testing.assert_allclose(after[:2] - before[:2], (right, up), atol=1e-7)
    front = np.asarray(camera.target_xyz) + 10 * camera.axes_xyz[2]  # a point nearer than the pivot
    turned = Camera(camera.target_xyz, 500.0, camera.orientation).orbited(5.0, 0.0)
    assert turned.project(front)[0] > 0  # a drag to the right takes it to the right


@given(cameras, st.floats(0.2, 5), inside, inside)
def test_zooming_keeps_the_point_under_the_pointer(camera, factor, right, up):
    start, direction = camera.ray(right, up)
    depth = (np.asarray(camera.target_xyz) - start) @ camera.axes_xyz[2] / (direction @ camera.axes_xyz[2])
    point = start + depth * direction  # under the pointer, in the plane of the target
    np.testing.assert_allclose(camera.zoomed(factor, (right, up)).project(point)[:2], (right, up), atol=1e-7)


def test_turning_is_right_handed_and_about_the_target():
    camera = Camera((1.0, 2.0, 3.0), 100.0).turned((0.0, 1.0, 0.0), 90.0)
    np.testing.assert_allclose(camera.eye_xyz, (101, 2, 3), atol=1e-9)
    assert camera.target_xyz == (1.0, 2.0, 3.0)


@given(cameras, angles, st.floats(-80, 80))
def test_a_turntable_keeps_z_upright(camera, right, up):
    turned = camera.tabled(right, up)
    across, upward, back = turned.axes_xyz
    assert across[2] == pytest.approx(0, abs=1e-7)
    assert upward[2] >= -1e-7
    assert turned.target_xyz == camera.target_xyz
    before = np.degrees(np.arcsin(np.clip(camera.axes_xyz[2][2], -1, 1)))
    assert np.degrees(np.arcsin(np.clip(back[2], -1, 1))) == pytest.approx(np.clip(before - up, -90, 90), abs=1e-3)


def test_a_turntable_follows_the_hand_and_stops_at_the_poles():
    camera = Camera.framing(GRID)
    point = np.asarray(camera.target_xyz) + 50 * camera.axes_xyz[2]
    for right, up in ((10, 0), (0, 10)):
        seen = camera.tabled(right, up).project(point)
        assert (seen[0], seen[1]) == pytest.approx((seen[0], 0) if right else (0, seen[1]), abs=1e-3)
        assert seen[0] > 0.003 if right else seen[1] > 0.003
    top = camera.tabled(0, -500)
    np.testing.assert_allclose(top.axes_xyz[2], (0, 0, 1), atol=1e-9)
    around = top.tabled(30, 0)
    assert around.axes_xyz[0] @ top.axes_xyz[0] == pytest.approx(np.cos(np.radians(30)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"distance": -5.0}, "distance of a camera is a positive length"),
        ({"distance": float("nan")}, "distance"),
        ({"orthographic_height": 0.0}, "orthographic_height"),
        ({"field_of_view": 400.0}, "between 0 and 180"),
        ({"orientation": (0.0, 0.0, 0.0, 0.0)}, "orientation"),
        ({"target_xyz": (0.0, float("inf"), 0.0)}, "target"),
    ],
)
def test_a_camera_that_sees_nothing_is_refused(wrong, says):
    with pytest.raises(VolvizError, match=says):
        Camera(**wrong).checked()
    assert Camera(orientation=(2.0, 0.0, 0.0, 0.0)).checked() == Camera()
