"""Undo is keeping the old value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from volviz.core.annotations import Stroke
from volviz.gui.document import Document, State

pytestmark = pytest.mark.gui


def drag(document: Document, values: list[float]) -> None:
    for value in values:
        document.change("Ramp", merge="membrane.low", scene=document.state.scene.with_ramp("membrane", low=value))
    document.settle()


def test_a_drag_is_one_step_and_undo_brings_back_what_was_before_it(document: Document) -> None:
    before = document.state
    drag(document, [0.41, 0.45, 0.5])
    assert document.state.scene.ramps["membrane"].low == 0.5
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.state.scene == before.scene
    document.undo_stack.redo()
    assert document.state.scene.ramps["membrane"].low == 0.5


def test_two_drags_are_two_steps(document: Document) -> None:
    drag(document, [0.5, 0.6])
    drag(document, [0.7])
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.state.scene.ramps["membrane"].low == 0.6


def test_drags_of_different_controls_do_not_merge(document: Document) -> None:
    document.change("a", merge="exposure", scene=replace(document.state.scene, exposure=1.0))
    document.change("b", merge="light", scene=replace(document.state.scene, background=(1.0, 1.0, 1.0)))
    assert document.undo_stack.count() == 2


def test_looking_around_is_no_step_and_survives_undo(document: Document) -> None:
    drag(document, [0.5])
    camera = document.state.camera.orbited(30, 10)
    document.show(camera=camera, crosshair_xyz=(1.0, 2.0, 3.0))
    document.undo_stack.undo()
    assert document.undo_stack.count() == 1
    assert document.state.camera == camera
    assert document.state.crosshair_xyz == (1.0, 2.0, 3.0)


def test_what_changes_nothing_is_no_step(document: Document) -> None:
    document.change("nothing", scene=replace(document.state.scene), segmentation=document.state.segmentation)
    assert document.undo_stack.count() == 0


def test_changed_tells_old_and_new(document: Document) -> None:
    seen: list[tuple[State, State]] = []
    document.changed.connect(lambda old, new: seen.append((old, new)))
    before = document.state
    drag(document, [0.55])
    assert len(seen) == 1
    assert seen[0][0] is before
    assert seen[0][1] is document.state


def test_opening_forgets_the_steps(document: Document, state: State) -> None:
    drag(document, [0.5])
    document.open(state)
    assert not document.undo_stack.canUndo()


def test_what_is_opened_after_something_recovered_has_no_changes(document: Document, state: State) -> None:
    document.undo_stack.clear()
    document.undo_stack.resetClean()  # as what was recovered, and is saved nowhere
    document.open(state)
    assert document.undo_stack.isClean()


def test_a_segmentation_comes_and_goes_as_one_step(document: Document) -> None:
    segmentation = document.state.segmentation
    document.change("Segment", segmentation=None, scene=replace(document.state.scene, ramps={}))
    assert document.state.segmentation is None
    document.undo_stack.undo()
    assert document.state.segmentation is segmentation
    assert "membrane" in document.state.scene.ramps


def test_undo_lets_go_of_old_segmentations_beyond_its_budget(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    first = document.state.segmentation
    monkeypatch.setattr("volviz.gui.document.UNDO_BYTES", 2 * first.data.nbytes)
    said: list[str] = []
    document.forgotten.connect(said.append)
    made = [replace(first, data=first.data.copy()) for _ in range(4)]
    for i, segmentation in enumerate(made):
        document.change(f"Segment {i}", segmentation=segmentation)
    assert len(said) >= 1
    for _ in range(10):
        document.undo_stack.undo()
    assert document.state.segmentation is made[1]


def test_everything_but_the_results_stays_undoable_beyond_the_budget(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volviz.gui.document.UNDO_BYTES", 0)
    before = document.state
    drag(document, [0.5])
    stroke = Stroke(((1.0, 2.0, 3.0),), 30.0, "spikes")
    document.change("Scribble", annotations=(stroke,))
    made = [replace(before.segmentation, data=before.segmentation.data.copy()) for _ in range(2)]
    for segmentation in made:
        document.change("Segment", segmentation=segmentation, scene=replace(document.state.scene, exposure=1.0))
    assert document.kept_bytes == 0
    drag(document, [0.6])
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert document.state.scene == before.scene
    assert document.state.annotations == ()
    assert document.state.segmentation is made[1]
    while document.undo_stack.canRedo():
        document.undo_stack.redo()
    assert document.state.annotations == (stroke,)
    assert document.state.scene.ramps["membrane"].low == 0.6
    assert document.state.segmentation is made[1]


def test_there_is_no_end_to_undo(document: Document) -> None:
    before = document.state.scene
    for step in range(1, 1200):
        document.change(f"Light {step}", scene=replace(document.state.scene, exposure=step / 1000))
    for _ in range(1199):
        document.undo_stack.undo()
    assert document.state.scene == before
    assert not document.undo_stack.canUndo()


STROKES = [Stroke(((float(i), 0.0, 0.0),), 10.0, "membrane") for i in range(4)]


def scribble(document: Document, count: int) -> None:
    document.change("Scribble", annotations=tuple(STROKES[:count]))


def test_what_follows_from_marks_is_undone_with_them_and_takes_no_step(document: Document, ball: tuple) -> None:
    first, found, again, other = (replace(ball[1], name=name) for name in ("first", "found", "again", "other"))
    document.show(segmentation=first)
    stack = document.undo_stack
    for count in (1, 2):
        scribble(document, count)
    document.derive("Learn", "annotations", segmentation=found, overlay=0.3)
    assert stack.count() == 2
    scribble(document, 3)
    document.derive("Learn", "annotations", segmentation=again)
    assert (stack.count(), document.state.segmentation) == (3, again)
    stack.undo()  # a stroke: what it changed is worked out anew
    assert document.state.segmentation is again
    document.derive("Learn", "annotations", segmentation=other)
    assert stack.canRedo()
    stack.undo()  # the stroke with which it began
    assert document.state.segmentation is first
    assert document.state.annotations == tuple(STROKES[:1])
    stack.redo()
    assert (document.state.segmentation, document.state.overlay) == (other, 0.3)
    stack.redo()
    assert document.state.segmentation is other


def test_what_follows_from_marks_leaves_another_result_to_undo(document: Document, ball: tuple) -> None:
    first, found, segmented, again = (replace(ball[1], name=name) for name in ("first", "found", "segmented", "again"))
    document.show(segmentation=first)
    scribble(document, 1)
    document.derive("Learn", "annotations", segmentation=found)
    document.change("Segment", segmentation=segmented)
    document.undo_stack.setClean()
    document.derive("Learn", "annotations", segmentation=again)
    assert document.undo_stack.count() == 3
    assert not document.undo_stack.isClean()
    seen = []
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
        seen.append(document.state.segmentation)
    assert seen == [segmented, found, first]
    # What was worked out while a later step was undone is what that step goes back to.
    document.undo_stack.redo()
    document.derive("Learn", "annotations", segmentation=again)
    document.undo_stack.redo()
    document.undo_stack.undo()
    assert document.state.segmentation is again
    document.undo_stack.setClean()
    document.derive("Learn", "annotations", segmentation=found)
    assert not document.undo_stack.isClean()
