"""Axes, box and scale bar: where they belong, true, and the same in every kind of picture."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import bare_scene, front, of_classes, plain, virion
from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.guides import Guides, Slices
from volviz.render.gl.target import Target
from volviz.render.renderer import Renderer
from volviz.render.strokes import MARGIN, drawing_of, scale_bar

SIZE = (160, 120)
ALL = Guides(axes=True, box=True, scale_bar=True)


def empty() -> tuple:
    return of_classes(np.zeros((16, 20, 24), np.float32))


@pytest.mark.parametrize("orthographic", [False, True])
@pytest.mark.parametrize("zoom", [0.013, 0.7, 1.0, 1.9, 53.0])
def test_a_scale_bar_is_as_long_as_it_says_in_the_plane_of_the_target(renderer: Renderer, orthographic: bool, zoom: float) -> None:
    volume, classes = empty()
    renderer.load(volume, classes)
    camera = Camera.framing(volume.grid).zoomed(zoom)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    length, text = scale_bar(camera, volume.grid, 4 / 3)
    number, unit = text.split()
    assert unit == "nm"
    assert float(number) * 10 == pytest.approx(length)
    assert round(float(number) / 10 ** math.floor(math.log10(float(number)) + 1e-9), 6) in {1, 2, 5}
    ends = np.asarray(camera.target_xyz) + np.outer([-0.5, 0.5], length * camera.axes_xyz[0])
    pixels = float(np.ptp(camera.project(ends)[:, 0])) * 480
    assert 0.08 * 640 < pixels < 0.23 * 640
    seen = renderer.image(plain(classes, guides=Guides(scale_bar=True)), camera, (640, 480), samples=1)[..., 0] / 255
    row = seen[480 - 1 - round(MARGIN * 480)]
    assert row.max() > 0.9
    assert row[: 640 - round(MARGIN * 480) - round(pixels) - 4].max() < 0.1
    assert (row / row.max()).sum() == pytest.approx(pixels, abs=1.5)


def test_without_a_known_voxel_size_the_bar_counts_voxels() -> None:
    grid = Grid((64, 64, 64), (2.0, 2.0, 2.0), voxel_size_known=False)
    length, text = scale_bar(Camera.framing(grid), grid, 1.5)
    number, unit = text.split()
    assert unit == "voxels"
    assert length == 2.0 * float(number)


@pytest.mark.parametrize("orthographic", [False, True])
def test_the_box_stands_where_the_camera_says_before_and_behind_what_is_in_it(renderer: Renderer, orthographic: bool) -> None:
    volume, classes = of_classes(np.ones((16, 20, 24), np.float32))
    renderer.load(volume, classes)
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    low, high = volume.grid.bounds_xyz
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    depth = camera.project(corners)[:, 2]
    nearest, farthest = corners[depth.argmin()], corners[depth.argmax()]
    seen = {}
    for name, opacity in (("empty", 1e-9), ("solid", 50.0)):
        scene = plain(classes, opacity, guides=Guides(box=True)).with_ramp("class 1", color=(0.0, 0.3, 0.0))
        picture = renderer.image(scene, camera, (320, 240), samples=1).astype(int)
        for end, corner in (("near", nearest), ("far", farthest)):
            for axis in range(3):
                other = np.where(np.arange(3) == axis, low + high - corner, corner)
                right, up, _ = camera.project(0.7 * corner + 0.3 * other)  # on an edge that ends in the corner
                at = (round(119.5 - up * 240), round(right * 240 + 159.5))
                seen[name, end, axis] = picture[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2, 0].max()
    for axis in range(3):
        assert seen["empty", "near", axis] > 100
        assert seen["solid", "near", axis] > 100  # before what fills the box
        assert 40 < seen["empty", "far", axis] < 0.8 * seen["empty", "near", axis]  # dimmer
        assert seen["solid", "far", axis] < 10  # hidden by it


def test_a_box_around_the_camera_is_seen_as_far_as_it_is_before_it(renderer: Renderer) -> None:
    volume, classes = empty()
    renderer.load(volume, classes)
    camera = replace(Camera.framing(volume.grid), distance=5.0)
    strokes = drawing_of(plain(classes, guides=Guides(box=True)), camera, volume.grid, SIZE).strokes
    assert 0 < len(strokes) < 12
    assert all(stroke.behind for stroke in strokes)
    assert np.isfinite([[*s.start, *s.end] for s in strokes]).all()
    assert renderer.image(plain(classes, guides=Guides(box=True)), camera, SIZE, samples=1)[..., 0].max() > 40


@pytest.mark.parametrize("view", ["front", "left", "top", None])
def test_axes_point_where_the_world_does(view: str | None) -> None:
    volume, classes = empty()
    camera = Camera.framing(volume.grid, view=view)
    drawing = drawing_of(plain(classes, guides=Guides(axes=True)), camera, volume.grid, SIZE)
    arms = {word.text: stroke for word, stroke in zip(drawing.words, drawing.strokes[3:], strict=True)}
    backs = []
    for name, axis in zip("xyz", np.eye(3), strict=True):
        there = camera.project(np.asarray(camera.target_xyz) + axis) - camera.project(np.asarray(camera.target_xyz))
        arm = np.subtract(arms[name].end, arms[name].start)
        assert arm @ there[:2] >= 0.99 * np.linalg.norm(arm) * np.linalg.norm(there[:2]) - 1e-3
        backs.append((list(arms).index(name), -there[2]))
    assert [b for _, b in sorted(backs)] == sorted(b for _, b in backs)  # what points at the camera is drawn last


@pytest.mark.parametrize("transparent", [False, True])
def test_guides_in_tiles_are_those_of_the_whole(renderer: Renderer, transparent: bool) -> None:
    volume, classes = virion(24)
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), guides=ALL)
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    whole = renderer.image(scene, camera, SIZE, transparent=transparent, samples=1).astype(int)
    tiled = renderer.image(scene, camera, SIZE, transparent=transparent, samples=1, tile=38).astype(int)
    bare = renderer.image(replace(scene, guides=Guides()), camera, SIZE, transparent=transparent, samples=1).astype(int)
    assert np.abs(whole - bare).max() > 100
    # Where next to nothing is seen, bytes of straight colour are coarse.
    assert (np.abs(whole - tiled) * np.maximum(whole[..., 3:], 1) / 255).max() <= 2


def test_guides_take_the_same_part_of_a_picture_of_any_size(renderer: Renderer) -> None:
    volume, classes = empty()
    renderer.load(volume, classes)
    scene, camera = plain(classes, guides=replace(ALL, size=2.0)), Camera.framing(volume.grid, aspect=4 / 3)
    small = renderer.image(scene, camera, (640, 480), samples=1)[..., :3].astype(float)
    large = renderer.image(scene, camera, (1280, 960), samples=1)[..., :3].astype(float)
    shrunk = large.reshape(480, 2, 640, 2, 3).mean(axis=(1, 3))
    assert shrunk.sum() == pytest.approx(small.sum(), rel=0.03)

    def blurred(picture: np.ndarray) -> np.ndarray:
        return picture.reshape(48, 10, 64, 10, 3).mean(axis=(1, 3))

    assert np.abs(blurred(small) - blurred(shrunk)).max() < 20


def test_a_transparent_still_with_guides_laid_on_the_background_is_the_opaque_one(renderer: Renderer) -> None:
    volume, classes = empty()
    renderer.load(volume, classes)
    scene = plain(classes, guides=ALL, background=(0.3, 0.5, 0.7), slices=Slices(z=0.5))
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    opaque = renderer.image(scene, camera, SIZE, samples=1)[..., :3].astype(float)
    clear = renderer.image(scene, camera, SIZE, samples=1, transparent=True).astype(float)
    alpha = clear[..., 3:] / 255
    assert (alpha == 0).mean() > 0.2
    mixed = clear[..., :3] * alpha + 255 * np.array(scene.background) * (1 - alpha)
    assert np.abs(mixed - opaque).max() <= 3


@pytest.mark.parametrize("moving", [False, True])
def test_a_window_shows_the_guides_of_a_still(renderer: Renderer, moving: bool) -> None:
    volume, classes = empty()
    renderer.load(volume, classes)
    scene, camera = plain(classes, guides=ALL), Camera.framing(volume.grid, aspect=4 / 3)
    target = Target(SIZE, GL.GL_RGBA8)
    GL.glEnable(GL.GL_BLEND)
    renderer.draw(scene, camera, SIZE, target.framebuffer, moving=moving)
    assert GL.glIsEnabled(GL.GL_BLEND)
    GL.glDisable(GL.GL_BLEND)
    assert int(GL.glGetIntegerv(GL.GL_VERTEX_ARRAY_BINDING)) == 0
    seen = target.read()[::-1].astype(int)
    target.delete()
    assert np.abs(seen - renderer.image(scene, camera, SIZE, samples=1)).max() <= 2


def test_ink_stands_out_from_any_background() -> None:
    volume, classes = empty()
    for background in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.9, 0.8, 0.2), (0.1, 0.1, 0.6)):
        scene = plain(classes, guides=Guides(scale_bar=True), background=background)
        word = drawing_of(scene, front(volume.grid), volume.grid, SIZE).words[0]
        assert abs(np.mean(word.color) - np.dot(background, (0.2126, 0.7152, 0.0722))) > 0.4
