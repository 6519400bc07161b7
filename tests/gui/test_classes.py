"""The panel of the classes, by mouse and clipboard: ramps, solo, all as one, curves over z, looks, reset, and the way back from each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from volviz.core.estimate import automatic_low, threshold_curve
from volviz.core.scene import Ramp
from volviz.core.segmentation import Label, Segmentation
from volviz.gui.document import Document
from volviz.gui.panels.class_row import ClassRow
from volviz.gui.panels.classes import FOLDED_FROM, ClassesPanel
from volviz.gui.planes import XY

pytestmark = pytest.mark.gui

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> Iterator[ClassesPanel]:
    panel = ClassesPanel(document)
    qtbot.addWidget(panel)
    panel.resize(320, 900)
    panel.show()
    qtbot.waitUntil(lambda: panel.rows["membrane"].histogram.heights().any(), timeout=PATIENCE_MS)
    yield panel
    panel.close_threads()


def shown(document: Document) -> list[str]:
    return [name for name, ramp in document.state.scene.ramps.items() if ramp.visible]


def pull(qtbot: QtBot, row: ClassRow, start: float, stop: float) -> None:
    a, b = (QPoint(round(row.histogram.x_of(v)), 20) for v in (start, stop))
    qtbot.mousePress(row.histogram, LEFT, pos=a)
    for place in ((a + b) / 2, b):
        qtbot.mouseMove(row.histogram, place)
    qtbot.mouseRelease(row.histogram, LEFT, pos=b)


def test_a_ramp_is_dragged_reset_and_taken_back(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    row, before = panel.rows["membrane"], document.state.scene
    assert not row.reset.isEnabled()
    pull(qtbot, row, 0.4, 0.7)
    assert document.state.scene.ramps["membrane"].low == pytest.approx(0.7, abs=0.02)
    assert row.low.value() == pytest.approx(document.state.scene.ramps["membrane"].low, abs=1e-3)
    assert document.undo_stack.count() == 1
    qtbot.mouseClick(row.reset, LEFT)
    assert document.state.scene == before
    assert not row.reset.isEnabled()
    document.undo_stack.undo()
    assert document.state.scene.ramps["membrane"].low == pytest.approx(0.7, abs=0.02)
    document.undo_stack.undo()
    assert document.state.scene == before


def test_reset_all_is_one_step_and_keeps_colours(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    assert not panel.reset_all.isEnabled()
    pull(qtbot, panel.rows["membrane"], 0.4, 0.6)
    pull(qtbot, panel.rows["lumen"], 0.9, 0.7)
    panel.rows["lumen"].color.color_changed.emit((0.0, 1.0, 0.0))
    panel.density.low._box.setValue(-3.0)
    moved, steps = document.state.scene, document.undo_stack.count()
    qtbot.mouseClick(panel.reset_all, LEFT)
    scene, estimated = document.state.scene, document.state.estimated
    assert scene.ramps["lumen"] == replace(estimated.ramps["lumen"], color=(0.0, 1.0, 0.0))
    assert (scene.ramps["membrane"], scene.raw) == (estimated.ramps["membrane"], estimated.raw)
    assert document.undo_stack.count() == steps + 1
    assert not panel.reset_all.isEnabled()
    document.undo_stack.undo()
    assert document.state.scene == moved


def test_solo_shows_one_class_and_comes_back_to_what_was_shown(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    qtbot.mouseClick(panel.rows["spikes"].visible, LEFT, pos=QPoint(8, panel.rows["spikes"].visible.height() // 2))
    assert shown(document) == ["membrane", "lumen"]
    qtbot.mouseClick(panel.rows["membrane"].solo, LEFT)
    assert shown(document) == ["membrane"]
    assert [row.solo.isChecked() for row in panel.rows.values()] == [True, False, False]
    qtbot.mouseClick(panel.rows["lumen"].solo, LEFT)
    assert shown(document) == ["lumen"]
    qtbot.mouseClick(panel.rows["lumen"].solo, LEFT)
    assert shown(document) == ["membrane", "lumen"]
    for _ in range(3):
        document.undo_stack.undo()
    assert shown(document) == ["membrane", "lumen"]
    document.undo_stack.redo()
    assert panel.rows["membrane"].solo.isChecked()


def test_the_histogram_counts_by_a_logarithm_or_plainly(qtbot: QtBot, panel: ClassesPanel) -> None:
    histogram = panel.rows["lumen"].histogram
    logarithmic = histogram.heights()
    qtbot.mouseClick(panel.log, LEFT)
    plain = histogram.heights()
    assert plain.max() == logarithmic.max() == 1
    assert (plain <= logarithmic + 1e-9).all()
    assert plain.sum() < 0.8 * logarithmic.sum()
    qtbot.mouseClick(panel.log, LEFT)
    np.testing.assert_array_equal(histogram.heights(), logarithmic)


def test_the_threshold_of_every_slice_comes_on_demand_and_leads_to_the_slice(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    row, segmentation = panel.rows["membrane"], document.state.segmentation
    assert segmentation is not None
    row.curve_action.trigger()
    qtbot.waitUntil(lambda: len(row.curve.curve) > 0, timeout=PATIENCE_MS)
    np.testing.assert_array_equal(row.curve.curve, threshold_curve(segmentation, "membrane"))
    qtbot.mouseClick(row.curve, LEFT, pos=QPoint(round(row.curve.x_of(17)), 20))
    assert XY.index(segmentation.grid, document.state.crosshair_xyz) == 17
    assert row.curve._here == 17
    assert "threshold" in row.curve.said_of(17)
    assert "does not appear" in row.curve.said_of(0)
    assert document.undo_stack.count() == 0  # where one looks is no change


def test_all_classes_as_one_have_a_ramp_of_their_own(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    before, segmentation = document.state.scene, document.state.segmentation
    panel.together.click()
    assert not panel.one.isHidden()
    assert not panel.rows["membrane"].isEnabled()
    qtbot.waitUntil(lambda: panel.one._estimated is not None, timeout=PATIENCE_MS)
    low = automatic_low(segmentation, None)
    assert document.state.scene.together.low == panel.one._estimated.low == pytest.approx(low, abs=1e-3)
    assert document.undo_stack.count() == 1
    pull(qtbot, panel.one, document.state.scene.together.low, 0.3)
    panel.one.color.color_changed.emit((0.0, 1.0, 0.0))
    together = document.state.scene.together
    assert (together.low, together.color) == (pytest.approx(0.3, abs=0.02), (0.0, 1.0, 0.0))
    qtbot.mouseClick(panel.one.reset, LEFT)
    assert document.state.scene.together.low == pytest.approx(low, abs=1e-3)
    panel.together.click()
    assert document.state.scene == before
    assert panel.one.isHidden()


def test_a_look_goes_from_class_to_class_and_from_window_to_window(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    pull(qtbot, panel.rows["membrane"], 0.4, 0.6)
    panel.rows["membrane"].copy.trigger()
    panel.rows["spikes"].visible.click()
    steps = document.undo_stack.count()
    panel.rows["spikes"].paste.trigger()
    ramps = document.state.scene.ramps
    assert ramps["spikes"] == replace(ramps["membrane"], visible=False)  # whether it is shown is not its look
    assert document.undo_stack.count() == steps + 1
    panel.looks_menu.copy_look()
    other = Document(document)
    other.open(replace(document.state, scene=document.state.estimated))
    window = ClassesPanel(other)
    qtbot.addWidget(window)
    window.looks_menu.paste_look()
    assert other.state.scene == document.state.scene
    other.undo_stack.undo()
    assert other.state.scene == document.state.estimated
    window.close_threads()


def test_what_is_no_look_is_refused_in_a_sentence(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    QGuiApplication.clipboard().setText("Dear volviz,")
    before = document.state.scene
    for paste in (panel.rows["spikes"].paste.trigger, panel.looks_menu.paste_look):
        paste()
        box = next(box for box in panel.findChildren(QMessageBox) if box.isVisible())
        assert "The clipboard holds no look" in box.text()
        box.close()
        box.deleteLater()
    assert document.state.scene == before


def test_looks_of_one_s_own_are_saved_chosen_and_deleted(
    qtbot: QtBot, panel: ClassesPanel, document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    titles = lambda: [action.text() for action in panel.looks_menu.actions()]  # noqa: E731
    menu = panel.looks_menu
    menu.fill()
    assert {"Virion", "Membrane only", "Print on white", "The paper's figure"} <= set(titles())
    pull(qtbot, panel.rows["membrane"], 0.4, 0.6)
    mine = document.state.scene
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Mine", True))
    menu.ask_save()
    menu.fill()
    assert "Mine" in titles()
    qtbot.mouseClick(panel.reset_all, LEFT)
    next(action for action in menu.actions() if action.text() == "Mine").trigger()
    assert document.state.scene == mine
    assert document.undo_stack.undoText() == "Look: Mine"
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    menu.ask_delete("Mine")
    menu.fill()
    assert "Mine" not in titles()


def test_ramps_of_nano_oetzi_are_imported(
    qtbot: QtBot, panel: ClassesPanel, document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ramp = {"rampLow": 0.1, "rampHigh": 0.15, "color": {"x": 255, "y": 0, "z": 51}}
    (tmp_path / "tf-memb.json").write_text(json.dumps(ramp))
    (tmp_path / "tf-raw.json").write_text(json.dumps(ramp))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "tf-raw.json"), ""))
    panel.rows["lumen"].load.trigger()  # whatever it is called: this class was chosen
    assert document.state.scene.ramps["lumen"] == replace(
        document.state.estimated.ramps["lumen"], low=0.1, high=0.15, color=(1.0, 0.0, 0.2)
    )
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    with qtbot.waitSignal(panel.noted) as said:
        panel.looks_menu.ask_folder()
    assert "tf-raw.json" in said.args[0]
    assert document.state.scene.ramps["membrane"].high == 0.15


def test_many_classes_come_folded_and_can_be_opened(qtbot: QtBot, panel: ClassesPanel, document: Document) -> None:
    state = document.state
    labels = (Label("background"), *(Label(f"protein_number_{i}_of_many") for i in range(FOLDED_FROM)))
    data = np.zeros((len(labels), *state.volume.grid.shape), np.uint8)
    data[0] = 255
    scene = replace(state.scene, ramps={label.name: Ramp() for label in labels[1:]})
    document.open(replace(state, segmentation=Segmentation(state.volume.grid, data, labels), scene=scene, estimated=scene))
    row = panel.rows["protein_number_3_of_many"]
    assert row.folded
    assert row.minimumSizeHint().width() < 312  # a long name makes no wide panel
    qtbot.mouseClick(row.fold, LEFT)
    assert not row.folded
    qtbot.waitUntil(row.histogram.isVisible, timeout=PATIENCE_MS)
