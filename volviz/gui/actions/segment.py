"""Segment: find the classes."""

from __future__ import annotations

from volviz.gui.actions.entry import VOLUME, Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "segment.run",
        "Segment",
        "Segment",
        "Find the classes in this tomogram",
        lambda w: w.start_segmenting(),
        "Ctrl+R",
        "segment",
        VOLUME,
    ),
)
