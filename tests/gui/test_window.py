"""The window through its real widgets, on a display: open, look, change, undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import errors_of, picture, rest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar, QMessageBox
from pytestqt.qtbot import QtBot

from volviz.gui import dropping
from volviz.gui.actions import ENTRIES
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


def drag(
    qtbot: QtBot, widget: object, start: QPoint, stop: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    qtbot.mousePress(widget, LEFT, modifiers, start)
    for t in (0.25, 0.5, 0.75, 1.0):
        qtbot.mouseMove(widget, start + (stop - start) * t)
    qtbot.mouseRelease(widget, LEFT, modifiers, stop)


def wheel(widget: object, at: QPoint, steps: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    place = QPointF(at)
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def drop(window: Window, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    # As a file manager offers it that would move by itself.
    at, actions = QPoint(100, 100), Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    enter = QDragEnterEvent(at, actions, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window, enter)
    event = QDropEvent(QPointF(at), actions, data, LEFT, Qt.KeyboardModifier.NoModifier)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window, event)
    for taken in (enter, event):
        assert taken.isAccepted()
        assert taken.dropAction() == Qt.DropAction.CopyAction, "a moved file would be deleted by who had it"


def test_files_that_could_only_be_moved_are_not_taken(window: Window, ball_file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(ball_file))])
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(100, 100), Qt.DropAction.MoveAction, data, LEFT, none)
    enter.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()
    event = QDropEvent(QPointF(100, 100), Qt.DropAction.MoveAction, data, LEFT, none)
    assert dropping.dropped(event) == []
    assert not event.isAccepted()
    assert not window.jobs.running


def test_with_nothing_open_it_says_what_to_do(window: Window) -> None:
    assert window.welcome.isVisible()
    assert window.welcome.open.isVisible()
    assert not window.actions_by_id["file.still"].isEnabled()
    assert window.actions_by_id["file.open"].isEnabled()


def test_a_dropped_file_appears_in_all_views(window: Window, qtbot: QtBot, ball_file: Path) -> None:
    drop(window, ball_file)
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=10_000)
    rest(qtbot, window)
    qtbot.waitUntil(lambda: all(view.shown for view in window.slices.views))
    assert window.viewport.isVisible()
    assert "ball" in window.windowTitle()
    drawn = picture(window)
    assert (np.abs(drawn.astype(int) - drawn[0, 0]).max(axis=2) > 40).mean() > 0.02
    assert window.document.state.volume.grid.voxel_size == (12.0, 12.0, 12.0)


def test_what_is_no_file_of_this_computer_is_not_taken(window: Window) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/tomogram.mrc")])
    enter = QDragEnterEvent(QPoint(100, 100), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_a_file_that_is_none_gives_one_sentence_and_the_window_stays(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    wrong = tmp_path / "letter.mrc"
    wrong.write_text("Dear volviz, " * 200)
    before = shown.document.state
    drop(shown, wrong)
    qtbot.waitUntil(lambda: bool(shown.findChildren(QMessageBox)), timeout=10_000)
    box = shown.findChildren(QMessageBox)[0]
    assert "letter.mrc" in box.text()
    assert "Traceback" not in box.text() + box.detailedText()
    box.close()
    assert shown.document.state is before


def test_dragging_a_ramp_changes_the_picture_and_undo_restores_every_pixel(shown: Window, qtbot: QtBot) -> None:
    before = picture(shown)
    histogram = shown.classes_panel.rows["membrane"].histogram
    start = QPoint(round(histogram.x_of(0.4)), 20)
    drag(qtbot, histogram, start, QPoint(round(histogram.x_of(0.85)), 20))
    assert shown.document.state.scene.ramps["membrane"].low == pytest.approx(0.85, abs=0.02)
    rest(qtbot, shown)
    assert (np.abs(picture(shown).astype(int) - before) > 8).any(axis=2).mean() > 0.01
    assert shown.document.undo_stack.count() == 1
    shown.actions_by_id["edit.undo"].trigger()
    rest(qtbot, shown)
    np.testing.assert_array_equal(picture(shown), before)
    assert histogram.ramp == (0.4, 0.9)


def test_hiding_a_class_hides_it(shown: Window, qtbot: QtBot) -> None:
    for row in shown.classes_panel.rows.values():
        row.visible.click()
    rest(qtbot, shown)
    drawn = picture(shown)
    assert np.ptp(drawn.astype(int), axis=(0, 1)).max() <= 2  # the ground, and its dither
    assert shown.document.undo_stack.count() == 3


def test_nothing_is_drawn_while_nothing_changes(shown: Window, qtbot: QtBot) -> None:
    draws = shown.viewport.draws
    shown.say("a word in the status bar")
    shown.docks["Light"].raise_()
    shown.slices.views[0].step_to(3)
    qtbot.wait(400)
    assert shown.viewport.draws == draws


def test_the_picture_is_the_window_s_own_not_read_back(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from OpenGL import GL

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the interactive path read a picture back")

    for name in ("glReadPixels", "glGetTexImage"):
        monkeypatch.setattr(GL, name, refuse)
    draws = shown.viewport.draws
    drag(qtbot, shown.viewport, QPoint(200, 200), QPoint(260, 220))
    rest(qtbot, shown)
    assert shown.viewport.draws > draws


def test_the_frame_time_says_what_a_moving_picture_costs(shown: Window, qtbot: QtBot) -> None:
    meter = shown.viewport.meter
    assert not meter.isVisible()
    shown.actions_by_id["view.frame_time"].trigger()
    assert meter.isVisible()
    drag(qtbot, shown.viewport, QPoint(200, 200), QPoint(260, 220))
    rest(qtbot, shown)
    level, seconds = shown.viewport._renderer.pace
    driver = shown.viewport.gl_strings()[1].split(" (")[0]
    assert seconds > 0
    assert meter.text().splitlines() == [
        f"{1e3 * seconds:.0f} ms",
        f"resolution × {level.scale:g}",
        f"step {level.step:g} voxels",
        f"{shown.viewport._renderer.entry} shader",
        driver,
    ]
    assert shown.viewport.rect().contains(meter.geometry())
    shown.actions_by_id["view.frame_time"].trigger()
    assert not meter.isVisible()


def test_an_error_left_in_the_view_is_found(shown: Window) -> None:
    shown.viewport.makeCurrent()
    shown.viewport.context().functions().glEnable(0x7FFF)
    shown.viewport.doneCurrent()
    assert errors_of(shown.viewport) == [0x0500]
    assert errors_of(shown.viewport) == []


def test_dragging_turns_moves_and_wheel_zooms(shown: Window, qtbot: QtBot) -> None:
    camera = shown.document.state.camera
    drag(qtbot, shown.viewport, QPoint(200, 200), QPoint(280, 200))
    turned = shown.document.state.camera
    assert turned.orientation != camera.orientation
    assert turned.target_xyz == camera.target_xyz
    drag(qtbot, shown.viewport, QPoint(200, 200), QPoint(230, 210), Qt.KeyboardModifier.ShiftModifier)
    moved = shown.document.state.camera
    assert moved.orientation == turned.orientation
    assert moved.target_xyz != turned.target_xyz
    wheel(shown.viewport, QPoint(200, 150), 2)
    assert shown.document.state.camera.distance < moved.distance
    assert shown.document.undo_stack.count() == 0


def test_control_drag_moves_the_light_as_one_step(shown: Window, qtbot: QtBot) -> None:
    light = shown.document.state.scene.light
    drag(qtbot, shown.viewport, QPoint(200, 200), QPoint(260, 200), CONTROL)
    assert shown.document.state.scene.light.direction_xyz[0] > light.direction_xyz[0]
    assert shown.light_panel.sphere.direction[0] > light.direction_xyz[0]
    assert shown.document.undo_stack.count() == 1
    shown.actions_by_id["edit.undo"].trigger()
    assert shown.document.state.scene.light == light


def test_a_double_click_turns_about_what_is_there(shown: Window, qtbot: QtBot) -> None:
    middle = shown.document.state.volume.grid.to_world((11.5, 15, 16))
    right, up, _ = shown.document.state.camera.project(middle)
    height = shown.viewport.height()
    at = QPoint(round(shown.viewport.width() / 2 + right * height), round(height / 2 - up * height))
    before = shown.document.state.crosshair_xyz
    qtbot.mouseDClick(shown.viewport, LEFT, pos=at)
    qtbot.waitUntil(lambda: shown.document.state.crosshair_xyz != before)
    assert shown.document.state.crosshair_xyz == pytest.approx((middle[0], middle[1], middle[2] + 120), abs=30)
    assert shown.document.state.camera.target_xyz == shown.document.state.crosshair_xyz


def test_the_slices_share_one_crosshair(shown: Window, qtbot: QtBot) -> None:
    xy, xz, _ = shown.slices.views
    canvas = xy.canvas
    before = shown.document.state.crosshair_xyz
    qtbot.mouseClick(canvas, LEFT, pos=canvas.rect().center() + QPoint(20, -30))
    x, y, z = shown.document.state.crosshair_xyz
    assert x > before[0]
    assert y > before[1]
    assert z == before[2]
    assert xz._slider.value() == xz.plane.index(shown.document.state.volume.grid, (x, y, z))
    wheel(canvas, canvas.rect().center(), 1)
    assert shown.document.state.crosshair_xyz[2] == pytest.approx(z + 12, abs=7)


def test_the_status_line_tells_what_is_under_the_pointer(shown: Window, qtbot: QtBot) -> None:
    xy = shown.slices.views[0]
    canvas = xy.canvas
    said: list[str] = []
    shown.slices.hovered.connect(said.append)
    qtbot.waitUntil(lambda: xy.shown > 0)
    qtbot.mouseMove(canvas, canvas.rect().center())
    qtbot.mouseMove(canvas, canvas.rect().center() + QPoint(2, 2))
    qtbot.waitUntil(lambda: bool(said))
    for word in ("Å", "density", "membrane", "lumen"):
        assert word in said[-1]


def test_a_voxel_size_by_hand_is_one_step_and_keeps_the_view(shown: Window, qtbot: QtBot) -> None:
    grid, camera = shown.document.state.volume.grid, shown.document.state.camera
    before = picture(shown)
    shown.data_panel.voxel_size.set_value(6.0)
    shown.data_panel.apply.click()
    state = shown.document.state
    assert state.volume.grid.voxel_size == state.segmentation.grid.voxel_size == (6.0, 6.0, 6.0)
    assert state.camera.distance == pytest.approx(camera.distance / 2)
    rest(qtbot, shown)
    shown.actions_by_id["edit.undo"].trigger()
    assert shown.document.state.volume.grid == grid
    assert shown.document.state.camera == camera
    rest(qtbot, shown)
    np.testing.assert_array_equal(picture(shown), before)


def test_standard_views_and_parallel_rays(shown: Window, qtbot: QtBot) -> None:
    height = shown.document.state.camera.height
    shown.activateWindow()
    shown.viewport.setFocus()
    qtbot.waitUntil(shown.viewport.hasFocus)
    qtbot.keyClick(shown.viewport, Qt.Key.Key_O)
    assert shown.document.state.camera.orthographic_height == pytest.approx(height)
    qtbot.keyClick(shown.viewport, Qt.Key.Key_5)
    assert shown.document.state.camera.orientation == shown.document.state.camera.seen_from("top").orientation
    qtbot.keyClick(shown.viewport, Qt.Key.Key_O)
    assert shown.document.state.camera.orthographic_height is None


def within(menu: QMenuBar | QMenu) -> Iterator[QAction]:
    """All actions of a menu and of the menus in it."""
    for action in menu.actions():
        if action.menu() is not None:
            yield from within(action.menu())
        else:
            yield action


def test_every_action_is_in_a_menu_with_a_tip_and_keys_are_used_once(window: Window) -> None:
    keys = [entry.keys for entry in ENTRIES if entry.keys]
    assert len(keys) == len(set(keys))
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    in_menus = set(within(window.menuBar()))
    for entry in ENTRIES:
        action = window.actions_by_id[entry.id]
        assert action in in_menus
        assert entry.tip
        assert entry.keys in action.toolTip()
