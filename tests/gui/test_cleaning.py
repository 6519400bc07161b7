"""Cleaning while one looks: the picture is that of the cleaned classes, nothing waits for it, and every step can be undone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PIL import Image
from pytestqt.qtbot import QtBot

import volviz
from volviz.core.segmentation import Segmentation
from volviz.gui import files, stills
from volviz.gui.document import State
from volviz.gui.planes import XY, read_slice
from volviz.gui.stills import StillChoice
from volviz.gui.window import Window
from volviz.measure import cleaning as measure
from volviz.measure.cleaned import CleanedClasses, cleaning_of
from volviz.tasks import clean as tasks

pytestmark = [pytest.mark.gui, pytest.mark.display]


@pytest.fixture
def speckled(shown: Window, qtbot: QtBot) -> Window:
    """The window with the ball, and specks of spikes around it."""
    state = shown.document.state
    data = np.array(state.segmentation.data)
    for z in (2, 8, 20):
        for y, x in ((3, 3), (3, 20), (20, 3), (21, 20)):
            data[:, z, y, x] = (0, 0, 255, 0)
    segmentation = replace(state.segmentation, data=data)
    shown.document.open(replace(state, segmentation=segmentation))
    rest(qtbot, shown)
    return shown


def settle(qtbot: QtBot, window: Window) -> None:
    """Wait until all is clean and drawn."""
    qtbot.waitUntil(lambda: not window.cleaning.pending and window.cleaning.fraction is None, timeout=PATIENCE_MS)
    rest(qtbot, window)


def plain(segmentation: Segmentation) -> Segmentation:
    return replace(segmentation, data=np.asarray(segmentation.data[:]))


def dust(window: Window, value: float, name: str = "spikes") -> None:
    window.clean_panel.rows[name].numbers["dust"]._box.setValue(value)


def test_the_picture_is_that_of_the_cleaned_classes_and_undo_brings_the_specks_back(
    speckled: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, before = speckled, picture(speckled)
    loads: list[object] = []
    renderer = window.viewport._renderer
    load = renderer.load
    monkeypatch.setattr(renderer, "load", lambda *data: (loads.append(data), load(*data)))
    dust(window, 5.0)
    settle(qtbot, window)
    cleaned = window.document.state.cleaned
    assert isinstance(cleaned.data, CleanedClasses)
    after = picture(window)
    assert (after != before).any()
    assert loads == []  # what changed was written, nothing was brought anew
    assert window.clean_panel.rows["spikes"].count.text() == "0 objects stay, 12 removed"
    window.document.undo_stack.undo()
    settle(qtbot, window)
    assert window.document.state.cleaned is None
    np.testing.assert_array_equal(picture(window), before)
    window.document.undo_stack.redo()
    settle(qtbot, window)
    np.testing.assert_array_equal(picture(window), after)
    state = window.document.state
    window.document.open(replace(state, cleaned=None, segmentation=plain(cleaned), scene=replace(state.scene, cleaning={})))
    settle(qtbot, window)
    np.testing.assert_array_equal(picture(window), after)
    assert len(loads) == 1


def test_slices_and_the_pointer_see_the_cleaned_classes(speckled: Window, qtbot: QtBot) -> None:
    state = speckled.document.state
    point = tuple(float(v) for v in state.segmentation.grid.to_world((8, 3, 3)))
    speckled.document.show(crosshair_xyz=point)
    view = speckled.slices.views[0]
    settle(qtbot, speckled)
    qtbot.waitUntil(lambda: "spikes 1.00" in view._said(*XY.place(point)), timeout=PATIENCE_MS)
    dust(speckled, 5.0)
    settle(qtbot, speckled)
    qtbot.waitUntil(lambda: "spikes 0.00" in view._said(*XY.place(point)), timeout=PATIENCE_MS)
    assert "background 1.00" in view._said(*XY.place(point))
    assert read_slice(XY, point, None, speckled.document.state.classes).classes[2, 3, 3] == 0


def test_a_drag_is_one_step_and_the_newest_wish_wins(speckled: Window, qtbot: QtBot) -> None:
    number = speckled.clean_panel.rows["spikes"].numbers["dust"]
    steps = speckled.document.undo_stack.count()
    for step in range(10, 200, 10):
        number._slider.setValue(step)
    number._slider.sliderReleased.emit()
    settle(qtbot, speckled)
    assert speckled.document.undo_stack.count() == steps + 1
    assert cleaning_of(speckled.document.state.cleaned)["spikes"].dust == number.value() == 22.8
    assert not speckled.document.state.cleaned.data[2].any()


def test_work_that_is_overtaken_is_cancelled_and_work_of_use_is_not(
    speckled: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun, stopped = threading.Event(), [], []
    prepare = measure.prepare

    def slow(segmentation, name, cleaning, report):
        begun.append(cleaning)
        try:
            while not gate.wait(0.01):
                report(0.1, "waiting")
        except volviz.Cancelled:
            stopped.append(cleaning)
            raise
        return prepare(segmentation, name, cleaning, report)

    monkeypatch.setattr(measure, "prepare", slow)
    dust(speckled, 5.0)
    qtbot.waitUntil(lambda: len(begun) == 1, timeout=PATIENCE_MS)
    assert speckled.clean_panel.rows["spikes"].count.text() == "counting objects"
    dust(speckled, 7.0)  # the same objects serve
    qtbot.wait(50)
    assert stopped == []
    speckled.clean_panel.rows["spikes"].numbers["smooth"]._box.setValue(1.0)  # others are needed
    qtbot.waitUntil(lambda: len(begun) == 2, timeout=PATIENCE_MS)
    assert [cleaning.dust for cleaning in stopped] == [5.0]
    assert speckled.cleaning.pending
    gate.set()
    settle(qtbot, speckled)
    done = cleaning_of(speckled.document.state.cleaned)["spikes"]
    assert (done.dust, done.smooth) == (7.0, 1.0)


def test_what_goes_wrong_is_said_once_and_the_window_goes_on(speckled: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    said = []
    monkeypatch.setattr("volviz.gui.dialogs.show_error", lambda _, title, error: said.append((title, type(error))))
    prepare = measure.prepare
    monkeypatch.setattr(measure, "prepare", full)
    dust(speckled, 5.0)
    settle(qtbot, speckled)
    assert said == [("Clean", MemoryError)]
    assert speckled.document.state.cleaned is None
    monkeypatch.setattr(measure, "prepare", prepare)
    dust(speckled, 6.0)
    settle(qtbot, speckled)
    assert cleaning_of(speckled.document.state.cleaned)["spikes"].dust == 6.0
    assert len(said) == 1


def test_another_segmentation_is_cleaned_in_its_turn_and_the_old_one_forgotten(speckled: Window, qtbot: QtBot) -> None:
    dust(speckled, 5.0)
    settle(qtbot, speckled)
    first = speckled.document.state
    speckled.document.change("Other", segmentation=replace(first.segmentation, data=np.roll(first.segmentation.data, 1, axis=3)))
    assert speckled.document.state.cleaned is None
    settle(qtbot, speckled)
    second = speckled.document.state.cleaned
    np.testing.assert_array_equal(np.asarray(second.data[2])[..., 3:], np.asarray(first.cleaned.data[2])[..., 2:-1])
    speckled.document.open(State())
    assert speckled.document.state.classes is None
    assert not speckled.cleaning.pending


def test_one_reset_for_all(speckled: Window, qtbot: QtBot) -> None:
    panel, before = speckled.clean_panel, picture(speckled)
    assert not panel.reset.isEnabled()
    dust(speckled, 5.0)
    panel.rows["membrane"].trim[0]._box.setValue(10.0)
    panel.rows["lumen"].numbers["hysteresis"]._box.setValue(0.9)
    settle(qtbot, speckled)
    assert set(speckled.document.state.scene.cleaning) == {"membrane", "spikes", "lumen"}
    assert speckled.document.state.scene.cleaning["membrane"].trim == (10.0, 0.0)
    panel.reset.click()
    settle(qtbot, speckled)
    assert speckled.document.state.scene.cleaning == {}
    np.testing.assert_array_equal(picture(speckled), before)
    assert panel.rows["spikes"].count.text() == ""


def test_stills_files_and_sessions_hold_what_is_shown(speckled: Window, qtbot: QtBot, tmp_path: Path) -> None:
    dust(speckled, 5.0)
    # All of them are asked for before the classes are clean.
    still = stills.write_still(speckled, tmp_path / "still.png", StillChoice((96, 72), False))
    save = files.write_segmentation(speckled, tmp_path / "cleaned.zarr")
    session = files.write_session(speckled, tmp_path / "s.volviz")
    with qtbot.waitSignals([job.ended for job in (still, save, session)], timeout=30_000):
        pass
    settle(qtbot, speckled)
    state = speckled.document.state
    np.testing.assert_array_equal(np.asarray(volviz.open(tmp_path / "cleaned.zarr").data[:]), np.asarray(state.cleaned.data[:]))
    assert state.segmentation.provenance["file"].endswith("s_segmentation.zarr")  # not the cleaned one
    drawn = volviz.still(state.scene, state.volume, state.segmentation, (96, 72), state.camera)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "still.png")), drawn[..., :3])
    after = picture(speckled)
    speckled.document.open(State())
    speckled.open_paths([tmp_path / "s.volviz"])
    qtbot.waitUntil(lambda: speckled.document.state.volume is not None, timeout=PATIENCE_MS)
    assert speckled.document.state.cleaned is not None  # clean from the first picture on
    settle(qtbot, speckled)
    np.testing.assert_array_equal(picture(speckled), after)


def test_cleaning_waits_for_a_run_to_end(speckled: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = []
    clean = tasks.Cleaner.clean
    monkeypatch.setattr(tasks.Cleaner, "clean", lambda *a: (worked.append(a), clean(*a))[1])
    state = speckled.document.state
    speckled.document.show(live=replace(state.segmentation, data=state.segmentation.data.copy()))
    dust(speckled, 5.0)
    qtbot.wait(50)
    assert worked == []
    speckled.document.show(live=None)
    settle(qtbot, speckled)
    assert len(worked) == 1
    assert speckled.document.state.cleaned is not None


def test_the_panel_says_that_what_still_comes_is_not_cleaned(speckled: Window, qtbot: QtBot) -> None:
    panel, state = speckled.clean_panel, speckled.document.state
    dust(speckled, 6.0)
    settle(qtbot, speckled)
    assert panel.waiting.isHidden()
    assert "objects stay" in panel.rows["spikes"].count.text()
    speckled.document.show(live=plain(state.segmentation))
    assert not panel.waiting.isHidden()
    assert panel.rows["spikes"].count.isHidden()
    speckled.document.show(live=None)
    assert panel.waiting.isHidden()
    assert not panel.rows["spikes"].count.isHidden()


def test_where_objects_end_can_be_said(speckled: Window, qtbot: QtBot) -> None:
    row = speckled.clean_panel.rows["membrane"]
    dust(speckled, 3.0, "membrane")
    settle(qtbot, speckled)
    assert row.level.value() == pytest.approx(0.4)  # where its ramp begins
    assert not row.level.isEnabled()
    row.automatic.click()
    assert speckled.document.state.scene.cleaning["membrane"].level == 0.4
    row.level._box.setValue(0.95)
    settle(qtbot, speckled)
    assert cleaning_of(speckled.document.state.cleaned)["membrane"].level == 0.95
    row.automatic.click()
    assert speckled.document.state.scene.cleans["membrane"].level == 0.4
