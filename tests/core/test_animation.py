"""Animations: what is seen at every moment between keyframes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volviz.core.animation import EASINGS, Keyframe, completed, eased, in_order, length, loops, moments, view_at, views
from volviz.core.between import camera_between, scene_between, slerp
from volviz.core.camera import Camera
from volviz.core.cleaning import Cleaning
from volviz.core.cuts import Clips, Plane
from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.guides import Slices
from volviz.core.json import from_json, to_json
from volviz.core.motions import Peel, Rocking, Turntable
from volviz.core.project import Project
from volviz.core.scene import Light, Ramp, RawLook, Scene, Shadow

STEPS = np.linspace(0, 1, 101)
CAMERA = Camera((10.0, 20.0, 30.0), 800.0).turned((1.0, 2.0, 3.0), 40.0)
OTHER = Camera((-40.0, 5.0, 90.0), 200.0, field_of_view=20.0).turned((0.0, 1.0, 0.3), -110.0)
SCENE = Scene(ramps={"membrane": Ramp(0.2, 0.8), "spikes": Ramp()})
THERE = Scene(
    ramps={"membrane": Ramp(0.6, 1.0, (1.0, 0.0, 0.0), 2.0), "spikes": Ramp(visible=False), "lumen": Ramp(opacity=3.0)},
    cleaning={"membrane": Cleaning(dust=5.0)},
    mode="surface",
    raw=RawLook(low=0.0, lowpass=10.0, invert=False),
    light=Light((1.0, 0.0, 0.0), "world", 30.0),
    shadow=Shadow(on=False),
    clips=Clips(z=(0.4, 0.5), planes=(Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),)),
    slices=Slices(z=0.25, opacity=0.8),
    exposure=2.0,
    background=(1.0, 1.0, 1.0),
    region=Region((0, 0, 0), (4, 5, 6)),
)

between = st.floats(0, 1)
numbers = st.floats(-1e3, 1e3)
triples = st.tuples(numbers, numbers, numbers)
positive = st.floats(1, 1e4)
directions = triples.filter(lambda v: math.hypot(*v) > 1e-3)
turns = st.tuples(directions, st.floats(-360, 360))
cameras = st.builds(
    lambda target, distance, turn, lens, height: Camera(target, distance, (1.0, 0.0, 0.0, 0.0), lens, height).turned(*turn),
    triples,
    positive,
    turns,
    st.floats(5, 90),
    st.none() | positive,
)
parts = st.tuples(st.floats(0, 0.49), st.floats(0.5, 1))
planes = st.builds(Plane, triples, directions, st.booleans())
scenes = st.builds(
    Scene,
    ramps=st.dictionaries(st.sampled_from("abc"), st.builds(Ramp, numbers, numbers, triples, numbers, st.booleans()), max_size=3),
    light=st.builds(Light, directions, st.sampled_from(["camera", "world"]), st.floats(1, 45)),
    clips=st.builds(Clips, st.booleans(), parts, parts, parts, st.lists(planes, max_size=6).map(tuple)),
    slices=st.builds(Slices, *[st.none() | between] * 3, between),
    contrast=st.none() | st.tuples(numbers, numbers),
    together=st.none() | st.builds(Ramp),
    region=st.none() | st.just(Region((0, 0, 0), (2, 2, 2))),
)


def side(camera: Camera, other: Camera) -> float:
    """Return the angle between two orientations in degrees."""
    dot = abs(float(np.dot(camera.orientation, other.orientation)))
    return math.degrees(2 * math.acos(min(1.0, dot)))


@settings(max_examples=50)
@given(scenes, scenes, cameras, cameras, between)
def test_whatever_is_mixed_is_a_view_and_ends_are_exact(a: Scene, b: Scene, one: Camera, other: Camera, t: float) -> None:
    assert scene_between(a, b, 0.0, (one, other)) == a
    assert scene_between(a, b, 1.0, (one, other)) == b
    assert camera_between(one, other, 0.0) == one
    assert camera_between(one, other, 1.0) == other
    assert len(scene_between(a, b, t, (one, other), BOUNDS).clips.planes) <= 6
    mixed, camera = scene_between(a, b, t, (one, other)), camera_between(one, other, t)
    assert from_json(Scene, json.loads(json.dumps(to_json(mixed)))) == mixed
    assert math.isclose(math.hypot(*camera.orientation), 1.0, rel_tol=1e-9)
    assert np.isfinite([camera.distance, camera.height, *camera.target_xyz]).all()
    assert camera.height > 0


@settings(max_examples=50)
@given(cameras, cameras)
def test_it_turns_the_shortest_way_evenly(a: Camera, b: Camera) -> None:
    whole = side(a, b)
    ways = [side(a, camera_between(a, b, t)) for t in (0.25, 0.5, 0.75)]
    assert ways == pytest.approx([0.25 * whole, 0.5 * whole, 0.75 * whole], abs=1e-3)


def test_turns_of_more_than_half_a_circle_go_round_the_other_side() -> None:
    quarter = slerp((1.0, 0.0, 0.0, 0.0), Camera().turned((0.0, 1.0, 0.0), 270.0).orientation, 0.5)
    assert np.allclose(np.abs(np.dot(quarter, Camera().turned((0.0, 1.0, 0.0), -45.0).orientation)), 1.0)
    # -q turns as q does: the numbers must not decide the way.
    same = CAMERA.orientation
    w, x, y, z = (-v for v in same)
    assert abs(np.dot(slerp(same, (w, x, y, z), 0.5), same)) == pytest.approx(1.0)


def test_opposite_sides_have_a_middle() -> None:
    a, b = Camera(), Camera().seen_from("back")
    middle = camera_between(a, b, 0.5)
    assert side(a, middle) == pytest.approx(90.0)
    assert side(middle, b) == pytest.approx(90.0)
    lights = Scene(light=Light((0.0, 0.0, 1.0))), Scene(light=Light((0.0, 0.0, -1.0)))
    found = np.array([scene_between(*lights, t, (a, b)).light.direction_xyz for t in (0.25, 0.5, 0.75)])
    assert found[:, 2] == pytest.approx([math.sqrt(0.5), 0.0, -math.sqrt(0.5)])


def test_a_zoom_has_even_speed_and_never_turns_back() -> None:
    near = replace(CAMERA, distance=100.0, target_xyz=(0.0, 0.0, 0.0))
    heights = np.array([camera_between(CAMERA, near, t).height for t in STEPS])
    assert (np.diff(heights) < 0).all()
    assert np.allclose(heights[1:] / heights[:-1], (1 / 8) ** 0.01)
    targets = np.array([camera_between(CAMERA, near, t).target_xyz for t in STEPS])
    assert np.allclose(np.diff(targets, axis=0), -np.array([10.0, 20.0, 30.0]) / 100)


@pytest.mark.parametrize("height", [600.0, 100.0])
def test_perspective_becomes_orthographic_without_a_jump(height: float) -> None:
    flat = replace(CAMERA, orthographic_height=height)
    heights = np.array([camera_between(CAMERA, flat, t).height for t in STEPS])
    assert np.allclose(heights, CAMERA.height ** (1 - STEPS) * height**STEPS)
    corner = (70.0, -40.0, 120.0)
    places = np.array([camera_between(CAMERA, flat, t).project(corner)[:2] for t in STEPS])
    jumps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert jumps[-1] < 2 * np.median(jumps) + 1e-3
    assert camera_between(flat, CAMERA, 0.3).height == pytest.approx(camera_between(CAMERA, flat, 0.7).height)


def test_what_can_be_mixed_is_and_the_rest_switches_at_the_later_keyframe() -> None:
    half = scene_between(SCENE, THERE, 0.5, (CAMERA, OTHER))
    assert half.ramps["membrane"].low == pytest.approx(0.4)
    assert half.ramps["membrane"].high == pytest.approx(0.9)
    assert half.ramps["membrane"].color == pytest.approx((0.85, 0.35, 0.35))
    assert half.clips.z == pytest.approx((0.2, 0.75))
    assert half.light.size == pytest.approx(19.0)
    assert half.exposure == pytest.approx(1.0)
    assert half.raw.low == pytest.approx(-0.5)
    for name in ("cleaning", "mode", "region"):
        assert getattr(half, name) == getattr(SCENE, name)
    assert half.stored == SCENE.stored
    assert half.clips.planes == ()
    small = replace(SCENE, region=Region((0, 0, 0), (2, 2, 2)))
    assert scene_between(small, THERE, 0.5, (CAMERA, OTHER)).region == small.region


def test_what_appears_fades_in_and_what_goes_fades_out() -> None:
    views = [scene_between(SCENE, THERE, t, (CAMERA, OTHER)) for t in (0.01, 0.5, 0.99)]
    assert [v.ramps["lumen"].opacity for v in views] == pytest.approx([0.03, 1.5, 2.97])
    assert all(v.ramps["lumen"].visible and v.ramps["spikes"].visible for v in views)
    assert [v.ramps["spikes"].opacity for v in views] == pytest.approx([0.495, 0.25, 0.005])
    assert [v.shadow.strength for v in views] == pytest.approx([0.9405, 0.475, 0.0095])
    assert [v.slices.opacity for v in views] == pytest.approx([0.008, 0.4, 0.792])
    assert all(v.slices.z == 0.25 for v in views)


def test_classes_are_cleaned_once_between_two_keyframes() -> None:
    dusty = replace(SCENE, cleaning={"membrane": Cleaning(dust=5.0), "spikes": Cleaning(smooth=2.0)})
    later = dusty.with_ramp("membrane", low=0.5)
    assert later.cleans != dusty.cleans
    assert all(scene_between(dusty, later, t, (CAMERA, CAMERA)).cleans == dusty.cleans for t in (0.3, 0.999))


def test_a_light_that_is_let_go_of_does_not_jump() -> None:
    def towards(scene: Scene, camera: Camera) -> np.ndarray:
        direction = np.asarray(scene.light.direction_xyz) / np.linalg.norm(scene.light.direction_xyz)
        return camera.axes_xyz.T @ direction if scene.light.fixed_to == "camera" else direction

    for a, b in ((SCENE, THERE), (THERE, SCENE)):
        nearly = 1 - 1e-6
        last = towards(scene_between(a, b, nearly, (CAMERA, OTHER)), camera_between(CAMERA, OTHER, nearly))
        assert np.allclose(last, towards(b, OTHER), atol=1e-4)
        assert scene_between(a, b, nearly, (CAMERA, OTHER)).light.fixed_to == a.light.fixed_to


@pytest.mark.parametrize("easing", EASINGS)
def test_easing_begins_and_ends_where_it_should_and_never_turns_back(easing: str) -> None:
    way = np.array([eased(t, easing) for t in STEPS])
    assert way[0] == 0.0
    assert way[-1] == 1.0
    assert (np.diff(way) >= 0).all()
    slopes = np.diff(way)[[0, -1]] < 0.002
    assert list(slopes) == {"linear": [0, 0], "ease": [1, 1], "ease-in": [1, 0], "ease-out": [0, 1], "hold": [1, 0]}[easing]


def test_every_keyframe_is_met_exactly_and_held_before_and_after() -> None:
    keyframes = in_order([Keyframe(4.0, OTHER, THERE), Keyframe(1.0, CAMERA, SCENE, "linear"), Keyframe(6.0, CAMERA, SCENE, "hold")])
    for seconds, keyframe in ((0.0, 0), (1.0, 0), (4.0, 1), (6.0, 2), (9.0, 2)):
        assert view_at(keyframes, seconds) == (keyframes[keyframe].scene, keyframes[keyframe].camera)
    assert view_at(keyframes, 2.5)[0].exposure == pytest.approx(1.0)
    cut = in_order([Keyframe(0.0, CAMERA, SCENE, "hold"), Keyframe(2.0, OTHER, SCENE), Keyframe(2.0, CAMERA, THERE)])
    assert view_at(cut, 1.999) == (SCENE, CAMERA)
    assert view_at(cut, 2.0) == (THERE, CAMERA)
    with pytest.raises(ValueError, match="keyframes"):
        view_at((), 0.0)


def test_classes_found_after_a_keyframe_was_made_look_as_they_do_now() -> None:
    before, after = Keyframe(0.0, CAMERA, Scene(exposure=1.0)), Keyframe(1.0, CAMERA, SCENE.with_ramp("membrane", low=0.7))
    first, second = completed((before, after), SCENE)
    assert first.scene == replace(SCENE, exposure=1.0)
    assert second is after


@pytest.mark.parametrize(("degrees", "axis"), [(360.0, "vertical"), (-720.0, "z"), (90.0, "x"), (200.0, "horizontal")])
def test_a_turntable_turns_evenly_and_shows_no_picture_twice(degrees: float, axis: str) -> None:
    keyframes = Turntable(degrees, 3.0, axis).keyframes(SCENE, CAMERA)
    shown = [camera for _, camera in views(keyframes, 16)]
    assert len(shown) == 48
    closed = degrees % 360 == 0
    assert loops(keyframes) == closed
    steps = [side(a, b) for a, b in pairwise([*shown, shown[0]] if closed else shown)]
    assert steps == pytest.approx([abs(degrees) / (48 if closed else 47)] * len(steps), abs=1e-4)
    about = {"vertical": CAMERA.axes_xyz[1], "horizontal": CAMERA.axes_xyz[0], "x": np.eye(3)[0], "z": np.eye(3)[2]}[axis]
    turn = CAMERA.turned(tuple(float(v) for v in about), math.copysign(steps[0], degrees))
    assert side(shown[1], turn) == pytest.approx(0.0, abs=1e-4)
    assert all(camera.target_xyz == CAMERA.target_xyz and camera.distance == pytest.approx(CAMERA.distance) for camera in shown)


def test_rocking_is_a_pendulum() -> None:
    keyframes = Rocking(25.0, 2.0, 5.9).keyframes(SCENE, CAMERA)
    assert length(keyframes) == pytest.approx(5.9)
    assert loops(keyframes)
    assert len(moments(keyframes, 20)) == 118
    up = tuple(float(v) for v in CAMERA.axes_xyz[1])
    for seconds in np.linspace(0, 5.9, 60):
        angle = 25.0 * math.sin(2 * math.pi * 3 * seconds / 5.9)
        assert side(view_at(keyframes, seconds)[1], CAMERA.turned(up, angle)) == pytest.approx(0.0, abs=1e-3)
    with pytest.raises(VolvizError, match="89 degrees"):
        Rocking(120.0)


def test_a_peel_takes_away_ever_more_and_comes_back() -> None:
    keyframes = Peel("y", 4.0).keyframes(SCENE, CAMERA)
    high = [scene.clips.y[1] for scene, _ in views(keyframes, 10)]
    assert loops(keyframes)
    assert high[0] == 1.0
    assert min(high) == pytest.approx(0.02)
    assert (np.diff(high[:20]) < 0).all()
    assert (np.diff(high[21:]) > 0).all()
    boxed = replace(SCENE, clips=Clips(x=(0.2, 0.4), z=(0.2, 0.8)))
    slab = Peel("z", 4.0, upward=True, thickness=0.1, back=False).keyframes(boxed, CAMERA)
    parts = [scene.clips.z for scene, _ in views(slab, 10)]
    assert parts[0] == pytest.approx((0.2, 0.3))
    assert parts[-1] == pytest.approx((0.7, 0.8))
    assert [b - a for a, b in parts] == pytest.approx([0.1] * 40)
    assert all(scene.clips.x == (0.2, 0.4) for scene, _ in views(slab, 10))
    with pytest.raises(VolvizError, match="between 0 and 1"):
        Peel(thickness=2.0)


BOUNDS = np.array([-100.0, -100.0, -50.0]), np.array([100.0, 300.0, 50.0])


def sight(scene: Scene, camera: Camera) -> tuple[float, float]:
    """Return how near to the eye and how far from it, along the line of sight, anything of the volume is left."""
    points = np.array(np.meshgrid(*(np.linspace(a, b, 40) for a, b in zip(*BOUNDS, strict=True)))).reshape(3, -1).T
    for *normal, offset in scene.clips.half_spaces:
        points = points[points @ normal <= offset + 1e-9]
    away = (points - camera.eye_xyz) @ -camera.axes_xyz[2]
    return (float(away.min()), float(away.max())) if len(away) else (math.nan, math.nan)


def test_a_peel_along_the_line_of_sight_goes_from_the_eye_through_everything() -> None:
    nearest, farthest = sight(SCENE, CAMERA)
    keyframes = Peel("view", 4.0).keyframes(SCENE, CAMERA, BOUNDS)
    assert loops(keyframes)
    shown = [sight(scene, CAMERA) for scene, _ in views(keyframes, 10, BOUNDS)][:21]
    assert shown[0] == pytest.approx((nearest, farthest))
    near = np.array(shown)[:, 0]
    assert (np.diff(near) > 0).sum() >= 18  # slow at the ends: the points that are counted are not endless
    assert (np.diff(near) >= 0).all()
    assert near[-1] > farthest - 0.1 * (farthest - nearest)
    assert all(far == pytest.approx(farthest) for _, far in shown)
    slab = Peel("view", 4.0, upward=True, thickness=0.2, back=False).keyframes(SCENE, CAMERA, BOUNDS)
    depths = np.array([sight(scene, CAMERA) for scene, _ in views(slab, 10, BOUNDS)])
    assert depths[0, 1] == pytest.approx(farthest)
    assert depths[-1, 0] == pytest.approx(nearest)
    assert (np.nanmax(depths[:, 1] - depths[:, 0])) <= 0.2 * (farthest - nearest) + 1e-6
    full = replace(SCENE, clips=Clips(planes=(Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),) * 6))
    with pytest.raises(VolvizError, match="6 cutting planes"):
        Peel("view").keyframes(full, CAMERA, BOUNDS)


@pytest.mark.parametrize("off", ["absent", "off", "no clips"])
@pytest.mark.parametrize("way", [1, -1])
def test_a_plane_that_is_at_one_keyframe_only_comes_in_from_outside(off: str, way: int) -> None:
    plane = Plane((0.0, 40.0, 0.0), (0.0, 1.0, 0.0))
    cut = replace(SCENE, clips=Clips(planes=(plane,)))
    none = {"absent": Clips(), "off": Clips(planes=(replace(plane, on=False),)), "no clips": Clips(on=False, planes=(plane,))}[off]
    pair = (replace(SCENE, clips=none), cut)[::way]
    left = []
    for t in (1e-9, 0.25, 0.5, 0.75, 1 - 1e-9)[::way]:
        rows = scene_between(*pair, t, (CAMERA, CAMERA), BOUNDS).clips.half_spaces
        assert rows[0, :3] == pytest.approx((0.0, 1.0, 0.0))
        left.append(rows[0, 3])
    assert left == pytest.approx([300.0, 235.0, 170.0, 105.0, 40.0])  # y, in angstrom, evenly
    assert scene_between(*pair, 0.0, (CAMERA, CAMERA), BOUNDS) == pair[0]
    assert scene_between(*pair, 1.0, (CAMERA, CAMERA), BOUNDS) == pair[1]


def test_a_video_begins_and_ends_with_its_keyframes_unless_it_loops() -> None:
    keyframes = (Keyframe(0.0, CAMERA, SCENE), Keyframe(2.0, OTHER, SCENE))
    shown = views(keyframes, 15)
    assert len(shown) == 30
    assert (shown[0][1], shown[-1][1]) == (CAMERA, OTHER)
    assert not loops(keyframes)
    closed = (*keyframes, Keyframe(4.0, CAMERA, SCENE))
    assert loops(closed)
    assert len(views(closed, 15)) == 60
    assert views(closed, 15)[-1][1] != CAMERA
    assert not loops((*keyframes, Keyframe(4.0, CAMERA, THERE)))
    assert views((Keyframe(0.0, CAMERA, SCENE),), 30) == [(SCENE, CAMERA)]


def test_sessions_from_before_easing_open_gently() -> None:
    stored = to_json(Project(animation=(Keyframe(1.0, CAMERA, SCENE, "hold"),)))
    del stored["animation"][0]["easing"]
    assert from_json(Project, stored).animation == (Keyframe(1.0, CAMERA, SCENE, "ease"),)
