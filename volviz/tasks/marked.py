"""What a person marked, as stills and videos show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from volviz.core.annotations import Mark, labels_of
from volviz.core.errors import VolvizError
from volviz.core.grid import Triple
from volviz.core.inks import annotation_labels
from volviz.core.project import Project
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.tasks.annotations import Annotated, read_annotations, read_marks

if TYPE_CHECKING:
    from volviz.render.sketch import Sketch

Marks = Annotated | Sequence[Mark]


def sketched(marks: Marks, scene: Scene, segmentation: Segmentation | None) -> Sketch | None:
    """Return marks as lines to lay over a picture, in the colours that the window gives their classes; None without any."""
    labels, found = (marks.labels, marks.marks) if isinstance(marks, Annotated) else ((), tuple(marks))
    if not found:
        return None
    from volviz.render.marked import sketch_of

    return sketch_of(found, {label.name: label.color for label in annotation_labels(labels, segmentation, scene, found)})


def annotated(project: Project | None) -> Annotated:
    """Return the annotations of a session.

    Raises:
        VolvizError: there are none.
    """
    if project is None or not project.annotations:
        raise VolvizError("Nothing is annotated here that a picture could show; leave the marks out, or give a file of them.")
    return Annotated(project.annotations, project.annotation_labels)


def holds(path: Path, marks: Annotated, scene: Scene, segmentation: Segmentation | None) -> bool:
    """Say whether a file of annotations, or a session, holds just these, in the colours that they have here."""
    try:
        found = read_annotations(path)
    except VolvizError:  # moved, or written over by something else
        return False
    return found.annotations == marks.annotations and _colors(found, scene, segmentation) == _colors(marks, scene, segmentation)


def _colors(marks: Annotated, scene: Scene, segmentation: Segmentation | None) -> dict[str, Triple]:
    named = {name for mark in marks.marks for name in labels_of(mark)}
    labels = annotation_labels(marks.labels, segmentation, scene, marks.marks)
    return {label.name: label.color for label in labels if label.name in named}


def with_marks(project: Project, marks: Path | bool, volume: Volume) -> Project:
    """Return a session with the annotations of a file in place of its own; unless there is a file, it must have some.

    Raises:
        VolvizError: there are none, or the file cannot be read.
    """
    if isinstance(marks, Path):
        found = read_marks(marks, volume)
        project = replace(project, annotations=found.marks, annotation_labels=found.labels)
    annotated(project)
    return project
