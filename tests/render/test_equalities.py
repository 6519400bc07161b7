"""Two ways that must come to the same picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import axes, bare_scene, brightness, front, of_classes, plain, virion
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.target import Target
from volviz.render.memory import bytes_of
from volviz.render.renderer import Renderer

SIZE = (120, 90)


def picture(renderer: Renderer, volume: Volume, classes: Segmentation | None, scene: Scene | None = None, **rest) -> np.ndarray:
    renderer.load(volume, classes)
    scene = scene or bare_scene(volume, classes)
    return renderer.image(scene, Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.3), SIZE, samples=2, **rest).astype(int)


@pytest.mark.parametrize("orthographic", [False, True])
def test_leaping_over_empty_space_changes_no_pixel(gl: None, orthographic: bool) -> None:
    volume, classes = virion()
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    scene = bare_scene(volume, classes)
    pictures = []
    for skip in (True, False):
        renderer = Renderer(skip=skip)
        renderer.load(volume, classes)
        pictures.append(renderer.image(scene, camera, SIZE, samples=2))
        renderer.release()
    assert pictures[0][..., :3].max() > 150
    assert (pictures[0] == pictures[1]).all()


@pytest.mark.parametrize("quality", ["cached", "exact"])
def test_fragment_and_compute_shader_draw_the_same(gl: None, quality: str) -> None:
    volume, classes = virion(40)
    pictures = []
    for entry in ("fragment", "compute"):
        renderer = Renderer(entry=entry)
        pictures.append(picture(renderer, volume, classes, quality=quality))
        renderer.release()
    assert pictures[0][..., :3].max() > 150
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize("transparent", [False, True])
def test_a_still_in_tiles_is_the_whole_one(renderer: Renderer, transparent: bool) -> None:
    volume, classes = virion(40)
    whole = picture(renderer, volume, classes, transparent=transparent)
    tiled = picture(renderer, volume, classes, transparent=transparent, tile=38)
    assert np.abs(whole - tiled).max() <= 1
    assert (whole != tiled).mean() < 0.01


def test_drawing_into_a_framebuffer_is_a_still_of_one_frame(renderer: Renderer) -> None:
    volume, classes = virion(40)
    still = picture(renderer, volume, classes, bare_scene(volume, classes))
    target = Target(SIZE, GL.GL_RGBA8)
    camera = Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.3)
    scene = bare_scene(volume, classes)
    renderer.draw(scene, camera, SIZE, target.framebuffer)
    sharp = target.read()[::-1].astype(int)
    assert np.abs(sharp - still).mean() < 2
    renderer.draw(scene, camera, SIZE, target.framebuffer, moving=True)
    coarse = target.read()[::-1].astype(int)
    assert 0 < np.abs(coarse - still).mean() < 5
    glowing = replace(scene, bloom=replace(scene.bloom, threshold=0.3, strength=1.0))
    renderer.draw(glowing, camera, SIZE, target.framebuffer, moving=True)
    coarse = target.read()[::-1].astype(int)
    assert np.abs(coarse - picture(renderer, volume, classes, glowing)).mean() < 6
    target.delete()


def test_drawing_leaves_the_host_its_state(renderer: Renderer) -> None:
    volume, classes = virion(24)
    renderer.load(volume, classes)
    target = Target(SIZE, GL.GL_RGBA8)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, 0)
    GL.glViewport(3, 4, 50, 60)
    GL.glEnable(GL.GL_BLEND)
    GL.glEnable(GL.GL_DEPTH_TEST)
    GL.glDisable(GL.GL_SCISSOR_TEST)
    renderer.draw(bare_scene(volume, classes), front(volume.grid), SIZE, target.framebuffer)
    assert GL.glIsEnabled(GL.GL_BLEND)
    assert GL.glIsEnabled(GL.GL_DEPTH_TEST)
    assert list(GL.glGetIntegerv(GL.GL_VIEWPORT)) == [3, 4, 50, 60]
    for name in (GL.GL_DRAW_FRAMEBUFFER_BINDING, GL.GL_CURRENT_PROGRAM, GL.GL_VERTEX_ARRAY_BINDING, GL.GL_TEXTURE_BINDING_3D):
        assert int(GL.glGetIntegerv(name)) == 0
    GL.glDisable(GL.GL_BLEND)
    GL.glDisable(GL.GL_DEPTH_TEST)
    target.delete()


def test_only_changes_of_the_raw_look_move_the_volume_again(renderer: Renderer, moved: list[tuple[int, ...]]) -> None:
    volume, classes = virion(24)
    scene = bare_scene(volume, classes)
    picture(renderer, volume, classes, scene)
    moved.clear()
    other = scene.with_ramp("spikes", low=0.2, color=(0.0, 1.0, 0.0), opacity=2.0)
    assert np.abs(picture(renderer, volume, classes, other) - picture(renderer, volume, classes, scene)).max() > 30
    picture(renderer, volume, classes, replace(scene, light=replace(scene.light, direction_xyz=(1.0, 0.0, 0.0)), exposure=1.0))
    picture(renderer, volume, classes, replace(scene, raw=replace(scene.raw, low=0.0, high=1.0)))
    assert volume.grid.shape not in moved  # distances between bricks may be
    picture(renderer, volume, classes, replace(scene, raw=replace(scene.raw, invert=not scene.raw.invert)))
    assert volume.grid.shape in moved


def test_bricks_written_one_by_one_come_to_the_whole(renderer: Renderer) -> None:
    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    wanted = picture(renderer, volume, classes, scene)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    picture(renderer, volume, replace(classes, data=empty), scene)
    for start in [(0, 0, 0), (0, 17, 0), (23, 0, 0), (23, 17, 0)]:
        stop = (23 if start[0] == 0 else 40, 17 if start[1] == 0 else 40, 40)
        region = Region(start, stop)
        renderer.write(region, np.asarray(classes.data[(slice(None), *region.slices)]))
    camera = Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.3)
    assert (renderer.image(scene, camera, SIZE, samples=2) == wanted).all()
    renderer.adopt(classes)
    inverted = replace(scene, raw=replace(scene.raw, lowpass=50.0))
    adopted = renderer.image(inverted, camera, SIZE, samples=2).astype(int)
    renderer.release()
    assert (adopted == picture(renderer, volume, classes, inverted)).all()


def test_a_volume_that_does_not_fit_is_binned_and_looks_the_same(gl: None) -> None:
    z, y, x = axes(48)
    ball = np.clip(16 - np.sqrt(x**2 + y**2 + z**2), 0, 8) / 8
    bar = np.clip(5 - np.hypot(y, z), 0, 3) / 3
    volume, classes = of_classes(np.minimum(ball, 1 - bar), bar)
    scene = bare_scene(volume, classes)
    scene = replace(scene, raw=replace(scene.raw, multiply=False)).with_ramp("class 1", opacity=0.15)
    full, small = Renderer(), Renderer(memory=bytes_of((40, 40, 40), 1))
    fine, coarse = picture(full, volume, classes, scene), picture(small, volume, classes, scene)
    assert full.notes == ()
    assert "binned 2 times" in small.notes[0]
    assert np.abs(brightness(fine) - brightness(coarse)).mean() < 3
    full.release()
    small.release()
    with pytest.raises(VolvizError, match="crop"):
        picture(Renderer(memory=1000), volume, classes, scene)


def test_classes_on_a_coarser_grid_lie_where_they_are_in_space(renderer: Renderer) -> None:
    volume, classes = virion(48)
    scene = replace(bare_scene(volume, classes), raw=replace(bare_scene(volume, classes).raw, multiply=True))
    halved = classes.grid.resample(20.0)
    data = np.asarray(classes.data).reshape(4, 24, 2, 24, 2, 24, 2).mean(axis=(2, 4, 6))
    coarse = replace(classes, grid=halved, data=np.rint(data).astype(np.uint8))
    difference = brightness(picture(renderer, volume, classes, scene)) - brightness(picture(renderer, volume, coarse, scene))
    assert np.abs(difference).mean() < 8
    shifted = replace(coarse, grid=replace(halved, origin=tuple(o + 60.0 for o in halved.origin)))
    far = brightness(picture(renderer, volume, classes, scene)) - brightness(picture(renderer, volume, shifted, scene))
    assert np.abs(far).mean() > 2 * np.abs(difference).mean()


@pytest.mark.parametrize("view", ["front", "back", "left", "top", None])
@pytest.mark.parametrize("orthographic", [False, True])
def test_what_is_seen_is_where_the_camera_says(renderer: Renderer, chiral: Volume, view: str | None, orthographic: bool) -> None:
    classes = Segmentation.of_probabilities(chiral.grid, np.stack([1 - chiral.data, chiral.data]), labels=of_classes(chiral.data)[1].labels)
    renderer.load(chiral, classes)
    camera = Camera.framing(chiral.grid, view=view)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    seen = renderer.image(plain(classes, 5.0), camera, (128, 128), transparent=True)[..., 3] > 127
    inside = chiral.grid.to_world(np.argwhere(chiral.data > 0.5))
    shown = np.zeros((128, 128), bool)
    right, up, _ = camera.project(inside).T
    column, row = np.rint(right * 128 + 63.5).astype(int), np.rint(63.5 - up * 128).astype(int)
    shown[row, column] = True
    assert seen[row, column].mean() > 0.98  # every voxel covers the pixel that its centre projects to
    grown = np.zeros_like(shown)
    for dy in range(-6, 7):
        for dx in range(-6, 7):
            grown |= np.roll(shown, (dy, dx), axis=(0, 1))
    assert (seen & ~grown).sum() == 0  # and nothing is seen elsewhere
    mirrored = shown[:, ::-1]
    assert (seen & mirrored).sum() < 0.95 * shown.sum()


def test_raw_density_alone_is_drawn(renderer: Renderer) -> None:
    volume, _ = virion(40)
    seen = brightness(picture(renderer, volume, None))
    middle, corner = seen[30:60, 45:75], seen[:8, :8]
    assert middle.mean() > corner.mean() + 40


def test_two_frames_differ_and_their_mean_converges(renderer: Renderer) -> None:
    volume, classes = virion(40)
    renderer.load(volume, classes)
    scene, camera = bare_scene(volume, classes), Camera.framing(volume.grid, aspect=4 / 3)
    reference = renderer.image(scene, camera, SIZE, samples=64).astype(float)
    error = [np.sqrt(((renderer.image(scene, camera, SIZE, samples=n) - reference) ** 2).mean()) for n in (1, 4, 16)]
    assert error[0] > 1.3 * error[1] > 1.3 * error[2] > 0


def test_a_camera_far_from_the_origin_loses_no_precision(renderer: Renderer) -> None:
    volume, classes = virion(32)
    near = picture(renderer, volume, classes)
    grid = replace(volume.grid, origin=(4e5, -3e5, 2e5))
    far = picture(renderer, replace(volume, grid=grid), replace(classes, grid=grid))
    assert np.abs(near - far).max() <= 2
