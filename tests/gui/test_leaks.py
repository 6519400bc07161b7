"""A closed window leaves nothing behind: no widgets, no threads."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from volviz.gui.document import State
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]
PATIENCE_MS = 180_000


def show_and_close(qtbot: QtBot, state: State) -> weakref.ref[Window]:
    from dataclasses import replace

    window = Window()
    window.resize(700, 500)
    window.show()
    qtbot.waitExposed(window)
    window.document.open(replace(state, segmentation=None))
    qtbot.waitUntil(lambda: window.viewport.resting, timeout=PATIENCE_MS)
    assert window.close()
    window.deleteLater()
    return weakref.ref(window)


def test_windows_and_threads_go(qapp: QApplication, qtbot: QtBot, state: State) -> None:
    show_and_close(qtbot, state)  # what is made once, such as caches of Qt and vispy, is there now
    settle()
    widgets, threads = len(QApplication.allWidgets()), threading.active_count()
    window = show_and_close(qtbot, state)
    settle()
    assert len(QApplication.allWidgets()) <= widgets
    assert threading.active_count() <= threads
    assert window() is None


def settle() -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        gc.collect()
