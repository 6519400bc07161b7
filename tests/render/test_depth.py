"""Classes and density in 8 and in 16 bits."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from tests.render.conftest import bare_scene, front, of_classes, plain, virion
from volviz.core.grid import Grid, Region
from volviz.core.scene import RawLook, Scene
from volviz.core.segmentation import BACKGROUND, MEMBRANE, Segmentation
from volviz.core.volume import Volume
from volviz.render.renderer import Renderer
from volviz.render.textures import Textures

SIZE = (96, 72)


def deep(classes: Segmentation) -> Segmentation:
    return replace(classes, data=np.asarray(classes.data).astype(np.uint16) * 257)


def draw(renderer: Renderer, scene: Scene, volume, classes) -> np.ndarray:
    renderer.load(volume, classes)
    return renderer.image(scene, front(classes.grid, aspect=4 / 3), SIZE, samples=2).astype(int)


@pytest.mark.parametrize("multiply", [False, True])
def test_the_same_classes_in_16_bits_are_the_same_picture(renderer: Renderer, multiply: bool) -> None:
    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    assert bare_scene(volume, deep(classes)) == scene
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
        renderer.image(bare_scene(volume), front(volume.grid), (16, 16))
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


@pytest.mark.parametrize(("stored", "bits"), [(8, 8), (8, 16), (16, 8), (16, 16)])
def test_what_is_stored_in_other_bits_means_the_same(gl: None, stored: Literal[8, 16], bits: Literal[8, 16]) -> None:
    p = np.linspace(0, 1, 256, dtype=np.float32).reshape(4, 8, 8)
    grid = Grid(p.shape, (10.0,) * 3)
    classes = Segmentation.of_probabilities(grid, np.stack([1 - p, p]), (BACKGROUND, MEMBRANE), stored)
    textures = Textures(Volume(grid, p), classes, bits=bits)
    packed = textures.source.packed(RawLook())
    slab = textures.source.slab(Region.whole(grid.shape), packed)
    textures.delete()
    assert slab.groups[0].dtype == np.dtype(f"u{bits // 8}")
    np.testing.assert_allclose(slab.groups[0][..., 1] / (2.0**bits - 1), p, atol=1e-7 if 8 in (stored, bits) else 1e-5)
