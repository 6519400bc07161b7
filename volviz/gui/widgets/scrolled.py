"""A panel that scrolls up and down only."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class Scrolled(QScrollArea):
    """As wide as its panel needs, the scroll bar included, and at least ``width`` pixels: nothing is cut off at the side."""

    def __init__(self, panel: QWidget, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panel, self._width = panel, width
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(panel)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(max(self._width, self._panel.minimumSizeHint().width() + bar), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Rows come and go with the classes.
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
