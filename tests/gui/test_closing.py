"""Undo over everything, its list, and the one question before something is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton, QUndoView
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.gui.closing import ClosingDialog, nothing_lost
from volviz.gui.jobs import Job
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def opened_again(window: Window) -> None:
    """The one window of all tests has not said yet that it closes."""
    window._closes = False


def asked(window: Window) -> ClosingDialog:
    (dialog,) = (dialog for dialog in window.findChildren(ClosingDialog) if dialog.isVisible())
    return dialog


def press(qtbot: QtBot, dialog: ClosingDialog, text: str) -> None:
    (button,) = (button for button in dialog.findChildren(QPushButton) if button.text().replace("&", "").startswith(text))
    qtbot.mouseClick(button, LEFT)


def change_something(window: Window) -> None:
    window.classes_panel.rows["lumen"].visible.click()
    window.document.settle()


def counting(window: Window, qtbot: QtBot) -> Job:
    """A quarter of a job that never ends."""

    def wait(report: object) -> None:
        while True:
            report(0.25, "waiting")

    job = window.jobs.start("Count to ten", wait)
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=PATIENCE_MS)
    return job


def test_undo_goes_through_looks_segmentations_and_annotations_and_the_list_shows_each(shown: Window, qtbot: QtBot) -> None:
    first = shown.document.state
    change_something(shown)
    other = type(first.segmentation)(first.segmentation.grid, first.segmentation.data.copy(), first.segmentation.labels)
    shown.document.change("Segment", segmentation=other)
    shown.document.change("Scribble", annotations=(Stroke(((0.0, 200.0, 100.0),), 25.0, "spikes"),))
    last = shown.document.state
    shown.actions_by_id["edit.history"].trigger()
    assert shown.docks["History"].isVisible()
    steps = shown.docks["History"].findChild(QUndoView)
    model = steps.model()
    assert model.index(0, 0).data() == "As opened"
    assert model.rowCount() == 4
    qtbot.mouseClick(steps.viewport(), LEFT, pos=steps.visualRect(model.index(0, 0)).center())
    assert shown.document.state.scene == first.scene
    assert shown.document.state.segmentation is first.segmentation
    assert shown.document.state.annotations == ()
    qtbot.mouseClick(steps.viewport(), LEFT, pos=steps.visualRect(model.index(3, 0)).center())
    assert shown.document.state.scene == last.scene
    assert shown.document.state.segmentation is other
    assert shown.document.state.annotations == last.annotations
    shown.actions_by_id["edit.history"].trigger()
    assert not shown.docks["History"].isVisible()


def test_nothing_changed_nothing_asked(shown: Window, qtbot: QtBot) -> None:
    shown.document.show(camera=shown.document.state.camera.orbited(20, 0))
    change_something(shown)
    shown.actions_by_id["edit.undo"].trigger()
    assert nothing_lost(shown, "close", lambda: None)


def test_closing_asks_once_about_changes_and_jobs_and_cancel_keeps_both(shown: Window, qtbot: QtBot) -> None:
    change_something(shown)

    job = counting(shown, qtbot)
    assert not shown.close()
    dialog = asked(shown)
    assert "1 change" in dialog.informativeText()
    assert "Count to ten: 25 %" in dialog.informativeText()
    press(qtbot, dialog, "Cancel")
    assert shown.isVisible()
    assert job.running
    assert not job.cancelling


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_neither_enter_nor_escape_stops_what_runs(shown: Window, qtbot: QtBot, key: Qt.Key, changed: bool) -> None:
    if changed:
        change_something(shown)

    job = counting(shown, qtbot)
    assert not shown.close()
    dialog = asked(shown)
    assert dialog.defaultButton() is dialog.stay
    qtbot.keyClick(dialog, key)
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=PATIENCE_MS)
    assert shown.isVisible()
    assert not job.cancelling
    assert shown.document.undo_stack.isClean() != changed


def test_stop_and_close_stops_and_closes(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(shown, "close_at_once", lambda: closed.append(True))
    job = shown.jobs.start("Count to ten", lambda report: [report(0.25) for _ in iter(int, 1)])
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=PATIENCE_MS)
    assert not shown.close()
    press(qtbot, asked(shown), "Stop and close")
    assert closed == [True]


def test_save_and_close_writes_the_session_and_closes(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(shown, "close_at_once", lambda: closed.append(True))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "kept.volviz"), ""))
    change_something(shown)
    assert not shown.close()
    press(qtbot, asked(shown), "Save and close")
    qtbot.waitUntil(lambda: bool(closed), timeout=PATIENCE_MS)
    assert (tmp_path / "kept.volviz").exists()
    assert shown.document.undo_stack.isClean()


def test_what_is_not_saved_does_not_make_way_unasked(shown: Window, qtbot: QtBot, ball_file: Path) -> None:
    change_something(shown)
    before = shown.document.state
    shown.open_asking([ball_file])
    qtbot.waitUntil(lambda: any(d.isVisible() for d in shown.findChildren(ClosingDialog)), timeout=PATIENCE_MS)
    assert shown.document.state is before
    press(qtbot, asked(shown), "Discard")
    qtbot.waitUntil(lambda: shown.document.state.volume is not before.volume, timeout=PATIENCE_MS)
    rest(qtbot, shown)
    np.testing.assert_array_equal(shown.document.state.volume.data, before.volume.data)
