"""A part of 0..1: a slider with two handles and a box for each end."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QBrush, QPalette
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QWidget
from superqt import QDoubleRangeSlider

LEAST = 0.01  # between the ends
BOX = 58  # pixels


class Span(QWidget):
    """Emits both ends when one of them moves; they never meet."""

    value_changed = Signal(float, float)
    released = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = (0.0, 1.0)
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0.0, 1.0)
        self.slider.setValue((0.0, 1.0))
        self.slider.setAccessibleName(f"{name} slider")
        self.boxes = QDoubleSpinBox(), QDoubleSpinBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.boxes[0])
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.boxes[1])
        for box, end in zip(self.boxes, ("low", "high"), strict=True):
            box.setRange(0.0, 1.0)
            box.setDecimals(2)
            box.setSingleStep(0.01)
            box.setFixedWidth(BOX)
            box.setKeyboardTracking(False)
            box.setAccessibleName(f"{name} {end}")
            box.valueChanged.connect(self._from_boxes)
            box.editingFinished.connect(self.released)
        self.slider.valueChanged.connect(lambda value: self._change(*value))
        self.slider.sliderReleased.connect(self.released)
        self._color()
        self.set_value((0.0, 1.0))

    def value(self) -> tuple[float, float]:
        """Return both ends."""
        return self._value

    def set_value(self, value: tuple[float, float]) -> None:
        """Show a span without a signal."""
        self._value = value
        with QSignalBlocker(self.slider), QSignalBlocker(self.boxes[0]), QSignalBlocker(self.boxes[1]):
            self.slider.setValue(value)
            for box, end in zip(self.boxes, value, strict=True):
                box.setValue(end)

    def setToolTip(self, text: str) -> None:
        for widget in (self.slider, *self.boxes):
            widget.setToolTip(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._color()

    def _color(self) -> None:
        """Fill the bar between the handles as the other sliders are filled."""
        color = self.palette().color(QPalette.ColorRole.Highlight)
        self.slider.setProperty("barColor", QBrush(color))
        # A window that is not in front has colours of its own there, and each bar a rim, for which there is no property.
        style = getattr(self.slider, "_style", None)
        for name in ("brush_inactive", "pen_active", "pen_inactive"):
            if hasattr(style, name):
                setattr(style, name, color.name() if name.startswith("brush") else color.darker(120).name())
        self.slider.update()

    def _from_boxes(self) -> None:
        self._change(self.boxes[0].value(), self.boxes[1].value())

    def _change(self, low: float, high: float) -> None:
        if low != self._value[0]:  # the end that moves stops before the other one
            low = min(low, high - LEAST)
        else:
            high = max(high, low + LEAST)
        low, high = max(0.0, min(low, 1.0 - LEAST)), min(1.0, max(high, LEAST))
        self.set_value((low, high))
        self.value_changed.emit(low, high)
