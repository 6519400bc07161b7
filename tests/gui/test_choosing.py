"""Several volumes dropped together, and classes of other programs on the tomogram that is open."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from volviz.gui.choosing import ChoosingDialog
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


def drop(window: Window, paths: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, none))


def asked(qtbot: QtBot, window: Window) -> ChoosingDialog:
    def visible() -> list[ChoosingDialog]:
        return [dialog for dialog in window.findChildren(ChoosingDialog) if dialog.isVisible()]

    qtbot.waitUntil(lambda: bool(visible()), timeout=PATIENCE_MS)
    return visible()[0]


def write(path: Path, data: np.ndarray) -> Path:
    with mrcfile.new(path) as mrc:
        mrc.set_data(data)
        mrc.voxel_size = 12.0
    return path


@pytest.fixture
def files(tmp_path: Path, ball_file: Path, ball) -> list[Path]:
    """The ball, its shell as probabilities, and its core as a network's scores."""
    soft = ball[1].probabilities()
    scores = (20 * soft[3] - 10).astype(np.float32)
    return [ball_file, write(tmp_path / "ball_membrane.mrc", soft[1]), write(tmp_path / "ball_core_scores.mrc", scores)]


def test_files_dropped_together_are_combined_as_the_dialog_says(window: Window, qtbot: QtBot, files: list[Path]) -> None:
    drop(window, files)
    dialog = asked(qtbot, window)
    rows = {row.found.path.name: row for row in dialog.rows}
    assert {name: row.role.currentData() for name, row in rows.items()} == {
        "ball.mrc": "tomogram",
        "ball_membrane.mrc": "class",
        "ball_core_scores.mrc": "class",
    }
    name = rows["ball_core_scores.mrc"].name
    name.selectAll()
    QTest.keyClicks(name, "membrane")
    assert not dialog.accept_button.isEnabled()
    assert "name of its own" in dialog.problem.text()
    name.selectAll()
    QTest.keyClicks(name, "genome")
    assert rows["ball_core_scores.mrc"].scale.currentText() == "score>0"
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.document.state.segmentation is not None, timeout=PATIENCE_MS)
    state = window.document.state
    assert state.volume.name == "ball"
    assert [label.name for label in state.segmentation.labels] == ["background", "membrane", "genome"]
    assert set(window.classes_panel.rows) >= {"membrane", "genome"}
    hard = state.segmentation.hard()
    assert {int(v) for v in np.unique(hard)} == {0, 1, 2}
    rest(qtbot, window)


def test_a_class_alone_goes_to_the_tomogram_that_is_open(shown: Window, qtbot: QtBot, files: list[Path]) -> None:
    volume = shown.document.state.volume
    drop(shown, files[1:2])
    dialog = asked(qtbot, shown)
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(shown.document.state.segmentation.labels) == 2, timeout=PATIENCE_MS)
    assert shown.document.state.volume is volume
    shown.undo()
    assert len(shown.document.state.segmentation.labels) == 4
    rest(qtbot, shown)


def test_nothing_changes_when_the_question_is_closed(shown: Window, qtbot: QtBot, files: list[Path]) -> None:
    before = shown.document.state
    drop(shown, files[1:])
    asked(qtbot, shown).reject()
    rest(qtbot, shown)
    assert shown.document.state is before
