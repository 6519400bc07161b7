"""Arranged classes and classes alone, through sessions, pictures, the command line and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.cli import main
from volviz.core.alone import is_alone
from volviz.core.arranged import kept_of
from volviz.core.project import Source
from volviz.tasks.recipe import Recipe
from volviz.tasks.render import open_view
from volviz.tasks.session import open_session

SHAPE = (16, 20, 24)
GRID = volviz.Grid(SHAPE, (12.0,) * 3)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    z, y, x = np.indices(SHAPE)
    away = np.sqrt((z - 8) ** 2 + (y - 10) ** 2 + (x - 12) ** 2)
    coat, core = np.clip(2 - abs(away - 6), 0, 1), np.clip(4 - away, 0, 1)
    soft = np.stack([1 - coat - core, coat, 0 * coat, core])
    noise = np.random.default_rng(0).normal(0, 0.2, SHAPE)
    volviz.save(volviz.Volume(GRID, (noise - coat).astype(np.float32), "ts"), tmp_path / "ts.mrc")
    made = volviz.Segmentation.of_probabilities(GRID, soft, source=tmp_path / "ts.mrc")
    volviz.save(made, tmp_path / "classes.zarr")
    return tmp_path / "ts.mrc", tmp_path / "classes.zarr"


def test_a_session_the_command_line_and_python_show_arranged_classes_alike(files: tuple[Path, Path], tmp_path: Path) -> None:
    view = open_view(files[0], segmentation=files[1], names=["coat=membrane", "lumen"])
    assert list(view.scene.ramps) == ["coat", "lumen"]
    volviz.save_project(replace(view.project, scene=view.scene), tmp_path / "s.volviz")
    session = open_session(tmp_path / "s.volviz")
    assert [label.name for label in session.segmentation.labels] == ["background", "coat", "lumen"]
    pictures = [volviz.still(one.scene, one.volume, one.segmentation, size=(80, 60)) for one in (view, open_view(tmp_path / "s.volviz"))]
    volume, plain = volviz.open(files[0]), volviz.open(files[1])
    found = volviz.arrange(plain, [("membrane", "coat"), "lumen"])
    pictures.append(volviz.still(volviz.Scene.of(volume, found), volume, found, size=(80, 60)))
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])
    volviz.save(found, tmp_path / "saved.zarr")
    assert [label.name for label in volviz.open(tmp_path / "saved.zarr").labels] == ["background", "coat", "lumen"]
    volviz.save(found, tmp_path / "saved")
    assert {path.name for path in (tmp_path / "saved").glob("*_*.mrc")} >= {"classes_coat.mrc", "classes_lumen.mrc"}


def test_a_copied_view_says_how_its_classes_are_arranged(files: tuple[Path, Path]) -> None:
    view = open_view(files[0], segmentation=files[1], names=["coat=membrane", "lumen"])
    scene = view.scene.set("coat.low", "0.3")
    recipe = Recipe.of(replace(view.project, scene=scene, camera=volviz.Camera.framing(GRID)), (80, 60))
    assert recipe.settings == (("coat.low", "0.3"),)
    assert "--classes coat=membrane,lumen" in recipe.command()
    assert "seg = volviz.arrange(seg, [('membrane', 'coat'), ('lumen', 'lumen')])" in recipe.python()


def test_a_segmentation_is_drawn_on_the_tomogram_it_was_made_from_or_alone(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert open_view(files[1]).volume.source == files[0]
    files[0].unlink()
    view = open_view(files[1])
    assert is_alone(view.volume)
    assert "ts.mrc, from which the classes were made, is not in" in view.notes[0]
    assert view.project.volume is None
    main(["render", str(files[1]), "--out", str(tmp_path / "x.png"), "--size", "80x60"])
    again = open_view(tmp_path / "x.png")  # which holds its session
    assert is_alone(again.volume)
    picture = volviz.still(view.scene, view.volume, view.segmentation, size=(80, 60))
    assert np.ptp(picture[..., :3].astype(int), axis=(0, 1)).max() > 60


def test_a_class_that_is_no_longer_in_the_file_is_left_out(files: tuple[Path, Path], tmp_path: Path) -> None:
    view = open_view(files[0], segmentation=files[1], names=["coat=membrane", "lumen"])
    volviz.save_project(replace(view.project, scene=view.scene), tmp_path / "s.volviz")
    other = volviz.arrange(volviz.open(files[1]), ["membrane"])
    volviz.save(other, files[1], overwrite=True)
    found = open_session(tmp_path / "s.volviz").segmentation
    assert [(one.of, one.label.name) for one in kept_of(found)] == [("membrane", "coat")]
    assert Source.of("x", found).shape == SHAPE
