"""Large textures are allocated by a thread with a context of its own; the window lives on, whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import PATIENCE_MS, errors_of, picture, rest
from OpenGL.error import GLError
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QOpenGLContext
from pytestqt.qtbot import QtBot

from volviz.gui import uploading, viewport
from volviz.gui.beside import Beside
from volviz.gui.document import State
from volviz.gui.window import Window
from volviz.render.gl.texture import Texture3D

pytestmark = [pytest.mark.gui, pytest.mark.display]


class Driver:
    """Watches textures: how many there are, and which threads made them. It can be slow in threads, or have no memory there."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.full = False
        self.here: dict[str, int] = {"window": 0, "thread": 0}  # made since the last `forget`
        self.alive: set[int] = set()
        self._make, self._delete = Texture3D.__init__, Texture3D.delete

    def forget(self) -> None:
        self.here = dict.fromkeys(self.here, 0)

    def make(self, texture: Texture3D, *args: Any, **rest: Any) -> None:
        aside = threading.current_thread() is not threading.main_thread()
        if aside:
            self.asked.set()
            self.open.wait(20)
            if self.full:
                raise GLError(err=1285, description=b"out of memory")
        self._make(texture, *args, **rest)
        self.here["thread" if aside else "window"] += 1
        self.alive.add(texture.id)

    def delete(self, texture: Texture3D) -> None:
        self._delete(texture)
        self.alive.discard(texture.id)

    def close(self) -> None:
        self.open.clear()
        self.asked.clear()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Everything counts as large; the driver is watched."""
    driver = Driver()
    monkeypatch.setattr(viewport, "AT_ONCE", 100)
    monkeypatch.setattr(uploading, "APART", 0)
    monkeypatch.setattr(Texture3D, "__init__", lambda self, *args, **rest: driver.make(self, *args, **rest))
    monkeypatch.setattr(Texture3D, "delete", lambda self: driver.delete(self))
    yield driver
    driver.open.set()


def begin(window: Window, qtbot: QtBot, driver: Driver, state: State) -> None:
    """Open something, and come back when a thread is about to allocate its textures."""
    driver.close()
    window.document.open(replace(state, volume=replace(state.volume)))
    qtbot.waitUntil(driver.asked.is_set, timeout=PATIENCE_MS)


def test_the_event_loop_runs_while_a_thread_allocates_and_the_picture_is_the_same(
    window: Window, qtbot: QtBot, driver: Driver, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(window, qtbot, driver, state)
    turns = [0]
    timer = QTimer()
    timer.timeout.connect(lambda: turns.__setitem__(0, turns[0] + 1))
    timer.start(0)
    window.resize(window.width() - 90, window.height() - 40)
    window.document.show(camera=state.camera.orbited(20, 0))
    qtbot.waitUntil(lambda: turns[0] > 20, timeout=PATIENCE_MS)
    timer.stop()
    assert driver.here == {"window": 0, "thread": 0}  # it still allocates, and nobody else did
    assert "0 %" in window._preparing.text()
    assert window._preparing.isVisible()
    driver.open.set()
    rest(qtbot, window)
    # Voxels; maxima and two distances of bricks; extinction, light, blocks of it, and what is lit.
    assert driver.here == {"window": 0, "thread": 1 + 3 + 4}
    beside = picture(window)
    driver.forget()
    monkeypatch.setattr(uploading, "APART", 10**9)
    window.document.open(replace(window.document.state, volume=replace(state.volume)))
    rest(qtbot, window)
    assert driver.here == {"window": 8, "thread": 0}
    np.testing.assert_array_equal(beside, picture(window))
    assert np.ptp(beside) > 50


def test_what_another_volume_has_overtaken_is_given_back(window: Window, qtbot: QtBot, driver: Driver, state: State) -> None:
    begin(window, qtbot, driver, state)
    window.document.open(replace(state, segmentation=None))
    driver.open.set()
    rest(qtbot, window)
    assert (window.viewport._data.volume, window.viewport._data.classes) == (state.volume, None)
    assert len(driver.alive) == 8
    assert np.ptp(picture(window)) > 50
    window.document.open(State())


def test_what_was_allocated_but_not_taken_is_given_back(window: Window, qtbot: QtBot, driver: Driver, state: State) -> None:
    begin(window, qtbot, driver, state)
    on_its_way = window.viewport._uploading
    assert on_its_way is not None
    driver.open.set()
    waited = threading.Event()
    while on_its_way._storage is None and not waited.wait(0.01):  # it is there, and the event loop has no turn to take it
        assert on_its_way.isRunning()
    window.document.open(replace(state, segmentation=None))
    rest(qtbot, window)
    assert len(driver.alive) == 8
    assert driver.here["thread"] == 16


def test_closing_waits_for_the_texture_in_hand_and_leaves_none(qtbot: QtBot, driver: Driver, state: State) -> None:
    window = Window()
    window.show()
    qtbot.waitExposed(window)
    begin(window, qtbot, driver, state)
    threads = window.viewport._uploading
    assert isinstance(threads, QObject)
    threading.Timer(0.2, driver.open.set).start()
    assert window.close()
    assert threads.isFinished()
    assert driver.here["thread"] == 1  # no other was begun
    assert driver.alive == set()
    window.deleteLater()


def test_memory_that_runs_out_in_the_thread_is_said_and_trying_again_draws(
    window: Window, qtbot: QtBot, driver: Driver, state: State
) -> None:
    driver.full = True
    window.document.open(state)
    qtbot.waitUntil(window.no_view.isVisible, timeout=PATIENCE_MS)
    assert "The graphics memory is full: the volume does not fit; close other programs" in window.no_view.text.text()
    assert driver.alive == set()
    driver.full = False
    window.no_view.again.click()
    rest(qtbot, window)
    assert window.viewport.isVisible()
    assert np.ptp(picture(window)) > 50
    assert driver.here == {"window": 0, "thread": 8}


def unthreaded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(QOpenGLContext, "supportsThreadedOpenGL", lambda: False)


def unshared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(QOpenGLContext, "areSharing", lambda *_: False)


def never_current(patch: pytest.MonkeyPatch) -> None:
    of = Beside.of

    def wrong(other: QOpenGLContext, thread: Any) -> Beside | None:
        beside = of(other, thread)
        assert beside is not None
        beside._surface.destroy()
        return beside

    patch.setattr(Beside, "of", wrong)


@pytest.mark.parametrize("lacks", [unthreaded, unshared, never_current])
def test_without_a_context_for_it_the_window_allocates(
    window: Window, qtbot: QtBot, driver: Driver, state: State, lacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks(monkeypatch)
    window.document.open(state)
    rest(qtbot, window)
    assert driver.here == {"window": 8, "thread": 0}
    assert np.ptp(picture(window)) > 50
    assert errors_of(window.viewport) == []
