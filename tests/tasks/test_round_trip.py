"""A picture can be made again to the last bit: from its session, and from what it says about itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.render.conftest import virion
from tests.render.scenes import at_random
from volviz.cli import main
from volviz.core.boxes import Box
from volviz.core.camera import Camera
from volviz.core.differences import applied, differences
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.guides import Guides
from volviz.core.json import from_json, to_json
from volviz.core.project import Project, Source
from volviz.core.scene import Scene
from volviz.core.segmentation import Label
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io import save
from volviz.io.annotations import save_annotations
from volviz.io.project import open_project, save_project
from volviz.tasks.annotations import Annotated, read_annotations
from volviz.tasks.marked import holds
from volviz.tasks.recipe import Recipe
from volviz.tasks.render import View, open_view, write_picture

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
    assert view.project is not None
    save_project(replace(view.project, scene=view.scene, camera=view.camera), tmp_path / "view.volviz")
    again = open_view(tmp_path / "view.volviz")
    assert again.scene == view.scene
    assert again.camera == view.camera
    assert np.asarray(Image.open(first)).std() > 3
    assert write_picture(again, tmp_path / "again.png", size=SIZE).read_bytes() == first.read_bytes()
    save_project(replace(open_project(tmp_path / "view.volviz")), tmp_path / "copy.volviz")
    assert (tmp_path / "copy.volviz").read_text() == (tmp_path / "view.volviz").read_text()


@pytest.mark.parametrize("name", ["picture.png", "picture.tif", "picture.jpg"])
def test_a_picture_opens_as_the_view_it_shows(view: View, tmp_path: Path, name: str) -> None:
    path = write_picture(view, tmp_path / name, size=SIZE, transparent=name != "picture.jpg")
    again = open_view(path)
    assert again.scene == view.scene
    assert again.camera == view.camera
    assert write_picture(again, tmp_path / f"again_{name}", size=SIZE, transparent=name != "picture.jpg").read_bytes() == path.read_bytes()


def test_a_picture_names_files_and_no_folders(view: View, tmp_path: Path) -> None:
    path = write_picture(view, tmp_path / "picture.png", size=SIZE)
    inside = path.read_bytes()
    assert b'"virion.mrc"' in inside
    assert b'"classes.zarr"' in inside
    for folder in (*tmp_path.parts[1:], str(Path.home())):
        assert folder.encode() not in inside
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = path.rename(elsewhere / "sent.png")
    with pytest.raises(VolvizError, match=r"virion\.mrc is missing.*classes\.zarr is missing.*--find FOLDER") as caught:
        open_view(moved)
    assert "\n" not in str(caught.value)
    assert open_view(moved, find=[tmp_path]).scene == view.scene
    save(Volume(Grid((4, 4, 4)), np.zeros((4, 4, 4), np.float32)), elsewhere / "virion.mrc")  # of the same name, and another
    save(view.segmentation, elsewhere / "classes.zarr")
    with pytest.raises(VolvizError, match=r"4x4x4 voxels"):
        open_view(moved)


def test_a_picture_of_somebody_else_s_says_so(tmp_path: Path) -> None:
    for name in ("photo.png", "photo.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
        with pytest.raises(VolvizError, match="without a view of volviz in it"):
            open_view(tmp_path / name)


def typed(recipe: Recipe) -> list[str]:
    """What a shell makes of the line, after the name of the program."""
    line = recipe.command().replace("volviz", "printf '%s\\0'", 1)
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.split("\0")[:-1]


def draws(recipe: Recipe, expected: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what was copied as Python and as a command line, each in a folder of its own, and compare the picture of each."""
    for number, run in enumerate((lambda: exec(recipe.python(), {}), lambda: main(typed(recipe)))):
        (own := folder / str(number)).mkdir()
        monkeypatch.chdir(own)
        assert not run()
        np.testing.assert_array_equal(np.asarray(Image.open(own / "virion.png").convert("RGB")), expected)


def test_text_copied_of_a_view_draws_the_same_bytes(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = np.asarray(Image.open(write_picture(view, tmp_path / "expected.png", size=SIZE)))
    assert view.project is not None
    recipe = Recipe.of(replace(view.project, scene=view.scene, camera=view.camera), SIZE)
    assert len(recipe.settings) > 20
    draws(recipe, expected, tmp_path, monkeypatch)


def test_annotations_are_copied_with_the_file_that_holds_them(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = view.volume.grid.bounds_xyz
    box = Box((tuple(map(float, low)), tuple(map(float, (low + high) / 2))), "membrane", 1)
    save_annotations([box], tmp_path / "my marks.annotations.json", labels=[Label("membrane", (1.0, 0.2, 0.9))])
    file = read_annotations(tmp_path / "my marks.annotations.json")
    bare = np.asarray(Image.open(write_picture(view, tmp_path / "bare.png", size=SIZE)))
    expected = np.asarray(Image.open(write_picture(view, tmp_path / "expected.png", size=SIZE, marks=file)))
    assert (bare != expected).any()
    assert view.project is not None
    recipe = Recipe.of(replace(view.project, scene=view.scene, camera=view.camera), SIZE, tmp_path / "my marks.annotations.json")
    draws(recipe, expected, tmp_path, monkeypatch)


def test_a_file_holds_annotations_only_as_they_are_now(view: View, tmp_path: Path) -> None:
    path, box = tmp_path / "marks.annotations.json", Box(((0.0, 0.1, 0.2), (50.0, 60.0, 70.0)), "membrane", 1)
    label = Label("membrane", (1.0, 0.2, 0.9))
    save_annotations([box], path, labels=[label])
    marks = Annotated((box,), (label,))
    assert holds(path, marks, view.scene, view.segmentation)
    assert not holds(path, replace(marks, annotations=(box, box)), view.scene, view.segmentation)
    assert not holds(path, replace(marks, labels=(replace(label, color=(0.0, 1.0, 0.0)),)), view.scene, view.segmentation)
    path.unlink()
    assert not holds(path, marks, view.scene, view.segmentation)


def test_the_density_alone_is_copied_too(view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = open_view(tmp_path / "virion.mrc", classes=False, voxel_size=7.0)
    plain = replace(plain, camera=Camera.framing(plain.volume.grid, aspect=4 / 3), scene=plain.scene.set("mode", "raw"))
    expected = np.asarray(Image.open(write_picture(plain, tmp_path / "expected.png", size=SIZE)))
    assert plain.project is not None
    recipe = Recipe.of(replace(plain.project, scene=plain.scene, camera=plain.camera), SIZE)
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    assert main(typed(recipe)) == 0
    np.testing.assert_array_equal(np.asarray(Image.open("virion.png")), expected)


def test_one_of_several_volumes_is_copied_with_its_number(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "two.tif", np.random.default_rng(0).normal(size=(8, 2, 9, 10)).astype(np.float32), metadata={"axes": "ZCYX"}, ome=True
    )
    second = open_path(tmp_path / "two.tif", index=1)
    project = Project(Source.of(tmp_path / "two.tif", second), scene=Scene.of(second), camera=Camera())
    recipe = Recipe.of(project, SIZE)
    assert recipe.settings == ()
    assert "two.tif', index=1)" in recipe.python()
    with pytest.raises(VolvizError, match="copy the view as Python"):
        recipe.command()


@pytest.mark.parametrize("seed", range(20))
def test_any_scene_comes_back_from_its_differences(seed: int) -> None:
    volume, classes = virion(16)
    base = Scene.of(volume, classes)
    scene = at_random(np.random.default_rng(seed), base, volume.grid, share=0.9)
    cutting = tuple(plane for plane in scene.clips.planes if plane.on)
    assert applied(base, differences(base, scene)) == replace(scene, clips=replace(scene.clips, planes=cutting))
    assert differences(base, base) == ()


def test_a_scale_bar_that_was_switched_off_is_off_in_what_is_copied() -> None:
    base = Scene.of(*virion(16))
    assert base.guides.scale_bar
    assert differences(base, replace(base, guides=Guides())) == (("guides.scale_bar", "off"),)


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
