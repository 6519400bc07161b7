"""Pictures kept in the repository. `make golden` draws them anew; look at them before committing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.render.conftest import virion
from volviz.core.camera import Camera
from volviz.core.scene import Bloom, Occlusion, Scene, Shadow
from volviz.render.renderer import Renderer

FOLDER = Path(__file__).resolve().parents[1] / "golden"
SIZE = (160, 120)


def cut(scene: Scene) -> Scene:
    return scene.with_ramp("membrane", visible=False)


LOOKS = {
    "first": lambda scene: scene,
    "unlit": lambda scene: replace(scene, occlusion=Occlusion(on=False), shadow=Shadow(on=False), bloom=Bloom(on=False)),
    "without_membrane": cut,
    "raw": lambda scene: replace(scene, density=replace(scene.density, low=1.5, high=4.0)),
}


@pytest.mark.parametrize("name", LOOKS)
def test_the_picture_is_the_one_that_was_approved(renderer: Renderer, name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    volume, classes = virion()
    renderer.load(volume, None if name == "raw" else classes)
    scene = LOOKS[name](Scene.of(volume, classes))
    picture = renderer.image(scene, Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.5), SIZE)[..., :3]
    path = FOLDER / f"{name}.png"
    if request.config.getoption("--golden", default=False):
        FOLDER.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, optimize=True)
        return
    wanted = np.asarray(Image.open(path).convert("RGB")).astype(int)
    difference = np.abs(picture.astype(int) - wanted)
    if difference.mean() > 1 or np.percentile(difference, 99) > 8:  # drivers round and filter a little differently
        Image.fromarray(np.clip(4 * difference, 0, 255).astype(np.uint8)).save(tmp_path / f"{name}_difference.png")
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        pytest.fail(f"the picture differs (mean {difference.mean():.2f} of 255); see {tmp_path}")
