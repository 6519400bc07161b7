"""The Tab key: through what is seen, in the order in which it is seen."""

from __future__ import annotations

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QSpinBox, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from volviz.gui.widgets.number import Number
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


def dock_of(widget: QWidget) -> str:
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    return "" if above is None else above.windowTitle()


def gone_through(window: Window, qtbot: QtBot, key: Qt.Key) -> list[QWidget]:
    """Press a key until the keys are where they were, and return where they were."""
    window.activateWindow()
    window.viewport.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.viewport, timeout=PATIENCE_MS)
    found: list[QWidget] = []
    while (now := QApplication.focusWidget()) not in found:
        assert now is not None
        assert not now.visibleRegion().isEmpty(), f"nobody sees where the keys are: {now} in {dock_of(now)}"
        found.append(now)
        qtbot.keyClick(now, key)
    return found


def test_it_goes_where_one_sees_it_go_from_the_views_down_the_panels(shown: Window, qtbot: QtBot) -> None:
    shown.docks["Segment"].raise_()
    shown.docks["Light"].raise_()
    qtbot.waitUntil(lambda: not shown.segment_panel.visibleRegion().isEmpty() and not shown.light_panel.visibleRegion().isEmpty())
    there = gone_through(shown, qtbot, Qt.Key.Key_Tab)
    docks = [dock_of(widget) for widget in there]
    assert set(docks) - {"Animation", "History"} == {"", "Segment", "Light"}
    assert docks.index("Segment") < docks.index("Light")
    assert shown.slices.views[0].canvas in there
    assert any(isinstance(widget, QSpinBox) and widget.accessibleName() == "First slice" for widget in there)
    number = shown.light_panel.numbers["", "exposure"]
    assert isinstance(number, Number)
    assert number._box in there  # far down: the panel has scrolled to it
    bars = [widget for widget in there if isinstance(widget, QTabBar)]
    assert [bar.tabText(bar.currentIndex()) for bar in bars] == ["Segment", "Light"]
    assert there.index(bars[0]) == docks.index("Segment") - 1  # an arrow key there turns to the next panel
    back = gone_through(shown, qtbot, Qt.Key.Key_Backtab)
    assert back == [there[0], *reversed(there[1:])]


def test_at_the_tabs_one_sees_the_keys_and_arrows_turn_to_the_next_panel(shown: Window, qtbot: QtBot) -> None:
    shown.docks["Data"].raise_()
    qtbot.waitUntil(lambda: not shown.data_panel.visibleRegion().isEmpty())
    bar = next(w for w in gone_through(shown, qtbot, Qt.Key.Key_Tab) if isinstance(w, QTabBar))
    plain = bar.grab().toImage()
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    assert bar.grab().toImage() != plain
    qtbot.keyClick(bar, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: not shown.segment_panel.visibleRegion().isEmpty())
