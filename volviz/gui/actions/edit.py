"""Edit: take back and do again; copy the view as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volviz.gui import copying
from volviz.gui.actions.entry import VOLUME, Entry

if TYPE_CHECKING:
    from volviz.gui.window import Window


def _history(window: Window) -> None:
    from volviz.gui.panels import history

    history.switch(window)


ENTRIES: tuple[Entry, ...] = (
    Entry("edit.undo", "Edit", "Undo", "Take back the last change", lambda w: w.undo(), "Ctrl+Z", "undo"),
    Entry("edit.redo", "Edit", "Redo", "Do again what was taken back", lambda w: w.redo(), "Ctrl+Shift+Z", "redo"),
    Entry("edit.history", "Edit", "History", "List every change, to go back to any of them, or hide the list", _history, "Ctrl+H"),
    Entry(
        "edit.copy_python",
        "Edit",
        "Copy as Python",
        "Copy a script that draws this view, to the same pixels",
        copying.copy_python,
        "Ctrl+Shift+C",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "edit.copy_command",
        "Edit",
        "Copy as command line",
        "Copy a line for the terminal that draws this view, to the same pixels",
        copying.copy_command,
        needs=VOLUME,
    ),
)
