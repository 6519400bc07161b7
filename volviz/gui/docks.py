"""The panels at the side of the window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from volviz.gui.widgets.scrolled import Scrolled

PANEL_WIDTH = 330
SHARES = (300, 400)  # of the upper and the lower panels, of the height


def build(window: QMainWindow, upper: Sequence[str], lower: Sequence[str]) -> dict[str, QDockWidget]:
    """Make docks at the right, two groups of tabs one above the other, and return them by name; `fill` puts panels into them."""
    window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks)
    window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
    docks = {name: dock(window, name, QWidget()) for name in (*upper, *lower)}
    first, second = docks[upper[0]], docks[lower[0]]
    window.splitDockWidget(first, second, Qt.Orientation.Vertical)
    for group in (upper, lower):
        for before, after in pairwise(group):
            window.tabifyDockWidget(docks[before], docks[after])
    first.raise_()
    second.raise_()
    window.resizeDocks([first, second], list(SHARES), Qt.Orientation.Vertical)
    window.resizeDocks([first], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    return docks


def fill(empty: QDockWidget, panel: QWidget) -> None:
    """Show a panel in a dock."""
    before = empty.widget()
    empty.setWidget(Scrolled(panel, PANEL_WIDTH))
    before.deleteLater()


def dock(window: QMainWindow, name: str, panel: QWidget) -> QDockWidget:
    """Dock a panel at the right."""
    made = QDockWidget(name, window)
    made.setObjectName(name.lower())
    made.setWidget(Scrolled(panel, PANEL_WIDTH))
    # In its place the tab is title enough.
    bare = QWidget(made)
    made.setTitleBarWidget(bare)
    made.topLevelChanged.connect(lambda floating: made.setTitleBarWidget(cast("QWidget", None) if floating else bare))
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, made)
    return made
