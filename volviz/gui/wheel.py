"""What wheels and trackpads say, made even: notches of a wheel, whole steps, and how far two fingers went."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent

NOTCH = 120  # Qt's units in one notch of a plain wheel
PIXELS = 40  # two fingers go this far for what a notch does, where a trackpad tells pixels alone
MOST = 4.0  # notches that one event may tell: a wheel that spins freely must not throw the picture away
PINCH_MOST = 0.5


def notches(event: QWheelEvent) -> float:
    """Return how far a wheel was turned, away from the hand positive, in fractions of a notch.

    0 for what rolls on after the fingers have left a trackpad, and for what goes rather sideways: neither was meant. With Alt
    held, systems tell the turn as a sideways one, and it counts.
    """
    if event.phase() == Qt.ScrollPhase.ScrollMomentum:
        return 0.0
    told, unit = event.angleDelta(), NOTCH
    if told.isNull():
        told, unit = event.pixelDelta(), PIXELS
    up = told.y()
    if abs(told.x()) > abs(told.y()):
        up = told.x() if event.modifiers() & Qt.KeyboardModifier.AltModifier else 0
    return max(-MOST, min(MOST, up / unit))


def shift_px(event: QWheelEvent) -> QPointF:
    """Return by how many pixels two fingers, or a wheel, push the picture to the right and down."""
    if event.phase() == Qt.ScrollPhase.ScrollMomentum:
        return QPointF()
    if not event.pixelDelta().isNull():
        return QPointF(event.pixelDelta())
    return QPointF(event.angleDelta()) * (PIXELS / NOTCH)


def pinched(event: QNativeGestureEvent) -> float:
    """Return the factor by which two fingers that move apart enlarge what lies between them."""
    return 1.0 + max(-PINCH_MOST, min(PINCH_MOST, event.value()))


class Steps:
    """Gathers fractions of a notch until they make whole steps; to turn back starts anew."""

    def __init__(self) -> None:
        self._rest = 0.0

    def whole(self, turned: float) -> int:
        """Return the steps that this much more makes whole."""
        if turned * self._rest < 0:
            self._rest = 0.0
        self._rest += turned
        steps = int(self._rest)
        self._rest -= steps
        return steps


class Meaning:
    """What a turn of the wheel means, decided when it begins: a key that is pressed while two fingers glide changes nothing."""

    def __init__(self) -> None:
        self._keys: Qt.KeyboardModifier | None = None
        self.pinching = False  # some systems tell a pinch as a turn of the wheel too

    def keys(self, event: QWheelEvent) -> Qt.KeyboardModifier:
        """Return the keys that count for this event."""
        phase = event.phase()
        if phase == Qt.ScrollPhase.NoScrollPhase or self._keys is None or phase == Qt.ScrollPhase.ScrollBegin:
            self._keys = event.modifiers()
        keys = self._keys
        if phase in {Qt.ScrollPhase.NoScrollPhase, Qt.ScrollPhase.ScrollEnd}:
            self._keys = None
        return keys

    def pinches(self, event: QNativeGestureEvent) -> bool:
        """Follow the beginning and the end of gestures; whether this is a part of one that tells something."""
        kind = event.gestureType()
        if kind == Qt.NativeGestureType.BeginNativeGesture:
            self.pinching = True
        elif kind == Qt.NativeGestureType.EndNativeGesture:
            self.pinching = False
        else:
            return True
        return False
