"""The keys of the annotation tools, pressed in the window."""

from __future__ import annotations

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDoubleSpinBox
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.gui.annotate.tools import TOOL_KEYS, TOOLS
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


@pytest.fixture
def front(shown: Window, qtbot: QtBot) -> Window:
    """The window, in front, where its shortcuts hear."""
    shown.furnish()
    shown.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is shown, timeout=PATIENCE_MS)
    shown.slices.views[0].canvas.setFocus()
    return shown


def press(qtbot: QtBot, window: Window, keys: str) -> None:
    combined = QKeySequence(keys)[0]
    qtbot.keyClick(window, combined.key(), combined.keyboardModifiers())


def test_every_tool_is_taken_and_laid_down_by_its_key(front: Window, qtbot: QtBot) -> None:
    for tool in TOOLS:
        press(qtbot, front, TOOL_KEYS[tool])
        assert front.annotating.tool == tool
        press(qtbot, front, "Esc")
        assert front.annotating.tool is None
    press(qtbot, front, TOOL_KEYS["scribble"])
    press(qtbot, front, TOOL_KEYS["scribble"])
    assert front.annotating.tool is None


def test_brush_classes_objects_and_what_is_shown_have_keys(front: Window, qtbot: QtBot) -> None:
    tools = front.annotating
    press(qtbot, front, "P")
    radius = tools.radius
    press(qtbot, front, "]")
    assert tools.radius > radius
    press(qtbot, front, "[")
    assert tools.radius == pytest.approx(radius)
    label = tools.label
    press(qtbot, front, "X")
    assert tools.label == tools.labels[0].name != label
    press(qtbot, front, "X")
    assert tools.label == label
    press(qtbot, front, "M")
    assert tools.label not in {"background", label}
    press(qtbot, front, "Shift+P")
    number = tools.object_id
    x, y, z = front.document.state.crosshair_xyz
    tools.document.change("Scribble", annotations=(Stroke(((x, y, z),), 20.0, label),))
    press(qtbot, front, "N")
    assert tools.object_id >= number
    assert tools.visible
    press(qtbot, front, "V")
    assert not tools.visible
    press(qtbot, front, "V")
    tools.select(0)
    press(qtbot, front, "Del")
    assert front.document.state.annotations == ()
    press(qtbot, front, "Ctrl+Z")
    assert len(front.document.state.annotations) == 1


def test_keys_that_are_typed_into_a_box_take_no_tool(front: Window, qtbot: QtBot) -> None:
    box = front.data_panel.findChildren(QDoubleSpinBox)[0]
    front.docks["Data"].raise_()
    box.setFocus()
    assert box.hasFocus() or box.lineEdit().hasFocus()
    qtbot.keyClick(box, Qt.Key.Key_P)
    assert front.annotating.tool is None
