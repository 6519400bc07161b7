"""Trackpads, fine wheels and keys, in the 3D view and on slices: sent as the events that systems send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from volviz.gui import wheel
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

NONE, CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
NO_PHASE = Qt.ScrollPhase.NoScrollPhase
BEGIN, UPDATE, END, MOMENTUM = (
    Qt.ScrollPhase.ScrollBegin,
    Qt.ScrollPhase.ScrollUpdate,
    Qt.ScrollPhase.ScrollEnd,
    Qt.ScrollPhase.ScrollMomentum,
)


def turn(angle: int, *, across: int = 0, keys: Qt.KeyboardModifier = NONE, phase: Qt.ScrollPhase = NO_PHASE, px: int = 0) -> QWheelEvent:
    return QWheelEvent(
        QPointF(120, 90), QPointF(120, 90), QPoint(0, px), QPoint(across, angle), Qt.MouseButton.NoButton, keys, phase, False
    )


def pinch(widget: QWidget, value: float, kind: Qt.NativeGestureType = Qt.NativeGestureType.ZoomNativeGesture) -> None:
    place = QPointF(120, 90)
    everywhere = QPointF(widget.mapToGlobal(place.toPoint()))
    event = QNativeGestureEvent(kind, QPointingDevice.primaryPointingDevice(), 2, place, place, everywhere, value, QPointF())
    QApplication.sendEvent(widget, event)


def send(widget: QWidget, *events: QEvent) -> None:
    for event in events:
        QApplication.sendEvent(widget, event)


@pytest.fixture
def turned(shown: Window) -> Iterator[Window]:
    yield shown
    shown.viewport.steering.turntable = False


def test_what_rolls_on_or_goes_sideways_turns_nothing() -> None:
    assert wheel.notches(turn(30)) == 0.25
    assert wheel.notches(turn(0, px=20)) == 0.5
    assert wheel.notches(turn(60, phase=MOMENTUM)) == 0
    assert wheel.notches(turn(30, across=90)) == 0
    assert wheel.notches(turn(0, across=120, keys=ALT)) == 1
    assert wheel.notches(turn(12_000)) == wheel.MOST
    steps = wheel.Steps()
    assert [steps.whole(part) for part in (0.4, 0.4, 0.4, -0.4, -0.4, -0.4)] == [0, 0, 1, 0, 0, -1]


def test_a_fine_wheel_zooms_as_far_as_a_coarse_one(shown: Window) -> None:
    start = shown.document.state.camera
    send(shown.viewport, turn(120))
    coarse = shown.document.state.camera
    assert coarse.distance < start.distance
    shown.document.show(camera=start)
    send(shown.viewport, *[turn(15) for _ in range(8)])
    assert shown.document.state.camera.distance == pytest.approx(coarse.distance)


def test_a_pinch_enlarges_what_lies_between_the_fingers(shown: Window) -> None:
    view, start = shown.viewport, shown.document.state.camera
    pinch(view, 0.0, Qt.NativeGestureType.BeginNativeGesture)
    pinch(view, 0.25)
    zoomed = shown.document.state.camera
    assert zoomed.distance == pytest.approx(start.distance / 1.25)
    assert zoomed.target_xyz != start.target_xyz
    send(view, turn(240, phase=UPDATE))  # the same fingers, told a second time
    assert shown.document.state.camera == zoomed
    pinch(view, 0.0, Qt.NativeGestureType.EndNativeGesture)
    pinch(view, 20.0, Qt.NativeGestureType.RotateNativeGesture)
    assert shown.document.state.camera.orientation != zoomed.orientation


def test_control_and_two_fingers_step_slices_one_by_one(shown: Window) -> None:
    def at() -> int:
        view = shown.slices.views[0]
        return view.plane.index(view.grid, shown.document.state.crosshair_xyz)

    first, camera = at(), shown.document.state.camera
    send(shown.viewport, turn(40, keys=CONTROL, phase=BEGIN), turn(40, phase=UPDATE), turn(45, phase=UPDATE), turn(0, phase=END))
    assert at() == first + 1
    assert shown.document.state.camera == camera  # the key was let go of on the way, and the fingers still mean the same
    send(shown.slices.views[0].canvas, *[turn(40) for _ in range(6)])
    assert at() == first + 3


def test_shift_and_two_fingers_move(shown: Window) -> None:
    camera = shown.document.state.camera
    send(shown.viewport, turn(60, across=60, keys=SHIFT))
    moved = shown.document.state.camera
    assert moved.orientation == camera.orientation
    assert moved.distance == camera.distance
    right, up, _ = moved.project(camera.target_xyz)
    assert (right > 0, up < 0) == (True, True)


def test_a_hand_that_trembles_turns_nothing(shown: Window, qtbot: QtBot) -> None:
    camera = shown.document.state.camera
    qtbot.mousePress(shown.viewport, Qt.MouseButton.LeftButton, NONE, QPoint(100, 100))
    qtbot.mouseMove(shown.viewport, QPoint(101, 101))
    assert shown.document.state.camera == camera
    qtbot.mouseMove(shown.viewport, QPoint(106, 101))
    assert shown.document.state.camera != camera
    qtbot.mouseRelease(shown.viewport, Qt.MouseButton.LeftButton)


def test_alt_drag_on_a_slice_is_contrast(shown: Window, qtbot: QtBot) -> None:
    canvas = shown.slices.views[0].canvas
    low, high = shown.document.state.contrast
    crosshair = shown.document.state.crosshair_xyz
    middle = canvas.rect().center()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, ALT, middle)
    qtbot.mouseMove(canvas, middle + QPoint(30, 0))
    wide = shown.document.state.contrast
    assert wide[1] - wide[0] > high - low
    assert sum(wide) == pytest.approx(low + high)
    qtbot.mouseMove(canvas, middle + QPoint(30, -30))
    assert sum(shown.document.state.contrast) < sum(wide)  # brighter: the same grey lies nearer to white
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, ALT)
    assert shown.document.state.crosshair_xyz == crosshair


def test_keys_turn_zoom_and_step(turned: Window, qtbot: QtBot) -> None:
    view = turned.viewport
    start = turned.document.state.camera
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert turned.document.state.camera == start.orbited(5, 0)
    turned.document.show(camera=start)
    view.steering.turntable = True
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert turned.document.state.camera == start.tabled(0, 5)
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert turned.document.state.camera.distance < start.distance
    xz = turned.slices.views[1]
    before = xz.plane.index(xz.grid, turned.document.state.crosshair_xyz)
    qtbot.keyClick(xz.canvas, Qt.Key.Key_Up)
    qtbot.keyClick(xz.canvas, Qt.Key.Key_PageDown)
    assert xz.plane.index(xz.grid, turned.document.state.crosshair_xyz) == before - 9


def test_a_pointer_that_rests_on_the_object_is_told_what_is_there(shown: Window, qtbot: QtBot) -> None:
    said: list[str] = []
    shown.viewport.steering.hovered.connect(said.append)
    grid = shown.document.state.volume.grid
    right, up, _ = shown.document.state.camera.project(grid.to_world((11.5, 15, 16)))
    height = shown.viewport.height()
    at = QPoint(round(shown.viewport.width() / 2 + right * height), round(height / 2 - up * height))
    qtbot.mouseMove(shown.viewport, at)
    qtbot.mouseMove(shown.viewport, at + QPoint(1, 0))
    qtbot.waitUntil(lambda: any("membrane" in text and "density" in text for text in said), timeout=PATIENCE_MS)


def test_a_double_click_on_a_title_gives_its_view_all_the_room(shown: Window, qtbot: QtBot) -> None:
    views = {view.plane.name: view for view in shown.slices.views}
    title = views["XZ"].title
    qtbot.mouseDClick(title, Qt.MouseButton.LeftButton, pos=QPoint(12, title.height() // 2))
    assert views["XZ"].isVisible()
    assert not any(view.isVisible() for view in (views["XY"], views["YZ"], shown.viewport))
    assert shown.actions_by_id["view.alone_xz"].isChecked()
    qtbot.mouseDClick(title, Qt.MouseButton.LeftButton, pos=QPoint(12, title.height() // 2))
    assert all(view.isVisible() for view in (*views.values(), shown.viewport))
    shown.actions_by_id["view.slices"].trigger()
    assert not shown.slices.isVisible()
    for _ in range(2):
        shown.actions_by_id["view.alone_yz"].trigger()
    assert shown.viewport.isVisible()
    assert not shown.slices.isVisible()  # as it was before
    shown.actions_by_id["view.slices"].trigger()
    assert shown.slices.isVisible()
