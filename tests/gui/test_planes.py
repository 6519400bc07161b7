"""Slices the right way round: right-handed, y and z up, one crosshair in angstrom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.grid import Grid
from volviz.core.scene import Ramp
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.planes import PLANES, XY, binned, contrast_from, overlay, read_slice

pytestmark = pytest.mark.gui

GRID = Grid((5, 7, 9), (10.0, 11.0, 12.0), (3.0, -40.0, 1000.0))


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_rows_go_up_and_columns_go_right(plane: object) -> None:
    data = np.random.default_rng(1).normal(size=GRID.shape).astype(np.float32)
    at = np.array([3, 2, 6])
    x, y, z = GRID.to_world(at)
    read = read_slice(plane, (x, y, z), Volume(GRID, data), None)
    assert read.index == at[plane.normal]
    assert read.grey[at[plane.up], at[plane.right]] == data[tuple(at)]
    assert plane.place((x, y, z)) == ((x, y, z)[2 - plane.right], (x, y, z)[2 - plane.up])


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_the_three_views_are_right_handed(plane: object) -> None:
    axes = np.eye(3)
    right, up, towards = (axes[2 - i] for i in (plane.right, plane.up, plane.normal))
    seen_from = np.cross(right, up)
    assert abs(seen_from @ towards) == 1
    # The XY slice is looked at from +z, the others with z up.
    assert seen_from[2] == (1 if plane is XY else 0)
    assert plane is XY or up[2] == 1


@given(st.sampled_from(PLANES), st.integers(0, 8), st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_stepping_to_a_slice_shows_that_slice_and_moves_nothing_else(plane: object, index: int, x: float, y: float, z: float) -> None:
    moved = plane.moved(GRID, (x, y, z), index)
    assert plane.index(GRID, moved) == min(index, GRID.shape[plane.normal] - 1)
    assert plane.place(moved) == pytest.approx(plane.place((x, y, z)))


def test_no_more_than_the_slice_is_read() -> None:
    asked: list[object] = []

    class Disk:
        shape, dtype = GRID.shape, np.dtype(np.float32)

        def __getitem__(self, key: tuple[slice, slice, slice]) -> np.ndarray:
            part = np.zeros(GRID.shape, np.float32)[key]
            asked.append(part.size)
            return part

    for plane in PLANES:
        read_slice(plane, (0.0, 0.0, 0.0), Volume(GRID, Disk()), None)
    assert asked == [7 * 9, 5 * 9, 5 * 7]


def test_classes_on_another_grid_are_read_at_the_same_place() -> None:
    coarse = GRID.resample(20.0)
    data = np.zeros((2, *coarse.shape), np.uint8)
    data[1, :, :, -1] = 255
    point = tuple(coarse.to_world((1, 1, coarse.shape[2] - 1)))
    read = read_slice(PLANES[2], point, Volume(GRID, np.zeros(GRID.shape, np.float32)), Segmentation(coarse, data, data_labels()))
    assert read.classes.shape == (2, coarse.shape[0], coarse.shape[1])
    assert (read.classes[1] == 1).all()


def data_labels() -> tuple:
    from volviz.core.segmentation import Label

    return Label("background"), Label("membrane", (1.0, 0.0, 0.0))


def test_the_overlay_is_the_ramp_in_the_class_colour() -> None:
    soft = np.array([[[1.0, 0.5, 0.0]], [[0.0, 0.5, 1.0]]], np.float32)
    ramps = {"membrane": Ramp(0.0, 1.0, (1.0, 0.2, 0.0))}
    painted = overlay(soft, ("background", "membrane"), ramps, 0.5)
    assert painted[0, 0, 3] == 0
    assert painted[0, 1, 3] == pytest.approx(64, abs=1)
    assert tuple(painted[0, 2]) == (255, 51, 0, 128)
    hidden = overlay(soft, ("background", "membrane"), {"membrane": Ramp(visible=False)}, 1.0)
    assert not hidden[..., 3].any()


def test_two_classes_mix_by_how_far_they_are() -> None:
    soft = np.array([[[1.0]], [[1.0]]], np.float32)
    ramps = {"a": Ramp(0, 1, (1.0, 0.0, 0.0)), "b": Ramp(0, 2, (0.0, 0.0, 1.0))}
    red, green, blue, alpha = overlay(soft, ("a", "b"), ramps, 1.0)[0, 0]
    assert (red, green, blue, alpha) == (170, 0, 85, 255)


def test_outliers_do_not_set_the_contrast() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100_000).astype(np.float32)
    values[:50] = 40_000
    low, high = contrast_from(values)
    assert -2.6 < low < -2.1
    assert 2.1 < high < 2.6
    flat_low, flat_high = contrast_from(np.zeros(10, np.float32))
    assert flat_low < flat_high


def test_from_afar_a_slice_is_its_mean_over_squares() -> None:
    grey = np.arange(7 * 5, dtype=np.float32).reshape(7, 5)
    coarse = binned(grey, 3)
    assert coarse.shape == (3, 2)
    assert coarse[0, 0] == grey[:3, :3].mean()
    assert coarse[2, 1] == grey[6:, 3:].mean()
    assert binned(grey, 1) is grey


def test_what_was_read_lies_in_memory_and_not_on_disk(tmp_path: Path) -> None:
    data = np.memmap(tmp_path / "volume.raw", np.float32, "w+", shape=GRID.shape)
    for plane in PLANES:
        grey = read_slice(plane, (0.0, 0.0, 0.0), Volume(GRID, data), None).grey
        assert not np.shares_memory(grey, data)
        assert grey.flags.c_contiguous
