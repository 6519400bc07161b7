"""The classes to annotate and their colours."""

from __future__ import annotations

from volviz.core.annotations import Mark, labels_of
from volviz.core.grid import Triple
from volviz.core.inks import INKS, annotation_labels
from volviz.core.segmentation import Label
from volviz.gui.document import State

UNKNOWN: Triple = (0.8, 0.8, 0.8)


def labels_of_state(state: State) -> tuple[Label, ...]:
    """Return the classes to annotate; see `annotation_labels`."""
    return annotation_labels(state.annotation_labels, state.segmentation, state.scene, state.annotations)


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
