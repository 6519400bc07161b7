"""Annotating with the mouse on the slices: what is said lies where the voxels are, is undone, redone, saved and opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Box, Lasso, Mark, Stroke, SurfacePoints, Tag
from volviz.core.grid import Grid, Triple
from volviz.core.volume import Volume
from volviz.gui import files
from volviz.gui.annotate.lists import PresentDialog
from volviz.gui.document import State
from volviz.gui.planes import XY, XZ, YZ, Plane
from volviz.gui.slice_view import SliceView
from volviz.gui.window import Window
from volviz.io import save

pytestmark = [pytest.mark.gui, pytest.mark.display]

GRID = Grid((24, 32, 40), (20.0, 12.0, 8.0), (-300.0, 100.0, 1000.0))
LEFT, CONTROL, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
Index = tuple[int, int, int]


@pytest.fixture
def annotated(window: Window, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """The window with a volume of bricks that are no cubes, away from the origin."""
    noise = np.random.default_rng(0).normal(0, 1, GRID.shape).astype(np.float32)
    save(Volume(GRID, noise, name="bricks.mrc"), tmp_path / "bricks.mrc")
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([tmp_path / "bricks.mrc"])
    rest(qtbot, window)
    assert window.document.state.volume.grid == GRID
    window.document.show(crosshair_xyz=tuple(GRID.to_world((11, 16, 20))))
    for view in window.slices.views:
        view.fit()
    yield window
    window.annotating.take(None)
    window.annotating.set(visible=True, section_only=False)


def view_of(window: Window, plane: Plane) -> SliceView:
    return next(view for view in window.slices.views if view.plane is plane)


def at(view: SliceView, point_xyz: Triple) -> QPointF:
    """Where a point is on a slice's canvas."""
    (x0, y0), (x1, y1) = view.place(QPointF(0, 0)), view.place(QPointF(1000, 1000))
    x, y = view.plane.place(tuple(point_xyz))
    return QPointF(1000 * (x - x0) / (x1 - x0), 1000 * (y - y0) / (y1 - y0))


def send(view: SliceView, kind: QEvent.Type, place: QPointF, modifiers: Qt.KeyboardModifier = NONE) -> None:
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
    buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
    QApplication.sendEvent(view.canvas, QMouseEvent(kind, place, view.canvas.mapToGlobal(place), button, buttons, modifiers))


def drag(view: SliceView, *indices: Index, modifiers: Qt.KeyboardModifier = NONE, release: bool = True) -> None:
    """Drag the left button over the middles of voxels."""
    places = [at(view, tuple(GRID.to_world(index))) for index in indices]
    send(view, QEvent.Type.MouseButtonPress, places[0], modifiers)
    for place in places[1:]:
        send(view, QEvent.Type.MouseMove, place, modifiers)
    if release:
        send(view, QEvent.Type.MouseButtonRelease, places[-1], modifiers)


def take(window: Window, tool: str, label: str = "membrane") -> None:
    if window.annotating.tool != tool:
        window.actions_by_id[f"annotate.{tool}"].trigger()
    window.annotating.choose(label)


def color_at(view: SliceView, index: Index) -> np.ndarray:
    """What is seen at a voxel's middle: (r, g, b)."""
    image = view.canvas.grabFramebuffer()
    place = at(view, tuple(GRID.to_world(index))) * view.canvas.devicePixelRatioF()
    color = image.pixelColor(round(place.x()), round(place.y()))
    return np.array([color.red(), color.green(), color.blue()])


def stroke(window: Window) -> None:
    take(window, "scribble", "spikes")
    drag(view_of(window, XY), (11, 5, 6), (11, 9, 20), (11, 20, 30))


def erasing(window: Window) -> None:
    take(window, "erase")
    drag(view_of(window, YZ), (5, 5, 20), (15, 20, 20))


def box(window: Window) -> None:
    take(window, "box")
    drag(view_of(window, XY), (11, 5, 6), (11, 20, 30))


def points(window: Window) -> None:
    take(window, "points")
    drag(view_of(window, XZ), (5, 16, 10))


def lasso(window: Window) -> None:
    take(window, "lasso", "lumen")
    drag(view_of(window, XZ), (5, 16, 10), (5, 16, 30), (18, 16, 30), (18, 16, 10))


def tag(window: Window) -> None:
    take(window, "tag")
    drag(view_of(window, YZ), (5, 5, 20), (15, 20, 20))


def volume_tag(window: Window) -> None:
    take(window, "tag")
    window.annotate_panel.tag_volume.click()
    dialog = window.annotate_panel.findChild(PresentDialog)
    dialog.boxes["spikes"].click()
    dialog.boxes["lumen"].click()
    dialog.accept()
    dialog.deleteLater()


KINDS: dict[str, tuple[Callable[[Window], None], type[Mark]]] = {
    "stroke": (stroke, Stroke),
    "erasing": (erasing, Stroke),
    "box": (box, Box),
    "points": (points, SurfacePoints),
    "lasso": (lasso, Lasso),
    "tag": (tag, Tag),
    "volume tag": (volume_tag, Tag),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_step_and_survives_the_session(annotated: Window, qtbot: QtBot, tmp_path: Path, kind: str) -> None:
    do, made = KINDS[kind]
    do(annotated)
    (mark,) = annotated.document.state.annotations
    assert type(mark) is made
    assert annotated.document.undo_stack.count() == 1
    annotated.actions_by_id["edit.undo"].trigger()
    assert annotated.document.state.annotations == ()
    annotated.actions_by_id["edit.redo"].trigger()
    assert annotated.document.state.annotations == (mark,)
    files.write_session(annotated, tmp_path / "s.volviz")
    qtbot.waitUntil(lambda: annotated.document.state.path is not None and not annotated.jobs.running, timeout=PATIENCE_MS)
    annotated.document.open(State())
    with qtbot.waitSignal(annotated.document.changed, timeout=PATIENCE_MS):
        annotated.open_paths([tmp_path / "s.volviz"])
    rest(qtbot, annotated)
    assert annotated.document.state.annotations == (mark,)
    assert annotated.annotate_panel.model.rowCount() == 1


@pytest.mark.parametrize(
    ("plane", "start", "stop"),
    [(XY, (11, 5, 6), (11, 20, 30)), (XZ, (3, 16, 6), (20, 16, 33)), (YZ, (3, 4, 20), (19, 28, 20))],
    ids=["XY", "XZ", "YZ"],
)
def test_a_stroke_lies_where_the_voxels_are(annotated: Window, plane: Plane, start: Index, stop: Index) -> None:
    # The crosshair is off the middle of its slice: the stroke is not.
    annotated.document.show(crosshair_xyz=tuple(GRID.to_world((11.3, 15.8, 20.4))))
    view = view_of(annotated, plane)
    pixel = abs(view.place(QPointF(1, 0))[0] - view.place(QPointF(0, 0))[0])
    take(annotated, "scribble", "spikes")
    annotated.annotate_panel.radius.set_value(3.0)
    annotated.annotating.set(radius=30.0)
    drag(view, start, stop)
    (mark,) = annotated.document.state.annotations
    assert (mark.label, mark.radius) == ("spikes", 30.0)
    np.testing.assert_allclose(mark.path_xyz[0], GRID.to_world(start), atol=0.1 * pixel)
    np.testing.assert_allclose(mark.path_xyz[-1], GRID.to_world(stop), atol=0.1 * pixel)
    np.testing.assert_allclose(np.asarray(mark.path_xyz)[:, 2 - plane.normal], GRID.to_world(start)[2 - plane.normal], atol=1e-6)


def test_paint_is_seen_while_it_is_drawn_is_erased_and_comes_back(annotated: Window) -> None:
    view, there = view_of(annotated, XY), (11, 16, 12)
    annotated.document.show(crosshair_xyz=tuple(GRID.to_world((11, 28, 35))))  # out of the way
    annotated.annotating.set(radius=25.0)
    bare = color_at(view, there)
    assert np.ptp(bare) <= 1  # grey
    take(annotated, "scribble", "spikes")
    drag(view, (11, 16, 6), (11, 16, 14), release=False)
    paint = color_at(view, there)
    assert paint[0] > paint[1] + 40
    assert annotated.document.state.annotations == ()
    send(view, QEvent.Type.MouseButtonRelease, at(view, tuple(GRID.to_world((11, 16, 18)))))
    np.testing.assert_array_equal(color_at(view, there), paint)
    # A ball is painted: two slices on it is still seen, ten slices on it is not.
    for index, seen in ((12, True), (21, False)):
        view.step_to(index)
        red, green, _ = color_at(view, (index, 16, 12))
        assert bool(red > green + 40) is seen
    view.step_to(11)
    take(annotated, "erase")
    drag(view, there, (11, 16, 12))
    annotated.annotating.take(None)
    np.testing.assert_allclose(color_at(view, there), bare, atol=1)
    annotated.actions_by_id["edit.undo"].trigger()
    assert color_at(view, there)[0] > color_at(view, there)[1] + 40
    annotated.actions_by_id["annotate.visible"].trigger()
    np.testing.assert_allclose(color_at(view, there), bare, atol=1)


def test_escape_drops_what_is_drawn_then_the_tool_and_space_pans(annotated: Window, qtbot: QtBot) -> None:
    view = view_of(annotated, XY)
    take(annotated, "scribble")
    drag(view, (11, 16, 6), (11, 16, 14), release=False)
    annotated.actions_by_id["annotate.leave"].trigger()
    send(view, QEvent.Type.MouseButtonRelease, at(view, tuple(GRID.to_world((11, 16, 18)))))
    assert annotated.document.state.annotations == ()
    assert annotated.annotating.tool == "scribble"
    before = view.place(QPointF(0, 0))
    qtbot.keyPress(view.canvas, Qt.Key.Key_Space)
    drag(view, (11, 16, 6), (11, 16, 14))
    qtbot.keyRelease(view.canvas, Qt.Key.Key_Space)
    assert annotated.document.state.annotations == ()
    assert before[0] - view.place(QPointF(0, 0))[0] == pytest.approx(8 * 8.0, abs=0.1)
    annotated.actions_by_id["annotate.leave"].trigger()
    assert annotated.annotating.tool is None
    drag(view, (11, 16, 6))  # without a tool the crosshair comes
    assert annotated.document.state.crosshair_xyz[0] == pytest.approx(GRID.to_world((11, 16, 6))[0], abs=0.1)


def test_a_box_is_as_deep_as_wide_and_its_faces_follow_on_any_slice(annotated: Window) -> None:
    box(annotated)
    (low, high) = annotated.document.state.annotations[0].corners_xyz
    np.testing.assert_allclose(low[:2], GRID.to_world((11, 5, 6))[:2], atol=0.1)
    np.testing.assert_allclose(high[:2], GRID.to_world((11, 20, 30))[:2], atol=0.1)
    side = (high[0] - low[0] + high[1] - low[1]) / 2
    assert high[2] - low[2] == pytest.approx(side)
    assert (high[2] + low[2]) / 2 == pytest.approx(GRID.to_world((11, 0, 0))[2])
    # The upper face, by its handle on XZ.
    view = view_of(annotated, XZ)
    middle = ((low[0] + high[0]) / 2, 0.0, high[2])
    send(view, QEvent.Type.MouseButtonPress, at(view, middle))
    target = (middle[0], 0.0, float(GRID.to_world((22, 0, 0))[2]))
    send(view, QEvent.Type.MouseMove, at(view, target))
    send(view, QEvent.Type.MouseButtonRelease, at(view, target))
    (pulled,) = annotated.document.state.annotations
    assert pulled.corners_xyz[1][2] == pytest.approx(target[2], abs=0.1)
    assert (pulled.corners_xyz[0], pulled.corners_xyz[1][:2]) == (low, high[:2])
    assert annotated.document.undo_stack.count() == 2


def test_one_section_of_a_box_is_adjusted_alone(annotated: Window) -> None:
    box(annotated)
    before = annotated.document.state.annotations[0]
    view = view_of(annotated, XY)
    view.step_to(14)
    annotated.annotate_panel.section.click()
    drag(view, (14, 20, 30), (14, 17, 25))
    (after,) = annotated.document.state.annotations
    z = float(GRID.to_world((14, 0, 0))[2])
    np.testing.assert_allclose(after.section_at(z).high, GRID.to_world((14, 17, 25))[:2], atol=0.1)
    assert after.section_at(z).low == before.section_at(z).low
    assert after.corners_xyz == before.corners_xyz


@pytest.mark.parametrize(
    ("plane", "corner", "target"), [(XZ, (17, 15, 30), (15, 15, 26)), (YZ, (17, 20, 16), (15, 17, 16))], ids=["XZ", "YZ"]
)
def test_a_section_is_adjusted_on_the_other_slices_too(annotated: Window, plane: Plane, corner: Index, target: Index) -> None:
    box(annotated)
    before = annotated.document.state.annotations[0]
    view = view_of(annotated, plane)
    view.step_to(corner[plane.normal])
    annotated.annotate_panel.section.click()
    upper = [float(v) for v in GRID.to_world(corner)]
    upper[2] = before.corners_xyz[1][2]
    send(view, QEvent.Type.MouseButtonPress, at(view, tuple(upper)))
    send(view, QEvent.Type.MouseMove, at(view, tuple(GRID.to_world(target))))
    send(view, QEvent.Type.MouseButtonRelease, at(view, tuple(GRID.to_world(target))))
    (after,) = annotated.document.state.annotations
    axis = "xyz"[2 - plane.normal]
    assert after.adjusted == (axis,)
    place = float(GRID.to_world(corner)[2 - plane.normal])
    kept = [k for k in range(3) if "xyz"[k] != axis]
    np.testing.assert_allclose(after.section_at(place, axis).high, GRID.to_world(target)[kept], atol=0.5)
    assert after.corners_xyz == before.corners_xyz


def test_points_go_to_their_object_and_are_moved_and_removed(annotated: Window) -> None:
    take(annotated, "points")
    view = view_of(annotated, XY)
    for index in ((11, 5, 6), (11, 5, 30)):
        drag(view, index)
    annotated.actions_by_id["annotate.next"].trigger()
    drag(view, (11, 25, 20))
    first, second = annotated.document.state.annotations
    assert (first.object_id, len(first.points_xyz)) == (1, 2)
    assert (second.object_id, len(second.points_xyz)) == (2, 1)
    drag(view, (11, 5, 30), (11, 9, 30))
    np.testing.assert_allclose(annotated.document.state.annotations[0].points_xyz[1], GRID.to_world((11, 9, 30)), atol=0.1)
    drag(view, (11, 25, 20), modifiers=CONTROL)
    assert len(annotated.document.state.annotations) == 1
    assert annotated.document.undo_stack.count() == 5


def test_a_lasso_around_part_of_the_selected_box_is_its_mask(annotated: Window) -> None:
    box(annotated)
    annotated.annotating.select(0)
    take(annotated, "lasso", "lumen")
    drag(view_of(annotated, XY), (11, 8, 10), (11, 8, 20), (11, 15, 20))
    around, inside = annotated.document.state.annotations
    assert (inside.object_id, inside.label) == (around.object_id, around.label)
    assert annotated.document.state.annotations[1].thickness == annotated.annotating.depths["lasso"]


def test_a_slip_of_the_hand_leaves_nothing(annotated: Window) -> None:
    for tool in ("box", "tag", "lasso"):
        take(annotated, tool)
        drag(view_of(annotated, XY), (11, 8, 10), (11, 8, 10))
    assert annotated.document.state.annotations == ()


def test_the_brush_grows_and_shrinks(annotated: Window) -> None:
    take(annotated, "scribble")
    before = annotated.annotating.radius
    annotated.actions_by_id["annotate.larger"].trigger()
    assert annotated.annotate_panel.radius.value() * 10 == pytest.approx(1.25 * before, abs=0.5)
    annotated.actions_by_id["annotate.smaller"].trigger()
    assert annotated.annotating.radius == pytest.approx(before)


def test_a_class_renamed_in_the_list_is_renamed_in_its_marks(annotated: Window, qtbot: QtBot) -> None:
    stroke(annotated)
    labels = annotated.annotate_panel.labels
    labels.tree.editItem(labels.tree.currentItem(), 0)
    editor = labels.tree.findChild(QLineEdit)
    editor.setText("glycoprotein")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: annotated.document.state.annotations[0].label == "glycoprotein", timeout=PATIENCE_MS)
    assert annotated.annotating.label == "glycoprotein"
    labels.add.click()
    assert annotated.annotating.label == "class 1"
    annotated.annotating.recolor("class 1", (1.0, 0.0, 1.0))
    stack = annotated.document.undo_stack
    assert stack.count() == 4
    for _ in range(3):
        stack.undo()
    assert annotated.document.state.annotations[0].label == "spikes"
    assert [label.name for label in annotated.annotating.labels] == ["background", "membrane", "spikes", "lumen"]


def test_the_list_leads_to_a_mark_deletes_it_and_clears(annotated: Window, qtbot: QtBot) -> None:
    stroke(annotated)
    box(annotated)
    panel = annotated.annotate_panel
    annotated.document.show(crosshair_xyz=tuple(GRID.to_world((2, 2, 2))))
    row = panel.marks.visualRect(panel.model.index(1, 0)).center()
    qtbot.mouseClick(panel.marks.viewport(), LEFT, NONE, QPoint(row.x(), row.y()))
    np.testing.assert_allclose(
        annotated.document.state.crosshair_xyz, np.mean(annotated.document.state.annotations[1].corners_xyz, axis=0), atol=0.1
    )
    panel.delete.click()
    assert [type(mark) for mark in annotated.document.state.annotations] == [Stroke]
    panel.clear.click()
    assert annotated.document.state.annotations == ()
    annotated.actions_by_id["edit.undo"].trigger()
    annotated.actions_by_id["edit.undo"].trigger()
    assert [type(mark) for mark in annotated.document.state.annotations] == [Stroke, Box]


def test_marks_are_seen_in_3d_at_once_and_gone_with_undo(annotated: Window, qtbot: QtBot) -> None:
    bare = picture(annotated)
    take(annotated, "box", "spikes")
    frames = annotated.viewport._frames
    drag(view_of(annotated, XY), (11, 5, 6), (11, 20, 30))
    assert annotated.viewport._frames == frames  # the picture is the final one still: nothing is marched anew
    drawn = picture(annotated)
    red = (drawn[..., 0].astype(int) - drawn[..., 1] > 60) & (np.abs(drawn.astype(int) - bare).max(axis=-1) > 30)
    assert red.sum() > 100
    annotated.annotate_panel.visible_in_3d.click()
    np.testing.assert_array_equal(picture(annotated), bare)
    annotated.annotate_panel.visible_in_3d.click()
    np.testing.assert_array_equal(picture(annotated), drawn)
    annotated.actions_by_id["edit.undo"].trigger()
    np.testing.assert_array_equal(picture(annotated), bare)


def test_undo_while_a_hand_draws_drops_what_it_draws(annotated: Window) -> None:
    box(annotated)
    view = view_of(annotated, XY)
    drag(view, (11, 20, 30), (11, 25, 35), release=False)
    annotated.actions_by_id["edit.undo"].trigger()
    send(view, QEvent.Type.MouseButtonRelease, at(view, tuple(GRID.to_world((11, 25, 35)))))
    assert annotated.document.state.annotations == ()
    assert annotated.annotating.draft is None


def test_a_lasso_stays_in_its_plane_when_the_slice_is_stepped(annotated: Window) -> None:
    take(annotated, "lasso")
    view = view_of(annotated, XY)
    drag(view, (11, 8, 10), (11, 8, 20), release=False)
    view.step_to(15)
    for kind in (QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease):
        send(view, kind, at(view, tuple(GRID.to_world((15, 15, 20)))))
    (lasso_,) = annotated.document.state.annotations
    assert len(lasso_.outline_xyz) == 3
    np.testing.assert_allclose(np.asarray(lasso_.outline_xyz)[:, 2], GRID.to_world((11, 0, 0))[2])


def test_several_classes_are_present_in_a_region(annotated: Window) -> None:
    tag(annotated)
    annotated.annotating.select(0)
    annotated.annotate_panel.tag_region.click()
    dialog = annotated.annotate_panel.findChild(PresentDialog)
    dialog.boxes["lumen"].click()
    dialog.accept()
    dialog.deleteLater()
    (mark,) = annotated.document.state.annotations
    assert mark.present == {"membrane", "lumen"}
    assert mark.corners_xyz is not None
