"""Segment: find the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volviz.gui.actions.entry import VOLUME, Entry

if TYPE_CHECKING:
    from volviz.gui.train_window import TrainWindow
    from volviz.gui.window import Window


def show_training(window: Window) -> TrainWindow:
    """Open the window in which a segmenter is trained; there is one, and closing it ends nothing."""
    from volviz.gui.train_window import TrainWindow

    shown = next((child for child in window.children() if isinstance(child, TrainWindow)), None)
    if shown is None:
        shown = TrainWindow(window.document, window.jobs, window)
        shown.finished.connect(window.segment_panel.refresh)
    shown.show()
    shown.raise_()
    return shown


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
    Entry(
        "segment.train",
        "Segment",
        "Train a segmenter…",
        "Teach a network on simulations, or on tomograms with labels, and find it in the list of models",
        show_training,
        separator=True,
    ),
)
