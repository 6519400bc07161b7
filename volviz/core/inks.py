"""The classes that annotations name, and their colours."""

from __future__ import annotations

from collections.abc import Sequence

from volviz.core.annotations import Mark, labels_of
from volviz.core.grid import Triple
from volviz.core.scene import Scene
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation

# Grey is what the slices are made of.
BACKGROUND_INK = (0.30, 0.72, 0.55)
INKS: tuple[Triple, ...] = ((0.95, 0.60, 0.20), (0.60, 0.45, 0.90), (0.20, 0.75, 0.80), (0.85, 0.80, 0.30), (0.90, 0.45, 0.70))


def annotation_labels(chosen: Sequence[Label], segmentation: Segmentation | None, scene: Scene, marks: Sequence[Mark]) -> tuple[Label, ...]:
    """Return the classes to annotate: those a person chose, else the segmentation's as they look, else those of virions.

    A segmentation with only some of the classes of virions, as a forest finds after strokes of two, offers the others too: they are still
    to be marked. A class that a mark names and nobody listed, as one from a file, comes after them.
    """
    found = tuple(chosen) or _given(segmentation, scene)
    names = {label.name for label in found}
    missing = list(dict.fromkeys(name for mark in marks for name in labels_of(mark) if name not in names))
    return (*found, *(Label(name, INKS[(len(found) + i) % len(INKS)]) for i, name in enumerate(missing)))


def _given(segmentation: Segmentation | None, scene: Scene) -> tuple[Label, ...]:
    known = {label.name: label for label in segmentation.labels} if segmentation is not None else {}
    labels = tuple(known.get(label.name, label) for label in VIRION_LABELS)
    if segmentation is not None and not known.keys() <= {label.name for label in labels}:
        labels = segmentation.labels
    ramps = scene.ramps
    return tuple(
        Label(label.name, BACKGROUND_INK if i == 0 else ramps[label.name].color if label.name in ramps else label.color, label.identifier)
        for i, label in enumerate(labels)
    )
