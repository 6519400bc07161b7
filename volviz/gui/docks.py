"""The panels at the side of the window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QScrollArea, QTabBar, QTabWidget, QWidget

from volviz.gui import settings
from volviz.gui.widgets.scrolled import Scrolled

PANEL_WIDTH = 330
BESIDE = 40  # pixels between the middle of a tab bar and the edge of its panel, at most
SHARES = (300, 400)  # of the upper and the lower panels, of the height


def build(window: QMainWindow, upper: Sequence[str], lower: Sequence[str], low: Sequence[str]) -> dict[str, QDockWidget]:
    """Make docks and return them by name: two groups of tabs one above the other at the right, and those below the views, hidden.

    `fill` and `fill_below` put panels into them.
    """
    window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks)
    window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
    docks = {name: dock(window, name, QWidget()) for name in (*upper, *lower)}
    first, second = docks[upper[0]], docks[lower[0]]
    window.splitDockWidget(first, second, Qt.Orientation.Vertical)
    for group in (upper, lower):
        for before, after in pairwise(group):
            window.tabifyDockWidget(docks[before], docks[after])
    for each in docks.values():
        each.show()
    first.raise_()
    second.raise_()
    window.resizeDocks([first, second], list(SHARES), Qt.Orientation.Vertical)
    window.resizeDocks([first], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    return docks | {name: below(window, name, QWidget()) for name in low}


def fill(empty: QDockWidget, panel: QWidget) -> None:
    """Show a panel in a dock."""
    before = empty.widget()
    empty.setWidget(Scrolled(panel, PANEL_WIDTH))
    before.deleteLater()


def fill_below(empty: QDockWidget, panel: QWidget) -> None:
    """Show a wide, low panel in a dock; on a narrow screen it scrolls sideways rather than push other things off."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    area.setMinimumHeight(panel.sizeHint().height() + area.horizontalScrollBar().sizeHint().height())
    empty.setWidget(area)


def dock(window: QMainWindow, name: str, panel: QWidget) -> QDockWidget:
    """Dock a panel at the right, hidden: what is arranged while it is seen leaves tab bars behind."""
    made = _hidden(window, name, Scrolled(panel, PANEL_WIDTH))
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, made)
    return made


def below(window: QMainWindow, name: str, panel: QWidget) -> QDockWidget:
    """Dock a wide, low panel below the views, hidden until it is asked for."""
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    made = _hidden(window, name, panel)
    window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, made)
    return made


def _hidden(window: QMainWindow, name: str, panel: QWidget) -> QDockWidget:
    made = QDockWidget(name, window)
    made.setObjectName(name.lower())
    made.setWidget(panel)
    made.hide()
    return made


def keep(window: QMainWindow) -> None:
    """Take care of the titles of a window's docks, and remember how these lie now for `restore`."""
    Titles(window)
    window.setProperty("first layout", window.saveState(settings.LAYOUT))


def restore(window: QMainWindow) -> None:
    """Put the docks back to where they were when `keep` was called."""
    window.restoreState(window.property("first layout"), settings.LAYOUT)


def switches(menu: QMenu, docks: Iterable[QDockWidget]) -> None:
    """Put a switch for each panel at the head of a menu; one that is switched on comes to the front."""
    first = menu.actions()[0] if menu.actions() else None
    for dock in docks:
        action = dock.toggleViewAction()
        action.setObjectName(f"panel.{dock.objectName()}")
        action.setToolTip(f"Show or hide the panel {dock.windowTitle()}")
        action.setStatusTip(action.toolTip())
        action.triggered.connect(lambda shown, dock=dock: dock.raise_() if shown else None)
        menu.insertAction(cast("QAction", first), action)


class Titles(QObject):
    """A panel among tabs needs no title, since its tab is title enough; one by itself has one to be dragged by."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bare: dict[QDockWidget, QWidget] = {}
        self._later = QTimer(self)  # when all docks are where they go
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._look)
        for dock in window.findChildren(QDockWidget):
            self.add(dock)
        self._look()

    def add(self, dock: QDockWidget) -> None:
        """Take care of a dock from now on."""
        dock.installEventFilter(self)
        self._bare[dock] = QWidget(dock)
        self._bare[dock].hide()
        for signal in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
            signal.connect(self._later.start)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show}:
            self._later.start()
        return super().eventFilter(watched, event)

    def _look(self) -> None:
        for dock, bare in self._bare.items():
            tabbed = not dock.isFloating() and any(not other.isHidden() for other in self._window.tabifiedDockWidgets(dock))
            if tabbed != (dock.titleBarWidget() is bare):
                dock.setTitleBarWidget(bare if tabbed else cast("QWidget", None))
        if self._window.isVisible():
            self._hide_strays()

    def _hide_strays(self) -> None:
        """Hide what Qt forgets: tab bars of arrangements that it only passed through stay behind, over other things."""
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        kept: list[QTabBar] = []
        for dock in self._bare:
            place = dock.geometry().adjusted(-BESIDE, -BESIDE, BESIDE, BESIDE)
            mine = [bar for bar in bars if dock.windowTitle() in [bar.tabText(i) for i in range(bar.count())]]
            # The newest, where none is in its place yet.
            kept += sorted(mine, key=lambda bar: place.contains(bar.geometry().center()))[-1:]
        for bar in bars:
            bar.setVisible(bar in kept and bar.count() > 1)
            if bar.findChild(KeysHere) is None:
                KeysHere(bar)


class KeysHere(QObject):
    """Colours the name of the chosen tab while the keys are at its bar: the style shows nothing there."""

    def __init__(self, bar: QTabBar) -> None:
        super().__init__(bar)
        self._bar = bar
        bar.installEventFilter(self)
        bar.currentChanged.connect(self._look)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self._look()
        return False

    def _look(self) -> None:
        bar = self._bar
        for tab in range(bar.count()):
            here = bar.hasFocus() and tab == bar.currentIndex()
            bar.setTabTextColor(tab, bar.palette().link().color() if here else QColor())
