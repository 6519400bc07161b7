"""The animation and the bookmarks, through their widgets."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from volviz.cli import main
from volviz.core.animation import Keyframe, loops, view_at
from volviz.core.cleaning import Cleaning
from volviz.core.motions import Peel, Rocking, Turntable
from volviz.gui import files, videos
from volviz.gui.motion_form import FillDialog, MotionForm
from volviz.gui.panels.bookmarks import BookmarksSection
from volviz.gui.videos import VideoChoice, VideoDialog
from volviz.gui.widgets.timeline import Timeline
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
ALT, CONTROL, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def directed(shown: Window, qtbot: QtBot) -> Window:
    """The window with the panel of the animation open, and the focus in the 3D view."""
    shown.resize(1000, 640)
    shown.activateWindow()
    shown.viewport.setFocus()
    qtbot.waitUntil(shown.viewport.hasFocus)
    qtbot.keyClick(shown.viewport, Qt.Key.Key_K, SHIFT)
    assert shown.actions_by_id["view.animation"].isChecked()
    qtbot.waitUntil(shown.animation_panel.timeline.isVisible)
    flight = shown.flight.seconds
    yield shown
    shown.flight.seconds = flight
    shown.directing.dock.hide()


def three(window: Window, qtbot: QtBot) -> tuple[Keyframe, ...]:
    """Make three keyframes with the key, of other cameras and other looks."""
    document = window.document
    for i in range(3):
        state = document.state
        look = replace(state.scene.with_ramp("membrane", low=0.3 + 0.1 * i), exposure=0.5 * i)
        document.show(scene=look, camera=state.camera.orbited(40.0 * i, 10.0))
        qtbot.keyClick(window.viewport, Qt.Key.Key_K)
    return document.state.animation


def at(timeline: Timeline, seconds: float, *, handle: bool = False) -> QPoint:
    return QPoint(round(timeline.x_of(seconds)), round(timeline.track) if handle else 6)


def drag(qtbot: QtBot, widget: Timeline, start: QPoint, stop: QPoint) -> None:
    qtbot.mousePress(widget, LEFT, NONE, start)
    for t in (0.2, 0.4, 0.6, 0.8, 1.0):
        qtbot.mouseMove(widget, start + (stop - start) * t)
    qtbot.mouseRelease(widget, LEFT, NONE, stop)


def test_keyframes_are_added_dragged_past_each_other_and_deleted_one_undo_each(directed: Window, qtbot: QtBot) -> None:
    made = three(directed, qtbot)
    document, timeline = directed.document, directed.animation_panel.timeline
    assert [keyframe.seconds for keyframe in made] == [0.0, 2.0, 4.0]
    assert [keyframe.scene.exposure for keyframe in made] == [0.0, 0.5, 1.0]
    steps = document.undo_stack.index()
    drag(qtbot, timeline, at(timeline, 4.0, handle=True), at(timeline, 1.0, handle=True))
    moved = document.state.animation
    assert [keyframe.scene.exposure for keyframe in moved] == [0.0, 1.0, 0.5]
    assert moved[1].seconds == pytest.approx(1.0, abs=0.06)
    assert directed.directing.animating.chosen == 1
    assert document.undo_stack.index() == steps + 1
    timeline.setFocus()
    qtbot.keyClick(timeline, Qt.Key.Key_Delete)
    assert [keyframe.scene.exposure for keyframe in document.state.animation] == [0.0, 0.5]
    document.undo_stack.undo()
    assert document.state.animation == moved
    document.undo_stack.undo()
    assert document.state.animation == made


def test_a_click_on_the_axis_shows_that_moment_and_undo_brings_the_look_back(directed: Window, qtbot: QtBot) -> None:
    keyframes = three(directed, qtbot)
    document, timeline = directed.document, directed.animation_panel.timeline
    before = document.state
    drag(qtbot, timeline, at(timeline, 3.5), at(timeline, 1.3))
    seconds = directed.directing.animating.seconds
    assert seconds == pytest.approx(1.3, abs=0.05)
    assert (document.state.scene, document.state.camera) == view_at(keyframes, seconds)
    rest(qtbot, directed)
    document.undo_stack.undo()
    assert (document.state.scene, document.state.camera) == (before.scene, before.camera)
    assert document.state.animation == keyframes
    # A click near a keyframe is on it, whatever the hand's last pixel.
    qtbot.mouseClick(timeline, LEFT, NONE, at(timeline, 2.0) + QPoint(2, 0))
    assert document.state.camera == keyframes[1].camera
    qtbot.mouseDClick(timeline, LEFT, NONE, at(timeline, 3.0))
    assert len(document.state.animation) == 4
    assert document.state.animation[2].camera == view_at(keyframes, document.state.animation[2].seconds)[1]


def test_it_plays_until_someone_takes_hold_of_the_view(directed: Window, qtbot: QtBot) -> None:
    three(directed, qtbot)
    panel, animating = directed.animation_panel, directed.directing.animating
    places: list[float] = []
    animating.running.moved.connect(places.append)
    qtbot.mouseClick(panel.play, LEFT)
    qtbot.waitUntil(lambda: len(places) > 3, timeout=PATIENCE_MS)
    assert animating.running.on
    assert directed.document.state.camera == view_at(animating.keyframes, places[-1])[1]
    qtbot.mousePress(directed.viewport, LEFT, NONE, QPoint(80, 80))
    qtbot.mouseMove(directed.viewport, QPoint(110, 90))
    qtbot.mouseRelease(directed.viewport, LEFT, NONE, QPoint(110, 90))
    assert not animating.running.on
    mine = directed.document.state.camera
    count = len(places)
    rest(qtbot, directed)
    assert directed.document.state.camera == mine
    assert len(places) == count


def test_without_the_loop_it_plays_to_the_end_and_ends_there(directed: Window, qtbot: QtBot) -> None:
    keyframes = three(directed, qtbot)
    panel, animating = directed.animation_panel, directed.directing.animating
    panel.loop.click()
    panel.length.setValue(0.3)
    steps = directed.document.undo_stack.index()
    with qtbot.waitSignal(animating.running.ended, timeout=PATIENCE_MS):
        panel.play.click()
    assert directed.document.state.camera == keyframes[-1].camera
    assert directed.document.undo_stack.index() <= steps + 1
    panel.loop.click()


def test_keyframes_from_before_the_segmentation_show_its_classes(directed: Window, qtbot: QtBot) -> None:
    document = directed.document
    whole = document.state
    document.open(replace(whole, segmentation=None, scene=replace(whole.scene, ramps={})))
    qtbot.keyClick(directed.viewport, Qt.Key.Key_K)
    document.change("Segment", segmentation=whole.segmentation, scene=whole.scene)
    document.show(camera=whole.camera.orbited(50, 0))
    directed.directing.animating.look_at(0.0)
    assert document.state.scene.ramps == whole.scene.ramps
    assert document.state.camera == whole.camera
    rest(qtbot, directed)


def test_easing_time_and_view_of_a_keyframe_are_changed_from_the_panel(directed: Window, qtbot: QtBot) -> None:
    made = three(directed, qtbot)
    document, panel, timeline = directed.document, directed.animation_panel, directed.animation_panel.timeline
    qtbot.mouseClick(timeline, LEFT, NONE, at(timeline, 2.0, handle=True))
    assert document.state.animation == made  # a click changes nothing
    panel.easing.setFocus()
    qtbot.keyClick(panel.easing, Qt.Key.Key_End)
    panel.easing.activated.emit(panel.easing.currentIndex())
    assert document.state.animation[1].easing == "hold"
    panel.at.setValue(2.5)
    document.show(camera=document.state.camera.orbited(0.0, 20.0))
    panel.update_view.click()
    changed = document.state.animation[1]
    assert (changed.seconds, changed.easing, changed.camera) == (2.5, "hold", document.state.camera)
    panel.length.setValue(8.0)
    assert [keyframe.seconds for keyframe in document.state.animation] == [0.0, 5.0, 8.0]
    for _ in range(document.undo_stack.index()):
        document.undo_stack.undo()
    assert document.state.animation == ()


def test_a_motion_is_filled_in_as_keyframes(directed: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FillDialog, "exec", lambda dialog: dialog.form.kind.setCurrentIndex(1) or 1)
    camera = directed.document.state.camera
    directed.animation_panel.fill.click()
    assert directed.document.state.animation == Rocking().keyframes(directed.document.state.scene, camera)
    assert loops(directed.document.state.animation)
    directed.actions_by_id["edit.undo"].trigger()
    assert directed.document.state.animation == ()


def test_the_fields_of_the_dialog_begin_at_one_line(qtbot: QtBot) -> None:
    dialog = VideoDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert len({field.mapTo(dialog, QPoint()).x() for field in (dialog.motion.turntable.degrees, dialog.format, dialog.fps)}) == 1


def test_the_dialog_offers_motions_formats_and_sizes_that_codecs_take(qtbot: QtBot, directed: Window) -> None:
    made = three(directed, qtbot)
    empty, full = VideoDialog((), (641, 481)), VideoDialog(made, (641, 481))
    for dialog in (empty, full):
        qtbot.addWidget(dialog)
    assert empty.choice == VideoChoice((1920, 1080), 30, Turntable(360.0, 10.0))
    assert "300 pictures" in empty.said.text()
    empty.motion.turntable.direction.setCurrentIndex(1)
    empty.motion.turntable.degrees.setValue(90)
    assert empty.choice.frames == Turntable(-90.0, 10.0)
    empty.motion.kind.setCurrentIndex(2)
    empty.motion.peel.slab.click()
    assert empty.choice.frames == Peel("z", 8.0, thickness=0.1)
    assert full.choice.frames == made
    full.pixels.setCurrentIndex(full.pixels.count() - 1)
    assert full.choice.size == (640, 480)
    full.format.setCurrentIndex(2)
    assert full.choice.size == (641, 481)
    assert full.suffix == "_%04d.png"


@pytest.mark.parametrize(
    ("kind", "typed", "written"),
    [(0, "film", "film.mp4"), (1, "film.webm", "film.webm"), (2, "film", "film_0003.png"), (2, "my_%02d.png", "my_03.png")],
)
def test_a_name_is_completed_and_pictures_are_not_replaced_unasked(
    directed: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: int, typed: str, written: str
) -> None:
    def choose(dialog: VideoDialog) -> int:
        dialog.format.setCurrentIndex(kind)
        dialog.motion.turntable.seconds.setValue(2)
        dialog.fps.setValue(2)
        dialog.width_box.setValue(32)
        dialog.height_box.setValue(24)
        return 1

    asked: list[str] = []
    monkeypatch.setattr(VideoDialog, "exec", choose)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / typed), "kind"))
    monkeypatch.setattr(videos, "sure", lambda _window, _title, question, _yes: asked.append(question))
    for _ in range(2):
        directed.actions_by_id["file.video"].trigger()
        qtbot.waitUntil(lambda: not directed.jobs.running, timeout=PATIENCE_MS)
    assert (tmp_path / written).is_file()
    assert len(asked) == (1 if kind == 2 else 0)  # of the others, the dialog that asks for the name asks


def pictures(folder: Path, pattern: str = "*.png") -> np.ndarray:
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob(pattern))])


def test_window_and_command_line_draw_the_same_video_of_a_session(directed: Window, qtbot: QtBot, tmp_path: Path) -> None:
    made = three(directed, qtbot)
    for index in range(2):
        directed.directing.animating.choose(index)
        directed.directing.animating.ease("linear")
    files.write_segmentation(directed, tmp_path / "classes.zarr")
    qtbot.waitUntil(lambda: not directed.jobs.running, timeout=PATIENCE_MS)
    directed.directing.bookmarks.add()
    files.write_session(directed, tmp_path / "s.volviz")
    qtbot.waitUntil(lambda: not directed.jobs.running, timeout=PATIENCE_MS)
    kept = directed.document.state
    assert [keyframe.scene for keyframe in kept.animation] == [keyframe.scene for keyframe in made]

    choice = VideoChoice((64, 48), 2, kept.animation)
    (tmp_path / "window").mkdir()
    videos.write_video(directed, tmp_path / "window" / "x_%04d.png", choice)
    qtbot.waitUntil(lambda: not directed.jobs.running, timeout=PATIENCE_MS)
    assert main(["render", str(tmp_path / "s.volviz"), "--out", str(tmp_path / "typed"), "--size", "64x48", "--fps", "2"]) == 0
    mine = pictures(tmp_path / "window")
    assert len(mine) == 8
    np.testing.assert_array_equal(mine, pictures(tmp_path / "typed"))
    assert min(np.abs(a.astype(int) - b).mean() for a, b in pairwise(mine)) > 0.1

    with qtbot.waitSignal(directed.document.changed, timeout=PATIENCE_MS):
        directed.open_paths([tmp_path / "s.volviz"])
    assert directed.document.state.animation == kept.animation
    assert directed.document.state.bookmarks == kept.bookmarks
    assert len(directed.document.state.bookmarks) == 1
    rest(qtbot, directed)


def test_keyframes_that_clean_otherwise_are_drawn_beside_the_view(directed: Window, qtbot: QtBot, tmp_path: Path) -> None:
    state = directed.document.state
    emptied = replace(state.scene, cleaning={name: Cleaning(dust=500.0) for name in state.scene.ramps})
    frames = (Keyframe(0.0, state.camera, state.scene, "hold"), Keyframe(1.0, state.camera, emptied, "hold"))
    videos.write_video(directed, tmp_path / "out_%02d.png", VideoChoice((64, 48), 2, frames))
    qtbot.waitUntil(lambda: not directed.jobs.running, timeout=PATIENCE_MS)
    before, after = pictures(tmp_path, "out_*.png").astype(int)
    assert np.ptp(before, axis=(0, 1)).max() > 60
    assert np.ptp(after, axis=(0, 1)).max() <= 2  # the ground, and its dither
    rest(qtbot, directed)


def test_bookmarks_are_kept_named_flown_to_and_deleted(directed: Window, qtbot: QtBot) -> None:
    document, section = directed.document, directed.light_panel.findChild(BookmarksSection)
    first = document.state.camera
    directed.activateWindow()
    directed.viewport.setFocus()
    qtbot.keyClick(directed.viewport, Qt.Key.Key_D, CONTROL)
    second = first.orbited(70, 20).zoomed(2.0)
    document.show(camera=second)
    qtbot.keyClick(directed.viewport, Qt.Key.Key_D, CONTROL)
    assert [bookmark.name for bookmark in document.state.bookmarks] == ["View 1", "View 2"]

    directed.flight.seconds = 0.2
    seen: list[object] = []
    document.changed.connect(lambda _old, new: seen.append(new.camera))
    qtbot.keyClick(directed.viewport, Qt.Key.Key_1, ALT)
    qtbot.waitUntil(lambda: document.state.camera == first and not directed.flight.flying, timeout=PATIENCE_MS)
    assert all(first.distance >= camera.distance >= second.distance * 0.999 for camera in seen)

    directed.docks["Light"].raise_()
    qtbot.waitUntil(section.list.isVisible)
    section.list.setCurrentRow(1)
    section.list.setFocus()
    qtbot.keyClick(section.list, Qt.Key.Key_F2)
    editor = section.list.findChild(QLineEdit)
    editor.setText("spikes, close")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [bookmark.name for bookmark in document.state.bookmarks] == ["View 1", "spikes, close"], timeout=PATIENCE_MS)
    assert "spikes, close" in [action.text() for action in directed.menus["View/Bookmarks"].actions()]
    section.list.setCurrentRow(0)
    qtbot.keyClick(section.list, Qt.Key.Key_Delete)
    assert [bookmark.name for bookmark in document.state.bookmarks] == ["spikes, close"]
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert [bookmark.name for bookmark in document.state.bookmarks] == ["View 1", "View 2"]
    assert [section.list.item(i).text() for i in range(2)] == ["View 1", "View 2"]


def test_another_voxel_size_keeps_what_keyframes_and_bookmarks_see(directed: Window, qtbot: QtBot) -> None:
    three(directed, qtbot)
    directed.directing.bookmarks.add()
    state = directed.document.state
    high = state.volume.grid.bounds_xyz[1]
    seen = state.animation[1].camera.project(high)
    directed.data_panel.voxel_size.set_value(6.0)
    directed.data_panel.apply.click()
    after = directed.document.state
    corner = after.volume.grid.bounds_xyz[1]
    assert after.animation[1].camera.project(corner)[:2] == pytest.approx(seen[:2])
    assert after.bookmarks[0].camera.distance == pytest.approx(state.bookmarks[0].camera.distance / 2)


def test_a_cut_may_travel_along_the_line_of_sight(qtbot: QtBot) -> None:
    form = MotionForm()
    qtbot.addWidget(form)
    form.kind.setCurrentText("A cut that travels")
    peel = form.peel
    assert peel.end.currentText() == "High end"
    peel.axis.setCurrentText("The line of sight")
    assert [peel.end.itemText(i) for i in range(2)] == ["Near side", "Far side"]
    assert form.motion == Peel("view", 8.0)
    peel.end.setCurrentText("Far side")
    assert form.motion == Peel("view", 8.0, upward=True)
    peel.axis.setCurrentText("z")
    assert peel.end.currentText() == "Low end"
