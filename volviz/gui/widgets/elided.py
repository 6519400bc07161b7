"""A line of text that gives way to what stands beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

LEAST = 6  # characters that it keeps room for


class Elided(QLabel):
    """Ends in an ellipsis where there is no room for all of it, which its tooltip then says; a plain label would widen the window."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        """Return the room for a few characters."""
        return QSize(LEAST * self.fontMetrics().averageCharWidth(), super().minimumSizeHint().height())

    @property
    def shown_text(self) -> str:
        """The part that is seen."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.style().drawItemText(
            painter, self.contentsRect(), int(self.alignment()), self.palette(), self.isEnabled(), self.shown_text, self.foregroundRole()
        )

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip("" if self.shown_text == self.text() else self.text())
        return super().event(event)
