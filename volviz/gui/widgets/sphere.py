"""A little sphere on which to put the light."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QRadialGradient
from PySide6.QtWidgets import QSizePolicy, QWidget

from volviz.core.grid import Triple

KEY_STEP = 0.06


class LightSphere(QWidget):
    """Shows from where the light comes, in the camera's axes (right, up, back), and lets it be dragged."""

    direction_changed = Signal(float, float, float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._direction: Triple = (0.0, 0.0, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Light direction")
        self.setToolTip("Drag the light over the sphere (or Ctrl+drag in the 3D view); Shift puts it behind the object")

    @property
    def direction(self) -> Triple:
        """The unit vector towards the light."""
        return self._direction

    def set_direction(self, direction: Triple) -> None:
        """Show a direction without a signal."""
        self._direction = direction
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(92, 92)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            middle, radius = self._circle()
            offset = (event.position() - middle) / radius
            self._set(offset.x(), -offset.y(), behind=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        if event.key() not in moves:
            super().keyPressEvent(event)
            return
        right, up = moves[Qt.Key(event.key())]
        x, y, z = self._direction
        self._set(x + KEY_STEP * right, y + KEY_STEP * up, behind=z < 0)
        self.released.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, radius = self._circle()
        x, y, z = self._direction
        spot = middle + QPointF(x, -y) * radius
        shade = QRadialGradient(middle, radius * 1.9, spot)
        lit, dark = QColor(214, 216, 222), QColor(40, 42, 48)
        shade.setColorAt(0.0, lit if z >= 0 else dark)
        shade.setColorAt(1.0, dark)
        painter.setPen(QPen(self.palette().mid().color(), 1))
        painter.setBrush(shade)
        painter.drawEllipse(middle, radius, radius)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(middle, radius + 1, radius + 1)
        painter.setPen(QPen(QColor(30, 30, 30), 1))
        painter.setBrush(QColor(255, 214, 92) if z >= 0 else Qt.BrushStyle.NoBrush)
        if z < 0:
            painter.setPen(QPen(QColor(255, 214, 92), 2))
        painter.drawEllipse(spot, 5, 5)

    def _circle(self) -> tuple[QPointF, float]:
        return QPointF(self.width() / 2, self.height() / 2), min(self.width(), self.height()) / 2 - 7

    def _set(self, x: float, y: float, *, behind: bool) -> None:
        length = math.hypot(x, y)
        if length > 0.995:
            x, y = 0.995 * x / length, 0.995 * y / length
        z = math.sqrt(max(0.0, 1 - x * x - y * y))
        self._direction = (x, y, -z if behind else z)
        self.update()
        self.direction_changed.emit(*self._direction)
