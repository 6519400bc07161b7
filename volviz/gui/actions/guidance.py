"""Help: keys, versions."""

from __future__ import annotations

from volviz.gui.actions.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("help.shortcuts", "Help", "Keys and mouse", "What the keys and the mouse do", lambda w: w.show_shortcuts(), "F1"),
    Entry("help.about", "Help", "About volviz", "Versions and graphics driver, to copy into a report", lambda w: w.show_about()),
)
