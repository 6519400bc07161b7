"""Cleaned pictures are those of cleaned classes; cleaned files hold what the pictures show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import volviz
from tests.render.conftest import front, virion
from volviz.cli import main
from volviz.core.cleaning import Cleaning
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.project import Project, Source
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.stages import Panel
from volviz.io.project import save_project
from volviz.tasks.clean import clean, clean_file
from volviz.tasks.comparison import compare
from volviz.tasks.render import View, open_view, still, write_picture

SIZE = (64, 48)
SETTINGS = ["spikes.dust=2.5", "membrane.smooth=0.7", "lumen.trim=9,0", "lumen.holes=3"]


@pytest.fixture(scope="module")
def view() -> View:
    """A virion with specks of spikes in its corners."""
    volume, classes = virion(32)
    data = classes.data.copy()
    for z, y, x in np.random.default_rng(0).integers(2, 29, (60, 3)):
        if data[0, z, y, x] > 250:
            data[:, z, y, x] = (5, 0, 250, 0)
    segmentation = replace(classes, data=data)
    return View(volume, segmentation, Scene.of(volume, segmentation), front(volume.grid, aspect=4 / 3))


def dirty(scene: Scene) -> Scene:
    for setting in SETTINGS:
        scene = scene.set(*setting.split("="))
    return scene


def test_a_picture_of_a_cleaned_scene_is_that_of_the_cleaned_classes(view, tmp_path):
    scene = dirty(view.scene)
    cleaned = clean(view.segmentation, scene)
    plain = Segmentation(cleaned.grid, np.asarray(cleaned.data[:]), cleaned.labels)
    shown = still(scene, view.volume, view.segmentation, SIZE, view.camera)
    np.testing.assert_array_equal(shown, still(view.scene, view.volume, plain, SIZE, view.camera))
    np.testing.assert_array_equal(shown, still(scene, view.volume, cleaned, SIZE, view.camera))
    assert (shown != still(view.scene, view.volume, view.segmentation, SIZE, view.camera)).any()
    # Seen from where the cleaned classes are, if from nowhere in particular.
    unseen = replace(view, camera=None)
    write_picture(replace(unseen, scene=scene), tmp_path / "a.png", size=SIZE)
    write_picture(replace(unseen, segmentation=plain), tmp_path / "b.png", size=SIZE)
    np.testing.assert_array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_panels_may_be_cleaned_each_in_its_own_way(view):
    panels = [Panel("as it is", view.scene), Panel("clean", dirty(view.scene)), Panel("again", view.scene)]
    picture = compare(panels, view.volume, view.segmentation, (400, 90), view.camera)
    first, second, third = (picture[30:, i * 133 : i * 133 + 132] for i in range(3))
    assert (first != second).any()
    np.testing.assert_array_equal(first, third)
    width = 132
    alone = still(dirty(view.scene), view.volume, view.segmentation, (width, 90), view.camera)
    np.testing.assert_array_equal(second[:, :100], alone[30:, :100])


@pytest.mark.parametrize("out", ["cleaned", "cleaned.zarr"])
def test_a_file_holds_what_the_picture_shows(view, tmp_path, out, capsys):
    volviz.save(view.volume, tmp_path / "virion.mrc")
    segmentation = replace(view.segmentation, source=tmp_path / "virion.mrc")
    volviz.save(segmentation, tmp_path / "seg.zarr")
    options = [word for setting in SETTINGS for word in ("--set", setting)]
    assert main(["clean", str(tmp_path / "seg.zarr"), "--out", str(tmp_path / out), *options]) == 0
    said = capsys.readouterr().out.splitlines()
    before, after = volviz.open(tmp_path / "seg.zarr"), volviz.open(tmp_path / out)
    assert said[-1] == str(tmp_path / out)
    assert said[0].startswith("spikes")
    assert "objects stay" in said[0]
    np.testing.assert_array_equal(np.asarray(before.data[:]), view.segmentation.data)
    expected = clean(before, dirty(view.scene))
    np.testing.assert_array_equal(np.asarray(after.data[:]), np.asarray(expected.data[:]))
    assert after.provenance["cleaning"]["spikes"]["dust"] == 2.5
    assert after.provenance["cleaning"]["spikes"]["level"] == view.scene.ramps["spikes"].low
    assert after.source == tmp_path / "virion.mrc"
    assert main(["clean", str(tmp_path / "seg.zarr"), "--out", str(tmp_path / out), *options]) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_a_session_is_drawn_and_saved_as_it_was_cleaned(view, tmp_path):
    volviz.save(view.volume, tmp_path / "virion.mrc")
    volviz.save(view.segmentation, tmp_path / "seg.zarr")
    scene = dirty(view.scene).set("spikes.low", "0.3")
    save_project(
        Project(Source(str(tmp_path / "virion.mrc")), Source(str(tmp_path / "seg.zarr")), scene, view.camera), tmp_path / "s.volviz"
    )
    opened = open_view(tmp_path / "s.volviz")
    assert opened.scene.cleaning == scene.cleaning
    drawn = still(opened.scene, opened.volume, opened.segmentation, SIZE, opened.camera)
    np.testing.assert_array_equal(drawn, still(scene, view.volume, view.segmentation, SIZE, view.camera))
    clean_file(tmp_path / "s.volviz", tmp_path / "out.zarr")
    expected = clean(view.segmentation, scene)
    np.testing.assert_array_equal(np.asarray(volviz.open(tmp_path / "out.zarr").data[:]), np.asarray(expected.data[:]))


@pytest.mark.parametrize("out", ["cleaned", "cleaned.zarr"])
def test_cleaning_that_is_stopped_leaves_nothing(view, tmp_path, out):
    volviz.save(view.segmentation, tmp_path / "seg.zarr")

    def stop(fraction, text="", **_):
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        clean_file(tmp_path / "seg.zarr", tmp_path / out, SETTINGS, report=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["seg.zarr"]


@pytest.mark.parametrize("out", ["out", "out.zarr"])
def test_cleaning_leaves_no_uncertainty_of_an_older_result_but_that_of_what_it_cleans(view, tmp_path, out):
    for path in ("seg", "out"):  # stem of the files: that of the segmentation
        volviz.save(replace(view.segmentation, name="v"), tmp_path / path)
    volviz.save(view.segmentation, tmp_path / "out.zarr")
    folder, place = tmp_path / "out", tmp_path / out
    beside = tmp_path / "out_uncertainty.zarr" if out.endswith(".zarr") else folder / "v_uncertainty.mrc"
    own = tmp_path / "seg" / "v_uncertainty.mrc"
    volviz.save(view.volume, beside)
    volviz.save(view.volume, own)
    with pytest.raises(VolvizError, match="--overwrite"):
        clean_file(tmp_path / "seg", place, SETTINGS)
    assert beside.exists()
    clean_file(tmp_path / "seg", place, SETTINGS, overwrite=True)
    assert not beside.exists()
    clean_file(tmp_path / "seg", tmp_path / "seg", SETTINGS, overwrite=True)
    assert own.exists()


def test_what_cannot_be_cleaned_says_why(view, tmp_path):
    volviz.save(view.volume, tmp_path / "virion.mrc")
    volviz.save(view.segmentation, tmp_path / "seg.zarr")
    save_project(Project(Source(str(tmp_path / "virion.mrc"))), tmp_path / "s.volviz")
    for path, settings, says in (
        ("virion.mrc", SETTINGS, "is a plain volume"),
        ("seg.zarr", [], "Nothing is asked"),
        ("seg.zarr", ["spikes.high=0.7"], "Nothing is asked"),
        ("seg.zarr", ["capsid.dust=3"], "nothing called 'capsid'"),
        ("s.volviz", SETTINGS, "names no segmentation"),
    ):
        with pytest.raises(VolvizError, match=says):
            clean_file(tmp_path / path, tmp_path / "out.zarr", settings)
    assert not (tmp_path / "out.zarr").exists()


def test_cleaning_from_python_leaves_the_data_where_they_are(view, tmp_path):
    volviz.save(view.segmentation, tmp_path / "seg.zarr")
    opened = volviz.open(tmp_path / "seg.zarr")
    cleaned = volviz.clean(opened, {"spikes": volviz.Cleaning(dust=2.5)})
    assert cleaned.data.source.data is opened.data
    assert cleaned.data.cleaned.keys() == {2}
    assert cleaned.hard().shape == opened.shape
    assert (cleaned.data[2] < opened.data[2]).any()
    assert not isinstance(opened.data, np.ndarray)
    assert Cleaning() == volviz.Cleaning()
