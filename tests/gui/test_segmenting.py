"""Segmenting while one looks: bricks appear, cancel leaves nothing, the result is one step."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from pytestqt.qtbot import QtBot

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.sink import Sink
from volviz.core.volume import Volume
from volviz.gui import files
from volviz.gui.closing import ClosingDialog
from volviz.gui.window import Window
from volviz.io import open as open_path
from volviz.segment import models
from volviz.segment.protocol import Run
from volviz.segment.results import Streamed

pytestmark = [pytest.mark.gui, pytest.mark.display]


class FakePredictor:
    """Calls what is dense membrane, brick by brick, and waits before each brick until it may go on."""

    labels = VIRION_LABELS

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.devices: list[str] = []
        self.run: Run | None = None

    def predict(self, volume: Volume, run: Run) -> Segmentation:
        self.devices.append(run.device)
        self.run = run
        assert run.sink is not None
        run.sink.begin(volume.grid, self.labels, "probability", {"notes": ("A guess.",)})
        if run.spread is not None:
            run.spread.begin(volume.grid)
        try:
            self._fill(volume, run, run.sink)
        except Cancelled:
            run.sink.abort()
            raise
        run.sink.finish()
        if run.spread is not None:
            run.spread.finish()
        data = Streamed((len(self.labels), *volume.grid.shape))
        return Segmentation(volume.grid, data, self.labels, provenance={"notes": ("A guess.",)}, source=volume.source)

    def _fill(self, volume: Volume, run: Run, sink: Sink) -> None:
        regions = list(bricks(volume.grid.shape, (6, *volume.grid.shape[1:])))
        for i, region in enumerate(regions):
            while not self.gate.acquire(timeout=0.01):
                run.report(i / len(regions), "segmenting")
            sink.write(region, self._classes(volume, region))
            if run.spread is not None:
                run.spread.write(region, np.full(region.shape, 0.1 * i, np.float32))
            run.report((i + 1) / len(regions), "segmenting")

    def _classes(self, volume: Volume, region: Region) -> np.ndarray:
        dense = np.clip(-volume.read(region), 0, 1)
        out = np.zeros((4, *region.shape), np.uint8)
        out[1] = np.rint(255 * dense)
        out[0] = 255 - out[1]
        return out


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    predictor = FakePredictor()
    monkeypatch.setattr(models, "load", lambda _: predictor)
    return predictor


@pytest.fixture
def opened(window: Window, qtbot: QtBot, ball_file: Path) -> Window:
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([ball_file])
    rest(qtbot, window)
    return window


def test_bricks_appear_as_they_come_and_the_result_is_one_step(opened: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    before = opened.document.state
    raw = picture(opened)
    opened.segment_panel.button.click()
    qtbot.waitUntil(lambda: bool(predictor.devices), timeout=PATIENCE_MS)
    assert opened.segment_panel.button.text() == "Cancel"
    assert opened.document.state.live is None  # what was there stays while there is nothing to see
    predictor.gate.release()
    qtbot.waitUntil(lambda: opened.document.state.live is not None and opened.viewport.resting, timeout=PATIENCE_MS)
    one = picture(opened)
    assert np.count_nonzero(one.max(axis=2) > 60) > 0.8 * np.count_nonzero(raw.max(axis=2) > 60)  # what is not done yet shows its density
    predictor.gate.release()
    qtbot.waitUntil(lambda: bool(opened.document.state.live.data[1, 6:12].any()), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: opened.viewport.resting and (picture(opened) != one).any(), timeout=PATIENCE_MS)
    assert not opened.document.state.live.data[1, 12:].any()
    assert opened.document.state.segmentation is None
    for _ in range(2):
        predictor.gate.release()
    rest(qtbot, opened)
    state = opened.document.state
    assert state.live is None
    assert state.segmentation is not None
    assert state.segmentation.data[1].max() > 200
    assert list(state.scene.ramps) == ["membrane", "spikes", "lumen"]
    assert not state.scene.raw.haze
    assert opened.segment_panel.button.text() == "Segment"
    assert opened.document.undo_stack.count() == 1
    opened.actions_by_id["edit.undo"].trigger()
    rest(qtbot, opened)
    assert opened.document.state.segmentation is None
    assert opened.document.state.scene == before.scene
    np.testing.assert_array_equal(picture(opened), raw)
    opened.actions_by_id["edit.redo"].trigger()
    assert opened.document.state.segmentation is state.segmentation


def test_what_is_changed_of_the_density_meanwhile_stays_and_nothing_else(opened: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    before = opened.document.state.scene.raw
    opened.segment_panel.button.click()
    predictor.gate.release()
    qtbot.waitUntil(lambda: opened.document.state.live is not None, timeout=PATIENCE_MS)
    scene = opened.document.state.scene
    opened.document.change("Smooth", scene=replace(scene, raw=replace(scene.raw, lowpass=48.0)))
    for _ in range(3):
        predictor.gate.release()
    rest(qtbot, opened)
    after = opened.document.state.scene.raw
    assert (after.multiply, after.haze, after.lowpass) == (before.multiply, before.haze, 48.0)


def test_views_and_slices_are_passed_on(opened: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    panel = opened.segment_panel
    depth = opened.document.state.volume.grid.shape[0]
    assert (panel.first.value(), panel.last.value()) == (1, depth)
    panel.views.setCurrentIndex(1)
    panel.last.setValue(depth - 3)
    panel.first.setValue(4)
    panel.button.click()
    qtbot.waitUntil(lambda: predictor.run is not None, timeout=PATIENCE_MS)
    assert (predictor.run.augment, predictor.run.z) == (4, (3, depth - 3))
    opened.cancel_segmenting()
    rest(qtbot, opened)
    panel.first.setValue(1)
    panel.last.setValue(depth)
    predictor.run = None
    panel.button.click()
    qtbot.waitUntil(lambda: predictor.run is not None, timeout=PATIENCE_MS)
    assert predictor.run.z is None  # all slices need no limits
    opened.cancel_segmenting()
    rest(qtbot, opened)


@pytest.mark.parametrize("kind", ["margin", "spread"])
def test_the_uncertainty_is_saved_beside_what_is_shown(
    opened: Window, qtbot: QtBot, predictor: FakePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    panel, path = opened.segment_panel, tmp_path / "unsure.mrc"
    spread = panel.uncertainty.findData("spread")
    panel.views.setCurrentIndex(0)  # another test may have chosen more in this window
    assert not panel.uncertainty.model().item(spread).isEnabled()  # one view has none
    panel.views.setCurrentIndex(1)
    assert panel.uncertainty.model().item(spread).isEnabled()
    panel.uncertainty.setCurrentIndex(panel.uncertainty.findData(kind))
    monkeypatch.setattr(files, "_ask_path", lambda *_: None)
    panel.button.click()
    assert opened.segmenting is None  # no place, no run
    monkeypatch.setattr(files, "_ask_path", lambda *_: path)
    for _ in range(4):
        predictor.gate.release()
    panel.button.click()
    qtbot.waitUntil(path.exists, timeout=PATIENCE_MS)
    rest(qtbot, opened)
    result = opened.document.state.segmentation
    assert result is not None
    written = open_path(path).read()
    expected = result.margin() if kind == "margin" else 0.1 * np.arange(4).repeat(6)[:, None, None] * np.ones(result.shape)
    assert np.allclose(written, expected, atol=1e-3)
    panel.views.setCurrentIndex(0)
    assert panel.uncertainty.currentData() == (None if kind == "spread" else kind)
    panel.uncertainty.setCurrentIndex(0)


def test_a_cancelled_run_leaves_no_uncertainty_behind(
    opened: Window, qtbot: QtBot, predictor: FakePredictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = opened.segment_panel
    panel.uncertainty.setCurrentIndex(panel.uncertainty.findData("margin"))
    monkeypatch.setattr(files, "_ask_path", lambda *_: tmp_path / "unsure.mrc")
    before = set(tmp_path.iterdir())
    predictor.gate.release()
    panel.button.click()
    qtbot.waitUntil(lambda: opened.document.state.live is not None, timeout=PATIENCE_MS)
    panel.button.click()
    rest(qtbot, opened)
    assert set(tmp_path.iterdir()) == before
    panel.uncertainty.setCurrentIndex(0)


def test_cancel_leaves_things_as_they_were(opened: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    before = opened.document.state
    opened.segment_panel.button.click()
    predictor.gate.release()
    qtbot.waitUntil(lambda: opened.document.state.live is not None, timeout=PATIENCE_MS)
    opened.segment_panel.button.click()
    rest(qtbot, opened)
    after = opened.document.state
    assert after.live is None
    assert after.segmentation is None
    assert after.scene == before.scene
    assert opened.document.undo_stack.count() == 0
    assert opened.segment_panel.button.text() == "Segment"


def test_the_old_result_stays_until_the_new_one_is_there(shown: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    old = shown.document.state.segmentation
    shown.segment_panel.button.click()
    predictor.gate.release()
    qtbot.waitUntil(lambda: shown.document.state.live is not None, timeout=PATIENCE_MS)
    assert shown.document.state.segmentation is old
    for _ in range(3):
        predictor.gate.release()
    rest(qtbot, shown)
    assert shown.document.state.segmentation is not old
    shown.document.undo_stack.undo()
    assert shown.document.state.segmentation is old


def test_what_the_person_set_during_the_run_is_kept(shown: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    shown.segment_panel.button.click()
    predictor.gate.release()
    qtbot.waitUntil(lambda: shown.document.state.live is not None, timeout=PATIENCE_MS)
    shown.light_panel.numbers["", "exposure"].set_value(0.0)
    shown.light_panel.numbers["", "exposure"].value_changed.emit(1.0)
    for _ in range(3):
        predictor.gate.release()
    rest(qtbot, shown)
    assert shown.document.state.scene.exposure == 1.0


def test_a_model_that_cannot_run_says_so(opened: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: str) -> None:
        raise VolvizError("No CUDA device was found; choose the CPU.")

    monkeypatch.setattr(models, "load", load)
    with qtbot.waitSignal(opened.jobs.failed, timeout=PATIENCE_MS) as caught:
        opened.segment_panel.button.click()
    assert caught.args is not None
    assert str(caught.args[1]) == "No CUDA device was found; choose the CPU."
    rest(qtbot, opened)
    assert opened.document.state.live is None


def test_closing_while_something_runs_asks(opened: Window, qtbot: QtBot, predictor: FakePredictor) -> None:
    opened.segment_panel.button.click()
    predictor.gate.release()
    qtbot.waitUntil(lambda: opened.document.state.live is not None, timeout=PATIENCE_MS)
    assert not opened.close()
    (asked,) = (dialog for dialog in opened.findChildren(ClosingDialog) if dialog.isVisible())
    assert "Segment" in asked.informativeText()
    asked.reject()
    assert opened.isVisible()
    opened.cancel_segmenting()
    rest(qtbot, opened)
