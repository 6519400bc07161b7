"""Help: find a command, keys, documents, versions."""

from __future__ import annotations

from volviz.gui.actions.entry import Entry, later

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "help.palette",
        "Help",
        "Find a command…",
        "Type a few letters of what you want: any action, panel or control",
        later("guiding:show_palette"),
        "Ctrl+Shift+P",
    ),
    Entry("help.shortcuts", "Help", "Keys and mouse", "What the keys, the mouse and the trackpad do", later("guiding:show_keys"), "F1"),
    Entry("help.tour", "Help", "Show me around", "A short tour of the window, in five steps", later("guiding:start_tour")),
    Entry(
        "help.manual",
        "Help",
        "Documentation",
        "Read how everything works, without the network",
        later("guiding:show_manual"),
        separator=True,
    ),
    Entry("help.about", "Help", "About volviz", "Versions, graphics driver and CUDA, to copy into a report", later("guiding:show_about")),
)
