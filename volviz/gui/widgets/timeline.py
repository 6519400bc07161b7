"""A time axis with keyframes as handles, and the moment that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from volviz.core.animation import EASINGS, Keyframe, eased

MARGIN = 14  # pixels beside the axis, so that a handle at its end can be seen whole
REACH = 8  # pixels from a handle within which it is grabbed, and to which the playhead is drawn
SHORTEST = 4.0  # seconds that the axis shows at least
BEYOND = 1.12  # times the length: room to drag the last keyframe to
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)  # seconds
EMPTY = "No keyframes yet: press K, turn the view, and press K again"
TICK_PIXELS = 56  # from one number to the next at least
FRAME = 1 / 30  # seconds that an arrow key goes
HANDLE = 6  # pixels from the middle of a handle to its corners
TOP, RISE = 12, 22  # pixels: the head of the playhead, and how high the easing is drawn


class Timeline(QWidget):
    """Knows times and easings, not views. Times are in seconds; keyframes are told by their number."""

    scrubbed = Signal(float)
    picked = Signal(int)
    dragged = Signal(int, float)  # a keyframe, to a moment
    released = Signal()  # of any of these gestures
    add_asked = Signal(float)
    delete_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keyframes: Sequence[Keyframe] = ()
        self._seconds = 0.0
        self._chosen: int | None = None
        self._held: int | None = None
        self._scrubbing = False
        self._start = 0.0  # where the hand was put down, in pixels
        self._end = SHORTEST
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(420, TOP + RISE + 2 * HANDLE + self.fontMetrics().height() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def set_keyframes(self, keyframes: Sequence[Keyframe]) -> None:
        """Show these; the axis keeps its scale while one of them is dragged."""
        self._keyframes = keyframes
        length = keyframes[-1].seconds if keyframes else 0.0
        if self._held is None or length * 1.02 > self._end:
            self._end = max(SHORTEST, length * BEYOND)
        self.update()

    def set_place(self, seconds: float, chosen: int | None) -> None:
        """Show where the playhead is and which keyframe is chosen."""
        self._seconds, self._chosen = seconds, chosen
        if self._held is not None and chosen is not None:
            self._held = chosen  # it was dragged past another one
        self.update()

    def x_of(self, seconds: float) -> float:
        """Return where a moment lies, in pixels from the left."""
        return MARGIN + seconds / self._end * (self.width() - 2 * MARGIN)

    def seconds_at(self, x: float) -> float:
        """Return the moment at a place, in pixels from the left; none before 0."""
        return max(0.0, (x - MARGIN) / max(1, self.width() - 2 * MARGIN) * self._end)

    @property
    def track(self) -> float:
        """How deep below the top the handles lie, in pixels."""
        return TOP + RISE + HANDLE

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._start = event.position().x()
        self._held = self._handle_at(event.position())
        self._scrubbing = self._held is None
        if self._held is not None:
            self.picked.emit(self._held)
        else:
            self._scrub(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._scrubbing:
            self._scrub(x)
        elif self._held is not None:
            # Not before it has moved a little: a click chooses and changes nothing.
            if abs(x - self._start) > 2 or self._start < 0:
                self._start = -1.0
                self.dragged.emit(self._held, self._rounded(self.seconds_at(x)))
        else:
            over = self._handle_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and (self._scrubbing or self._held is not None):
            self._scrubbing, self._held = False, None
            self.set_keyframes(self._keyframes)
            self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._handle_at(event.position()) is None:
            self.add_asked.emit(self._rounded(self.seconds_at(event.position().x())))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        length = self._keyframes[-1].seconds if self._keyframes else 0.0
        if key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.delete_asked.emit()
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._step(1 if key == Qt.Key.Key_Right else -1, whole=shift)
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            self.scrubbed.emit(0.0 if key == Qt.Key.Key_Home else length)
            self.released.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self._handle_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.toolTip() if index is None else self._said(index), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(MARGIN - 6, TOP - 4, self.width() - 2 * MARGIN + 12, RISE + 2 * HANDLE + 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().base())
        painter.drawRoundedRect(frame, 3, 3)
        self._paint_axis(painter, frame)
        self._paint_ways(painter)
        if not self._keyframes:
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, EMPTY)
        for i, keyframe in enumerate(self._keyframes):
            self._paint_handle(painter, self.x_of(keyframe.seconds), i == self._chosen)
        self._paint_playhead(painter, frame)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 3, 3)

    def _paint_axis(self, painter: QPainter, frame: QRectF) -> None:
        wide = self.width() - 2 * MARGIN
        step = next((tick for tick in TICKS if tick / self._end * wide >= TICK_PIXELS), TICKS[-1])
        faint = QColor(self.palette().text().color())
        faint.setAlpha(45)
        for i in range(math.floor(self._end / step) + 1):
            x = self.x_of(i * step)
            painter.setPen(QPen(faint, 1))
            top = frame.top() + 1 if self._keyframes else frame.bottom() - HANDLE  # a sentence stands where there are none
            painter.drawLine(QPointF(x, top), QPointF(x, frame.bottom() - 1))
            painter.setPen(self.palette().placeholderText().color())
            text = QRectF(x - 30, frame.bottom() + 1, 60, self.fontMetrics().height())
            painter.drawText(text, Qt.AlignmentFlag.AlignHCenter, f"{round(i * step, 3):g} s" if i == 0 else f"{round(i * step, 3):g}")

    def _paint_ways(self, painter: QPainter) -> None:
        """Draw how each keyframe goes on to the next: a curve from below to above."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        color = QColor(self.palette().highlight().color())
        color.setAlpha(150)
        painter.setPen(QPen(color, 1.4))
        for a, b in zip(self._keyframes, self._keyframes[1:], strict=False):
            left, right = self.x_of(a.seconds) + HANDLE, self.x_of(b.seconds) - HANDLE
            if right - left < 6:
                continue
            points = []
            for i in range(33):
                t = i / 32
                points.append(QPointF(left + t * (right - left), self.track + 2 - RISE * eased(t, a.easing)))
                if a.easing == "hold" and i == 31:
                    points.append(QPointF(right, self.track + 2))
            painter.drawPolyline(QPolygonF(points))

    def _paint_handle(self, painter: QPainter, x: float, chosen: bool) -> None:
        size = HANDLE + (1 if chosen else 0)
        y = self.track
        shape = QPolygonF([QPointF(x, y - size), QPointF(x + size, y), QPointF(x, y + size), QPointF(x - size, y)])
        painter.setPen(QPen(self.palette().text().color(), 1.6 if chosen else 1))
        painter.setBrush(self.palette().highlight() if chosen else self.palette().button())
        painter.drawPolygon(shape)

    def _paint_playhead(self, painter: QPainter, frame: QRectF) -> None:
        x = self.x_of(self._seconds)
        color = self.palette().text().color()
        painter.setPen(QPen(color, 1.2))
        painter.drawLine(QPointF(x, TOP - 4), QPointF(x, frame.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 1), QPointF(x + 5, 1), QPointF(x + 5, 5), QPointF(x, TOP - 1), QPointF(x - 5, 5)]))

    def _said(self, index: int) -> str:
        keyframe = self._keyframes[index]
        on = "" if index + 1 == len(self._keyframes) else f", then: {EASINGS[keyframe.easing]}"
        return f"Keyframe {index + 1} at {keyframe.seconds:g} s{on}. Drag it to another time; Delete takes it away"

    def _handle_at(self, place: QPointF) -> int | None:
        if abs(place.y() - self.track) > REACH + 2:
            return None
        distances = {i: abs(place.x() - self.x_of(keyframe.seconds)) for i, keyframe in enumerate(self._keyframes)}
        near = min(distances, key=lambda i: (distances[i], i != self._chosen), default=None)
        return near if near is not None and distances[near] <= REACH else None

    def _scrub(self, x: float) -> None:
        near = min((k.seconds for k in self._keyframes), key=lambda s: abs(x - self.x_of(s)), default=None)
        snapped = near is not None and abs(x - self.x_of(near)) <= REACH / 2
        self.scrubbed.emit(near if snapped and near is not None else self.seconds_at(x))

    def _rounded(self, seconds: float) -> float:
        """Return a moment in steps that a person would choose at this scale."""
        fine = self._end / max(1, self.width() - 2 * MARGIN)  # of a pixel
        step = next((step for step in (0.01, 0.05, 0.1, 0.5, 1.0) if step >= fine), 1.0)
        return round(round(seconds / step) * step, 3)

    def _step(self, direction: int, *, whole: bool) -> None:
        if whole:
            there = [k.seconds for k in self._keyframes if (k.seconds - self._seconds) * direction > FRAME / 2]
            to = (min(there) if direction > 0 else max(there)) if there else self._seconds
        else:
            to = max(0.0, self._seconds + direction * FRAME)
        self.scrubbed.emit(to)
        self.released.emit()
