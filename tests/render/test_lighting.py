"""Light does what light does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.render.conftest import axes, bare_scene, brightness, front, of_classes, plain, virion
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Plane
from volviz.core.scene import Bloom, Light, Occlusion, Scene, Shadow
from volviz.render.renderer import Renderer

SIZE = (96, 96)


def test_a_pit_is_darker_than_a_ridge(renderer: Renderer) -> None:
    z, _, x = axes(48)
    height = -4.0 + 9 * np.exp(-(((x - 12) / 3) ** 2)) - 9 * np.exp(-(((x + 12) / 3) ** 2))
    volume, classes = of_classes(np.clip(height - z + 0.5, 0, 1))
    renderer.load(volume, classes)
    scene = plain(classes, 1.0, light=Light((0.0, 0.0, 1.0), intensity=1.0), occlusion=Occlusion(radius=8.0))
    for quality in ("cached", "exact"):
        picture = brightness(renderer.image(scene, front(volume.grid), SIZE, quality=quality, samples=1))
        middle = picture[40:56].mean(axis=0)
        column = [round(96 * (x / 48 / 1.04 + 0.5)) for x in (-12, 0, 12)]
        pit, flat, ridge = (middle[c - 2 : c + 2].mean() for c in column)
        assert pit + 12 < flat < ridge - 4, (quality, pit, flat, ridge)


def ball_over_floor():
    z, y, x = axes(48)
    ball = np.clip(6 - np.sqrt(x**2 + y**2 + (z - 6) ** 2), 0, 1)
    floor = np.clip(-10 - z, 0, 1)
    return of_classes(np.maximum(ball, floor))


def shadow_centre(renderer: Renderer, light: Light, camera: Camera, scene: Scene, quality: str = "cached") -> np.ndarray:
    """Return where the light that a shadow takes away is, right and up from the middle, in pixels."""
    dark = renderer.image(replace(scene, light=light, shadow=Shadow(strength=0.9, reach=60.0)), camera, SIZE, quality=quality, samples=1)
    lit = renderer.image(replace(scene, light=light), camera, SIZE, samples=1)
    lost = np.maximum(0, brightness(lit) - brightness(dark) - 40)
    assert lost.max() > 40
    row, column = np.indices(lost.shape)
    return np.array([(lost * (column - 47.5)).sum(), -(lost * (row - 47.5)).sum()]) / lost.sum()


@pytest.mark.parametrize("quality", ["cached", "exact"])
def test_the_shadow_falls_away_from_the_light(renderer: Renderer, quality: str) -> None:
    volume, classes = ball_over_floor()
    renderer.load(volume, classes)
    scene, camera = plain(classes, 2.0), front(volume.grid)
    right = shadow_centre(renderer, Light((-1.0, 0.0, 1.2), intensity=1.0), camera, scene, quality)
    assert right[0] > 10
    assert abs(right[1]) < 3
    down = shadow_centre(renderer, Light((0.0, 1.0, 1.2), intensity=1.0), camera, scene, quality)
    assert down[1] < -10
    assert abs(down[0]) < 3


def test_a_camera_fixed_light_stays_and_a_world_fixed_one_turns_with_the_volume(renderer: Renderer) -> None:
    volume, classes = ball_over_floor()
    renderer.load(volume, classes)
    scene, camera = plain(classes, 2.0), front(volume.grid)
    turned = camera.rolled(90.0)  # what is seen turns clockwise by a quarter
    light = Light((-1.0, 0.0, 1.2), intensity=1.0)
    assert shadow_centre(renderer, light, turned, scene)[0] > 10
    world = shadow_centre(renderer, replace(light, fixed_to="world"), turned, scene)
    point = camera.project(volume.grid.center_xyz + np.array([150.0, 0.0, 0.0]))  # where the shadow lies in space
    assert point[0] > 0.2
    there = turned.project(volume.grid.center_xyz + np.array([150.0, 0.0, 0.0]))[:2]
    assert np.dot(world / np.linalg.norm(world), there / np.linalg.norm(there)) > 0.95


def test_a_larger_light_makes_a_softer_shadow(renderer: Renderer) -> None:
    volume, classes = ball_over_floor()
    renderer.load(volume, classes)
    scene, camera = plain(classes, 2.0, shadow=Shadow(strength=1.0, reach=60.0)), front(volume.grid)
    for quality in ("cached", "exact"):
        profiles = []
        for size in (3.0, 25.0):
            light = Light((-1.0, 0.0, 1.0), size=size, intensity=1.0)
            picture = renderer.image(replace(scene, light=light), camera, SIZE, quality=quality, samples=2)
            profiles.append(brightness(picture)[46:50, 60:94].mean(axis=0))
        small, large = (profile.max() - profile for profile in profiles)
        assert small.max() > large.max() + 5  # the umbra grows pale
        assert np.abs(np.diff(small)).max() > 1.3 * np.abs(np.diff(large)).max()  # and its edge soft


@pytest.fixture
def scene_of_virion(renderer: Renderer) -> tuple[Scene, Camera]:
    volume, classes = virion()
    renderer.load(volume, classes)
    return bare_scene(volume, classes), Camera.framing(volume.grid).zoomed(1.6)


@pytest.mark.parametrize(
    ("stage", "off", "brighter"),
    [
        ("occlusion", Occlusion(on=False), True),
        ("shadow", Shadow(on=False), True),
        ("bloom", Bloom(on=False), False),
    ],
)
def test_every_stage_is_seen(renderer: Renderer, scene_of_virion, stage: str, off, brighter: bool) -> None:
    scene, camera = scene_of_virion
    object_ = renderer.image(scene, camera, SIZE, transparent=True)[..., 3] > 128
    change = brightness(renderer.image(replace(scene, **{stage: off}), camera, SIZE)) - brightness(renderer.image(scene, camera, SIZE))
    change = change if brighter else -change
    assert (change[object_] >= 8).mean() >= 0.05
    assert (change[object_] <= -4).mean() < 0.01


def test_nothing_is_a_black_hole(renderer: Renderer, scene_of_virion) -> None:
    scene, camera = scene_of_virion
    object_ = renderer.image(scene, camera, SIZE, transparent=True)[..., 3] > 250
    lit = brightness(renderer.image(replace(scene, shadow=Shadow(on=False), occlusion=Occlusion(on=False)), camera, SIZE))
    deepest = replace(scene, shadow=Shadow(strength=1.0), occlusion=Occlusion(strength=1.0))
    assert (brightness(renderer.image(deepest, camera, SIZE))[object_] > 0.1 * lit[object_]).all()


def test_bloom_spreads_from_what_is_bright_and_keeps_its_energy(renderer: Renderer) -> None:
    ball = np.clip(5 - np.sqrt(sum(a**2 for a in axes(32))), 0, 1)
    volume, classes = of_classes(ball)
    renderer.load(volume, classes)
    camera = front(volume.grid)
    dark = plain(classes, 3.0).with_ramp("class 1", color=(0.9, 0.9, 0.9))
    off = renderer.image(dark, camera, SIZE).astype(int)
    on = renderer.image(replace(dark, bloom=Bloom(threshold=0.5, strength=0.5, radius=0.1)), camera, SIZE).astype(int)
    near, far = (slice(46, 50), slice(30, 32)), (slice(0, 4), slice(0, 4))
    assert off[near].max() == 255 == off[near][..., 3].max()
    assert (on[near][..., :3] > off[near][..., :3] + 20).all()
    assert np.abs(on[far] - off[far]).max() <= 2
    below = renderer.image(replace(dark, bloom=Bloom(threshold=1.0, strength=0.5)), camera, SIZE).astype(int)
    assert np.abs(below - off).max() <= 1


def test_exposure_is_more_light_for_the_bloom_too(renderer: Renderer) -> None:
    ball = np.clip(5 - np.sqrt(sum(a**2 for a in axes(32))), 0, 1)
    volume, classes = of_classes(ball)
    renderer.load(volume, classes)
    dim = plain(classes, 3.0, bloom=Bloom(threshold=0.5, strength=0.5, radius=0.1)).with_ramp("class 1", color=(0.6, 0.6, 0.6))
    bright = replace(dim, light=replace(dim.light, intensity=2.0))
    pictures = [renderer.image(s, front(volume.grid), SIZE).astype(int) for s in (replace(dim, exposure=1.0), bright, dim)]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    glow = (slice(42, 44), slice(31, 33))  # beside the ball
    assert (pictures[1][glow] > pictures[2][glow] + 10)[..., :3].all()


def test_the_light_of_a_cut_follows_it_by_less_than_a_voxel(renderer: Renderer) -> None:
    # A thin fog over a floor that is lit from above is cut thinner and thinner: with every quarter of a voxel more light comes.
    z, _, _ = axes(40)
    fog, floor = ((z > 0) & (z < 8)).astype(np.float32), (z < -8).astype(np.float32)
    volume, classes = of_classes(fog, floor)
    renderer.load(volume, classes)
    light = Light((0.0, 0.0, 1.0), fixed_to="world", size=2.0, intensity=1.0)
    scene = plain(classes, 3.0, light=light, shadow=Shadow(strength=1.0)).with_ramp("class 1", opacity=0.4)
    camera = replace(Camera.framing(volume.grid, view="right"), orthographic_height=400.0)
    seen = []
    for ends in (22.0, 22.25, 22.5, 22.75, 23.0):
        picture = renderer.image(replace(scene, clips=Clips(z=(0.0, ends / 40))), camera, (80, 80), samples=1)
        seen.append(brightness(picture)[20:60, 56:66].mean())  # of the floor, from the side
    steps = -np.diff(seen)
    assert steps.sum() > 4
    assert (steps > 0.15 * steps.sum()).all()


def test_extinction_is_averaged_as_its_definition_says(renderer: Renderer) -> None:
    # .r are means; .g lets through what the beams along the axes, a cell wide each, let through on average.
    rng = np.random.default_rng(8)
    data = (rng.random((64, 64, 64)) > 0.6).astype(np.float32)
    volume, classes = of_classes(np.kron(data[:32, :32, :32], np.ones((2, 2, 2), np.float32)))  # whole cells
    renderer.load(volume, classes)
    renderer.image(plain(classes, 0.4, shadow=Shadow()), front(volume.grid), (16, 16), samples=1)
    assert renderer._gpu is not None
    levels = [renderer._gpu.light._extinction.read(level).astype(np.float64) for level in range(4)]
    width = 2.0  # nm, of a cell
    for level, (fine, coarse) in enumerate(pairwise(levels)):
        eight = fine.reshape(coarse.shape[0], 2, coarse.shape[1], 2, coarse.shape[2], 2, 2).transpose(0, 2, 4, 1, 3, 5, 6)
        through = [np.exp(-(width * 2**level) * eight[..., 1].sum(axis=3 + axis)).mean(axis=(3, 4)) for axis in range(3)]
        effective = -np.log(np.mean(through, axis=0)) / (2 * width * 2**level)
        assert np.abs(coarse[..., 0] - eight[..., 0].mean(axis=(3, 4, 5))).max() < 1e-3
        assert np.abs(coarse[..., 1] - effective).max() < 1e-3
        assert (effective < coarse[..., 0] - 0.01).any()  # light finds the gaps


@pytest.mark.parametrize(
    "setting",
    [
        "clips.planes=210 200 200 1 0.3 0.2",
        "clips.z=0,0.6",
        "shadow.reach=8",
        "occlusion.radius=30",
        "light.size=40",
        "light.direction_xyz=1,0.2,0.3",
        "class 1.low=0.7",
        "class 1.high=0.4",
        "class 1.opacity=0.1",
        "class 2.negative=0.2,0.4,1",
    ],
)
def test_whatever_light_depends_on_renews_it(renderer: Renderer, setting: str) -> None:
    """A scene after another looks as it does at once, also where it is another in one thing alone."""
    z, y, x = axes(40)
    ball = np.clip(9 - np.sqrt(x**2 + y**2 + (z - 2) ** 2), 0, 1)
    shading = np.clip(5 - np.sqrt((x + 11) ** 2 + (y - 11) ** 2 + (z - 12) ** 2), 0, 1)
    below = np.clip(6 - np.sqrt((x + 8) ** 2 + (y + 9) ** 2 + (z - 8) ** 2), 0, 1)
    volume, classes = of_classes(ball, below)
    scores = np.rint(128 + 127 * np.stack([np.zeros_like(ball), np.maximum(ball, shading), -below])).astype(np.uint8)
    classes = replace(classes, data=scores, kind="score")
    scene = plain(
        classes, 0.4, light=Light(fixed_to="world", intensity=1.0), occlusion=Occlusion(radius=8.0, strength=1.0), shadow=Shadow()
    )
    scene = replace(scene, clips=Clips(planes=(Plane((250.0, 200.0, 200.0), (1.0, 0.3, 0.2)),)))
    other = scene.set(*setting.split("=", 1))
    camera = Camera.framing(volume.grid)
    renderer.load(volume, classes)
    before = renderer.image(scene, camera, (64, 64), samples=1).astype(int)
    after = renderer.image(other, camera, (64, 64), samples=1).astype(int)
    renderer.release()
    at_once = renderer.image(other, camera, (64, 64), samples=1).astype(int)
    assert np.abs(after - before).max() > 8
    assert np.abs(after - at_once).max() == 0
