"""What only a person knows about a tomogram, and how its slices are looked at."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.gui import settings
from volviz.gui.document import State
from volviz.gui.files import write_session
from volviz.gui.planes import XY, YZ, read_slice
from volviz.gui.window import Window
from volviz.io import save

pytestmark = [pytest.mark.gui, pytest.mark.display]


def typed(number: object, text: str) -> None:
    box = number.findChild(QDoubleSpinBox)
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def test_a_voxel_size_is_asked_for_once(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "bare.mrc"
    with mrcfile.new(path) as mrc:
        mrc.set_data(np.random.default_rng(0).normal(0, 1, (8, 20, 24)).astype(np.float32))
    panel = window.data_panel
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    assert not panel.ask.isHidden()
    assert not window.document.state.scene.guides.scale_bar
    typed(panel.voxel_size, "13.5")
    QTest.mouseClick(panel.apply, Qt.MouseButton.LeftButton)
    assert window.document.state.volume.grid.voxel_size == (13.5, 13.5, 13.5)
    assert window.document.state.scene.guides.scale_bar
    assert panel.ask.isHidden()
    rest(qtbot, window)
    window.document.open(State())
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    volume = window.document.state.volume
    assert volume.grid.voxel_size == (13.5, 13.5, 13.5)
    assert volume.grid.voxel_size_known
    assert any("13.5 Å" in note for note in volume.notes)
    assert panel.ask.isHidden()
    rest(qtbot, window)


def test_a_thick_slice_is_the_mean_over_its_thickness(shown: Window, qtbot: QtBot) -> None:
    state = shown.document.state
    xy = shown.slices.views[0]
    before = xy.shown
    typed(shown.data_panel.slab, "6")  # five voxels of 12 Å
    qtbot.waitUntil(lambda: xy.shown > before, timeout=PATIENCE_MS)
    at = XY.index(state.volume.grid, state.crosshair_xyz)
    np.testing.assert_allclose(xy._slice.grey, state.volume.read()[at - 2 : at + 3].mean(axis=0), atol=1e-5)
    edge = read_slice(YZ, state.volume.grid.to_world((0, 0, 0)), state.volume, None, 6.0)
    np.testing.assert_allclose(edge.grey, state.volume.read()[:, :, :3].mean(axis=2), atol=1e-5)
    shown.document.show(slab=0.0)
    rest(qtbot, shown)


def test_the_key_for_contrast_brings_the_percentiles_back(shown: Window, qtbot: QtBot) -> None:
    right = shown.document.state.contrast
    shown.document.show(contrast=(5.0, 6.0))
    shown.activateWindow()
    qtbot.waitUntil(shown.isActiveWindow, timeout=PATIENCE_MS)
    QTest.keyClick(shown.viewport, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: shown.document.state.contrast != (5.0, 6.0), timeout=PATIENCE_MS)
    assert shown.document.state.contrast == pytest.approx(right)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    with mrcfile.new(tmp_path / "bare.mrc") as mrc:
        mrc.set_data(np.random.default_rng(0).normal(0, 1, (8, 20, 24)).astype(np.float32))
    return tmp_path / "bare.mrc"


def test_the_bar_above_the_views_asks_and_is_answered_by_a_number(window: Window, qtbot: QtBot, bare: Path, ball_file: Path) -> None:
    window.open_paths([bare])
    qtbot.waitUntil(lambda: window.size_bar.isVisible(), timeout=PATIENCE_MS)
    rest(qtbot, window)
    mark = Stroke(((4.0, 5.0, 6.0),), 2.0, "membrane")
    window.document.change("Annotate", annotations=(mark,))
    target = window.document.state.camera.target_xyz
    typed(window.size_bar.number, "13.5")
    assert window.document.state.volume.grid.voxel_size == (13.5,) * 3
    assert not window.size_bar.isVisible()
    assert window.document.state.annotations[0].path_xyz == ((54.0, 67.5, 81.0),)
    assert window.document.state.annotations[0].radius == pytest.approx(27.0)
    assert window.document.state.camera.target_xyz == pytest.approx([13.5 * v for v in target])
    window.undo()
    assert window.size_bar.isVisible()
    assert window.document.state.annotations == (mark,)
    rest(qtbot, window)
    window.open_paths([ball_file])
    qtbot.waitUntil(lambda: window.document.state.volume.name == "ball", timeout=PATIENCE_MS)
    assert not window.size_bar.isVisible()
    rest(qtbot, window)


def test_who_leaves_the_voxel_size_as_it_is_is_not_asked_again(window: Window, qtbot: QtBot, bare: Path, tmp_path: Path) -> None:
    window.open_paths([bare])
    qtbot.waitUntil(lambda: window.size_bar.isVisible(), timeout=PATIENCE_MS)
    QTest.mouseClick(window.size_bar.leave, Qt.MouseButton.LeftButton)
    assert not window.size_bar.isVisible()
    assert not window.data_panel.ask.isHidden()
    rest(qtbot, window)
    session = tmp_path / "s.volviz"
    write_session(window, session)
    rest(qtbot, window)
    settings.settings().remove("voxel_sizes")  # as on another computer
    for path in (session, bare):
        window.document.open(State())
        window.open_paths([path])
        qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
        assert window.size_bar.isVisible() == (path is bare)
        rest(qtbot, window)


def test_classes_tell_the_tomogram_that_is_open_its_voxel_size(window: Window, qtbot: QtBot, bare: Path, tmp_path: Path) -> None:
    grid = Grid((8, 20, 24), (12.3,) * 3)
    soft = np.zeros((4, *grid.shape), np.float32)
    soft[1, 2:5], soft[0] = 1, 1 - soft[1]
    save(Segmentation.of_probabilities(grid, soft), tmp_path / "classes.zarr")
    window.open_paths([bare])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    rest(qtbot, window)
    mark = Stroke(((4.0, 5.0, 6.0),), 2.0, "membrane")
    window.document.change("Annotate", annotations=(mark,))
    window.open_paths([tmp_path / "classes.zarr"])
    qtbot.waitUntil(lambda: window.document.state.segmentation is not None, timeout=PATIENCE_MS)
    state = window.document.state
    assert state.volume.grid.voxel_size == (12.3,) * 3 == state.segmentation.grid.voxel_size
    assert state.annotations[0].radius == pytest.approx(24.6)
    assert not window.size_bar.isVisible()
    assert state.scene.guides.scale_bar
    assert any("12.3 Å is what its classes say" in note for note in state.volume.notes)
    rest(qtbot, window)
    window.undo()
    assert window.document.state.volume.grid.voxel_size == (1.0,) * 3
    assert not window.document.state.scene.guides.scale_bar
    assert window.document.state.annotations == (mark,)
    rest(qtbot, window)
