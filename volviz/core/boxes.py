"""Boxes around objects, with a rectangle of their own on sections where one was adjusted, and masks that say where in the box."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Triple

Pair = tuple[float, float]
Corners = tuple[Triple, Triple]


def sorted_corners(corners_xyz: Iterable[Triple]) -> Corners:
    """Return the lowest and the highest corner of the box that points span."""
    low, high = (tuple(float(f(values)) for values in zip(*corners_xyz, strict=True)) for f in (min, max))
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


@dataclass(frozen=True, slots=True)
class Section:
    """The rectangle of an object on the section at ``z``: its lower and upper (x, y), all in angstrom."""

    z: float
    low_xy: Pair
    high_xy: Pair

    def __post_init__(self) -> None:
        (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(self.low_xy, self.high_xy, strict=True))
        object.__setattr__(self, "low_xy", (x0, y0))
        object.__setattr__(self, "high_xy", (x1, y1))


@dataclass(frozen=True, slots=True)
class Mask:
    """Which voxels of a small grid belong to an object, as run lengths in (z, y, x) order: outside, inside, outside ..."""

    grid: Grid
    runs: tuple[int, ...]

    @classmethod
    def of(cls, grid: Grid, inside: npt.ArrayLike) -> Mask:
        """Return the mask of a boolean array (z, y, x) on a grid of its shape."""
        flat = np.asarray(inside, dtype=bool).reshape(-1)
        if flat.size != int(np.prod(grid.shape)):
            raise ValueError(f"a mask of {flat.size} voxels does not fit a grid of {grid.shape}")
        changes = np.flatnonzero(np.diff(flat, prepend=False)) if flat.size else np.zeros(0, int)
        return cls(grid, tuple(int(n) for n in np.diff(np.concatenate([[0], changes, [flat.size]]))))

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """The mask as a boolean array (z, y, x)."""
        values = np.arange(len(self.runs)) % 2 == 1
        return np.asarray(np.repeat(values, self.runs).reshape(self.grid.shape), dtype=bool)


@dataclass(frozen=True, slots=True)
class Box:
    """An object lies in this box and touches its faces.

    ``object_id`` tells objects apart; a `Lasso` with the same one is part of this object's mask. ``sections`` are
    rectangles that a person adjusted on single sections: between two of them the rectangle goes over from one to the
    other linearly, beyond the outermost it stays. They decide the box's extent along x and y. ``mask`` may say which
    voxels the object fills.
    """

    corners_xyz: Corners
    label: str
    object_id: int = 0
    sections: tuple[Section, ...] = ()
    mask: Mask | None = None

    def __post_init__(self) -> None:
        low, high = sorted_corners(self.corners_xyz)
        if self.sections:
            x0, y0 = (min(s.low_xy[k] for s in self.sections) for k in range(2))
            x1, y1 = (max(s.high_xy[k] for s in self.sections) for k in range(2))
            low, high = (x0, y0, low[2]), (x1, y1, high[2])
        object.__setattr__(self, "corners_xyz", (low, high))
        object.__setattr__(self, "sections", tuple(sorted(self.sections, key=lambda s: s.z)))

    def section_at(self, z: float) -> Section | None:
        """Return the object's rectangle on the section at z (A); None where the box has none."""
        low, high = self.corners_xyz
        if not low[2] <= z <= high[2]:
            return None
        if not self.sections:
            return Section(z, low[:2], high[:2])
        at = [s.z for s in self.sections]
        x0, y0, x1, y1 = (float(np.interp(z, at, side)) for side in zip(*[(*s.low_xy, *s.high_xy) for s in self.sections], strict=True))
        return Section(z, (x0, y0), (x1, y1))

    def with_section(self, section: Section) -> Box:
        """Return the box with another rectangle on one section.

        A box that had none keeps its rectangle in its middle, or, if that is what is adjusted, at both ends.
        """
        low, high = self.corners_xyz
        kept = tuple(s for s in self.sections if s.z != section.z)
        if not self.sections:
            depth = high[2] - low[2]
            middle = low[2] + depth / 2
            anchors = (low[2], high[2]) if abs(section.z - middle) < depth / 20 else (middle,)
            kept = tuple(Section(z, low[:2], high[:2]) for z in anchors if z != section.z)
        return replace(self, sections=(*kept, section))

    def with_face(self, axis: int, upper: bool, to: float) -> Box:
        """Return the box with one face moved to a place (A) along axis 0 x, 1 y, 2 z, at the most onto the face opposite.

        Adjusted sections go along: their edges by as much as the face, their places in z in proportion.
        """
        corners = [list(corner) for corner in self.corners_xyz]
        other = corners[1 - upper][axis]
        to = max(to, other) if upper else min(to, other)
        before, corners[upper][axis] = corners[upper][axis], to
        low, high = ((c[0], c[1], c[2]) for c in corners)
        if axis == 2:
            extent = before - other
            share = (to - other) / extent if extent else 0.0
            sections = tuple(replace(s, z=other + (s.z - other) * share) for s in self.sections)
        else:
            sections = tuple(_edge(s, axis, upper, to - before) for s in self.sections)
        return replace(self, corners_xyz=(low, high), sections=sections)

    def moved(self, by_xyz: Triple) -> Box:
        """Return the box, its sections and its mask shifted (A)."""
        dx, dy, dz = by_xyz
        low, high = ((x + dx, y + dy, z + dz) for x, y, z in self.corners_xyz)
        sections = tuple(
            Section(s.z + dz, (s.low_xy[0] + dx, s.low_xy[1] + dy), (s.high_xy[0] + dx, s.high_xy[1] + dy)) for s in self.sections
        )
        mask = self.mask
        if mask is not None:
            z, y, x = mask.grid.origin
            mask = replace(mask, grid=replace(mask.grid, origin=(z + dz, y + dy, x + dx)))
        return replace(self, corners_xyz=(low, high), sections=sections, mask=mask)


def _edge(section: Section, axis: int, upper: bool, by: float) -> Section:
    low, high = list(section.low_xy), list(section.high_xy)
    if upper:
        high[axis] = max(high[axis] + by, low[axis])
    else:
        low[axis] = min(low[axis] + by, high[axis])
    return Section(section.z, (low[0], low[1]), (high[0], high[1]))
