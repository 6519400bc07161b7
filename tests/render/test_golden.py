"""Pictures kept in the repository. `make golden` draws them anew; look at them before committing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.render.conftest import bare_scene, virion
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Plane
from volviz.core.guides import Guides, Slices
from volviz.core.scene import Bloom, Occlusion, Ramp, Scene, Shadow, Uncertainty
from volviz.render.renderer import Pixels, Renderer
from volviz.tasks.looks import find_look

FOLDER = Path(__file__).resolve().parents[1] / "golden"
DIFFERENCES = FOLDER / "differences"  # not kept in the repository
SIZE = (160, 120)


DARK = {"occlusion": Occlusion(on=False), "shadow": Shadow(on=False), "bloom": Bloom(on=False)}
LOOKS: dict[str, Callable[[Scene], Scene]] = {
    "first": lambda scene: scene,
    "unlit": lambda scene: replace(scene, **DARK),
    "without_membrane": lambda scene: scene.with_ramp("membrane", visible=False),
    "raw": lambda scene: replace(scene, raw=replace(scene.raw, low=1.5, high=4.0)),
    "maximum": lambda scene: replace(scene, mode="maximum"),
    "average": lambda scene: replace(scene, mode="average"),
    "surface": lambda scene: replace(scene, mode="surface"),
    "together": lambda scene: replace(scene, together=Ramp(0.3, 0.8, (0.8, 0.75, 0.6), 0.6)),
    "paper": lambda scene: find_look("paper").apply(scene),
    "print": lambda scene: replace(find_look("print").apply(scene), guides=Guides(scale_bar=True)),
    "uncertain": lambda scene: replace(scene, uncertainty=Uncertainty(1.0)),
    "cut": lambda scene: replace(
        scene,
        clips=Clips(x=(0.0, 0.8), planes=(Plane((275.0, 275.0, 275.0), (0.2, 0.3, 1.0)),)),
        slices=Slices(y=0.3, z=0.25),
        guides=Guides(axes=True, box=True),
    ),
}


@pytest.mark.parametrize("name", LOOKS)
def test_the_picture_is_the_one_that_was_approved(renderer: Renderer, name: str, request: pytest.FixtureRequest) -> None:
    volume, classes = virion()
    renderer.load(volume, None if name == "raw" else classes)
    scene = LOOKS[name](bare_scene(volume, classes))
    picture = renderer.image(scene, Camera.framing(volume.grid, aspect=4 / 3).zoomed(1.5), SIZE, samples=4)[..., :3]
    path = FOLDER / f"{name}.png"
    if request.config.getoption("--golden", default=False):
        FOLDER.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, optimize=True)
        return
    compare(picture, np.asarray(Image.open(path).convert("RGB")), DIFFERENCES / path.name)


def compare(picture: Pixels, wanted: Pixels, beside: Path) -> None:
    """Fail if a picture is not the one that is wanted, and leave both and their difference in one picture."""
    difference = np.abs(picture.astype(int) - wanted)
    beside.unlink(missing_ok=True)
    if difference.mean() <= 1 and np.percentile(difference, 99) <= 8:  # drivers round and filter a little differently
        return
    beside.parent.mkdir(exist_ok=True)
    shown = np.clip(4 * difference, 0, 255).astype(np.uint8)
    Image.fromarray(np.concatenate([wanted, picture, shown], axis=1)).save(beside)
    pytest.fail(f"the picture differs (mean {difference.mean():.2f} of 255): approved, drawn and 4 x their difference are in {beside}")


def test_a_difference_is_found_and_left_where_one_can_look(tmp_path: Path) -> None:
    approved = np.asarray(Image.open(FOLDER / "first.png").convert("RGB"))
    left = tmp_path / "differences" / "first.png"
    compare(approved, approved, left)
    assert not left.exists()
    for wrong in (np.roll(approved, 2, axis=1), approved[::-1], np.clip(approved.astype(int) + 12, 0, 255).astype(np.uint8)):
        with pytest.raises(pytest.fail.Exception, match=r"first\.png"):
            compare(wrong, approved, left)
        with Image.open(left) as three:
            assert three.size == (3 * SIZE[0], SIZE[1])
    compare(approved, approved, left)
    assert not left.exists()


def test_every_approved_picture_is_drawn_and_small() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == set(LOOKS)
    assert all(path.stat().st_size < 200_000 for path in FOLDER.glob("*.png"))
