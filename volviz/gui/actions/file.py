"""File: open, save, leave. What it exports has a table of its own."""

from __future__ import annotations

from volviz.gui.actions.entry import VOLUME, Entry, later

ENTRIES: tuple[Entry, ...] = (
    Entry("file.open", "File", "Open…", "Open a tomogram, a segmentation or a session", later("files:ask_open"), "Ctrl+O", "open"),
    Entry("file.demo", "File", "Open the demo", "Simulate a small tomogram of virions, segment it and show it", later("files:demo")),
    Entry(
        "file.save",
        "File",
        "Save session",
        "Save what is open, its look and the view as a .volviz file",
        later("files:save"),
        "Ctrl+S",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "file.save_as",
        "File",
        "Save session as…",
        "Save the session under another name",
        later("files:save_as"),
        "Ctrl+Shift+S",
        needs=VOLUME,
    ),
    Entry(
        "file.recover",
        "File",
        "Recover unsaved work…",
        "List what a window that ended without closing has left",
        later("recovery:show_offers"),
    ),
    Entry(
        "file.import_annotations",
        "File",
        "Import annotations…",
        "Add annotations from a file: JSON, a session, points as CSV, of RELION or Dynamo, a label volume",
        later("annotation_files:import_annotations"),
        needs=VOLUME,
        separator=True,
    ),
)
LAST: tuple[Entry, ...] = (Entry("file.quit", "File", "Quit", "Close the window", lambda w: w.close(), "Ctrl+Q", separator=True),)
