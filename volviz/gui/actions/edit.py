"""Edit: take back and do again."""

from __future__ import annotations

from volviz.gui.actions.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("edit.undo", "Edit", "Undo", "Take back the last change", lambda w: w.undo(), "Ctrl+Z", "undo"),
    Entry("edit.redo", "Edit", "Redo", "Do again what was taken back", lambda w: w.redo(), "Ctrl+Shift+Z", "redo"),
)
