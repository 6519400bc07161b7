"""A histogram with the two handles of a ramp over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

REACH = 9  # pixels from a handle within which it is grabbed
MARGIN = 7  # pixels beside the axis, so that a handle at its end can be seen whole
GRIP = 7


class RampHistogram(QWidget):
    """Shows counts, on a log scale unless told otherwise, with a ramp from ``low`` to ``high``; its ends, or all of it, can be dragged."""

    ramp_changed = Signal(float, float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.float64] = np.zeros(0)
        self._range = (0.0, 1.0)
        self._ramp = (0.5, 1.0)
        self._mark: float | None = None
        self._log = True
        self._color = QColor(170, 170, 170)
        self._held: str | None = None
        self._last = "low"
        self._grabbed_at = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    @property
    def ramp(self) -> tuple[float, float]:
        """The two ends."""
        return self._ramp

    def set_histogram(self, counts: npt.ArrayLike, low: float, high: float) -> None:
        """Show counts of equal bins between two values."""
        self._counts = np.asarray(counts, dtype=np.float64)
        self._range = (low, high)
        self.update()

    def set_ramp(self, low: float, high: float) -> None:
        """Move the handles without a signal."""
        if (low, high) != self._ramp:
            self._ramp = (low, high)
            self.update()

    def set_mark(self, value: float | None) -> None:
        """Mark a value, the automatic threshold."""
        self._mark = value
        self.update()

    def set_log(self, on: bool) -> None:
        """Show counts on a log scale, or as they are."""
        self._log = on
        self.update()

    def set_color(self, color: QColor) -> None:
        """Draw the ramp in this colour."""
        self._color = color
        self.update()

    def heights(self) -> npt.NDArray[np.float64]:
        """Return how high each bin is drawn, 0..1."""
        heights = np.log1p(self._counts) if self._log else self._counts
        return np.asarray(heights / max(1e-9, heights.max(initial=0.0)))

    def x_of(self, value: float) -> float:
        """Return where a value lies, in pixels from the left."""
        low, high = self._range
        return MARGIN + (value - low) / (high - low) * (self.width() - 2 * MARGIN)

    def value_at(self, x: float) -> float:
        """Return the value at a place, in pixels from the left, within the axis."""
        low, high = self._range
        t = (x - MARGIN) / max(1, self.width() - 2 * MARGIN)
        return low + max(0.0, min(1.0, t)) * (high - low)

    def sizeHint(self) -> QSize:
        return QSize(220, 56)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.position().x()
        self._held = self._handle_at(x)
        if self._held is None:
            # A click beside the handles brings the nearer one there: no aiming needed.
            low, high = self._ramp
            self._held = "low" if abs(x - self.x_of(low)) <= abs(x - self.x_of(high)) else "high"
            self._drag(x)
        self._last = self._held if self._held in {"low", "high"} else self._last
        self._grabbed_at = self.value_at(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            hit = self._handle_at(event.position().x())
            shapes = {"low": Qt.CursorShape.SplitHCursor, "high": Qt.CursorShape.SplitHCursor, "both": Qt.CursorShape.SizeHorCursor}
            self.setCursor(shapes[hit] if hit else Qt.CursorShape.ArrowCursor)
            return
        self._drag(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._held is not None:
            self._held = None
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() not in steps:
            super().keyPressEvent(event)
            return
        move = steps[Qt.Key(event.key())] * (self._range[1] - self._range[0]) / 200
        low, high = self._ramp
        self._set(low + move, high) if self._last == "low" else self._set(low, high + move)
        self.released.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(MARGIN, 1, self.width() - 2 * MARGIN, self.height() - GRIP - 1)
        painter.fillRect(frame, self.palette().base())
        self._paint_counts(painter, frame)
        self._paint_ramp(painter, frame)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)  # the grips left theirs: it would cover all
            painter.drawRect(frame)

    def _paint_counts(self, painter: QPainter, frame: QRectF) -> None:
        if not self._counts.any():
            return
        heights = self.heights()
        left = frame.left() + np.arange(heights.size + 1) / heights.size * frame.width()
        outline = [QPointF(frame.left(), frame.bottom())]
        for i, h in enumerate(heights):
            y = frame.bottom() - float(h) * (frame.height() - 2)
            outline += [QPointF(float(left[i]), y), QPointF(float(left[i + 1]), y)]
        outline.append(QPointF(frame.right(), frame.bottom()))
        grey = QColor(self.palette().text().color())
        grey.setAlpha(70)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(grey)
        painter.drawPolygon(QPolygonF(outline))

    def _paint_ramp(self, painter: QPainter, frame: QRectF) -> None:
        low, high = (self.x_of(v) for v in self._ramp)
        low_in, high_in = (max(frame.left(), min(frame.right(), x)) for x in (low, high))
        fill = QColor(self._color)
        fill.setAlpha(90)
        line = [QPointF(low_in, frame.bottom()), QPointF(high_in, frame.top()), QPointF(frame.right(), frame.top())]
        area = QPolygonF([*line, QPointF(frame.right(), frame.bottom())])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(area)
        if self._mark is not None:
            dashed = QPen(self.palette().text().color(), 1, Qt.PenStyle.DotLine)
            painter.setPen(dashed)
            painter.drawLine(QPointF(self.x_of(self._mark), frame.top()), QPointF(self.x_of(self._mark), frame.bottom()))
        painter.setPen(QPen(self._color, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([QPointF(frame.left(), frame.bottom()), *line]))
        for x in (low_in, high_in):
            painter.setPen(QPen(self.palette().text().color(), 1))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            grip = [QPointF(x, frame.bottom() - 3), QPointF(x + 5, frame.bottom() + GRIP - 1), QPointF(x - 5, frame.bottom() + GRIP - 1)]
            painter.setBrush(self._color)
            painter.drawPolygon(QPolygonF(grip))

    def _handle_at(self, x: float) -> str | None:
        low, high = (self.x_of(v) for v in self._ramp)
        distances = {"low": abs(x - low), "high": abs(x - high)}
        # Where both lie on each other, take the one that can still move away on this side.
        near = min(distances, key=lambda name: (distances[name], (x < low) != (name == "low")))
        if distances[near] <= REACH:
            return near
        return "both" if low < x < high else None

    def _drag(self, x: float) -> None:
        value = self.value_at(x)
        low, high = self._ramp
        if self._held == "both":
            moved = value - self._grabbed_at
            start, stop = self._range
            moved = max(start - low, min(stop - high, moved))
            self._grabbed_at = value
            self._set(low + moved, high + moved)
        elif self._held == "low":
            self._set(value, high)
        else:
            self._set(low, value)

    def _set(self, low: float, high: float) -> None:
        gap = (self._range[1] - self._range[0]) / 500
        if self._held == "high" or (self._held is None and self._last == "high"):
            high = max(high, low + gap)
        else:
            low = min(low, high - gap)
        if (low, high) != self._ramp:
            self._ramp = (low, high)
            self.update()
            self.ramp_changed.emit(low, high)
