"""File: open, save, leave. What it exports has a table of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volviz.gui import annotation_files, files
from volviz.gui.actions.entry import VOLUME, Entry

if TYPE_CHECKING:
    from volviz.gui.window import Window


def _recover(window: Window) -> None:
    from volviz.gui.recovery import show_offers

    show_offers(window)


ENTRIES: tuple[Entry, ...] = (
    Entry("file.open", "File", "Open…", "Open a tomogram, a segmentation or a session", files.ask_open, "Ctrl+O", "open"),
    Entry("file.demo", "File", "Open the demo", "Simulate a small tomogram of virions, segment it and show it", files.demo),
    Entry(
        "file.save",
        "File",
        "Save session",
        "Save what is open, its look and the view as a .volviz file",
        files.save,
        "Ctrl+S",
        needs=VOLUME,
        separator=True,
    ),
    Entry("file.save_as", "File", "Save session as…", "Save the session under another name", files.save_as, "Ctrl+Shift+S", needs=VOLUME),
    Entry("file.recover", "File", "Recover unsaved work…", "List what a window that ended without closing has left", _recover),
    Entry(
        "file.import_annotations",
        "File",
        "Import annotations…",
        "Add annotations from a file: JSON, a session, points as CSV, of RELION or Dynamo, a label volume",
        annotation_files.import_annotations,
        needs=VOLUME,
        separator=True,
    ),
)
LAST: tuple[Entry, ...] = (Entry("file.quit", "File", "Quit", "Close the window", lambda w: w.close(), "Ctrl+Q", separator=True),)
