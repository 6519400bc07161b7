"""Large volumes: read in a thread, given to the driver between two turns of the event loop, and the window lives on."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from volviz.core.grid import Region
from volviz.core.segmentation import Segmentation
from volviz.gui import viewport
from volviz.gui.document import State
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


class Gated:
    """Data that can be read only when the gate is open, as if from a slow disk."""

    def __init__(self, data: Any) -> None:
        self.shape, self.dtype = data.shape, data.dtype
        self.open = threading.Event()
        self.asked = threading.Event()
        self._data = data

    def __getitem__(self, key: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            self.asked.set()
            self.open.wait(20)
        return self._data[key]


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewport, "AT_ONCE", 100)


@pytest.fixture
def slow(state: State) -> tuple[State, Gated]:
    gated = Gated(state.volume.data)
    return replace(state, volume=replace(state.volume, data=gated)), gated


def begin(window: Window, qtbot: QtBot, state: State) -> None:
    window.document.open(state)
    qtbot.waitUntil(lambda: window.viewport._uploading is not None, timeout=PATIENCE_MS)


def test_the_thread_draws_the_same_picture(window: Window, qtbot: QtBot, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(window, qtbot, state)
    rest(qtbot, window)
    in_thread = picture(window)
    monkeypatch.setattr(viewport, "AT_ONCE", 10**9)
    window.document.open(replace(state, volume=replace(state.volume)))
    rest(qtbot, window)
    np.testing.assert_array_equal(in_thread, picture(window))


def test_the_window_lives_while_the_volume_is_read(window: Window, qtbot: QtBot, slow: tuple[State, Gated]) -> None:
    state, gated = slow
    begin(window, qtbot, state)
    qtbot.waitUntil(gated.asked.is_set, timeout=PATIENCE_MS)
    assert not window.viewport.isVisible()
    assert "0 %" in window._preparing.text()
    window.resize(window.width() - 90, window.height() - 40)
    window.document.show(camera=state.camera.orbited(20, 0))
    window.classes_panel.rows["spikes"].visible.click()
    window.actions_by_id["help.about"].trigger()
    qtbot.wait(50)
    gated.open.set()
    rest(qtbot, window)
    assert window.viewport.isVisible()
    assert np.ptp(picture(window)) > 50


def test_another_volume_overtakes_the_one_on_its_way(window: Window, qtbot: QtBot, slow: tuple[State, Gated], state: State) -> None:
    late, gated = slow
    begin(window, qtbot, late)
    qtbot.waitUntil(gated.asked.is_set, timeout=PATIENCE_MS)
    window.document.open(replace(state, segmentation=None))
    gated.open.set()
    rest(qtbot, window)
    assert (window.viewport._data.volume, window.viewport._data.classes) == (state.volume, None)


def test_closing_waits_for_the_thread(qapp: QApplication, qtbot: QtBot, slow: tuple[State, Gated]) -> None:
    state, gated = slow
    window = Window()
    window.show()
    qtbot.waitExposed(window)
    begin(window, qtbot, state)
    qtbot.waitUntil(gated.asked.is_set, timeout=PATIENCE_MS)
    threading.Timer(0.2, gated.open.set).start()
    assert window.close()
    window.deleteLater()


def test_bricks_that_come_meanwhile_are_not_lost(window: Window, qtbot: QtBot, slow: tuple[State, Gated]) -> None:
    state, gated = slow
    data = np.zeros_like(state.segmentation.data)
    live = Segmentation(state.segmentation.grid, data, state.segmentation.labels)
    begin(window, qtbot, replace(state, segmentation=None, live=live))
    qtbot.waitUntil(gated.asked.is_set, timeout=PATIENCE_MS)
    data[:] = state.segmentation.data
    window.document.brick(Region.whole(live.shape))
    gated.open.set()
    rest(qtbot, window)
    assert (np.abs(picture(window).astype(int) - picture(window)[0, 0]).max(axis=2) > 40).mean() > 0.02


def test_the_last_bricks_of_a_run_reach_the_picture(window: Window, qtbot: QtBot, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewport, "AT_ONCE", 10**9)
    found = state.segmentation
    data = np.zeros_like(found.data)
    data[0] = 255
    live = replace(found, data=data)
    window.document.open(replace(state, segmentation=None, live=live))
    rest(qtbot, window)
    nothing = picture(window)
    data[...] = found.data
    window.document.brick(Region.whole(found.grid.shape))
    window.document.show(live=None)  # the run ends before that has been written
    window.document.change("Segment", segmentation=replace(live, provenance={"model": "unet"}))
    rest(qtbot, window)
    ended = picture(window)
    assert not np.array_equal(ended, nothing)
    window.document.open(replace(state, volume=replace(state.volume)))
    rest(qtbot, window)
    np.testing.assert_array_equal(ended, picture(window))


def test_a_run_that_is_cancelled_as_its_first_brick_comes_leaves_the_picture(window: Window, qtbot: QtBot, state: State) -> None:
    window.document.open(replace(state, segmentation=None))
    rest(qtbot, window)
    before = picture(window)
    window.document.show(live=state.segmentation)
    window.viewport.repaint()  # while the data are held back there is nothing to see
    window.document.show(live=None)
    rest(qtbot, window)
    np.testing.assert_array_equal(picture(window), before)


def test_a_failure_in_the_thread_reaches_the_person(window: Window, qtbot: QtBot, state: State) -> None:
    class Broken:
        shape, dtype = state.volume.data.shape, state.volume.data.dtype

        def __getitem__(self, key: Any) -> Any:
            raise OSError("the disk was pulled out")

    with qtbot.waitSignal(window.viewport.failed, timeout=PATIENCE_MS) as caught:
        window.document.open(replace(state, volume=replace(state.volume, data=Broken())))
    assert caught.args is not None
    assert "pulled out" in str(caught.args[0])
    # The view's place says why it is empty, and the rest of the window goes on.
    qtbot.waitUntil(lambda: window.no_view.isVisible(), timeout=PATIENCE_MS)


def test_the_disk_is_read_in_a_thread_and_the_driver_is_fed_in_turns(
    window: Window, qtbot: QtBot, slow: tuple[State, Gated], monkeypatch: pytest.MonkeyPatch
) -> None:
    from volviz.render import slabs
    from volviz.render.gl.texture import Texture3D

    monkeypatch.setattr(slabs, "SLAB", 16_000)
    put = []
    write = Texture3D.write

    def watched(self: Texture3D, start: tuple[int, int, int], data: np.ndarray) -> None:
        if data.shape[1:3] == (32, 40):  # not those of the light and of the bricks
            put.append((turns[0], threading.current_thread() is threading.main_thread(), data.nbytes))
        write(self, start, data)

    turns = [0]
    monkeypatch.setattr(Texture3D, "write", watched)
    state, gated = slow
    begin(window, qtbot, state)
    window.viewport.preparing.connect(lambda _: turns.__setitem__(0, turns[0] + 1))
    qtbot.waitUntil(gated.asked.is_set, timeout=PATIENCE_MS)
    gated.open.set()
    rest(qtbot, window)
    assert len(put) == -(-24 // (4000 // (32 * 40)))
    assert all(main and size <= 16_000 for _, main, size in put)
    assert len({turn for turn, _, _ in put}) == len(put)
    assert np.ptp(picture(window)) > 50


def test_what_is_binned_wears_a_badge_and_a_region_of_it_is_shown_in_full(window: Window, qtbot: QtBot, state: State) -> None:
    from volviz.render.memory import bytes_of

    window.viewport._renderer._memory = bytes_of((16, 20, 24), 1)
    try:
        window.document.open(state)
        rest(qtbot, window)
        badge = window.viewport.badge
        assert badge.isVisible()
        assert badge.text() == "Binned 2×"
        assert "binned 2 times" in badge.toolTip()
        coarse = picture(window)
        window.actions_by_id["view.region"].trigger()
        region = window.document.state.scene.region
        assert region is not None
        rest(qtbot, window)
        assert badge.text() == "Region"
        assert "whole volume" in badge.toolTip()
        assert np.abs(picture(window).astype(int) - coarse).max() > 40
        window.actions_by_id["edit.undo"].trigger()
        rest(qtbot, window)
        assert badge.text() == "Binned 2×"
        np.testing.assert_array_equal(picture(window), coarse)
        box = replace(state.scene, clips=replace(state.scene.clips, x=(0.25, 0.75)))
        window.document.change("clip", scene=box)
        window.actions_by_id["view.region"].trigger()
        assert window.document.state.scene.region == Region((0, 0, 10), (24, 32, 30))
        window.actions_by_id["view.whole"].trigger()
        assert window.document.state.scene.region is None
    finally:
        window.viewport._renderer._memory = None
        window.document.open(State())
    window.document.open(replace(state, volume=replace(state.volume)))
    rest(qtbot, window)
    assert not badge.isVisible()
    window.actions_by_id["view.region"].trigger()
    assert window.document.state.scene.region is None
    assert "already" in window._status.text()
