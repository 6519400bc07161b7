"""Where the Tab key goes in a window with docks.

Qt would lead it through the panels behind other tabs too, which it keeps beyond the edge of the window: nobody sees where the keys go.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QScrollArea, QTabBar, QWidget

LINE = 32  # pixels: what begins less than about half of this below something else, stands beside it


def lead(window: QMainWindow) -> None:
    """Lead Tab and Shift+Tab through `stops`, as long as a window lives; shortcuts come before what Qt would do."""
    for keys, steps in ((Qt.Key.Key_Tab, 1), (Qt.Key.Key_Backtab, -1)):
        QShortcut(QKeySequence(keys), window).activated.connect(partial(_go, window, steps))


def _go(window: QMainWindow, steps: int) -> None:
    """Give the keys to the next of `stops`, or to the one before, and scroll there."""
    found, now = stops(window), QApplication.focusWidget()
    if not found:
        return
    to = found[(found.index(now) + steps) % len(found) if now in found else min(0, steps)]
    to.setFocus(Qt.FocusReason.TabFocusReason if steps > 0 else Qt.FocusReason.BacktabFocusReason)
    for area in window.findChildren(QScrollArea):
        if area.isAncestorOf(to):
            area.ensureWidgetVisible(to)


def stops(window: QMainWindow) -> list[QWidget]:
    """Return all that takes keys and is seen: what is in the middle, then from top to bottom each panel after its tabs."""
    # Not by Qt's chain: for PySide each widget of it would belong to the one before, and go with it.
    able = [widget for widget in window.findChildren(QWidget) if _takes_keys(widget) and widget.isVisibleTo(window)]
    able = [widget for widget in able if window.isAncestorOf(widget)]
    docks = window.findChildren(QDockWidget)
    there = [dock for dock in docks if dock.isVisible() and not dock.isFloating() and window.rect().intersects(dock.geometry())]
    bars = [widget for widget in able if isinstance(widget, QTabBar)]
    found = [widget for widget in able if widget not in bars and not any(dock.isAncestorOf(widget) for dock in docks)]
    for dock in sorted(there, key=lambda dock: (dock.y(), dock.x())):
        found += [bar for bar in bars if bar.tabText(bar.currentIndex()) == dock.windowTitle()]
        found += _as_read([widget for widget in able if dock.isAncestorOf(widget)], dock)
    return found


def _takes_keys(widget: QWidget) -> bool:
    inner = widget.objectName().startswith("qt_")  # a part of another control, which takes the keys for it
    return not inner and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus


def _as_read(widgets: list[QWidget], dock: QDockWidget) -> list[QWidget]:
    """Return widgets line by line, from left to right."""
    places = [(widget.mapTo(dock, QPoint()), widget) for widget in widgets]
    lines: list[tuple[int, list[tuple[int, QWidget]]]] = []  # the lower edge of each, and what is in it
    for place, widget in sorted(places, key=lambda entry: (entry[0].y(), entry[0].x())):
        if not lines or place.y() + min(widget.height(), LINE) // 2 > lines[-1][0]:
            lines.append((place.y() + min(widget.height(), LINE), []))
        lines[-1][1].append((place.x(), widget))
    return [widget for _, line in lines for _, widget in sorted(line, key=lambda entry: entry[0])]
