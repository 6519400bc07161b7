"""Annotate, what a forest learns from it: the switch, where to scribble next, and what to make of the result."""

from __future__ import annotations

from volviz.gui.actions.entry import CLASSES, VOLUME, Entry, later

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "learn.live",
        "Annotate",
        "Learn while I scribble",
        "Teach a random forest with every stroke, and show at once what it finds",
        later("teaching:switch"),
        "Ctrl+L",
        needs=VOLUME,
        checked=lambda w: not w.lacks("learning") and w.learning.on,
        separator=True,
    ),
    Entry(
        "learn.suggest",
        "Annotate",
        "Suggest where to scribble next",
        "Bring the crosshair to where the forest hesitates most, and so a stroke teaches most",
        lambda w: w.learning.suggest(),
        "J",
        needs=VOLUME,
    ),
    Entry(
        "learn.doubt",
        "Annotate",
        "Show doubt",
        "Colour the slices by how uncertain the classes are, instead of by class",
        lambda w: w.document.show(doubt=not w.document.state.doubt),
        "U",
        needs=CLASSES,
        checked=lambda w: w.document.state.doubt,
    ),
    Entry(
        "learn.save",
        "Annotate",
        "Save the forest as a model…",
        "Keep what was learnt from scribbles in the list of models, for other tomograms",
        later("teaching:ask_model"),
        needs=VOLUME,
    ),
    Entry(
        "learn.teach",
        "Annotate",
        "Teach a network with it…",
        "Train a network on what the forest found, judged by strokes held back",
        later("teaching:ask_network"),
        needs=CLASSES,
    ),
)
