"""What a person can say about a volume. Everything is in angstrom, so it holds on any grid over the same space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from volviz.core.grid import Triple
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume


@dataclass(frozen=True, slots=True)
class Stroke:
    """A scribble: the voxels within ``radius`` (A) of a path belong to a class."""

    path_xyz: tuple[Triple, ...]
    radius: float
    label: str


@dataclass(frozen=True, slots=True)
class Tag:
    """The classes that are present somewhere in a box, or anywhere in the volume if there is no box."""

    present: frozenset[str]
    corners_xyz: tuple[Triple, Triple] | None = None


@dataclass(frozen=True, slots=True)
class SurfacePoints:
    """Points on the surface of one object."""

    points_xyz: tuple[Triple, ...]
    object_id: int
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """An object lies in this box and touches its faces; a mask (z, y, x) may say where."""

    corners_xyz: tuple[Triple, Triple]
    label: str
    mask: Volume | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A whole soft labelling: from a simulator, a weak segmenter, or a patient person."""

    segmentation: Segmentation


Annotation = Stroke | Tag | SurfacePoints | Box | Dense


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What a segmenter learns from."""

    volume: Volume
    annotations: Sequence[Annotation]
