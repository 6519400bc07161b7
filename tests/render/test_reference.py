"""Both qualities of the renderer beside a ray marcher that shares no code with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, virion
from tests.render.reference import picture
from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.scene import Bloom, Light, Occlusion, RawLook, Shadow
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.render.renderer import Renderer
from volviz.render.uniforms import TINT

SIZE = (40, 30)
LAMP = Light((-0.6, 0.6, 0.5), size=12.0, intensity=1.0)
DARK = {"occlusion": Occlusion(on=False), "shadow": Shadow(on=False)}
# Of 255, mean and 99th percentile over what is seen. What is left of a difference to the exact one: nine rays in a pixel
# beside sixteen (0.5 of a mean of 0.9), and a step of a voxel beside a quarter. With 64 samples and 16 rays it is 0.4.
EXACT, CACHED = (1.25, 6.5), (2.0, 12.0)


def flattened(volume: Volume, classes: Segmentation) -> tuple[Volume, Segmentation]:
    """Return the same data on voxels of 10 x 14 x 8 A (x, y, z), as if their size had been mistaken."""
    grid = Grid(volume.grid.shape, (8.0, 14.0, 10.0), (300.0, -200.0, 50.0))
    return replace(volume, grid=grid), replace(classes, grid=grid)


def split(volume: Volume, classes: Segmentation) -> tuple[Volume, Segmentation]:
    """Return the same with every class shared among two at random, six in all: more than one texture group holds."""
    share = np.random.default_rng(5).random(volume.grid.shape)
    soft = classes.probabilities()
    labels = [replace(label, name=f"{label.name} {part}") for label in classes.drawn for part in "ab"]
    labels = [replace(label, color=(0.9 - 0.12 * i, 0.2 + 0.13 * i, 0.5)) for i, label in enumerate(labels)]
    parts = [p for channel in soft[1:] for p in (channel * share, channel * (1 - share))]
    return volume, Segmentation.of_probabilities(volume.grid, np.stack([soft[0], *parts]), (Label("background", (0, 0, 0)), *labels))


SETTINGS = {
    # what is changed of the data, of the scene and of the camera
    "unlit": (None, DARK, {}),
    "unlit, no raw density, uneven voxels": (flattened, {**DARK, "raw": RawLook(multiply=False)}, {"orthographic": True}),
    "unlit, six classes": (split, DARK, {}),
    "occlusion": (None, {"occlusion": Occlusion(radius=8.0), "shadow": Shadow(on=False)}, {}),
    "shadow": (None, {"occlusion": Occlusion(on=False), "shadow": Shadow(reach=25.0, strength=0.85)}, {}),
    "both": (None, {"occlusion": Occlusion(radius=12.0), "shadow": Shadow(reach=25.0, strength=0.85)}, {}),
    "both, parallel rays, small lamp of the world": (
        None,
        {
            "occlusion": Occlusion(radius=5.0),
            "shadow": Shadow(reach=20.0, strength=0.85),
            "light": Light((0.3, -0.5, 0.8), "world", 6.0, 0.9),
        },
        {"orthographic": True},
    ),
    "both, uneven voxels": (flattened, {"occlusion": Occlusion(radius=8.0), "shadow": Shadow(reach=20.0, strength=0.85)}, {}),
    "both, from within": (None, {"occlusion": Occlusion(radius=8.0), "shadow": Shadow(reach=20.0, strength=0.85)}, {"inside": True}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_both_qualities_come_to_what_the_definitions_say(renderer: Renderer, name: str) -> None:
    change, look, view = SETTINGS[name]
    volume, classes = virion(32)
    volume, classes = change(volume, classes) if change else (volume, classes)
    scene = replace(bare_scene(volume, classes), **{"bloom": Bloom(on=False), "light": LAMP, **look})
    camera = Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.4)
    if view.get("orthographic"):
        camera = replace(camera, orthographic_height=camera.height)
    if view.get("inside"):
        camera = replace(camera, distance=40.0, field_of_view=70.0)
    size = (24, 18) if view.get("inside") else SIZE
    wanted = picture(volume, classes, scene, camera, size, TINT)
    seen = wanted[..., 3] > 0.05
    assert seen.mean() > 0.08
    renderer.load(volume, classes)
    for quality, (mean, most) in {"exact": EXACT, "cached": CACHED}.items():
        if quality == "cached" and name.startswith("unlit"):
            continue
        got = renderer.image(scene, camera, size, quality=quality, samples=16)[..., :3]
        difference = np.abs(got - wanted[..., :3])
        assert difference[seen].mean() < mean, (quality, difference[seen].mean())
        assert np.percentile(difference[seen], 99) < most, (quality, np.percentile(difference[seen], 99))
    covered = renderer.image(scene, camera, size, samples=16, transparent=True)[..., 3] / 255
    assert np.abs(covered - wanted[..., 3]).mean() < 0.004


def test_the_reference_itself_holds_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finer steps and lattices change little: it is no worse a measure than what it measures."""
    from tests.render import reference

    volume, classes = virion(32)
    scene = replace(bare_scene(volume, classes), bloom=Bloom(on=False), light=LAMP, occlusion=Occlusion(radius=8.0))
    scene = replace(scene, shadow=Shadow(reach=20.0, strength=0.85))
    camera = Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.4)
    usual = picture(volume, classes, scene, camera, (24, 18), TINT)
    for name, value in {"ALONG": 8, "LIT": 12, "FINE": 6}.items():
        monkeypatch.setattr(reference, name, value)
    finer = picture(volume, classes, scene, camera, (24, 18), TINT)
    assert np.abs(usual - finer)[usual[..., 3] > 0.05].mean() < 0.6
