"""Boxes and their sections, points, lassos and tags: what their handles and drags leave behind."""

from __future__ import annotations

import numpy as np
import pytest
from annotating import CONTROL, GRID, Index, at, box, drag, send, tag, take, view_of
from PySide6.QtCore import QEvent

from volviz.gui.annotate.lists import PresentDialog
from volviz.gui.planes import XY, XZ, YZ, Plane
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


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
