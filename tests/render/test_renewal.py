"""Light is renewed a little in every frame, and in the end it is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import axes, bare_scene, brightness, front, of_classes, virion
from volviz.core.camera import Camera
from volviz.core.grid import Region
from volviz.core.scene import Light, Scene
from volviz.core.volume import Volume
from volviz.render.gl.target import Target
from volviz.render.pace import Level
from volviz.render.passes import light, occupancy
from volviz.render.renderer import Renderer

SIZE = (96, 96)
BEFORE, AFTER = (Light((x, 0.6, 0.5), fixed_to="world") for x in (-0.6, 0.9))


class Window:
    """What a window does with a renderer: it draws into a framebuffer and asks whether there is more to come."""

    def __init__(self, renderer: Renderer) -> None:
        volume, classes = virion()
        renderer.load(volume, classes)
        self.renderer, self.scene = renderer, bare_scene(volume, classes)
        self.camera = Camera.framing(volume.grid).zoomed(1.6)
        self.target = Target(SIZE, GL.GL_RGBA8)

    def draw(self, light: Light, *, moving: bool = False) -> np.ndarray:
        self.target.bind(SIZE)
        self.renderer.draw(replace(self.scene, light=light), self.camera, SIZE, self.target.framebuffer, moving=moving)
        return self.target.read(SIZE).astype(int)


@pytest.fixture
def window(renderer: Renderer):
    made = Window(renderer)
    yield made
    made.target.delete()


def test_a_change_of_light_is_seen_at_once_and_finished_over_a_few_frames(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {light_: window.draw(light_) for light_ in (AFTER, BEFORE)}
    assert not window.renderer.pending
    assert np.abs(whole[AFTER] - whole[BEFORE]).mean() > 3
    monkeypatch.setattr(light, "BUDGET", 2000)
    errors, frames = [], 0
    while frames == 0 or window.renderer.pending:
        errors.append(np.abs(window.draw(AFTER) - whole[AFTER]).mean())
        frames += 1
        assert frames < 50
    assert frames > 4
    assert errors[1] < 0.5 * np.abs(whole[AFTER] - whole[BEFORE]).mean()  # two frames after the change
    assert errors[-1] == 0


def test_a_drag_shows_coarser_light_that_becomes_the_right_one_at_rest(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    window.draw(BEFORE)
    right = window.draw(AFTER, moving=True)
    window.draw(BEFORE)
    monkeypatch.setattr(light, "BUDGET", 2000)
    for _ in range(3):
        dragged = window.draw(AFTER, moving=True)
    assert window.renderer.pending
    assert 0 < np.abs(dragged - right).mean() < 2
    assert (window.draw(AFTER, moving=True) == dragged).all()  # nothing is spent while it is dragged on
    while window.renderer.pending:
        window.draw(AFTER)
    assert (window.draw(AFTER, moving=True) == right).all()


def test_light_of_blocks_makes_no_terraces_on_a_flat_face(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(light, "BUDGET", 4000)  # enough for blocks of eight cells, not for every cell
    renderer = Renderer(level=Level(1.0, 0.25))
    z, y, x = axes(48)
    volume, classes = of_classes(np.clip(0.5 - 0.4 * (z + 0.21 * x + 0.13 * y), 0, 1))  # its face runs through the cells askew
    scene = bare_scene(volume, classes)
    renderer.load(volume, classes)
    camera, target = front(volume.grid), Target(SIZE, GL.GL_RGBA8)
    light_ = Light((0.3, 0.9, 0.5), fixed_to="world")
    for x_ in (0.9, 0.5, 0.3):
        renderer.draw(replace(scene, light=replace(light_, direction_xyz=(x_, 0.9, 0.5))), camera, SIZE, target.framebuffer, moving=True)
    assert renderer.pending

    def face(moving: bool) -> np.ndarray:
        renderer.draw(replace(scene, light=light_), camera, SIZE, target.framebuffer, moving=moving)
        return brightness(target.read(SIZE))[32:64, 32:64]

    coarse = face(moving=True)
    while renderer.pending:
        face(moving=False)
    fine = face(moving=True)
    target.delete()
    renderer.release()
    wrong = coarse - fine
    assert 0 < np.abs(wrong).max() < 11  # 14 if the eight cells of a block were equal
    assert max(np.abs(np.diff(wrong, axis=0)).mean(), np.abs(np.diff(wrong, axis=1)).mean()) < 1  # 1.3
    assert abs(coarse.mean() - fine.mean()) < 4


def test_light_follows_a_drag_that_is_faster_than_it(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = np.radians(np.linspace(0, 180, 25))
    lights = [replace(BEFORE, direction_xyz=(-float(np.cos(t)), float(np.sin(t)), 0.5)) for t in turns]
    right, still = window.draw(lights[-1], moving=True), window.draw(lights[0], moving=True)
    monkeypatch.setattr(light, "BUDGET", 250)  # a quarter of a round
    for light_ in lights:
        dragged = window.draw(light_, moving=True)
    assert np.abs(dragged - right).mean() < 0.6 * np.abs(still - right).mean()


def test_a_still_never_shows_light_on_its_way(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = replace(window.scene, light=AFTER)
    right = window.renderer.image(scene, window.camera, SIZE, samples=1)
    monkeypatch.setattr(light, "BUDGET", 100)
    window.draw(BEFORE)
    window.draw(AFTER)
    assert window.renderer.pending
    still = window.renderer.image(scene, window.camera, SIZE, samples=1)
    assert (still == right).all()
    assert not window.renderer.pending
    assert brightness(still).max() > 100


def test_a_ramp_under_the_hand_is_seen_before_its_light_is_there(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    window.draw(BEFORE, moving=True)
    renewed = []
    renew = light.LightVolume.renew_extinction
    monkeypatch.setattr(light.LightVolume, "renew_extinction", lambda self, *cells: (renewed.append(1), renew(self, *cells))[1])
    usual = window.draw(BEFORE, moving=True)
    window.scene = window.scene.with_ramp("membrane", opacity=0.02)
    seen = window.draw(BEFORE, moving=True)
    assert np.abs(seen - usual).mean() > 3
    assert not renewed
    assert window.renderer.pending
    lit = window.draw(BEFORE, moving=True)
    assert len(renewed) == 1
    assert np.abs(lit - seen).mean() > 0.2  # what it does to the light
    for opacity in (0.03, 0.04, 0.05, 0.06):
        window.scene = window.scene.with_ramp("membrane", opacity=opacity)
        window.draw(BEFORE, moving=True)
    assert len(renewed) == 3  # a long drag does not leave the light behind
    at_rest = window.draw(BEFORE)
    while window.renderer.pending:
        at_rest = window.draw(BEFORE)
    other = Renderer()
    try:
        window.renderer = other
        other.load(*virion())
        assert (window.draw(BEFORE) == at_rest).all()
    finally:
        other.release()


def test_distances_are_the_same_from_host_and_card(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured on the host, where a driver draws in software, is what a card's passes measure."""
    volume, classes = virion(160)
    scene, camera = bare_scene(volume, classes), Camera.framing(volume.grid)
    found = []
    for software in (True, False):
        monkeypatch.setattr(occupancy, "in_software", lambda software=software: software)
        renderer = Renderer()
        renderer.load(volume, classes)
        renderer.image(scene, camera, SIZE, samples=1)
        found.append(renderer._ready(scene).occupancy._distance[0].read())
        renderer.release()
    assert len(np.unique(found[0])) > 4
    assert (found[0] == found[1]).all()


def test_extinction_is_averaged_over_some_frames_and_in_the_end_it_is_the_same(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, classes = virion(160)
    scene = bare_scene(volume, classes)
    ramps = [scene.with_ramp("membrane", low=low, high=low + 0.3) for low in (0.1, 0.2, 0.3, 0.4)]
    camera, target = Camera.framing(volume.grid).zoomed(1.6), Target(SIZE, GL.GL_RGBA8)
    renderer = Renderer(level=Level(1.0, 1.0))
    renderer.load(volume, classes)

    def drawn(scene: Scene, *, moving: bool) -> np.ndarray:
        renderer.draw(scene, camera, SIZE, target.framebuffer, moving=moving)
        return target.read(SIZE).astype(int)

    right = drawn(ramps[-1], moving=False)
    while renderer.pending:
        right = drawn(ramps[-1], moving=False)
    monkeypatch.setattr(light, "BOX", (32, 32, 32))
    monkeypatch.setattr(light, "SECONDS", 0.0)  # a box in a frame
    renderer.load(Volume(volume.grid, volume.data), classes)
    first = drawn(ramps[0], moving=True)
    assert renderer.pending
    assert brightness(first).mean() > brightness(right).mean()  # lit, not dark
    renewed = light.LightVolume.renew_extinction
    rounds: list[object] = []

    def counted(self: light.LightVolume, cells: Region | None = None) -> None:
        rounds.append(cells)
        renewed(self, cells)

    monkeypatch.setattr(light.LightVolume, "renew_extinction", counted)
    for i in range(80):  # a ramp is dragged on and on: what was begun is finished
        drawn(ramps[i % 4], moving=True)
    assert 1 <= len(rounds) <= 3
    frames = 0
    while frames == 0 or renderer.pending:
        last = drawn(ramps[-1], moving=False)
        frames += 1
        assert frames < 200
    assert frames > 20
    assert (last == right).all()
    target.delete()
    renderer.release()
