"""Classes named otherwise, moved and removed by hand: one step to undo each, wherever the class is spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from volviz.core.annotations import relabelled
from volviz.core.arranged import arrange, scene_of_arranged
from volviz.core.errors import VolvizError
from volviz.gui.document import Document, State

Pairs = Sequence[tuple[str, str]]


def rename(document: Document, old: str, new: str) -> None:
    """Call a class otherwise: in the segmentation, its look, its cleaning, keyframes, annotations.

    Raises:
        VolvizError: it can have no such name.
    """
    names, state = _names(document.state), document.state
    if new == old:
        return
    taken = {label.name.lower() for label in state.annotation_labels if label.name != old}
    if new.lower() in taken:
        raise VolvizError(f"There is a class called {new} to annotate already; choose another name.")
    pairs = [(name, new if name == old else name) for name in names]
    marks = tuple(relabelled(mark, old, new) for mark in state.annotations)
    labels = tuple(replace(label, name=new) if label.name == old else label for label in state.annotation_labels)
    _arrange(document, f"Rename {old} to {new}", pairs, annotations=marks, annotation_labels=labels)


def move(document: Document, name: str, by: int) -> None:
    """Move a class up (negative) or down among the others."""
    names = _names(document.state)
    at = names.index(name)
    to = max(0, min(len(names) - 1, at + by))
    if to != at:
        names.insert(to, names.pop(at))
        _arrange(document, f"Move {name}", [(one, one) for one in names])


def remove(document: Document, name: str) -> None:
    """Let a class become background.

    Raises:
        VolvizError: it is the only one.
    """
    _arrange(document, f"Remove {name}", [(one, one) for one in _names(document.state) if one != name])


def possible(state: State) -> bool:
    """Whether there are classes to arrange: not while they are being found."""
    return state.segmentation is not None and state.live is None


def _names(state: State) -> list[str]:
    return [] if state.segmentation is None else [label.name for label in state.segmentation.drawn]


def _arrange(document: Document, what: str, pairs: Pairs, **more: Any) -> None:
    state = document.state
    if state.segmentation is None or not possible(state):
        raise VolvizError("The classes are being found; wait until they are there.")
    document.settle()
    document.change(
        what,
        segmentation=arrange(state.segmentation, pairs),
        scene=scene_of_arranged(state.scene, pairs),
        estimated=scene_of_arranged(state.estimated, pairs),
        animation=tuple(replace(k, scene=scene_of_arranged(k.scene, pairs)) for k in state.animation),
        **more,
    )
