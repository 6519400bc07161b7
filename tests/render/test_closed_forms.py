"""Pictures whose pixels one can work out on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, front, of_classes, plain
from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.scene import Light
from volviz.render.passes import march
from volviz.render.renderer import Renderer

SIZE = (64, 64)


def alpha(renderer: Renderer, scene, camera: Camera, samples: int = 4) -> np.ndarray:
    return renderer.image(scene, camera, SIZE, transparent=True, samples=samples)[..., 3].astype(float) / 255


def rays(camera: Camera, size: tuple[int, int] = SIZE):
    """Start and direction of the ray of every pixel, rows from the top."""
    width, height = size
    for row in range(height):
        for column in range(width):
            yield row, column, *camera.ray((column + 0.5 - width / 2) / height, (height / 2 - row - 0.5) / height)


def lengths(camera: Camera, grid: Grid) -> np.ndarray:
    """Length in nm of every pixel's ray inside the box."""
    low, high = grid.bounds_xyz
    out = np.zeros(SIZE[::-1])
    for row, column, start, direction in rays(camera):
        direction = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        a, b = (low - start) / direction, (high - start) / direction
        near, far = np.minimum(a, b).max(), np.maximum(a, b).min()
        out[row, column] = max(0.0, far - (near if camera.orthographic_height else max(near, 0.0))) / 10
    return out


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("orthographic", [False, True])
@pytest.mark.parametrize("voxel_size", [10.0, (20.0, 10.0, 7.0)])
def test_a_constant_medium_lets_through_what_beer_and_lambert_say(renderer: Renderer, voxel_size, orthographic: bool, inside: bool) -> None:
    volume, classes = of_classes(np.ones((20, 24, 28), np.float32), voxel_size=voxel_size)
    renderer.load(volume, classes)
    camera = Camera.framing(volume.grid)
    if inside:
        camera = replace(camera, distance=30.0)
    if orthographic:
        camera = replace(camera, orthographic_height=camera.height)
    # One ray through the middle of each pixel, so that the box's edges are not averaged.
    got = alpha(renderer, plain(classes), camera, samples=1)
    expected = 1 - np.exp(-0.05 * lengths(camera, volume.grid))
    assert expected.max() > 0.5
    assert np.abs(got - expected).max() <= 1.01 / 255


def slab(n: int = 48) -> np.ndarray:
    z, _, _ = axes(n)
    return np.clip((12.0 - np.abs(z)) / 6 + 0.5, 0, 1)


@pytest.mark.parametrize("step", [0.25, 0.5, 1.0, 2.0])
def test_a_slab_is_as_opaque_at_any_step(renderer: Renderer, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    monkeypatch.setattr(march, "STEP", step)
    volume, classes = of_classes(slab())
    renderer.load(volume, classes)
    got = alpha(renderer, plain(classes), front(volume.grid))[16:48, 16:48]
    assert np.abs(got - (1 - np.exp(-0.05 * slab()[:, 0, 0].sum()))).max() <= 1.01 / 255


@pytest.mark.parametrize("step", [0.25, 2.0])
def test_the_step_does_not_change_a_picture(renderer: Renderer, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    volume, classes = of_classes(slab())
    renderer.load(volume, classes)
    scene, camera = plain(classes, opacity=0.2), Camera.framing(volume.grid, aspect=1.0)
    usual = alpha(renderer, scene, camera)
    monkeypatch.setattr(march, "STEP", step)
    assert usual.max() > 0.9
    assert np.abs(alpha(renderer, scene, camera) - usual).max() <= 1.01 / 255


def test_a_sphere_has_the_optical_depth_of_its_chords(renderer: Renderer) -> None:
    n, radius = 56, 24.0
    z, y, x = axes(n)
    ball = np.clip(1 - (x**2 + y**2 + z**2) / radius**2, 0, 1)
    volume, classes = of_classes(ball)
    renderer.load(volume, classes)
    camera = front(volume.grid)
    got = alpha(renderer, plain(classes), camera, samples=1)
    expected = np.zeros_like(got)
    for row, column, start, _ in rays(camera):
        across = (start[:2] - volume.grid.center_xyz[:2]) / 10
        half = max(0.0, radius**2 - float(across @ across)) ** 0.5  # of the chord: integral (h^2 - s^2) / R^2 ds = 4/3 h^3 / R^2
        expected[row, column] = 1 - np.exp(-0.05 * 4 / 3 * half**3 / radius**2)
    assert expected.max() > 0.75
    # Software drivers filter bytes in bytes: up to a level of probability is lost along the chord.
    assert np.abs(got - expected).max() <= 2 / 255


def test_a_flat_fully_lit_class_has_the_colour_of_its_swatch(renderer: Renderer) -> None:
    volume, classes = of_classes(np.ones((16, 24, 24), np.float32))
    renderer.load(volume, classes)
    for color in [(219, 171, 186), (25, 230, 128), (255, 255, 255), (0, 64, 255), (3, 2, 1)]:
        red, green, blue = (c / 255 for c in color)
        scene = plain(classes, opacity=5.0).with_ramp("class 1", color=(red, green, blue))
        middle = renderer.image(scene, front(volume.grid), SIZE)[24:40, 24:40, :3]
        assert (middle == np.array(color)).all()


@pytest.mark.parametrize("intensity", [1.0, 1.6, 4.0])
def test_what_is_brighter_than_white_keeps_its_hue_and_pales(renderer: Renderer, intensity: float) -> None:
    volume, classes = of_classes(np.ones((16, 24, 24), np.float32))
    renderer.load(volume, classes)
    color = np.array([0.9, 0.5, 0.2])
    scene = plain(classes, opacity=5.0, light=Light(intensity=intensity)).with_ramp("class 1", color=tuple(color))
    light = intensity * ((color + 0.055) / 1.055) ** 2.4
    if light.max() > 1:
        white = 0.7 * (1 - np.exp(1 - light.max()))
        light = (1 - white) * light / light.max() + white
    seen = renderer.image(scene, front(volume.grid), SIZE)[24:40, 24:40, :3]
    assert np.abs(seen - 255 * (1.055 * light ** (1 / 2.4) - 0.055)).max() <= 1.5


def test_classes_that_share_a_voxel_mix_whatever_their_order(renderer: Renderer) -> None:
    rng = np.random.default_rng(3)
    a = rng.random((16, 16, 16)).astype(np.float32)
    pictures = []
    for first, second, names in [(a, 1 - a, ("a", "b")), (1 - a, a, ("b", "a"))]:
        volume, classes = of_classes(first, second, names=names)
        scene = plain(classes, 0.1).with_ramp("a", color=(1.0, 0.0, 0.0)).with_ramp("b", color=(0.0, 0.2, 1.0))
        renderer.load(volume, classes)
        pictures.append(renderer.image(scene, front(volume.grid), SIZE).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize("count", [1, 3, 4, 8, 12])
def test_every_one_of_up_to_twelve_classes_is_drawn(renderer: Renderer, count: int) -> None:
    strips = np.zeros((count, 8, 24, 24), np.float32)
    for i in range(count):
        strips[i, :, :, 2 * i : 2 * i + 2] = 1
    volume, classes = of_classes(*strips)
    scene = plain(classes, opacity=3.0)
    wanted = [(0.2 + 0.8 * i / 12, 0.5, 1 - i / 12) for i in range(count)]
    for label, color in zip(classes.drawn, wanted, strict=True):
        scene = scene.with_ramp(label.name, color=color)
    renderer.load(volume, classes)
    camera = replace(front(volume.grid), orthographic_height=240.0)
    row = renderer.image(scene, camera, (96, 96), samples=1)[48, :, :3].astype(int)
    for i, color in enumerate(wanted):
        assert np.abs(row[8 * i + 3 : 8 * i + 5] - np.multiply(color, 255)).max() <= 2  # between the strip's two voxel centres


def test_exposure_doubles_light(renderer: Renderer) -> None:
    volume, classes = of_classes(np.ones((16, 16, 16), np.float32))
    renderer.load(volume, classes)
    scene = plain(classes, opacity=5.0, exposure=1.0).with_ramp("class 1", color=(0.4, 0.4, 0.4))
    linear = ((0.4 + 0.055) / 1.055) ** 2.4
    expected = 255 * (1.055 * (2 * linear) ** (1 / 2.4) - 0.055)
    assert np.abs(renderer.image(scene, front(volume.grid), SIZE)[32, 32, :3] - expected).max() <= 1


def test_a_transparent_still_laid_on_the_background_is_the_opaque_one(renderer: Renderer) -> None:
    volume, classes = of_classes(slab(24))
    renderer.load(volume, classes)
    scene = plain(classes, background=(0.3, 0.5, 0.7))
    camera = Camera.framing(volume.grid)
    opaque = renderer.image(scene, camera, SIZE)[..., :3] / 255
    clear = renderer.image(scene, camera, SIZE, transparent=True) / 255

    def linear(c):
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)

    mixed = linear(clear[..., :3]) * clear[..., 3:] + linear(np.array(scene.background)) * (1 - clear[..., 3:])
    assert 0.3 < clear[..., 3].max() < 1
    assert np.abs(mixed - linear(opaque)).max() < 0.012


def test_scores_are_drawn_where_they_are_positive(renderer: Renderer) -> None:
    from volviz.core.segmentation import Label, Segmentation
    from volviz.core.volume import Volume

    grid = Grid((8, 16, 16), (10.0, 10.0, 10.0))
    data = np.full((1, *grid.shape), 128 - 100, np.uint8)
    data[0, :, :, 8:] = 128 + 127
    scores = Segmentation(grid, data, (Label("heat", (1.0, 0.5, 0.0)),), kind="score")
    renderer.load(Volume(grid, np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)), scores)
    opacity = renderer.image(plain(scores, 3.0).with_ramp("heat", low=0.0), front(grid), SIZE, transparent=True)[32, :, 3]
    assert opacity[:24].max() == 0
    assert opacity[40:52].min() > 250
