"""What hands do on a slice: mouse, wheel, trackpad and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent

from volviz.gui import wheel
from volviz.gui.document import Document
from volviz.gui.gestures import contrast_dragged

if TYPE_CHECKING:
    from volviz.gui.slice_view import SliceView

ZOOM_PER_STEP = 1.15
CONTRAST_PER_STEP = 0.05
KEY_STEPS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
    Qt.Key.Key_Home: -100_000,  # to the first and to the last
    Qt.Key.Key_End: 100_000,
}
Control, Shift, Alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


class SliceHands(QObject):
    """Left drag moves the crosshair, the wheel steps, Ctrl+wheel and a pinch zoom at the pointer, right or middle drag pans.

    So do Shift+left drag and Shift+wheel. Alt+left drag changes the contrast: sideways how much of the greys is shown, up and
    down how bright. Arrow keys and the page keys step.
    """

    def __init__(self, view: SliceView, document: Document) -> None:
        super().__init__(view)
        self._view, self._document = view, document
        self._held: str | None = None
        self._button = Qt.MouseButton.NoButton
        self._from = QPointF()
        self._steps, self._meaning = wheel.Steps(), wheel.Meaning()
        view.canvas.setMouseTracking(True)
        view.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        view.canvas.installEventFilter(self)

    def pan_from(self, position: QPointF) -> None:
        """Pan from here until the button is released, whichever that is."""
        self._held, self._from, self._button = "pan", position, Qt.MouseButton.AllButtons

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent):
            self._turn(event)
        elif event.type() in {QEvent.Type.Resize, QEvent.Type.DevicePixelRatioChange}:
            QTimer.singleShot(0, self._view, self._view.show_grey)  # when vispy knows the new size
            return super().eventFilter(watched, event)
        elif isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseMove:
                self._move(event)
            elif event.type() in {QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick}:
                self._press(event)
            else:
                self._held = None
        elif isinstance(event, QNativeGestureEvent):
            self._gesture(event)
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        else:
            return super().eventFilter(watched, event)
        return True

    def _press(self, event: QMouseEvent) -> None:
        self._view.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
        keys, left = event.modifiers(), event.button() == Qt.MouseButton.LeftButton
        self._held = "pan" if not left or keys & Shift else "contrast" if keys & Alt else "point"
        self._from, self._button = event.position(), event.button()
        if self._held == "point":
            self._view.point(event.position())

    def _move(self, event: QMouseEvent) -> None:
        position = event.position()
        if not event.buttons() & self._button:
            self._held = None  # the release went to another window
        if self._held == "point":
            self._view.point(position)
        elif self._held == "pan":
            self._view.pan(self._from, position)
        elif self._held == "contrast":
            gone = (position - self._from) / max(1, self._view.canvas.height())
            self._contrast(gone.x(), -gone.y())
        self._from = position
        self._view.hover(position)

    def _turn(self, event: QWheelEvent) -> None:
        if self._view.grid is None or self._meaning.pinching:
            return
        keys = self._meaning.keys(event)
        turned = wheel.notches(event)
        if keys & Control:
            self._view.zoom(ZOOM_PER_STEP**turned, event.position())
        elif keys & Shift:
            self._view.pan(QPointF(), wheel.shift_px(event))
        elif keys & Alt:
            self._contrast(-CONTRAST_PER_STEP * turned, 0.0)
        else:
            self._view.step(self._steps.whole(turned))

    def _contrast(self, right: float, up: float) -> None:
        self._document.show(contrast=contrast_dragged(self._document.state.contrast, right, up))

    def _gesture(self, event: QNativeGestureEvent) -> None:
        kind = event.gestureType()
        if self._view.grid is None or not self._meaning.pinches(event):
            return
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self._view.zoom(wheel.pinched(event), event.position())
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            self._view.fit()

    def _key(self, event: QKeyEvent) -> bool:
        steps = KEY_STEPS.get(Qt.Key(event.key()))
        if steps is None or event.modifiers() & (Control | Alt | Shift):
            return False
        self._view.step(steps)
        return True
