"""An end to the work that goes on in threads of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volviz.gui.window import Window

WITH_THREADS = ("cleaning", "slices", "data_panel", "segment_panel", "classes_panel", "learn_panel")


def end_threads(window: Window) -> None:
    """Stop it all and wait for it, however the window goes: Qt ends a process in which something goes before its thread."""
    window.jobs.cancel_all()
    if not window.lacks("learning"):
        window.learning.close()
    for name in WITH_THREADS:
        if not window.lacks(name):
            getattr(window, name).close_threads()
    window.recently.close()
    if not window.lacks("viewport"):
        window.viewport.steering.close_threads()
        window.viewport.release()
