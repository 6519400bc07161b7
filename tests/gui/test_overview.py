"""Slices that take long to read: means of boxes at once, then what is seen in full resolution."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from volviz.core import mapped
from volviz.core.grid import Grid, Region, bricks
from volviz.core.volume import Volume
from volviz.gui import overview, planes, sharpening, viewport
from volviz.gui.document import State
from volviz.gui.latest import Latest
from volviz.gui.overview import Overview
from volviz.gui.planes import XY, YZ, Plane, part_of, read_part, read_slice, thick
from volviz.gui.window import Window
from volviz.io import open as open_path
from volviz.io import save

SHAPE = (24, 40, 48)


def values_of(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 1, shape).astype(np.float32)


def map_of(values: np.ndarray, path: Path) -> np.ndarray:
    values.tofile(path)
    with path.open("rb") as file:
        return mapped.open_map(file, values.dtype, 0, values.shape)


@pytest.mark.parametrize("size", [(1, 40, 48), (5, 7, 48), (24, 1, 48)])
def test_it_fills_up_with_the_means_of_boxes(size: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST", 6 * 10 * 12)
    values, coarse = values_of(SHAPE), Overview(SHAPE)
    assert coarse.shape == (6, 10, 12)
    take = coarse.begin(SHAPE)
    assert coarse.filling
    for region in bricks(SHAPE, size):
        assert not coarse.complete
        take(region, values[region.slices])
    assert coarse.complete
    assert coarse.share == 1
    means = values.reshape(6, 4, 10, 4, 12, 4).mean(axis=(1, 3, 5))
    for axis in range(3):
        np.testing.assert_allclose(coarse.slice(axis, 0.5), np.take(means, means.shape[axis] // 2, axis), atol=1e-5)
    np.testing.assert_allclose(coarse.slice(0, 0.5, 2 / 6), means[2:4].mean(axis=0), atol=1e-5)


def test_what_comes_on_another_grid_weighs_by_how_much_of_it_lies_in_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST", 5 * 8 * 10)
    coarse = Overview(SHAPE)
    take = coarse.begin((13, 21, 25))
    take(Region((0, 0, 0), (6, 21, 25)), np.full((6, 21, 25), 3, np.float32))
    found = coarse.slice(2, 0.5)
    assert np.isnan(found[-1]).all()
    np.testing.assert_allclose(found[:2], 3)
    assert not coarse.complete
    coarse.begin(SHAPE)(Region.whole(SHAPE), np.full(SHAPE, 7, np.float32))
    np.testing.assert_allclose(coarse.slice(1, 0.99), 7)
    take(Region((6, 0, 0), (7, 21, 25)), np.full((1, 21, 25), 100, np.float32))  # an earlier reading that was given up
    np.testing.assert_allclose(coarse.slice(0, 0.5), 7)


def test_only_large_files_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 0)
    values = values_of(SHAPE)
    volume = Volume(Grid(SHAPE), map_of(values, tmp_path / "large.raw"))
    assert Overview.of(volume) is None
    assert Overview.of(Volume(Grid(SHAPE), values)) is None
    monkeypatch.setattr(overview, "QUICK", 10_000)
    assert Overview.of(volume) is not None
    region = part_of(YZ, thick(YZ, volume.grid, 20, 0.0), (3, 17), (10, 31))
    told: list[float] = []
    monkeypatch.setattr("volviz.gui.planes.READ_AT_ONCE", 20_000)
    part = read_part(YZ, volume, region, told.append)
    np.testing.assert_array_equal(part.grey, values[3:17, 10:31, 20])
    assert part.start == (3, 10)
    assert len(told) > 3
    assert part.covers((4, 17), (10, 30))
    assert not part.covers((2, 10), (10, 30))


@pytest.mark.parametrize("plane", [XY, YZ])
def test_a_slice_of_means_lies_where_the_slice_lies(plane: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST", 6 * 10 * 12)
    grid = Grid(SHAPE, (10.0, 11.0, 12.0), (3.0, -40.0, 1000.0))
    values = np.add.outer(np.arange(24) * 100.0, np.add.outer(np.arange(40) * 10.0, np.arange(48) * 1.0)).astype(np.float32)
    coarse = Overview(SHAPE)
    coarse.begin(SHAPE)(Region.whole(SHAPE), values)
    at = tuple(float(v) for v in grid.to_world((13, 22, 34)))
    fine, means = (read_slice(plane, at, Volume(grid, values), None, 0.0, given).grey for given in (None, coarse))
    np.testing.assert_allclose(means, fine.reshape(means.shape[0], 4, means.shape[1], 4).mean(axis=(1, 3)), atol=160)
    assert means.argmax() == means.size - 1


@pytest.fixture
def large(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """A state whose volume lies in a file across whose rows it takes long to read."""
    monkeypatch.setattr(mapped, "LEAST", 0)
    monkeypatch.setattr(viewport, "AT_ONCE", 100)
    for module in (overview, sharpening):
        monkeypatch.setattr(module, "QUICK", 3 * state.volume.data[0].nbytes)
    monkeypatch.setattr(overview, "MOST", 2000)
    volume = replace(state.volume, data=map_of(np.asarray(state.volume.data, np.float32), tmp_path / "large.raw"))
    return replace(state, volume=volume, overview=Overview.of(volume))


@pytest.mark.gui
@pytest.mark.display
def test_means_come_first_and_what_is_looked_at_closely_is_read(
    window: Window, qtbot: QtBot, large: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Region] = []
    gate = threading.Event()

    def slowly(plane: Any, volume: Volume, region: Region, told: Callable[[float], None]) -> Any:
        if plane is YZ:
            read.append(region)
        while not gate.wait(0.02):
            told(0.4)
        return read_part(plane, volume, region, told)

    monkeypatch.setattr(sharpening, "read_part", slowly)
    window.document.open(large)
    qtbot.waitUntil(lambda: large.overview.complete, timeout=PATIENCE_MS)
    xy, _, yz = window.slices.views
    assert xy.sharpening.word.isHidden(), "along the rows a slice is quick to read"
    assert yz.part is None
    middle = QPointF(yz.canvas.width() / 2, yz.canvas.height() / 2)
    yz.zoom(0.01, middle)
    qtbot.waitUntil(lambda: yz.sharpening.word.text() == "coarse", timeout=PATIENCE_MS)  # from afar means are all that the screen can show
    read.clear()
    yz.zoom(400, middle)
    qtbot.waitUntil(lambda: "reading 40 %" in yz.sharpening.word.text(), timeout=PATIENCE_MS)
    first = read[0]
    assert np.prod(first.shape) < np.prod(large.volume.grid.shape[:2]), "only what is seen"
    yz.step(3)  # another slice: the first is not wanted any more
    qtbot.waitUntil(lambda: len(read) == 2, timeout=PATIENCE_MS)
    gate.set()
    qtbot.waitUntil(lambda: yz.part is not None, timeout=PATIENCE_MS)
    assert read[1].start[2] == first.start[2] + 3
    np.testing.assert_array_equal(yz.part.grey, np.asarray(large.volume.data)[read[1].slices][..., 0])
    assert yz._sharp.visible
    assert yz.sharpening.word.isHidden()
    yz.step(1)
    qtbot.waitUntil(lambda: len(read) == 3 and yz.part is not None and yz.part.grey.shape == read[2].shape[:2], timeout=PATIENCE_MS)


def test_the_coarser_levels_of_a_pyramid_are_there_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (130, 200, 270)
    values = values_of(shape)
    save(Volume(Grid(shape, (10.0, 10.0, 10.0)), values, name="x"), tmp_path / "x.zarr")
    volume = open_path(tmp_path / "x.zarr")
    assert isinstance(volume, Volume)
    assert [level.shape for level in volume.coarser] == [(65, 100, 135), (33, 50, 68)]
    assert volume.chunk == (128, 128, 128)
    slices = Region((0, 0, 7), (130, 200, 8)), Region((0, 0, 127), (128, 128, 129))
    assert [volume.reach(region) for region in slices] == [4 * 2**23, 2 * 2**23]
    assert Overview.of(volume) is None
    monkeypatch.setattr(overview, "QUICK", 2**20)
    monkeypatch.setattr(overview, "MOST", 70 * 100 * 140)
    monkeypatch.setattr(overview, "LAYER", 32)
    looks: list[int] = []
    found = Overview.of(volume, lambda: looks.append(1))
    assert found is not None
    assert found.complete
    assert (found.factor, found.shape, len(looks)) == (2, (65, 100, 135), 3)
    np.testing.assert_allclose(found.slice(2, 0.5), values[..., 134:136].reshape(65, 2, 100, 2, 2).mean(axis=(1, 3, 4)), atol=1e-5)
    found.begin(shape)(Region.whole(shape), values + 1)  # what the 3D view reads changes nothing any more
    assert found.slice(0, 0.5).mean() == pytest.approx(5, abs=0.1)
    assert volume.crop(Region((0, 0, 0), (9, 9, 9))).coarser == ()


@pytest.mark.parametrize(("plane", "rows"), [(XY, (30, 190)), (YZ, (3, 129))])
def test_no_piece_of_a_file_is_unpacked_twice_for_a_part(
    plane: Plane, rows: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = (130, 200, 140)
    values = values_of(shape)
    save(Volume(Grid(shape, (10.0, 10.0, 10.0)), values, name="x"), tmp_path / "x.zarr")
    volume = open_path(tmp_path / "x.zarr")
    assert isinstance(volume, Volume)
    monkeypatch.setattr(planes, "READ_AT_ONCE", 2**20)
    region = plane.region(volume.grid, 50)
    told: list[float] = []
    part = read_part(plane, volume, part_of(plane, region, rows, (5, 100)), told.append)
    expected = values[part_of(plane, region, rows, (5, 100)).slices].squeeze(plane.normal)
    np.testing.assert_array_equal(part.grey, expected)
    assert len(told) == 2


@pytest.mark.gui
def test_what_is_overtaken_or_closed_ends_the_reading(qtbot: QtBot) -> None:
    latest, begun, found = Latest(), threading.Event(), []

    def endless(wanted: Callable[[], None]) -> None:
        while True:
            begun.set()
            wanted()
            time.sleep(0.005)

    first = latest.wanted()
    latest.ask(lambda: endless(first), found.append)
    assert begun.wait(60)
    latest.ask(lambda: 2, found.append)  # waits for the same thread
    qtbot.waitUntil(lambda: found == [2], timeout=PATIENCE_MS)
    begun.clear()
    third = latest.wanted()
    latest.ask(lambda: endless(third), found.append)
    assert begun.wait(60)
    latest.close()  # which would hang
    assert found == [2]
