"""A tomogram that does not know its voxel size, drawn with classes that do: the command line and Python alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest

import volviz
from volviz.core.sizing import SIZE_UNSET
from volviz.tasks.render import open_view
from volviz.tasks.session import open_session

SHAPE = (20, 24, 28)
SIZE = 12.3


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A bare tomogram of a ball and its classes, of 12.3 A."""
    z, y, x = np.indices(SHAPE)
    ball = np.clip(7 - np.sqrt((z - 9.5) ** 2 + (y - 11.5) ** 2 + (x - 13.5) ** 2), 0, 1).astype(np.float32)
    with mrcfile.new(tmp_path / "bare.mrc") as mrc:
        mrc.set_data(np.random.default_rng(0).normal(-ball, 0.2).astype(np.float32))
    grid = volviz.Grid(SHAPE, (SIZE,) * 3)
    soft = np.stack([1 - ball, ball, 0 * ball, 0 * ball])
    volviz.save(volviz.Segmentation.of_probabilities(grid, soft), tmp_path / "classes.zarr")
    return tmp_path / "bare.mrc", tmp_path / "classes.zarr"


def test_the_command_line_takes_the_voxel_size_of_the_classes_and_says_so(files: tuple[Path, Path], tmp_path: Path) -> None:
    view = open_view(files[0], segmentation=files[1])
    assert view.volume.grid.voxel_size == (SIZE,) * 3 == view.segmentation.grid.voxel_size
    assert view.notes == ("The file does not know its voxel size; 12.3 Å is what its classes say.",)
    assert SIZE_UNSET not in view.volume.notes
    assert view.project.volume.voxel_size == SIZE
    volviz.save_project(view.project, tmp_path / "s.volviz")
    assert open_session(tmp_path / "s.volviz").volume.grid.voxel_size == (SIZE,) * 3
    given = open_view(files[0], segmentation=files[1], voxel_size=7.0)
    assert given.volume.grid.voxel_size == (7.0,) * 3 == given.segmentation.grid.voxel_size
    assert given.notes == ("Its classes say 12.3 Å per voxel, the tomogram 7 Å, which is what is used.",)


def test_one_class_of_another_program_tells_it_too(files: tuple[Path, Path], tmp_path: Path) -> None:
    with mrcfile.new(tmp_path / "bare_membrane.mrc") as mrc:
        mrc.set_data(volviz.open(files[1]).probabilities()[1, ::2, ::2, ::2])
        mrc.voxel_size = 2 * SIZE
    view = open_view(files[0], segmentation=tmp_path / "bare_membrane.mrc")
    assert view.volume.grid.voxel_size == pytest.approx((SIZE,) * 3, rel=1e-6)
    assert view.segmentation.grid == view.volume.grid


def test_python_draws_the_same_pixels(files: tuple[Path, Path]) -> None:
    volume, segmentation = volviz.open(files[0]), volviz.open(files[1])
    view = open_view(files[0], segmentation=files[1])
    scene = volviz.Scene.of(volume, segmentation)
    assert scene == view.scene
    assert scene.guides.scale_bar  # the classes know how long it is
    picture = volviz.still(scene, volume, segmentation, size=(96, 64))
    np.testing.assert_array_equal(picture, volviz.still(view.scene, view.volume, view.segmentation, size=(96, 64)))
    known = volviz.open(files[0], voxel_size=SIZE)
    np.testing.assert_array_equal(picture, volviz.still(scene, known, segmentation, size=(96, 64)))


def test_a_volume_that_does_not_know_is_as_bright_as_one_of_a_nanometre(files: tuple[Path, Path]) -> None:
    bare, told = volviz.open(files[0]), volviz.open(files[0], voxel_size=10.0)
    scene = volviz.Scene.of(bare)
    assert scene == replace(volviz.Scene.of(told), guides=scene.guides)
    assert not scene.guides.scale_bar  # which would be a guess
    a, b = (volviz.still(scene, volume, size=(96, 64)).astype(int) for volume in (bare, told))
    assert np.abs(a - b).max() <= 1
    assert a[..., :3].max() > 60
    assert (volviz.still(volviz.Scene.of(told), told, size=(96, 64)) != b).any()
