"""The automatic threshold of every slice, over the depth: the curve whose mean is the automatic threshold of the class."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from volviz.gui.widgets.histogram import MARGIN

ROOM = 0.05  # above and below the curve


class SliceCurve(QWidget):
    """Shows a value for each slice, the one that holds for all of them, and which slice is looked at; a click goes to another."""

    slice_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: npt.NDArray[np.float64] = np.zeros(0)
        self._level: float | None = None
        self._here = 0
        self._color = QColor(170, 170, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    @property
    def curve(self) -> npt.NDArray[np.float64]:
        """The values; empty while they are not known."""
        return self._curve

    def set_curve(self, curve: npt.NDArray[np.float64]) -> None:
        """Show a value 0..1 for each slice, NaN where there is none; an empty curve is still being worked out."""
        self._curve = curve
        self.update()

    def set_level(self, level: float | None) -> None:
        """Mark the value that holds for all slices."""
        self._level = level
        self.update()

    def set_slice(self, index: int) -> None:
        """Mark the slice that is looked at."""
        if index != self._here:
            self._here = index
            self.update()

    def set_color(self, color: QColor) -> None:
        """Draw the curve in this colour."""
        self._color = color
        self.update()

    def x_of(self, index: float) -> float:
        """Return where a slice lies, in pixels from the left."""
        return MARGIN + index / max(1, len(self._curve) - 1) * (self.width() - 2 * MARGIN)

    def index_at(self, x: float) -> int:
        """Return the slice at a place, in pixels from the left."""
        last = max(0, len(self._curve) - 1)
        return max(0, min(last, round((x - MARGIN) / max(1, self.width() - 2 * MARGIN) * last)))

    def said_of(self, index: int) -> str:
        """Return what a slice's value is, in words."""
        value = self._curve[index]
        said = "the class does not appear" if math.isnan(value) else f"threshold {value:.3f}"
        return f"Slice {index + 1} of {len(self._curve)}: {said}"

    def sizeHint(self) -> QSize:
        return QSize(220, 58)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not len(self._curve):
            return
        index = self.index_at(event.position().x())
        QToolTip.showText(event.globalPosition().toPoint(), self.said_of(index), self)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.slice_chosen.emit(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        frame = QRectF(MARGIN, 1, self.width() - 2 * MARGIN, self.height() - line - 3)
        painter.fillRect(frame, self.palette().base())
        faint = self.palette().placeholderText().color()
        painter.setPen(faint)
        beneath = QRectF(frame.left(), frame.bottom() + 1, frame.width(), line + 1)
        known = self._curve[np.isfinite(self._curve)]
        if not known.size:
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "no slice has it" if len(self._curve) else "working it out …")
            return
        low, high = max(0.0, float(known.min()) - ROOM), min(1.0, float(known.max()) + ROOM)
        here = min(self._here, len(self._curve) - 1)
        painter.drawText(beneath, Qt.AlignmentFlag.AlignLeft, f"{low:.2f}–{high:.2f}")
        painter.setPen(self.palette().text().color())
        painter.drawText(beneath, Qt.AlignmentFlag.AlignRight, self.said_of(here))

        def y_of(value: float) -> float:
            return frame.bottom() - (min(high, max(low, value)) - low) / (high - low) * frame.height()

        if self._level is not None:
            painter.setPen(QPen(self.palette().text().color(), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(frame.left(), y_of(self._level)), QPointF(frame.right(), y_of(self._level)))
        painter.setPen(QPen(self._color, 1.6))
        for run in _runs(self._curve):
            points = [QPointF(self.x_of(i), y_of(float(self._curve[i]))) for i in run]
            painter.drawPolyline(QPolygonF(points if len(points) > 1 else [points[0], points[0] + QPointF(1, 0)]))
        painter.setPen(QPen(self.palette().highlight().color(), 1))
        painter.drawLine(QPointF(self.x_of(here), frame.top()), QPointF(self.x_of(here), frame.bottom()))


def _runs(curve: npt.NDArray[np.float64]) -> list[range]:
    """Return the stretches of slices that have a value."""
    edges = np.diff(np.isfinite(curve).astype(np.int8), prepend=0, append=0)
    return [range(int(a), int(b)) for a, b in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True)]
