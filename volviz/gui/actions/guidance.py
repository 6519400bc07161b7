"""Help: find a command, keys, documents, versions."""

from __future__ import annotations

from volviz.gui import guiding
from volviz.gui.actions.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "help.palette",
        "Help",
        "Find a command…",
        "Type a few letters of what you want: any action, panel or control",
        guiding.show_palette,
        "Ctrl+Shift+P",
    ),
    Entry("help.shortcuts", "Help", "Keys and mouse", "What the keys, the mouse and the trackpad do", guiding.show_keys, "F1"),
    Entry("help.tour", "Help", "Show me around", "A short tour of the window, in five steps", guiding.start_tour),
    Entry("help.manual", "Help", "Documentation", "Read how everything works, without the network", guiding.show_manual, separator=True),
    Entry("help.about", "Help", "About volviz", "Versions, graphics driver and CUDA, to copy into a report", guiding.show_about),
)
