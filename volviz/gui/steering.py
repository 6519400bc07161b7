"""What hands do in the 3D view: mouse, wheel, trackpad and keys, as changes of the camera and the light."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent

from volviz.core.camera import Camera
from volviz.gui import under, wheel
from volviz.gui.document import Document
from volviz.gui.gestures import light_dragged
from volviz.gui.latest import Latest
from volviz.gui.pick import pick

if TYPE_CHECKING:
    from volviz.core.grid import Triple
    from volviz.gui.viewport import Viewport

DEGREES_PER_HEIGHT = 200.0
ZOOM_PER_STEP = 1.18
STILL_PX = 3.0  # a hand that clicks trembles: only what goes farther is a drag
HOVER_MS = 80  # a pointer that rests for this long asks what is there
KEY_DEGREES = 5.0
KEY_PAN = 0.05  # of the height
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
Left, Right, Middle = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
Control, Shift, Alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


class Steering(QObject):
    """Left drag turns, right, middle or Shift+left drag moves, Ctrl+left drag moves the light, Alt+left drag rolls.

    The wheel, two fingers and a pinch zoom to the pointer; Ctrl+wheel steps the XY slice, Shift+wheel moves; two fingers that
    turn roll. A double click brings what is under the pointer to the middle. Arrow keys turn, with Shift they move; + and -
    zoom.
    """

    hovered = Signal(str)  # what lies under a pointer that rests
    slice_stepped = Signal(int)
    focused = Signal(object)  # a point (A) that was double-clicked

    def __init__(self, view: Viewport, document: Document) -> None:
        super().__init__(view)
        self.turntable = False  # keep z upright
        self._view, self._document = view, document
        self._held: str | None = None
        self._button = Qt.MouseButton.NoButton
        self._from = QPointF()
        self._still = False  # the button is down, and the hand has not gone anywhere yet
        self._steps, self._meaning = wheel.Steps(), wheel.Meaning()
        self._latest = Latest(self)
        self._pointer = QPointF()
        self._hover = QTimer(self)
        self._hover.setSingleShot(True)
        self._hover.setInterval(HOVER_MS)
        self._hover.timeout.connect(self._ask)
        view.setMouseTracking(True)
        view.installEventFilter(self)

    def close_threads(self) -> None:
        """End the thread that looks what lies under the pointer."""
        self._hover.stop()
        self._latest.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self._hover.stop()
            self._latest.forget()
        if self._document.state.volume is None:
            return super().eventFilter(watched, event)
        if isinstance(event, QMouseEvent):
            if kind == QEvent.Type.MouseButtonPress:
                self._press(event)
            elif kind == QEvent.Type.MouseMove:
                self._move(event)
            elif kind == QEvent.Type.MouseButtonRelease:
                self._release(event)
            elif kind == QEvent.Type.MouseButtonDblClick and event.button() == Left:
                self.focus(event.position())
            return False
        if isinstance(event, QWheelEvent):
            self._turn(event)
            event.accept()  # what is not used here must not scroll something else
            return True
        if isinstance(event, QNativeGestureEvent):
            return self._gesture(event)
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _press(self, event: QMouseEvent) -> None:
        keys = event.modifiers()
        held = None
        if event.button() in {Right, Middle} or (event.button() == Left and keys & Shift):
            held = "pan"
        elif event.button() == Left:
            held = "light" if keys & Control else "roll" if keys & Alt else "turn"
        if held is not None:
            self._end()  # another button is already down: that drag is over
            self._held, self._button, self._still, self._from = held, event.button(), True, event.position()
            self._hover.stop()

    def _release(self, event: QMouseEvent) -> None:
        if event.button() == self._button:
            self._end()

    def _end(self) -> None:
        if self._held == "light":
            self._document.settle()
        self._held = None

    def _move(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if self._held is None:
            self._hover.start()
            return
        if not event.buttons() & self._button:  # the release went to another window
            self._end()
            return
        gone = event.position() - self._from
        if self._still and abs(gone.x()) + abs(gone.y()) < STILL_PX:
            return
        self._still = False
        move = gone / max(1, self._view.height())
        self._from = event.position()
        right, up = move.x() * DEGREES_PER_HEIGHT, -move.y() * DEGREES_PER_HEIGHT
        state = self._document.state
        if self._held == "light":
            light = light_dragged(state.scene.light, state.camera, right, up)
            self._document.change("Move the light", merge="light", scene=replace(state.scene, light=light))
        elif self._held == "pan":
            self._show(state.camera.panned(move.x(), -move.y()))
        elif self._held == "roll":
            self._show(state.camera.rolled(right))
        else:
            self._show(self._turned(right, up))

    def _turned(self, right: float, up: float) -> Camera:
        camera = self._document.state.camera
        return camera.tabled(right, up) if self.turntable else camera.orbited(right, up)

    def _turn(self, event: QWheelEvent) -> None:
        if self._meaning.pinching:
            return
        keys = self._meaning.keys(event)
        camera = self._document.state.camera
        if keys & Control:
            if steps := self._steps.whole(wheel.notches(event)):
                self.slice_stepped.emit(steps)
        elif keys & Shift:
            shift = wheel.shift_px(event) / max(1, self._view.height())
            self._show(camera.panned(shift.x(), -shift.y()))
        elif turned := wheel.notches(event):
            self._show(camera.zoomed(ZOOM_PER_STEP**turned, self._view.place(event.position())))

    def _gesture(self, event: QNativeGestureEvent) -> bool:
        kind = event.gestureType()
        if not self._meaning.pinches(event):
            return True
        camera = self._document.state.camera
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self._show(camera.zoomed(wheel.pinched(event), self._view.place(event.position())))
        elif kind == Qt.NativeGestureType.RotateNativeGesture:
            if not self.turntable:
                self._show(camera.rolled(event.value()))
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            self.focus(event.position())
        else:
            return False
        return True

    def _key(self, event: QKeyEvent) -> bool:
        key, keys = Qt.Key(event.key()), event.modifiers()
        camera = self._document.state.camera
        if key in ARROWS and not keys & (Control | Alt):
            right, up = ARROWS[key]
            self._show(
                camera.panned(KEY_PAN * right, KEY_PAN * up) if keys & Shift else self._turned(KEY_DEGREES * right, KEY_DEGREES * up)
            )
        elif key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus} and not keys & (Control | Alt):
            self._show(camera.zoomed(ZOOM_PER_STEP ** (-1 if key == Qt.Key.Key_Minus else 1)))
        else:
            return False
        return True

    def focus(self, position: QPointF) -> None:
        """Bring what is seen at a place of the widget to the middle."""
        state = self._document.state
        if state.volume is None:
            return
        volume, place, contrast = state.volume, self._view.place(position), self._view.contrast
        self._latest.ask(lambda: pick(state.camera, state.scene, volume, state.classes, *place, contrast), self._focused)

    def _focused(self, point: Triple | None) -> None:
        if point is not None:
            self.focused.emit(point)

    def _show(self, camera: Camera) -> None:
        self._document.show(camera=camera)

    def _ask(self) -> None:
        state, place, contrast = self._document.state, self._view.place(self._pointer), self._view.contrast
        volume = state.volume
        if volume is None or not self._view.underMouse():
            return

        def look() -> str:
            point: Triple | None = pick(state.camera, state.scene, volume, state.classes, *place, contrast)
            return "" if point is None else under.at(state, point)

        self._latest.ask(look, self.hovered.emit)
