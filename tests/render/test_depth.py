"""Classes and density in 8 and in 16 bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import front, of_classes, plain, virion
from volviz.core.grid import Region
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.render.renderer import Renderer

SIZE = (96, 72)


def deep(classes: Segmentation) -> Segmentation:
    return replace(classes, data=np.asarray(classes.data).astype(np.uint16) * 257)


def draw(renderer: Renderer, scene: Scene, volume, classes) -> np.ndarray:
    renderer.load(volume, classes)
    return renderer.image(scene, front(classes.grid, aspect=4 / 3), SIZE, samples=2).astype(int)


@pytest.mark.parametrize("multiply", [False, True])
def test_the_same_classes_in_16_bits_are_the_same_picture(renderer: Renderer, multiply: bool) -> None:
    volume, classes = virion(40)
    scene = Scene.of(volume, classes)
    assert Scene.of(volume, deep(classes)) == scene
    scene = replace(scene, raw=replace(scene.raw, multiply=multiply))
    fine, coarse = draw(renderer, scene, volume, deep(classes)), draw(renderer, scene, volume, classes)
    # Bytes of density are steps of a twentieth of a deviation, and software drivers filter bytes in bytes.
    assert np.abs(fine - coarse).mean() < 0.5
    assert np.abs(fine - coarse).max() < 16


def test_16_bits_tell_apart_what_bytes_cannot(gl: None) -> None:
    p = np.full((8, 16, 16), 0.5000, np.float32)
    p[:, :, 8:] = 0.5010
    volume, coarse = of_classes(p)
    fine = replace(coarse, data=np.rint(65535 * np.stack([1 - p, p])).astype(np.uint16))
    scene = plain(fine).with_ramp("class 1", low=0.4995, high=0.5020, opacity=0.2)
    for bits, classes, differs in ((None, fine, True), (8, fine, False), (16, coarse, False), (None, coarse, False)):
        renderer = Renderer(bits=bits)
        row = draw(renderer, scene, volume, classes)[36, :, 0]
        assert (abs(row[32] - row[64]) > 20) == differs
        renderer.release()


def test_density_alone_has_16_bits_when_asked_for(gl: None) -> None:
    volume, _ = virion(32)
    values = []
    for bits in (8, 16):
        renderer = Renderer(bits=bits)
        renderer.load(volume)
        renderer.image(Scene.of(volume), front(volume.grid), (16, 16))
        values.append(renderer._gpu.textures.pieces[0].groups[0].read()[..., 0].astype(float))
        renderer.release()
    assert len(np.unique(values[0])) <= 256 < len(np.unique(values[1]))
    assert np.abs(values[0] - values[1] / 257).max() <= 0.51


@pytest.mark.parametrize("kind", ["probability", "score"])
def test_bricks_of_16_bits_arrive_as_they_are(renderer: Renderer, kind) -> None:
    volume, classes = virion(32)
    fine = replace(deep(classes), kind=kind)
    scene = plain(fine, 0.2)
    wanted = draw(renderer, scene, volume, fine)
    draw(renderer, scene, volume, replace(fine, data=np.zeros_like(fine.data)))
    for z in (0, 16):
        region = Region((z, 0, 0), (z + 16, 32, 32))
        renderer.write(region, np.asarray(fine.data[(slice(None), *region.slices)]))
    assert (renderer.image(scene, front(fine.grid, aspect=4 / 3), SIZE, samples=2) == wanted).all()
