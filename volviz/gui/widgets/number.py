"""A number with a slider and a box, for a value with a unit."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QMenu, QSlider, QWidget

STEPS = 500


class Number(QWidget):
    """The box takes any value within the range, the slider divides it evenly.

    Once it was told what it is at first, a double click on the slider or the box's menu brings that back.
    """

    value_changed = Signal(float)
    released = Signal()
    entered = Signal()  # the Enter key

    def __init__(
        self,
        low: float,
        high: float,
        *,
        unit: str = "",
        decimals: int = 2,
        slider: bool = True,
        width: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high = low, high
        self._default: float | None = None
        self._tip = ""
        self._box = QDoubleSpinBox()
        self._box.setRange(low, high)
        self._box.setDecimals(decimals)
        self._box.setSingleStep(10 ** (math.floor(math.log10(high - low)) - 1))
        self._box.setKeyboardTracking(False)
        if width:
            self._box.setFixedWidth(width)
        if unit:
            self._box.setSuffix(f" {unit}")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setVisible(slider)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._from_box)
        self._box.editingFinished.connect(self.released)
        self._box.lineEdit().returnPressed.connect(self.entered)
        self._slider.valueChanged.connect(self._from_slider)
        self._slider.sliderReleased.connect(self.released)

    def set_default(self, value: float) -> None:
        """Say what a reset brings back."""
        if self._default is None:
            self._slider.installEventFilter(self)
            for widget in (self._slider, self._box, self._box.lineEdit()):
                widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
                widget.customContextMenuRequested.connect(self._offer)
        if value != self._default:
            self._default = value
            self.setToolTip(self._tip)

    def reset(self) -> None:
        """Go back to what it was at first, as if by hand."""
        if self._default is not None:
            self._box.setValue(self._default)
            self.released.emit()

    def value(self) -> float:
        """Return what the box says."""
        return self._box.value()

    def set_value(self, value: float) -> None:
        """Show a value without a signal."""
        with QSignalBlocker(self._box), QSignalBlocker(self._slider):
            self._box.setValue(value)
            self._slider.setValue(self._step(value))

    def setToolTip(self, text: str) -> None:
        self._tip = text
        if self._default is not None:
            text = f"{text}\nAt first {self._box.textFromValue(self._default)}{self._box.suffix()}: double-click the slider to go back"
        self._box.setToolTip(text)
        self._slider.setToolTip(text)

    def setAccessibleName(self, name: str) -> None:
        self._box.setAccessibleName(name)
        self._slider.setAccessibleName(f"{name} slider")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonDblClick and watched is self._slider:
            self.reset()
            return True
        return super().eventFilter(watched, event)

    def _offer(self, place: QPoint) -> None:
        asked = self.sender()
        line = self._box.lineEdit()
        menu = line.createStandardContextMenu() if asked is not self._slider else QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        back = QAction(f"Back to {self._box.textFromValue(self._default or 0.0)}{self._box.suffix()}", menu)
        back.triggered.connect(self.reset)
        actions = menu.actions()
        menu.insertAction(actions[0] if actions else back, back)
        menu.popup(asked.mapToGlobal(place) if isinstance(asked, QWidget) else self.mapToGlobal(place))

    def _step(self, value: float) -> int:
        share = (value - self._low) / (self._high - self._low)
        return round(STEPS * min(1.0, max(0.0, share)))  # Qt's whole numbers end where densities may go on

    def _from_box(self, value: float) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(self._step(value))
        self.value_changed.emit(value)

    def _from_slider(self, step: int) -> None:
        value = self._low + (self._high - self._low) * step / STEPS
        with QSignalBlocker(self._box):
            self._box.setValue(value)
        self.value_changed.emit(self._box.value())
