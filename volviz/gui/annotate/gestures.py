"""What a drag of each tool says, as values: from places on a slice in angstrom to a mark. No window in here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from volviz.core.annotations import Axis, Box, Lasso, Mark, Section, Stroke, SurfacePoints, Tag
from volviz.core.boxes import AXES, Corners, sorted_corners
from volviz.core.grid import Grid, Triple
from volviz.gui.planes import Plane

Side = Literal[-1, 0, 1]  # of a handle along an axis: the lower face, neither, the upper one
Handle = tuple[Side, Side, Side]  # along x, y, z; neither of any: the box itself


@dataclass(frozen=True, slots=True)
class Draft:
    """What a gesture would leave behind if it ended now: a mark, in the place of the one at an index, or at the end."""

    mark: Mark
    text: str
    index: int | None = None

    def among(self, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        """Return the marks with this one."""
        if self.index is None:
            return (*marks, self.mark)
        return (*marks[: self.index], self.mark, *marks[self.index + 1 :])


class Gesture(Protocol):
    """A drag from press to release; points lie in the plane of the slice."""

    def move(self, point_xyz: Triple) -> None:
        """Follow the pointer."""

    @property
    def draft(self) -> Draft | None:
        """What would be left behind now; None if that is nothing."""


@dataclass(slots=True)
class Scribbling:
    """A stroke; points closer together than ``spacing`` (A) would add nothing to it."""

    path: list[Triple]
    radius: float
    label: str
    spacing: float
    _last: Triple | None = None

    def move(self, point_xyz: Triple) -> None:
        """Go on, by whole spacings; what is between shows too."""
        far = sum((a - b) ** 2 for a, b in zip(point_xyz, self.path[-1], strict=True)) >= self.spacing**2
        self._last = None if far or point_xyz == self.path[-1] else point_xyz
        if far:
            self.path.append(point_xyz)

    @property
    def draft(self) -> Draft:
        """The stroke so far."""
        end = () if self._last is None else (self._last,)
        stroke = Stroke((*self.path, *end), self.radius, self.label)
        return Draft(stroke, "Erase" if stroke.erases else f"Scribble {self.label}")


@dataclass(slots=True)
class Outlining:
    """A lasso."""

    path: list[Triple]
    plane: Plane
    thickness: float
    label: str
    spacing: float
    object_id: int | None = None

    def move(self, point_xyz: Triple) -> None:
        """Go on, by whole spacings, in the plane in which it began: the wheel may have turned meanwhile."""
        normal, x = 2 - self.plane.normal, list(point_xyz)
        x[normal] = self.path[0][normal]
        point_xyz = (x[0], x[1], x[2])
        if sum((a - b) ** 2 for a, b in zip(point_xyz, self.path[-1], strict=True)) >= self.spacing**2:
            self.path.append(point_xyz)

    @property
    def draft(self) -> Draft | None:
        """The outline so far, closed; nothing before it has an area."""
        if len(self.path) < 3:
            return None
        lasso = Lasso(tuple(self.path), AXES[2 - self.plane.normal], self.thickness, self.label, self.object_id)
        return Draft(lasso, f"Outline {self.label}")


@dataclass(slots=True)
class Boxing:
    """A box by two corners on a slice, as deep as it is wide on average: objects are rather round than flat."""

    start: Triple
    plane: Plane
    grid: Grid
    label: str
    object_id: int
    least: float  # the side (A) under which it is no box but a slip of the hand
    stop: Triple | None = None

    def move(self, point_xyz: Triple) -> None:
        """Carry the second corner."""
        self.stop = point_xyz

    @property
    def draft(self) -> Draft | None:
        """The box so far."""
        sides = _sides(self.start, self.stop, self.plane)
        if min(sides) < self.least:
            return None
        corners = _deep(self.start, self.stop or self.start, self.plane, sum(sides) / 2, self.grid)
        return Draft(Box(corners, self.label, self.object_id), f"Box around {self.label}")


@dataclass(slots=True)
class Tagging:
    """A rectangle on a slice, as deep as a slab, in which classes are present."""

    start: Triple
    plane: Plane
    grid: Grid
    depth: float
    present: frozenset[str]
    least: float
    stop: Triple | None = None

    def move(self, point_xyz: Triple) -> None:
        """Carry the second corner."""
        self.stop = point_xyz

    @property
    def draft(self) -> Draft | None:
        """The tag so far."""
        if min(_sides(self.start, self.stop, self.plane)) < self.least:
            return None
        corners = _deep(self.start, self.stop or self.start, self.plane, self.depth, self.grid)
        return Draft(Tag(self.present, corners), "Tag a region")


@dataclass(slots=True)
class Pulling:
    """A handle of a box carried along: faces, corners, or all of it; or the rectangle of one section alone."""

    box: Box
    index: int
    handle: Handle
    start: Triple
    section: tuple[Axis, float] | None = None  # across which axis, and at which place along it (A)
    stop: Triple | None = None

    def move(self, point_xyz: Triple) -> None:
        """Carry the handle."""
        self.stop = point_xyz

    @property
    def draft(self) -> Draft | None:
        """The box as it would be."""
        if self.stop is None:
            return None
        by = tuple(b - a for a, b in zip(self.start, self.stop, strict=True))
        outline = None if self.section is None else self.box.outline(*self.section)
        if self.section is not None and outline is not None:
            normal, at = self.section
            others = [k for k in range(3) if AXES[k] != normal]
            (a0, b0), (a1, b1) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
            seen = Section(at, (a0, b0), (a1, b1), normal)  # what is left there, by the sections of other directions too
            pulled = _pulled(seen, (self.handle[others[0]], self.handle[others[1]]), (by[others[0]], by[others[1]]))
            return Draft(self.box.with_section(pulled), "Adjust the box on this section", self.index)
        if not any(self.handle):
            return Draft(self.box.moved((by[0], by[1], by[2])), "Move the box", self.index)
        box = self.box
        for axis, side in enumerate(self.handle):
            if side:
                box = box.with_face(axis, side > 0, self.box.corners_xyz[side > 0][axis] + by[axis])
        return Draft(box, "Adjust the box", self.index)


@dataclass(slots=True)
class Pointing:
    """A point on an object's surface, placed or carried."""

    points: SurfacePoints
    at: int  # which of them is in the hand
    index: int | None  # where the object's points are among the marks
    text: str = field(default="Point on a surface")

    def move(self, point_xyz: Triple) -> None:
        """Carry the point."""
        points = self.points.points_xyz
        self.points = replace(self.points, points_xyz=(*points[: self.at], point_xyz, *points[self.at + 1 :]))

    @property
    def draft(self) -> Draft:
        """The object's points as they would be."""
        return Draft(self.points, self.text, self.index)


def pointing(marks: tuple[Mark, ...], point_xyz: Triple, object_id: int, label: str) -> Pointing:
    """Return the gesture that adds a point to an object, which may have some already."""
    for index, mark in enumerate(marks):
        if isinstance(mark, SurfacePoints) and mark.object_id == object_id and mark.label == label:
            return Pointing(replace(mark, points_xyz=(*mark.points_xyz, point_xyz)), len(mark.points_xyz), index)
    return Pointing(SurfacePoints((point_xyz,), object_id, label), 0, None)


def next_object_id(marks: tuple[Mark, ...]) -> int:
    """Return the number of an object of which nothing is said yet."""
    ids = [mark.object_id for mark in marks if isinstance(mark, SurfacePoints | Box | Lasso) and mark.object_id is not None]
    return max(ids, default=0) + 1


def _sides(start: Triple, stop: Triple | None, plane: Plane) -> tuple[float, float]:
    if stop is None:
        return 0.0, 0.0
    right, up = 2 - plane.right, 2 - plane.up
    return abs(stop[right] - start[right]), abs(stop[up] - start[up])


def _deep(start: Triple, stop: Triple, plane: Plane, depth: float, grid: Grid) -> Corners:
    """Return the corners of a rectangle's box, cut to the volume."""
    normal = 2 - plane.normal
    first, second = list(start), list(stop)
    first[normal], second[normal] = start[normal] - depth / 2, start[normal] + depth / 2
    low, high = sorted_corners(((first[0], first[1], first[2]), (second[0], second[1], second[2])))
    least, most = grid.bounds_xyz
    low, high = tuple(map(max, low, least)), tuple(map(min, high, most))
    return sorted_corners((low, high))


def _pulled(section: Section, handle: tuple[Side, Side], by: tuple[float, float]) -> Section:
    low, high = list(section.low), list(section.high)
    for axis in range(2):
        if handle[axis] < 0 or not any(handle):
            low[axis] += by[axis]
        if handle[axis] > 0 or not any(handle):
            high[axis] += by[axis]
        if low[axis] > high[axis]:
            low[axis] = high[axis] = high[axis] if handle[axis] < 0 else low[axis]
    return replace(section, low=(low[0], low[1]), high=(high[0], high[1]))
