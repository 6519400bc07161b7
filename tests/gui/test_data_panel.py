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

from volviz.gui.document import State
from volviz.gui.planes import XY, YZ, read_slice
from volviz.gui.window import Window

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
    typed(panel.voxel_size, "13.5")
    QTest.mouseClick(panel.apply, Qt.MouseButton.LeftButton)
    assert window.document.state.volume.grid.voxel_size == (13.5, 13.5, 13.5)
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
