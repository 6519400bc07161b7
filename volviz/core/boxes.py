"""Boxes around objects, with a rectangle of their own on sections where one was adjusted, and masks that say where in the box."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Floats, Grid, Triple

Axis = Literal["x", "y", "z"]
AXES: tuple[Axis, ...] = ("x", "y", "z")
LEVELS = 49  # along an axis, at which an object that changes with it is cut
Pair = tuple[float, float]
Corners = tuple[Triple, Triple]


def sorted_corners(corners_xyz: Iterable[Triple]) -> Corners:
    """Return the lowest and the highest corner of the box that points span."""
    low, high = (tuple(float(f(values)) for values in zip(*corners_xyz, strict=True)) for f in (min, max))
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


@dataclass(frozen=True, slots=True)
class Section:
    """The rectangle of an object on the section ``at`` a place along an ``axis``: its lower and upper corner, all in angstrom.

    The corners are along the two other axes in the order x, y, z: (x, y) on a section across z, (x, z) across y, (y, z) across x.
    """

    at: float = field(metadata={"was": "z"})
    low: Pair = field(metadata={"was": "low_xy"})
    high: Pair = field(metadata={"was": "high_xy"})
    axis: Axis = "z"

    def __post_init__(self) -> None:
        (a0, a1), (b0, b1) = (sorted(pair) for pair in zip(self.low, self.high, strict=True))
        object.__setattr__(self, "low", (a0, b0))
        object.__setattr__(self, "high", (a1, b1))


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
    rectangles that a person adjusted on single sections: between two of them along an axis the rectangle goes over from one
    to the other linearly, beyond the outermost it stays. They decide the box's extent along the two other axes. Where there
    are sections along several axes, the object is where all of them leave it. ``mask`` may say which voxels the object fills.
    """

    corners_xyz: Corners
    label: str
    object_id: int = 0
    sections: tuple[Section, ...] = ()
    mask: Mask | None = None

    def __post_init__(self) -> None:
        low, high = (list(corner) for corner in sorted_corners(self.corners_xyz))
        for k in range(3):
            ends = [
                (min(s.low[_side(s, k)] for s in own), max(s.high[_side(s, k)] for s in own))
                for own in self._by_axis
                if own[0].axis != AXES[k]
            ]
            if ends:
                low[k] = max(start for start, _ in ends)
                high[k] = max(low[k], min(stop for _, stop in ends))
        object.__setattr__(self, "corners_xyz", ((low[0], low[1], low[2]), (high[0], high[1], high[2])))
        object.__setattr__(self, "sections", tuple(sorted(self.sections, key=lambda s: (s.axis != "z", s.axis, s.at))))

    @property
    def _by_axis(self) -> list[list[Section]]:
        return [own for axis in AXES if (own := sorted((s for s in self.sections if s.axis == axis), key=lambda s: s.at))]

    @property
    def adjusted(self) -> tuple[Axis, ...]:
        """The axes along which there are adjusted sections."""
        return tuple(own[0].axis for own in self._by_axis)

    def spans(self, axis: Axis, at: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return the lower and the upper corners (n, 2) that the sections along an axis give the object at places (n,) on it.

        They are those of the box where there are no such sections.
        """
        places = np.asarray(at, np.float64)
        own = [s for s in self.sections if s.axis == axis]
        if not own:
            others = [k for k in range(3) if AXES[k] != axis]
            low, high = (np.tile([corner[k] for k in others], (*places.shape, 1)) for corner in self.corners_xyz)
            return low, high
        known = [s.at for s in own]
        low, high = (
            np.stack([np.interp(places, known, [getattr(s, end)[side] for s in own]) for side in range(2)], axis=-1)
            for end in ("low", "high")
        )
        return low, high

    def section_at(self, at: float, axis: Axis = "z") -> Section | None:
        """Return the object's rectangle on the section at a place (A), as the sections along that axis have it; None outside."""
        k = AXES.index(axis)
        if not self.corners_xyz[0][k] <= at <= self.corners_xyz[1][k]:
            return None
        low, high = self.spans(axis, at)
        return Section(float(at), (float(low[0]), float(low[1])), (float(high[0]), float(high[1])), axis)

    def outline(self, axis: Axis, at: float) -> Floats | None:
        """Return the corners (n, 2) of the object's outline on a section, as sections along all axes leave it; None where it is not."""
        own = self.section_at(at, axis)
        if own is None:
            return None
        first, second = (one for one in AXES if one != axis)
        if not {first, second} & set(self.adjusted):
            (a0, b0), (a1, b1) = own.low, own.high
            return np.array([[a0, b0], [a1, b0], [a1, b1], [a0, b1]])
        if first in self.adjusted:
            return self._cut(own, first, second)
        found = self._cut(own, second, first)
        return None if found is None else found[:, ::-1]

    def _cut(self, own: Section, first: Axis, second: Axis) -> Floats | None:
        """Return the outline on a section, (n, 2) along two axes, cut at `LEVELS` along the first, which has sections."""
        side, other = _place(first, own.axis), _place(second, own.axis)
        along = np.linspace(own.low[side], own.high[side], LEVELS)
        lows, highs = self.spans(first, along)
        here, there = _place(own.axis, first), _place(second, first)
        low, high = np.maximum(own.low[other], lows[:, there]), np.minimum(own.high[other], highs[:, there])
        inside = (lows[:, here] <= own.at) & (own.at <= highs[:, here])
        if second in self.adjusted:
            across = np.linspace(own.low[other], own.high[other], LEVELS)
            lows, highs = self.spans(second, across)
            here, there = _place(own.axis, second), _place(first, second)
            left = (lows[:, here] <= own.at) & (own.at <= highs[:, here])
            left = left & (lows[:, there] <= along[:, None]) & (along[:, None] <= highs[:, there])
            inside &= left.any(axis=1)
            low = np.maximum(low, across[left.argmax(axis=1)])
            high = np.minimum(high, across[LEVELS - 1 - left[:, ::-1].argmax(axis=1)])
        inside &= low <= high
        if not inside.any():
            return None
        return np.concatenate([np.column_stack([along, low])[inside], np.column_stack([along, high])[inside][::-1]])

    def with_section(self, section: Section) -> Box:
        """Return the box with another rectangle on one section.

        A box that had none along that axis keeps its rectangle in its middle, or, if that is what is adjusted, at both ends. Sections
        along other axes, which would cut off what reaches farther out now, make room for it.
        """
        k = AXES.index(section.axis)
        low, high = self.corners_xyz
        kept = tuple(s for s in self._making_room(section) if (s.axis, s.at) != (section.axis, section.at))
        if section.axis not in self.adjusted:
            depth = high[k] - low[k]
            middle = low[k] + depth / 2
            anchors = (low[k], high[k]) if abs(section.at - middle) < depth / 20 else (middle,)
            whole = self.section_at(middle, section.axis)
            assert whole is not None
            kept += tuple(replace(whole, at=place) for place in anchors if place != section.at)
        return replace(self, sections=(*kept, section))

    def _making_room(self, section: Section) -> tuple[Section, ...]:
        """Return the sections, those along other axes as wide as a rectangle where it reaches beyond what all of them left of it."""
        seen = self.outline(section.axis, section.at)
        found = [s for s in self.sections if s.axis == section.axis]
        for axis in self.adjusted:
            if axis == section.axis:
                continue
            own = [s for s in self.sections if s.axis == axis]
            third = next(one for one in AXES if one not in {axis, section.axis})
            here, there = _place(third, section.axis), _place(third, axis)
            low, high = section.low[here], section.high[here]
            beyond = seen is None or low < seen[:, here].min() or high > seen[:, here].max()
            if beyond:
                along = _place(axis, section.axis)
                ends = section.low[along], section.high[along]
                lows, highs = self.spans(axis, ends)
                known = {s.at: s for s in own}
                for at, (a0, b0), (a1, b1) in zip(ends, lows.tolist(), highs.tolist(), strict=True):
                    known.setdefault(at, Section(at, (a0, b0), (a1, b1), axis))  # as it was there: no change to what is outside
                own = [s if not ends[0] <= s.at <= ends[1] else _reaching(s, there, low, high, section.at) for s in known.values()]
            found += own
        return tuple(found)

    def with_face(self, axis: int, upper: bool, to: float) -> Box:
        """Return the box with one face moved to a place (A) along axis 0 x, 1 y, 2 z, at the most onto the face opposite.

        Adjusted sections go along: their edges by as much as the face, their places along the axis in proportion.
        """
        corners = [list(corner) for corner in self.corners_xyz]
        other = corners[1 - upper][axis]
        to = max(to, other) if upper else min(to, other)
        before, corners[upper][axis] = corners[upper][axis], to
        low, high = ((c[0], c[1], c[2]) for c in corners)
        extent = before - other
        share = (to - other) / extent if extent else 0.0
        sections = tuple(
            replace(s, at=other + (s.at - other) * share) if s.axis == AXES[axis] else _edge(s, _side(s, axis), upper, to - before)
            for s in self.sections
        )
        return replace(self, corners_xyz=(low, high), sections=sections)

    def moved(self, by_xyz: Triple) -> Box:
        """Return the box, its sections and its mask shifted (A)."""
        dx, dy, dz = by_xyz
        low, high = ((x + dx, y + dy, z + dz) for x, y, z in self.corners_xyz)
        sections = []
        for s in self.sections:
            a, b = (by_xyz[k] for k in range(3) if AXES[k] != s.axis)
            at = s.at + by_xyz[AXES.index(s.axis)]
            sections.append(Section(at, (s.low[0] + a, s.low[1] + b), (s.high[0] + a, s.high[1] + b), s.axis))
        mask = self.mask
        if mask is not None:
            z, y, x = mask.grid.origin
            mask = replace(mask, grid=replace(mask.grid, origin=(z + dz, y + dy, x + dx)))
        return replace(self, corners_xyz=(low, high), sections=tuple(sections), mask=mask)


def _side(section: Section, axis: int) -> int:
    """Return which of a section's two numbers is along axis 0 x, 1 y, 2 z; none is along its own."""
    return _place(AXES[axis], section.axis)


def _place(axis: Axis, normal: Axis) -> int:
    """Return which of the two numbers of a section across an axis is along another."""
    return [one for one in AXES if one != normal].index(axis) if axis != normal else 0


def _reaching(section: Section, side: int, least: float, most: float, across: float) -> Section:
    """Return a section that reaches from ``least`` to ``most`` along one of its sides, and to ``across`` along the other."""
    low, high = list(section.low), list(section.high)
    low[side], high[side] = min(low[side], least), max(high[side], most)
    low[1 - side], high[1 - side] = min(low[1 - side], across), max(high[1 - side], across)
    return replace(section, low=(low[0], low[1]), high=(high[0], high[1]))


def _edge(section: Section, side: int, upper: bool, by: float) -> Section:
    low, high = list(section.low), list(section.high)
    if upper:
        high[side] = max(high[side] + by, low[side])
    else:
        low[side] = min(low[side] + by, high[side])
    return replace(section, low=(low[0], low[1]), high=(high[0], high[1]))
