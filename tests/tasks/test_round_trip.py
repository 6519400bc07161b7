"""A picture can be made again to the last bit: from its session, and from what it says about itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.render.conftest import virion
from tests.render.scenes import at_random
from volviz.core.camera import Camera
from volviz.core.json import from_json, to_json
from volviz.core.project import Project, Source
from volviz.core.scene import Scene
from volviz.io import save
from volviz.io.image import read_metadata
from volviz.io.project import open_project, save_project
from volviz.tasks.render import View, open_view, still, write_picture

SIZE = (48, 36)


@pytest.fixture
def view(tmp_path: Path) -> View:
    """A view of files, in a look of which almost every setting is another than usual."""
    volume, classes = virion(24)
    save(volume, tmp_path / "virion.mrc")
    save(classes, tmp_path / "classes.zarr")
    opened = open_view(tmp_path / "virion.mrc", segmentation=tmp_path / "classes.zarr")
    scene = at_random(np.random.default_rng(8), opened.scene, volume.grid, share=0.9)
    scene = scene.with_ramp("membrane", visible=True, low=0.3, opacity=1.0)  # something is to be seen
    camera = Camera.framing(volume.grid, aspect=4 / 3).orbited(20, 10)
    return replace(opened, scene=scene, camera=camera)


def test_a_session_draws_the_same_bytes(view: View, tmp_path: Path) -> None:
    first = write_picture(view, tmp_path / "first.png", size=SIZE)
    sources = [Source(str(tmp_path / name)) for name in ("virion.mrc", "classes.zarr")]
    save_project(Project(*sources, scene=view.scene, camera=view.camera), tmp_path / "view.volviz")
    again = open_view(tmp_path / "view.volviz")
    assert again.scene == view.scene
    assert again.camera == view.camera
    assert np.asarray(Image.open(first)).std() > 3
    assert write_picture(again, tmp_path / "again.png", size=SIZE).read_bytes() == first.read_bytes()
    save_project(replace(open_project(tmp_path / "view.volviz")), tmp_path / "copy.volviz")
    assert (tmp_path / "copy.volviz").read_text() == (tmp_path / "view.volviz").read_text()


def test_a_picture_says_how_to_draw_it_again(view: View, tmp_path: Path) -> None:
    path = write_picture(view, tmp_path / "picture.png", size=SIZE, transparent=True)
    said = read_metadata(path)
    scene = from_json(Scene, json.loads(said["volviz.scene"]))
    camera = from_json(Camera, json.loads(said["volviz.camera"]))
    again = still(scene, view.volume, view.segmentation, SIZE, camera, transparent=True)
    np.testing.assert_array_equal(again, np.asarray(Image.open(path)))


@pytest.mark.parametrize("seed", range(20))
def test_any_scene_comes_back_from_its_text(seed: int) -> None:
    volume, classes = virion(16)
    scene = at_random(np.random.default_rng(seed), Scene.of(volume, classes), volume.grid, share=0.9)
    assert from_json(Scene, json.loads(json.dumps(to_json(scene)))) == scene


def test_a_scene_of_an_older_volviz_has_the_usual_for_what_it_does_not_know() -> None:
    """Sessions written before a setting existed lack it, whichever setting it is."""
    volume, classes = virion(16)
    scene = Scene.of(volume, classes)
    text = to_json(scene)
    assert isinstance(text, dict)
    for name, part in text.items():
        assert isinstance(from_json(Scene, {k: v for k, v in text.items() if k != name}), Scene), name
        if isinstance(part, dict) and name != "ramps":
            for field in part:
                less = {**text, name: {k: v for k, v in part.items() if k != field}}
                assert isinstance(from_json(Scene, less), Scene), f"{name}.{field}"
