"""Edit: take back and do again; copy the view as text."""

from __future__ import annotations

from volviz.gui.actions.entry import VOLUME, Entry, later

ENTRIES: tuple[Entry, ...] = (
    Entry("edit.undo", "Edit", "Undo", "Take back the last change", lambda w: w.undo(), "Ctrl+Z", "undo"),
    Entry("edit.redo", "Edit", "Redo", "Do again what was taken back", lambda w: w.redo(), "Ctrl+Shift+Z", "redo"),
    Entry(
        "edit.history",
        "Edit",
        "History",
        "List every change, to go back to any of them, or hide the list",
        later("panels.history:switch"),
        "Ctrl+H",
    ),
    Entry(
        "edit.copy_python",
        "Edit",
        "Copy as Python",
        "Copy a script that draws this view, to the same pixels",
        later("copying:copy_python"),
        "Ctrl+Shift+C",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "edit.copy_command",
        "Edit",
        "Copy as command line",
        "Copy a line for the terminal that draws this view, to the same pixels",
        later("copying:copy_command"),
        needs=VOLUME,
    ),
)
