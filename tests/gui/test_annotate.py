"""Annotating with the mouse on the slices: what is said lies where the voxels are, is undone, redone, saved and opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from annotating import (
    GRID,
    LEFT,
    NONE,
    Index,
    at,
    box,
    color_at,
    drag,
    erasing,
    lasso,
    points,
    send,
    stroke,
    tag,
    take,
    view_of,
    volume_tag,
)
from conftest import PATIENCE_MS, picture, rest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Box, Lasso, Mark, Stroke, SurfacePoints, Tag
from volviz.gui import files
from volviz.gui.document import State
from volviz.gui.planes import XY, XZ, YZ, Plane
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

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
