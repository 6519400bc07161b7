"""Large volumes: the 3D view's context works in a thread, and the window lives on."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import picture, rest
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
    qtbot.waitUntil(lambda: window.viewport._uploading is not None, timeout=10_000)


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
    qtbot.waitUntil(gated.asked.is_set, timeout=10_000)
    assert not window.viewport.isVisible()
    window.resize(window.width() - 90, window.height() - 40)
    window.document.show(camera=state.camera.orbited(20, 0))
    window.classes_panel.rows["spikes"].visible.click()
    window.show_about()
    qtbot.wait(50)
    gated.open.set()
    rest(qtbot, window)
    assert window.viewport.isVisible()
    assert np.ptp(picture(window)) > 50


def test_another_volume_overtakes_the_one_on_its_way(window: Window, qtbot: QtBot, slow: tuple[State, Gated], state: State) -> None:
    late, gated = slow
    begin(window, qtbot, late)
    qtbot.waitUntil(gated.asked.is_set, timeout=10_000)
    window.document.open(replace(state, segmentation=None))
    gated.open.set()
    rest(qtbot, window)
    assert window.viewport._loaded == (state.volume, None)


def test_closing_waits_for_the_thread(qapp: QApplication, qtbot: QtBot, slow: tuple[State, Gated]) -> None:
    state, gated = slow
    window = Window()
    window.show()
    qtbot.waitExposed(window)
    begin(window, qtbot, state)
    qtbot.waitUntil(gated.asked.is_set, timeout=10_000)
    threading.Timer(0.2, gated.open.set).start()
    assert window.close()
    window.deleteLater()


def test_bricks_that_come_meanwhile_are_not_lost(window: Window, qtbot: QtBot, slow: tuple[State, Gated]) -> None:
    state, gated = slow
    data = np.zeros_like(state.segmentation.data)
    live = Segmentation(state.segmentation.grid, data, state.segmentation.labels)
    begin(window, qtbot, replace(state, segmentation=None, live=live))
    qtbot.waitUntil(gated.asked.is_set, timeout=10_000)
    data[:] = state.segmentation.data
    window.document.brick(Region.whole(live.shape))
    gated.open.set()
    rest(qtbot, window)
    assert (np.abs(picture(window).astype(int) - picture(window)[0, 0]).max(axis=2) > 40).mean() > 0.02


def test_a_failure_in_the_thread_reaches_the_person(window: Window, qtbot: QtBot, state: State) -> None:
    class Broken:
        shape, dtype = state.volume.data.shape, state.volume.data.dtype

        def __getitem__(self, key: Any) -> Any:
            raise OSError("the disk was pulled out")

    with qtbot.waitSignal(window.viewport.failed, timeout=10_000) as caught:
        window.document.open(replace(state, volume=replace(state.volume, data=Broken())))
    assert caught.args is not None
    assert "pulled out" in str(caught.args[0])
    qtbot.waitUntil(lambda: window.viewport.isVisible())
