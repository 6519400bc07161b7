"""Learning while one scribbles: strokes drawn on a slice; what is found is shown and kept, undone, asked about, taught to a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from volviz.core.grid import Triple
from volviz.gui import settings
from volviz.gui.document import State
from volviz.gui.live_learning import OFF, READY, SETTING, START, LiveLearning
from volviz.gui.planes import XY, doubtful
from volviz.gui.slice_view import SliceView
from volviz.gui.train_window import TrainWindow
from volviz.gui.window import Window
from volviz.segment.models import card, models

pytestmark = [pytest.mark.gui, pytest.mark.display]

LONG_MS = 240_000  # scikit-learn and torch are imported first, on a machine that may have other work
LEFT = Qt.MouseButton.LeftButton
MIDDLE = (142.0, 280.0, 138.0)  # of the ball, A; its shell lies 108 A from there


@pytest.fixture
def learning(
    window: Window, qtbot: QtBot, ball_file: Path, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    """The window with the ball alone, the switch on and a brush in the hand, and a folder of models of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with qtbot.waitSignal(window.document.changed, timeout=LONG_MS):
        window.open_paths([ball_file])
    volume = window.document.state.volume
    window.document.open(replace(state, volume=volume, segmentation=None, crosshair_xyz=MIDDLE))
    window.docks["Learn"].raise_()
    for view in window.slices.views:
        view.fit()
    window.actions_by_id["annotate.scribble"].trigger()
    window.annotating.set(radius=16.0)
    window.learn_panel.on.click()
    assert window.learning.on
    yield window
    window.learning.switch(False)
    window.annotating.take(None)
    window.document.show(doubt=False)


def xy(window: Window) -> SliceView:
    return next(view for view in window.slices.views if view.plane is XY)


def draw(window: Window, label: str, *points: Triple) -> None:
    """Draw a stroke with the left button over points (A) of the XY slice."""
    window.annotating.choose(label)
    view = xy(window)
    (x0, y0), (x1, y1) = view.place(QPointF(0, 0)), view.place(QPointF(1000, 1000))
    places = [QPointF(1000 * (p[0] - x0) / (x1 - x0), 1000 * (p[1] - y0) / (y1 - y0)) for p in points]
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * (len(places) - 1), QEvent.Type.MouseButtonRelease]
    for kind, place in zip(kinds, [*places, places[-1]], strict=True):
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
        buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
        event = QMouseEvent(kind, place, view.canvas.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view.canvas, event)


def ring(radius: float) -> list[Triple]:
    x, y, z = MIDDLE
    return [(float(x + radius * np.cos(a)), float(y + radius * np.sin(a)), z) for a in np.linspace(0, 6, 30)]


def shell(window: Window) -> None:
    draw(window, "membrane", *ring(108.0))


def outside(window: Window) -> None:
    draw(window, "background", *ring(160.0))


def core(window: Window) -> None:
    draw(window, "lumen", *ring(30.0))


def settled(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.learning.settled, timeout=LONG_MS)


def overlap(window: Window, name: str, truth: np.ndarray) -> float:
    segmentation = window.document.state.segmentation
    found = segmentation.probabilities()[[label.name for label in segmentation.labels].index(name)] > 0.5
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


@pytest.fixture
def truth(ball: tuple) -> dict[str, np.ndarray]:
    soft = ball[1].probabilities()
    return {"membrane": soft[1] > 0.5, "lumen": soft[3] > 0.5}


def test_strokes_teach_what_they_find_is_shown_and_kept_and_undone_with_them(
    learning: Window, qtbot: QtBot, truth: dict[str, np.ndarray]
) -> None:
    document, panel = learning.document, learning.learn_panel
    assert learning.actions_by_id["learn.live"].isChecked()
    shell(learning)
    assert panel.text.text() == READY  # what it needs is imported first
    qtbot.waitUntil(lambda: "at least two classes" in panel.text.text(), timeout=LONG_MS)
    assert document.state.live is None
    assert not panel.save.isEnabled()
    before, slices = document.state.segmentation, xy(learning).shown
    outside(learning)
    qtbot.waitUntil(lambda: document.state.live is not None, timeout=LONG_MS)
    assert document.state.live.data.shape[0] == 2
    settled(learning, qtbot)
    assert xy(learning).shown > slices
    assert "up to date" in panel.text.text()
    assert "membrane" in panel.learnt.text()
    assert document.undo_stack.count() == 2  # the strokes: what they taught goes with them
    first = document.state.segmentation
    assert [label.name for label in first.labels] == ["background", "membrane"]
    assert [label.name for label in learning.annotating.labels] == ["background", "membrane", "spikes", "lumen"]  # to be marked yet
    assert overlap(learning, "membrane", truth["membrane"]) > 0.4  # nobody has said yet that the core is something else
    ramps = document.state.scene.ramps
    core(learning)
    qtbot.waitUntil(lambda: learning.learning.settled and document.state.segmentation is not first, timeout=LONG_MS)
    assert [label.name for label in document.state.segmentation.labels] == ["background", "membrane", "lumen"]
    assert overlap(learning, "lumen", truth["lumen"]) > 0.6
    assert overlap(learning, "membrane", truth["membrane"]) > 0.6
    assert ramps["membrane"].color == document.state.scene.ramps["membrane"].color
    learning.actions_by_id["edit.undo"].trigger()  # the core
    settled(learning, qtbot)
    assert [label.name for label in document.state.segmentation.labels] == ["background", "membrane"]
    assert np.array_equal(document.state.segmentation.data, first.data)
    assert document.undo_stack.canRedo()
    learning.actions_by_id["edit.undo"].trigger()  # the background: one class teaches nothing
    qtbot.waitUntil(lambda: "at least two classes" in panel.text.text(), timeout=LONG_MS)
    assert document.state.segmentation is before
    assert document.state.live is None
    learning.actions_by_id["edit.redo"].trigger()
    qtbot.waitUntil(lambda: document.state.live is not None, timeout=LONG_MS)
    settled(learning, qtbot)
    assert overlap(learning, "membrane", truth["membrane"]) > 0.4


def test_from_the_beginning_it_is_said_what_to_do(window: Window) -> None:
    for on, text in ((False, OFF), (True, START)):
        settings.settings().setValue(SETTING, "true" if on else "false")
        learning = LiveLearning(window.document, window.annotating)
        assert (learning.on, learning.text) == (on, text)
        learning.deleteLater()
    settings.settings().setValue(SETTING, "false")


def test_a_suggestion_moves_the_crosshair_and_is_marked(learning: Window, qtbot: QtBot) -> None:
    document, panel = learning.document, learning.learn_panel
    learning.actions_by_id["learn.suggest"].trigger()
    assert "draw a few strokes of every class and of the background" in learning._status.text()
    shell(learning)
    outside(learning)
    settled(learning, qtbot)
    seen = []
    for _ in range(2):
        asked = learning.annotating.asked
        qtbot.mouseClick(panel.suggest, LEFT)
        qtbot.waitUntil(lambda asked=asked: learning.annotating.asked not in (None, asked), timeout=LONG_MS)
        point, question = learning.annotating.asked
        assert document.state.crosshair_xyz == point
        assert question.endswith("?")
        assert "background" in question
        seen.append(point)
    assert seen[0] != seen[1]
    low, high = document.state.volume.grid.bounds_xyz
    assert all((np.asarray(point) > low).all() and (np.asarray(point) < high).all() for point in seen)
    draw(learning, "membrane", *ring(108.0))
    assert learning.annotating.asked is None  # answered, or not: the next question may be another
    settled(learning, qtbot)


def test_doubt_is_shown_on_the_slices(learning: Window, qtbot: QtBot) -> None:
    sure, torn = np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.0])
    colors = doubtful(np.stack([sure, torn], axis=1)[..., None].astype(np.float32), 0.5)
    assert colors[0, 0, 3] == 0
    assert colors[1, 0, 3] > 150
    shell(learning)
    outside(learning)
    settled(learning, qtbot)
    before = xy(learning).canvas.grabFramebuffer()
    learning.learn_panel.doubt.click()
    assert learning.actions_by_id["learn.doubt"].isChecked()
    assert xy(learning).canvas.grabFramebuffer() != before
    learning.actions_by_id["learn.doubt"].trigger()
    assert not learning.learn_panel.doubt.isChecked()


def test_stopping_switching_off_and_another_result(learning: Window, qtbot: QtBot) -> None:
    document, panel = learning.document, learning.learn_panel
    shell(learning)
    outside(learning)
    settled(learning, qtbot)
    found = document.state.segmentation
    learning.learning.pause(True)
    assert panel.stop.isVisible()
    assert panel.stop.text() == "Go on"
    core(learning)
    qtbot.wait(300)
    assert document.state.segmentation is found
    qtbot.mouseClick(panel.stop, LEFT)
    qtbot.waitUntil(lambda: learning.learning.settled and document.state.segmentation is not found, timeout=LONG_MS)
    kept = document.state.segmentation
    session = learning.learning.session
    panel.on.click()
    assert document.state.live is None
    assert document.state.segmentation is kept
    assert learning.learning.session is None
    qtbot.waitUntil(lambda: not session._thread.is_alive(), timeout=LONG_MS)
    assert not learning.actions_by_id["learn.live"].isChecked()
    panel.on.click()
    qtbot.waitUntil(lambda: document.state.live is not None, timeout=LONG_MS)
    settled(learning, qtbot)
    document.change("Segment", segmentation=found)
    assert not learning.learning.on
    assert document.state.classes is found


def test_a_result_that_was_there_stays_till_the_first_new_one_and_one_undo_brings_it_back(
    learning: Window, qtbot: QtBot, state: State
) -> None:
    document, panel = learning.document, learning.learn_panel
    shell(learning)
    outside(learning)
    strokes = document.state.annotations
    found = replace(state.segmentation, provenance={"model": "unet", "method": "unet"})
    opened = replace(document.state, segmentation=found, scene=state.scene, estimated=state.scene, live=None)
    document.open(State())
    document.open(opened)  # a session with strokes and a network's classes, and the switch on since another day
    learning.annotating.take("scribble")
    assert not learning.learning.on
    assert "would replace the classes" in learning._status.text()
    assert document.state.classes is found
    panel.on.click()
    assert "stays until the forest has found something" in learning._status.text()
    shown = []
    document.changed.connect(lambda _, new: shown.append(new.classes))
    settled(learning, qtbot)
    first = next(i for i, classes in enumerate(shown) if classes is not found)
    assert shown[first].data[1:].any()  # what took its place holds something
    assert [label.name for label in document.state.segmentation.labels] == ["background", "membrane"]
    assert document.undo_stack.count() == 1
    learning.actions_by_id["edit.undo"].trigger()
    assert document.state.classes is found
    assert document.state.scene.ramps == state.scene.ramps
    assert document.state.annotations == strokes
    assert not learning.learning.on
    learning.actions_by_id["edit.redo"].trigger()
    assert [label.name for label in document.state.classes.labels] == ["background", "membrane"]


def test_how_it_learns_is_a_form_and_what_is_wrong_with_it_a_sentence(learning: Window, qtbot: QtBot) -> None:
    panel = learning.learn_panel
    shell(learning)
    outside(learning)
    settled(learning, qtbot)
    panel.how.click()
    qtbot.waitUntil(lambda: panel.form is not None, timeout=LONG_MS)
    assert {"features", "trees", "depth", "seed"} <= set(panel.form.fields)
    before = learning.document.state.segmentation
    panel.form.show_values({"features": "smoothed 1", "trees": 3})
    qtbot.waitUntil(lambda: learning.learning.settled and learning.document.state.segmentation is not before, timeout=LONG_MS)
    assert learning.learning.session.predictor.card.architecture["features"] == ["smoothed 1"]
    panel.form.show_values({"features": "everything"})
    qtbot.waitUntil(lambda: "There is no feature 'everything'" in panel.wrong.text() and panel.wrong.isVisible(), timeout=LONG_MS)
    assert learning.learning.session.predictor.card.architecture["features"] == ["smoothed 1"]  # what was fine stays
    panel.form.show_values({"features": "smoothed"})
    qtbot.waitUntil(lambda: not panel.wrong.isVisible(), timeout=LONG_MS)
    settled(learning, qtbot)
    panel.how.click()
    learning.learning.method = None


def test_the_forest_becomes_a_model_and_fills_in_the_training_of_a_network(
    learning: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = learning.learn_panel
    assert not panel.teach.isEnabled()
    learning.actions_by_id["learn.save"].trigger()
    box = next(box for box in learning.findChildren(QMessageBox) if box.isVisible())
    assert "no forest yet" in box.text()
    box.close()
    shell(learning)
    outside(learning)
    settled(learning, qtbot)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("balls", True))
    qtbot.mouseClick(panel.save, LEFT)
    qtbot.waitUntil(lambda: "balls" in models() and not learning.jobs.running, timeout=LONG_MS)
    assert learning.segment_panel.model.currentData() == "balls"
    assert card("balls").name == "balls"
    assert [label.name for label in card("balls").labels] == ["background", "membrane"]
    qtbot.mouseClick(panel.teach, LEFT)
    trainer = next(child for child in learning.children() if isinstance(child, TrainWindow))
    qtbot.waitUntil(lambda: trainer.method.currentData() == "unet", timeout=LONG_MS)
    assert trainer.learns.shown.isChecked()
    assert "press Train" in trainer.state.text()
    run = trainer.wish()
    assert run.shown
    assert not run.simulated
    assert not run.data
    assert run.parameters["start"] == "unet"
    assert run.parameters["learning_rate"] == 5e-4
    assert run.parameters["validate_every"] == 50
    assert "foreground-first" in [trainer.forms["unet"].fields["classes"].widget.itemText(i) for i in range(3)]
    assert run.name == "ball_network"
    # The forest, as any model, by the ordinary button: the live one makes way.
    kept = learning.document.state.segmentation
    qtbot.mouseClick(learning.segment_panel.button, LEFT)
    assert "Learning from scribbles is off" in learning._status.text()
    qtbot.waitUntil(lambda: learning.document.state.segmentation is not kept and not learning.jobs.running, timeout=LONG_MS)
    assert not learning.learning.on
    assert learning.document.state.live is None
    assert learning.document.state.segmentation.provenance["model"] == "balls"
    learning.segment_panel.model.setCurrentIndex(0)
    trainer.close_threads()
    trainer.close()
    trainer.setParent(None)
    trainer.deleteLater()
