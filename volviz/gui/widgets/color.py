"""A button that shows a colour and asks for another."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QColorDialog, QHBoxLayout, QToolButton, QWidget

from volviz.core.grid import Triple

FAINT = 0.35  # opacity of a colour that cannot be chosen now


class ColorButton(QToolButton):
    """Colours are (r, g, b) in 0..1, sRGB."""

    color_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = QColor(128, 128, 128)
        self.setFixedSize(QSize(22, 22))
        self.clicked.connect(self._choose)

    def set_color(self, color: Triple) -> None:
        """Show a colour without a signal."""
        self._color = QColor.fromRgbF(*color)
        self.update()

    def color(self) -> QColor:
        """Return the colour as Qt has it."""
        return self._color

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.palette().highlight() if self.hasFocus() else self.palette().mid()
        painter.setOpacity(1.0 if self.isEnabled() else FAINT)
        painter.setPen(QPen(edge.color(), 1))
        painter.setBrush(self._color)
        painter.drawRoundedRect(self.rect().adjusted(3, 3, -3, -3), 3, 3)

    def _choose(self) -> None:
        chosen = QColorDialog.getColor(self._color, self.window(), "Choose a colour")
        if chosen.isValid():
            self._color = chosen
            self.update()
            self.color_changed.emit((round(chosen.redF(), 4), round(chosen.greenF(), 4), round(chosen.blueF(), 4)))


class Swatches(QWidget):
    """A few colours by name, one click each."""

    color_changed = Signal(object)

    def __init__(self, colors: Mapping[str, Triple], of: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for name, color in colors.items():
            button = Swatch()
            button.set_color(color)
            button.setToolTip(f"{name} {of}")
            button.setAccessibleName(f"{name} {of}")
            button.clicked.connect(lambda _checked=False, color=color: self.color_changed.emit(color))
            layout.addWidget(button)


class Swatch(ColorButton):
    """Takes its colour rather than asking for one."""

    def _choose(self) -> None:
        pass
