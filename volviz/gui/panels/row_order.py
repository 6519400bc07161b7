"""Rows that are put in another order by dragging them at their line of title."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame, QScrollArea, QWidget

LINE = 3  # pixels high: where the row in the hand would go


class RowOrder(QObject):
    """Lets the rows of a panel be dragged; a line shows where one would go.

    ``rows`` returns them by name, from top to bottom. ``moved`` gets a name and by how many places it goes down (up if negative).
    """

    def __init__(self, panel: QWidget, rows: Callable[[], dict[str, QWidget]], moved: Callable[[str, int], object]) -> None:
        super().__init__(panel)
        self._panel, self._rows, self._moved = panel, rows, moved
        self._name: str | None = None  # of the row that is pressed
        self._start = QPoint()
        self.to: int | None = None  # the place among the rows where it would go; None as long as nothing is dragged
        self._line = QFrame(panel)
        self._line.setStyleSheet("background: palette(highlight);")
        self._line.hide()

    def add(self, name: str, *handles: QWidget) -> None:
        """Let a row be dragged at some of its parts; what they do when they are clicked stays."""
        for handle in handles:
            handle.setProperty("row", name)
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and isinstance(watched, QWidget):
            return self._mouse(watched, event)
        return super().eventFilter(watched, event)

    def _mouse(self, handle: QWidget, event: QMouseEvent) -> bool:
        at = event.globalPosition().toPoint()
        match event.type():
            case QEvent.Type.MouseButtonPress if event.button() == Qt.MouseButton.LeftButton and len(self._rows()) > 1:
                self._name, self._start = handle.property("row"), at
            case QEvent.Type.MouseMove if self._name is not None and event.buttons() & Qt.MouseButton.LeftButton:
                if self.to is None and (at - self._start).manhattanLength() < QApplication.startDragDistance():
                    return False
                if isinstance(handle, QAbstractButton):
                    handle.setDown(False)  # it is carried, not clicked
                self._carry(self._panel.mapFromGlobal(at))
                return True
            case QEvent.Type.MouseButtonRelease if self._name is not None:
                name, to = self._name, self.to
                self._end()
                if to is not None:
                    by = to - list(self._rows()).index(name)
                    if by:
                        self._moved(name, by)
                    return True
        return False

    def _carry(self, point: QPoint) -> None:
        """Show where the row would go that is at a point of the panel."""
        others = [row for name, row in self._rows().items() if name != self._name]
        middles = [row.mapTo(self._panel, row.rect().center()).y() for row in others]
        self.to = sum(point.y() > middle for middle in middles)
        after = self.to == len(others)
        row = others[-1] if after else others[self.to]
        edge = row.mapTo(self._panel, row.rect().bottomLeft() if after else row.rect().topLeft())
        self._line.setGeometry(edge.x(), edge.y() + (LINE if after else -2 * LINE), row.width(), LINE)
        self._line.show()
        self._line.raise_()
        self._panel.setCursor(Qt.CursorShape.ClosedHandCursor)
        above: QWidget | None = self._panel.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if isinstance(above, QScrollArea):
            above.ensureVisible(point.x(), point.y(), 0, row.fontMetrics().height())

    def _end(self) -> None:
        self._name = self.to = None
        self._line.hide()
        self._panel.unsetCursor()
