"""A panel that scrolls up and down only, and by the wheel only that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollArea, QScrollBar, QWidget


class Scrolled(QScrollArea):
    """As wide as its panel needs, the scroll bar included, and at least ``width`` pixels: nothing is cut off at the side."""

    def __init__(self, panel: QWidget, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panel, self._width = panel, width
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls to whatever in it takes the keys
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(panel)
        self._tame()

    def _tame(self) -> None:
        """Let the wheel change no control that was not chosen: who scrolls over a panel wants to see more of it."""
        for kind in (QAbstractSpinBox, QComboBox, QAbstractSlider):
            for control in self._panel.findChildren(kind):
                if not isinstance(control, QScrollBar) and not control.property("tame"):
                    control.setProperty("tame", True)
                    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                    control.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(max(self._width, self._panel.minimumSizeHint().width() + bar), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and watched is not self._panel:
            if not watched.hasFocus() and self._panel.isAncestorOf(watched):
                event.ignore()  # and so it reaches the panel, which scrolls
                return True
        # Rows come and go with the classes.
        elif event.type() == QEvent.Type.LayoutRequest and watched is self._panel:
            self.updateGeometry()
            self._tame()
        return super().eventFilter(watched, event)
