"""The picture at rest: piece by piece it becomes the still, and a change begins it anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import bare_scene, virion
from volviz.core.camera import Camera
from volviz.core.grid import Region
from volviz.render.gl.target import Target
from volviz.render.renderer import Renderer

SIZE = (120, 90)
SAMPLES = 4


class Screen:
    """A framebuffer, and the renderer that a window would have."""

    def __init__(self, renderer: Renderer) -> None:
        volume, self.classes = virion(40)
        renderer.load(volume, self.classes)
        self.renderer = renderer
        self.scene = bare_scene(volume, self.classes)
        self.camera = Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.3)
        self.target = Target(SIZE, GL.GL_RGBA8)

    def refine(self, seconds: float = 0.0, **other: object) -> int:
        what = {"scene": self.scene, "camera": self.camera, **other}
        return self.renderer.refine(**what, size=SIZE, seconds=seconds, samples=SAMPLES)

    def finish(self, seconds: float = 10.0) -> np.ndarray:
        for _ in range(10_000):
            if self.refine(seconds) == SAMPLES:
                break
        self.renderer.present(self.scene, self.camera, SIZE, self.target.framebuffer, samples=SAMPLES)
        return self.target.read()[::-1].astype(int)

    def still(self) -> np.ndarray:
        return self.renderer.image(self.scene, self.camera, SIZE, samples=SAMPLES).astype(int)


@pytest.fixture
def screen(renderer: Renderer) -> Iterator[Screen]:
    made = Screen(renderer)
    yield made
    made.target.delete()


@pytest.mark.parametrize("seconds", [1e-9, 10.0])
def test_the_picture_at_rest_becomes_the_still(screen: Screen, seconds: float) -> None:
    drawn = screen.finish(seconds)
    assert drawn[..., :3].max() > 150
    assert np.abs(drawn - screen.still()).max() <= 1


def test_with_glow_too(screen: Screen) -> None:
    bloom = replace(screen.scene.bloom, threshold=0.2, strength=1.0)
    screen.scene = replace(screen.scene, bloom=bloom)
    assert np.abs(screen.finish() - screen.still()).max() <= 1


def test_a_piece_is_a_part_of_a_frame(screen: Screen) -> None:
    screen.finish()
    screen.camera = screen.camera.orbited(10, 0)
    assert [screen.refine(1e-9) for _ in range(3)] == [0, 0, 0]
    with pytest.raises(RuntimeError, match="whole"):
        screen.renderer.present(screen.scene, screen.camera, SIZE, screen.target.framebuffer, samples=SAMPLES)


def test_the_end_is_the_end(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    screen.finish()
    calls = []
    for name in ("glDrawArrays", "glDispatchCompute"):
        monkeypatch.setattr(GL, name, lambda *_, name=name: calls.append(name))
    assert screen.refine(1.0) == SAMPLES
    assert not calls


def test_whatever_changes_begins_it_anew(screen: Screen) -> None:
    screen.finish()
    assert screen.refine(1e-9, camera=screen.camera.orbited(5, 0)) == 0
    screen.finish()
    assert screen.refine(1e-9, scene=replace(screen.scene, exposure=0.5)) == 0
    screen.finish()
    region = Region((0, 0, 0), (20, 40, 40))
    screen.renderer.write(region, np.zeros((4, *region.shape), np.uint8))
    assert screen.refine(1e-9) == 0
    halved = screen.finish()
    assert np.abs(halved - screen.still()).max() <= 1


def test_drawing_something_else_in_between_does_no_harm(screen: Screen) -> None:
    wanted = screen.finish()
    screen.camera = screen.camera.orbited(30, 0)
    screen.finish()
    screen.camera = screen.camera.orbited(-30, 0)
    screen.refine(1e-9)
    steps = screen.renderer.steps(screen.scene, screen.camera.orbited(70, 20), (64, 48))
    for _ in range(3):
        next(steps)
        screen.refine(1e-9)
    steps.close()
    assert np.abs(screen.finish(1e-9) - wanted).max() <= 1


def test_a_still_in_pieces_with_other_pictures_in_between_is_the_same(screen: Screen) -> None:
    wanted = screen.still()
    steps = screen.renderer.steps(screen.scene, screen.camera, SIZE, samples=SAMPLES, tile=38, seconds=1e-4)
    done = []
    while True:
        try:
            done.append(next(steps))
        except StopIteration as finished:
            picture = finished.value.astype(int)
            break
        other = replace(screen.scene, light=replace(screen.scene.light, direction_xyz=(1.0, 0.0, 0.0)))
        screen.renderer.draw(other, screen.camera.orbited(40, 0), SIZE, screen.target.framebuffer, moving=True)
    assert len(done) > 12
    assert done == sorted(done)
    assert 0 < done[0] < 0.2
    assert done[-1] == pytest.approx(1.0)
    assert np.abs(picture - wanted).max() <= 1


def test_tiles_that_wait_for_their_glow_may_wait_on_the_disk(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.render import picture

    whole = screen.still()
    monkeypatch.setattr(picture, "PARKED", 1000)
    tiled = screen.renderer.image(screen.scene, screen.camera, SIZE, samples=SAMPLES, tile=38).astype(int)
    assert np.abs(whole - tiled).max() <= 1


def test_a_picture_that_was_left_in_the_middle_of_a_frame_is_not_whole_when_it_is_wanted_again(screen: Screen) -> None:
    assert not screen.renderer.presentable
    while screen.refine(10.0) < 1:
        pass
    assert screen.renderer.presentable
    elsewhere = screen.camera.orbited(30, 0)
    for _ in range(10_000):  # small pieces: until one ends within a frame
        if screen.refine(1e-9) and not screen.renderer.presentable:
            break
    screen.renderer.draw(screen.scene, elsewhere, SIZE, screen.target.framebuffer, moving=True)
    whole = screen.refine(1e-9)  # what the window asks when it shows the first picture again
    assert 1 <= whole < SAMPLES
    assert np.abs(screen.finish() - screen.still()).max() <= 1
