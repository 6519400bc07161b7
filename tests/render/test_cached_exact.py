"""The light volume shows what evaluation at every sample shows, and that evaluation converges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, virion
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Plane
from volviz.core.scene import Scene
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.core.volume import Volume
from volviz.render.renderer import Renderer

SIZE = (112, 84)
SAMPLES = 16  # frames of the evaluation at every sample: its noise is then 0.4/255
SEEN = 0.05 * 255  # alpha from which a pixel counts
MEAN, P99 = 2.0, 12.0  # of 255

Setting = tuple[Volume, Segmentation | None, Scene]


def lit(size: float = 8.0, radius: float = 12.0) -> Setting:
    volume, classes = virion()
    scene = bare_scene(volume, classes)
    return volume, classes, replace(scene, light=replace(scene.light, size=size), occlusion=replace(scene.occlusion, radius=radius))


def one_class() -> Setting:
    volume, classes = virion()
    background = classes.probabilities()[0]
    labels = (BACKGROUND, Label("foreground", (0.8, 0.6, 0.4)))
    foreground = Segmentation.of_probabilities(volume.grid, np.stack([background, 1 - background]), labels)
    return volume, foreground, bare_scene(volume, foreground)


def clipped() -> Setting:
    volume, classes, scene = lit()
    middle = tuple(float(v) for v in volume.grid.center_xyz)
    plane = Plane(normal_xyz=(0.5, 0.3, 1.0), point_xyz=(middle[0], middle[1], middle[2]))
    return volume, classes, replace(scene, clips=Clips(x=(0.2, 1.0), planes=(plane,)))


def haze() -> Setting:
    """The raw density alone under a ramp that hides none of it: no brick is empty."""
    volume, _ = virion(40)
    scene = bare_scene(volume)
    return volume, None, replace(scene, raw=replace(scene.raw, low=-4.0, high=6.0))


SETTINGS: dict[str, Callable[[], Setting]] = {
    "four classes": lit,
    "light of 5 degrees": lambda: lit(size=5.0),
    "light of 30 degrees": lambda: lit(size=30.0),
    "small occlusion radius": lambda: lit(radius=5.0),
    "large occlusion radius": lambda: lit(radius=40.0),
    "one class": one_class,
    "clipped": clipped,
    "raw haze": haze,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_cache_shows_what_evaluation_at_every_sample_shows(renderer: Renderer, name: str) -> None:
    volume, classes, scene = SETTINGS[name]()
    renderer.load(volume, classes)
    camera = Camera.framing(volume.grid, aspect=SIZE[0] / SIZE[1]).zoomed(1.5)
    cached, exact = (renderer.image(scene, camera, SIZE, samples=SAMPLES, quality=q).astype(int) for q in ("cached", "exact"))
    seen = renderer.image(scene, camera, SIZE, transparent=True)[..., 3] > SEEN
    assert seen.mean() > 0.1
    difference = np.abs(cached - exact)[seen][:, :3]
    mean, p99 = difference.mean(), np.percentile(difference, 99)
    assert mean <= MEAN, (mean, p99)
    assert p99 <= P99, (mean, p99)


def test_evaluation_at_every_sample_converges(renderer: Renderer) -> None:
    volume, classes = virion(40)
    renderer.load(volume, classes)
    scene, camera = bare_scene(volume, classes), Camera.framing(volume.grid).zoomed(1.6)
    scene = replace(scene, bloom=replace(scene.bloom, on=False))  # would spread what errors there are

    def frames(count: int) -> np.ndarray:
        return renderer.image(scene, camera, (40, 40), samples=count, quality="exact").astype(int)

    reference = frames(64)
    assert (frames(2) == frames(2)).all()  # seeded
    errors = [float(np.sqrt(((frames(count) - reference) ** 2).mean())) for count in (1, 4, 16)]
    assert errors[0] > 0.5  # there is noise to lose
    assert errors[1] < 0.6 * errors[0], errors  # 1/sqrt(4), and a little for rounding
    assert errors[2] < 0.6 * errors[1], errors
