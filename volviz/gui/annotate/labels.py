"""The classes to annotate and their colours."""

from __future__ import annotations

from volviz.core.annotations import Mark, labels_of
from volviz.core.grid import Triple
from volviz.core.segmentation import VIRION_LABELS, Label
from volviz.gui.document import State

# Grey is what the slices are made of.
BACKGROUND_INK = (0.30, 0.72, 0.55)
INKS: tuple[Triple, ...] = ((0.95, 0.60, 0.20), (0.60, 0.45, 0.90), (0.20, 0.75, 0.80), (0.85, 0.80, 0.30), (0.90, 0.45, 0.70))
UNKNOWN: Triple = (0.8, 0.8, 0.8)


def labels_of_state(state: State) -> tuple[Label, ...]:
    """Return the classes to annotate: those a person chose, else the segmentation's as they look, else those of virions.

    A class that a mark names and nobody listed, as one from a file, comes after them.
    """
    found = state.annotation_labels or _given(state)
    names = {label.name for label in found}
    missing = list(dict.fromkeys(name for mark in state.annotations for name in labels_of(mark) if name not in names))
    return (*found, *(Label(name, INKS[(len(found) + i) % len(INKS)]) for i, name in enumerate(missing)))


def new_label(labels: tuple[Label, ...]) -> Label:
    """Return a class with a name and a colour that are not taken."""
    names = {label.name for label in labels}
    number = next(n for n in range(1, len(labels) + 2) if f"class {n}" not in names)
    taken = {label.color for label in labels}
    color = next((ink for ink in INKS if ink not in taken), INKS[len(labels) % len(INKS)])
    return Label(f"class {number}", color)


def counts_of(marks: tuple[Mark, ...]) -> dict[str, int]:
    """Return how many marks name each class."""
    counts: dict[str, int] = {}
    for mark in marks:
        for name in labels_of(mark):
            counts[name] = counts.get(name, 0) + 1
    return counts


def _given(state: State) -> tuple[Label, ...]:
    labels = state.segmentation.labels if state.segmentation is not None else VIRION_LABELS
    ramps = state.scene.ramps
    return tuple(
        Label(label.name, BACKGROUND_INK if i == 0 else ramps[label.name].color if label.name in ramps else label.color, label.identifier)
        for i, label in enumerate(labels)
    )
