"""What a person can say about a volume. Everything is in angstrom, so it holds on any grid over the same space.

Order matters: annotations are painted in the order in which they were made. Where two `Stroke` or `Lasso` overlap, the
later one decides; an erasing stroke leaves its voxels as if no stroke or lasso before it had touched them. Boxes, points
and tags are objects of their own: nothing erases them but deleting them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from volviz.core.boxes import Axis, Box, Corners, Mask, Section, sorted_corners
from volviz.core.grid import Triple
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

__all__ = [
    "ERASED",
    "Annotation",
    "Axis",
    "Box",
    "Dense",
    "Example",
    "Lasso",
    "Mark",
    "Mask",
    "Section",
    "Stroke",
    "SurfacePoints",
    "Tag",
    "extent_of",
    "labels_of",
    "relabelled",
]

ERASED = ""  # the label of a stroke that takes back what was painted


@dataclass(frozen=True, slots=True)
class Stroke:
    """A scribble: the voxels whose centres lie within ``radius`` (A) of a path, in all three directions, belong to a class.

    With the label `ERASED` they belong to none any more, whatever strokes and lassos before it said.
    """

    path_xyz: tuple[Triple, ...]
    radius: float
    label: str

    @property
    def erases(self) -> bool:
        """Whether this takes back what was painted before."""
        return self.label == ERASED


@dataclass(frozen=True, slots=True)
class Lasso:
    """An outline drawn on a slice: the voxels inside it and within half the ``thickness`` (A) of its plane belong to a class.

    ``outline_xyz`` closes itself, lies in one plane across the axis ``normal``, and where it crosses itself the even-odd
    rule decides. With an ``object_id`` it is a slice of the mask of the object in the `Box` of that number.
    """

    outline_xyz: tuple[Triple, ...]
    normal: Axis
    thickness: float
    label: str
    object_id: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """The classes that are present somewhere in a box, or anywhere in the volume if there is no box."""

    present: frozenset[str]
    corners_xyz: Corners | None = None


@dataclass(frozen=True, slots=True)
class SurfacePoints:
    """Points on the surface of one object; all points of an object are one value."""

    points_xyz: tuple[Triple, ...]
    object_id: int
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A whole soft labelling: from a simulator, a weak segmenter, or a patient person."""

    segmentation: Segmentation


Mark = Stroke | Lasso | SurfacePoints | Box | Tag  # what is made by hand, and kept in a session
Annotation = Mark | Dense


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What a segmenter learns from: a volume and what somebody said of it, and ``others``, each of whom said something else of it."""

    volume: Volume
    annotations: Sequence[Annotation]
    others: Sequence[Sequence[Annotation]] = ()

    @property
    def people(self) -> tuple[Sequence[Annotation], ...]:
        """What each person said, by itself: nobody paints over, or erases, what another did."""
        return (self.annotations, *self.others)

    @property
    def marks(self) -> tuple[tuple[Mark, ...], ...]:
        """What each person made by hand."""
        return tuple(tuple(one for one in said if not isinstance(one, Dense)) for said in self.people)


def labels_of(mark: Mark) -> tuple[str, ...]:
    """Return the classes that a mark names: none for an erasing stroke."""
    if isinstance(mark, Tag):
        return tuple(sorted(mark.present))
    return () if mark.label == ERASED else (mark.label,)


def relabelled(mark: Mark, old: str, new: str) -> Mark:
    """Return a mark that names one class otherwise."""
    if old not in labels_of(mark):
        return mark
    if isinstance(mark, Tag):
        return replace(mark, present=mark.present - {old} | {new})
    return replace(mark, label=new)


def extent_of(mark: Mark) -> Corners | None:
    """Return the lowest and the highest corner (A) of where a mark is; None for a tag of the whole volume, or no points."""
    if isinstance(mark, Box | Tag):
        return None if mark.corners_xyz is None else sorted_corners(mark.corners_xyz)
    points = mark.path_xyz if isinstance(mark, Stroke) else mark.outline_xyz if isinstance(mark, Lasso) else mark.points_xyz
    if not points:
        return None
    around = np.zeros(3)
    if isinstance(mark, Stroke):
        around += mark.radius
    elif isinstance(mark, Lasso):
        around["xyz".index(mark.normal)] = mark.thickness / 2
    low, high = np.min(points, axis=0) - around, np.max(points, axis=0) + around
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))
