"""The learning curve while it grows: the loss of every step, and the scores on what is held out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

Points = list[tuple[float, float]]

LEFT, RIGHT, TOP, BOTTOM = 46, 132, 22, 20  # pixels around a diagram
MOST_POINTS = 4000  # of a line: then every other is dropped, as no screen shows more
SMOOTH = 0.05  # weight of a new loss in the running mean, which is drawn over the single ones
COLORS = ("#4c8dd6", "#e0734a", "#3fae79", "#b06fd0", "#c79a2c", "#8a93a3")


class LearningCurve(QWidget):
    """Two diagrams over the steps. Lines come into being with their first point."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.losses: Points = []
        self.smooth: Points = []
        self.scores: dict[str, Points] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Learning curve")
        self.setToolTip("Above: how large the error is on what is being learnt. Below: F1 scores (1 is perfect) on what is held out")

    def clear(self) -> None:
        """Forget everything."""
        self.losses, self.smooth, self.scores = [], [], {}
        self.update()

    def add(self, metrics: Mapping[str, float]) -> None:
        """Take what a run reports of a step: its ``loss``, or any scores by name."""
        step = metrics.get("step", 1 + (self.losses[-1][0] if self.losses else 0))
        if "loss" in metrics and math.isfinite(metrics["loss"]):
            loss = metrics["loss"]
            mean = loss if not self.smooth else (1 - SMOOTH) * self.smooth[-1][1] + SMOOTH * loss
            self.losses, self.smooth = _thinned([*self.losses, (step, loss)]), _thinned([*self.smooth, (step, mean)])
        for name, value in metrics.items():
            if name not in {"step", "loss", "seconds", "rate"} and math.isfinite(value):
                line = self.scores.setdefault(name, [])
                if not line or line[-1] != (step, value):
                    line.append((step, value))
        self.update()

    def load(self, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Take the curve of a run that goes on."""
        self.clear()
        self.losses = self.smooth = list(lines.get("loss", []))
        self.scores = {name: list(line) for name, line in lines.items() if name not in {"loss", "seconds", "rate"}}

    def sizeHint(self) -> QSize:
        return QSize(460, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 220)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        last = max([p[0] for line in (self.losses, *self.scores.values()) for p in line[-1:]], default=0.0)
        half = self.height() / 2
        losses = [value for _, value in self.losses]
        top = max(losses, default=1.0)
        faint = QColor(COLORS[0])
        faint.setAlpha(70)
        lines = [("", self.losses, faint), ("loss", self.smooth, QColor(COLORS[0]))] if self.losses else []
        self._diagram(painter, QRectF(0, 0, self.width(), half), "Loss", (min([0.0, *losses]), 1.05 * top or 1.0), last, lines)
        scores = [(name.removeprefix("f1."), line, QColor(COLORS[i % len(COLORS)])) for i, (name, line) in enumerate(self.scores.items())]
        self._diagram(painter, QRectF(0, half, self.width(), half), "Scores on what is held out", (0.0, 1.0), last, scores)

    def _diagram(
        self,
        painter: QPainter,
        area: QRectF,
        title: str,
        span: tuple[float, float],
        last: float,
        lines: Sequence[tuple[str, Points, QColor]],
    ) -> None:
        frame = area.adjusted(LEFT, TOP, -RIGHT, -BOTTOM)
        low, high = span
        painter.setPen(self.palette().text().color())
        painter.drawText(QPointF(frame.left(), frame.top() - 7), title)
        painter.fillRect(frame, self.palette().base())
        faint = self.palette().placeholderText().color()
        small = self.fontMetrics().height()

        def at(step: float, value: float) -> QPointF:
            across, up = step / max(1.0, last), (value - low) / (high - low)
            return QPointF(frame.left() + across * frame.width(), frame.bottom() - min(1.0, max(0.0, up)) * frame.height())

        for k in range(3):
            value = low + k / 2 * (high - low)
            y = at(0, value).y()
            painter.setPen(QPen(self.palette().mid().color(), 0.5))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            painter.setPen(faint)
            painter.drawText(QRectF(area.left(), y - small / 2, LEFT - 6, small), Qt.AlignmentFlag.AlignRight, f"{value:.2g}")
        below = QRectF(frame.left(), frame.bottom() + 2, frame.width(), small)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "step 0")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{last:,.0f}" if last else "")
        if not any(line for _, line, _ in lines):
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "nothing yet")
        named = 0
        for name, line, color in lines:
            painter.setPen(QPen(color, 1.6 if name else 1))
            if len(line) > 1:
                painter.drawPolyline(QPolygonF([at(*point) for point in line]))
            elif line:
                painter.drawEllipse(at(*line[0]), 2.5, 2.5)
            if name and line:
                place = QPointF(frame.right() + 10, frame.top() + (named + 0.8) * (small + 2))
                painter.drawText(place, f"{name} {line[-1][1]:.3f}")
                named += 1


def _thinned(points: Points) -> Points:
    return points[::2] if len(points) > MOST_POINTS else points
