"""Planes of density in the volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, front, of_classes, plain, virion
from tests.render.test_closed_forms import SIZE, rays
from volviz.core.camera import Camera
from volviz.core.cuts import Clips
from volviz.core.density import lowpassed_contrast
from volviz.core.grid import Region
from volviz.core.guides import Guides, Slices
from volviz.core.scene import RawLook
from volviz.core.volume import Volume
from volviz.render.passes.light import LightVolume
from volviz.render.renderer import Renderer


def linear(shown: np.ndarray) -> np.ndarray:
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("invert", [False, True])
def test_a_plane_shows_the_density_of_the_file_where_it_is(renderer: Renderer, invert: bool) -> None:
    volume, classes = of_classes(np.zeros((32, 32, 32), np.float32))
    z, y, x = np.meshgrid(*[np.linspace(-1.5, 1.5, 32)] * 3, indexing="ij")
    volume = Volume(volume.grid, (5 + x + 0.5 * y + z**2).astype(np.float32))
    scene = plain(classes, raw=RawLook(invert=invert, multiply=False, lowpass=0.0), slices=Slices(z=8 / 32))
    renderer.load(volume, classes)
    camera = replace(front(volume.grid), orthographic_height=320.0)
    seen = renderer.image(scene, camera, (64, 64), samples=1).astype(float)
    assert np.ptp(seen[..., :3], axis=-1).max() <= 1
    scale = lowpassed_contrast(volume, 0.0, invert)
    plane = (np.asarray(volume.data)[7] + np.asarray(volume.data)[8]) / 2
    grey = 255 * np.clip(((plane - scale.mean) / scale.deviation + 3) / 6, 0, 1)
    # The middle of every voxel is the corner that four pixels share; rows of the picture go down, y goes up.
    shared = sum(seen[a : 62 + a : 2, b : 62 + b : 2, 0] for a in (0, 1) for b in (0, 1)) / 4
    assert np.abs(shared - grey[::-1][:31, :31]).max() < 2.5
    assert np.ptp(grey) > 90


@pytest.mark.parametrize("orthographic", [False, True])
@pytest.mark.parametrize("opacity", [1.0, 0.6])
def test_planes_lie_between_what_is_before_and_what_is_behind_them(renderer: Renderer, orthographic: bool, opacity: float) -> None:
    volume, classes = of_classes(np.ones((20, 24, 28), np.float32))
    volume = replace(volume, data=np.zeros(volume.grid.shape, np.float32))  # of one grey
    renderer.load(volume, classes)
    clips = Clips(y=(0.3, 1.0))
    slices = Slices(x=0.3, y=0.45, z=0.6, opacity=opacity, contrast=(-1.0, 3.0))
    camera = Camera.framing(volume.grid)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    seen = renderer.image(plain(classes, 0.02, clips=clips, slices=slices), camera, SIZE, transparent=True, samples=1) / 255
    low, high = volume.grid.bounds_xyz
    extent = high - low
    matter, grey = linear(np.array([0.8, 0.6, 0.4])), linear(np.array([0.25]))
    worst = []
    for row, column, start, direction in rays(camera):
        whole, left = Clips().span(volume.grid, start, direction), clips.span(volume.grid, start, direction)
        if whole is None:
            assert seen[row, column, 3] <= 1 / 255
            continue
        near, far = left or (whole[0], whole[0])
        hits = sorted(t for t in (low + extent * [0.3, 0.45, 0.6] - start) / direction if whole[0] < t < whole[1])
        color, through, at = np.zeros(3), 1.0, near
        for t in [*hits, np.inf]:
            end = max(at, min(t, far))
            passes = np.exp(-0.02 * (end - at) / 10)
            color, through, at = color + through * (1 - passes) * matter, through * passes, end
            if t < np.inf:
                color, through = color + through * opacity * grey, through * (1 - opacity)
        # Not where a plane ends within the pixel.
        if all(abs(t - edge) > 25 for t in (low + extent * [0.3, 0.45, 0.6] - start) / direction for edge in whole):
            wanted = np.array([*srgb(color / max(1 - through, 1e-6)), 1 - through])
            worst.append(np.abs(seen[row, column] - wanted).max())
    assert len(worst) > 400
    assert max(worst) < 3 / 255


def test_every_way_of_drawing_has_the_same_planes(gl: None) -> None:
    volume, classes = virion(40)
    scene = replace(bare_scene(volume, classes), slices=Slices(x=0.5, z=0.4, opacity=0.8), clips=Clips(y=(0.0, 0.6)))
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    pictures = []
    for rest in ({}, {"skip": False}, {"entry": "compute"}):
        renderer = Renderer(**rest)
        renderer.load(volume, classes)
        pictures.append(renderer.image(scene, camera, (120, 90), samples=2).astype(int))
        if not rest:
            tiled = renderer.image(scene, camera, (120, 90), samples=2, tile=38).astype(int)
            assert np.abs(tiled - pictures[0]).max() <= 1
            without = renderer.image(replace(scene, slices=Slices()), camera, (120, 90), samples=2).astype(int)
            assert np.abs(without - pictures[0]).mean() > 10
        renderer.release()
    assert (pictures[0] == pictures[1]).all()
    assert np.abs(pictures[0] - pictures[2]).max() <= 1


def test_moving_a_plane_renews_no_light(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, classes = virion(24)
    renderer.load(volume, classes)
    scene, camera = bare_scene(volume, classes), Camera.framing(volume.grid)
    renderer.image(scene, camera, SIZE, samples=1)
    monkeypatch.setattr(LightVolume, "renew_extinction", lambda self: pytest.fail("the light was renewed"))
    a = renderer.image(replace(scene, slices=Slices(x=0.2)), camera, SIZE, samples=1).astype(int)
    b = renderer.image(replace(scene, slices=Slices(x=0.7)), camera, SIZE, samples=1).astype(int)
    assert np.abs(a - b).mean() > 3


def test_a_region_alone_keeps_planes_cuts_and_box_where_they_are_in_space(renderer: Renderer) -> None:
    volume, classes = virion(40)
    scene = replace(plain(classes, 0.3), slices=Slices(z=0.4), clips=Clips(x=(0.0, 0.6), y=(0.1, 0.9)), guides=Guides(box=True))
    camera = replace(Camera.framing(volume.grid), orthographic_height=500.0)
    region = Region((0, 0, 8), (40, 40, 36))
    renderer.load(volume, classes)
    whole = renderer.image(replace(scene, guides=Guides()), camera, SIZE, samples=1).astype(int)
    alone = renderer.image(replace(scene, guides=Guides(), region=region), camera, SIZE, samples=1).astype(int)
    inside = np.array([Clips().span(volume.grid.crop(region), *ray[2:]) is not None for ray in rays(camera)]).reshape(SIZE)
    assert (alone[~inside][:, :3] == 0).all()
    assert np.median(np.abs(whole - alone)[inside]) <= 1  # but where what was left out was in front
    far = replace(scene, slices=Slices(x=0.95), guides=Guides())
    bare = replace(far, slices=Slices())
    seen = [renderer.image(replace(s, region=region), camera, SIZE, samples=1).astype(int) for s in (far, bare)]
    assert (seen[0] == seen[1]).all()  # this plane is not in the region
    boxed = renderer.image(replace(scene, region=region), camera, SIZE, samples=1).astype(int)
    moved = np.abs(boxed - alone).max(axis=-1) > 20
    assert moved.any()
    assert not moved[~_grown(inside)].any()


def _grown(mask: np.ndarray) -> np.ndarray:
    out = mask.copy()
    for dy in (-2, -1, 0, 1, 2):
        for dx in (-2, -1, 0, 1, 2):
            out |= np.roll(mask, (dy, dx), axis=(0, 1))
    return out


def test_planes_meet_in_a_point() -> None:
    volume, _ = of_classes(np.zeros((10, 20, 40), np.float32))
    low, high = volume.grid.bounds_xyz
    moved = Slices(x=0.1, z=0.9).through(volume.grid, tuple(low + (high - low) * [0.25, 0.5, 2.0]))
    assert moved == Slices(x=0.25, z=1.0)
