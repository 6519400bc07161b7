"""Bricks that arrive one by one: what comes of them is what comes of the whole, and only what they reach is lit anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, virion
from volviz.core.camera import Camera
from volviz.core.grid import Region, bricks
from volviz.core.scene import Scene
from volviz.render.passes import light
from volviz.render.renderer import Renderer

SIZE = (96, 72)


def short_sighted(scene: Scene) -> Scene:
    """Return a look in which light reaches a few voxels."""
    shadow, occlusion = replace(scene.shadow, reach=6.0), replace(scene.occlusion, radius=3.0)
    return replace(scene, shadow=shadow, occlusion=occlusion, light=replace(scene.light, size=10.0))


@pytest.mark.parametrize("budget", [1 << 20, 300])
def test_bricks_drawn_as_they_come_come_to_the_whole(renderer: Renderer, monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    monkeypatch.setattr(light, "BUDGET", budget)
    volume, classes = virion(56)
    scene, camera = short_sighted(bare_scene(volume, classes)), Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.4)
    renderer.load(volume, classes)
    wanted = renderer.image(scene, camera, SIZE, samples=1)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    renderer.load(volume, replace(classes, data=empty))
    renderer.image(scene, camera, SIZE, samples=1)
    for region in bricks(volume.grid.shape, (20, 30, 56)):
        renderer.write(region, np.asarray(classes.data[(slice(None), *region.slices)]))
        renderer.refine(scene, camera, SIZE, seconds=1e-9)  # as a window does, which may not finish before the next
    assert (renderer.image(scene, camera, SIZE, samples=1) == wanted).all()


def test_a_brick_lights_what_it_reaches_and_no_more(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, classes = virion(88)
    scene, camera = short_sighted(bare_scene(volume, classes)), Camera.framing(volume.grid)
    renderer.load(volume, classes)
    lit: list[int] = []
    blocks = light.LightVolume._light_blocks

    def counted(self: light.LightVolume, first: int, count: int, *, fine: bool) -> None:
        lit.append(count)
        blocks(self, first, count, fine=fine)

    monkeypatch.setattr(light.LightVolume, "_light_blocks", counted)
    renderer.image(scene, camera, SIZE, samples=1)
    everything = sum(lit)
    lit.clear()
    region = Region((0, 40, 40), (12, 48, 48))
    renderer.write(region, np.zeros((4, *region.shape), np.uint8))
    renderer.image(scene, camera, SIZE, samples=1)
    assert 0 < sum(lit) < 0.4 * everything


def test_regions_cover_what_they_should() -> None:
    a, b = Region((1, 2, 3), (4, 5, 6)), Region((0, 4, 4), (2, 9, 5))
    assert a | b == Region((0, 2, 3), (4, 9, 6))
    assert a.coarser(2) == Region((0, 1, 1), (2, 3, 3))
