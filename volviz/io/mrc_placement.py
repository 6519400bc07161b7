"""Where the voxels of an MRC file lie: voxel size and origin from the header's many opinions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from volviz.core.grid import Grid, Shape, Triple
from volviz.core.sizing import SIZE_ONE, SIZE_UNSET, believable

Counts = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """The fields of an MRC header that place its voxels, all in the order x, y, z whatever the file's axis order.

    ``cell`` and ``origin`` in angstrom, ``angles`` in degrees, ``starts`` and ``intervals`` (mx, my, mz) in voxels.
    ``modern`` is False for files from before MRC 2000, whose origin field means something else.
    """

    starts: Counts = (0, 0, 0)
    intervals: Counts = (0, 0, 0)
    cell: Triple = (0.0, 0.0, 0.0)
    angles: Triple = (90.0, 90.0, 90.0)
    origin: Triple = (0.0, 0.0, 0.0)
    modern: bool = True

    def grid(self, shape: Shape) -> tuple[Grid, list[str]]:
        """Return the grid of an array (z, y, x) with this placement, and sentences on what was decided."""
        size, known, notes = self._voxel_size(shape)
        origin, more = self._origin(shape, size)
        if any(abs(a - 90) > 0.01 for a in self.angles) and all(0 < a < 180 for a in self.angles):
            more.append("The cell of this map is not rectangular; it is shown as if it were.")
        return Grid(shape, size[::-1], origin[::-1], voxel_size_known=known), notes + more

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain lists and numbers."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Placement:
        """Return the placement that `to_json` wrote."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**plain)

    @classmethod
    def carrying(cls, grid: Grid, source: Placement | None, source_shape: Shape | None) -> Placement:
        """Return fields that put an array exactly where its grid says, as like those of its source as can be.

        Programs disagree on which field rules (nstart, origin, cell): a result written with its source's own fields
        lies on its source in all of them. When the grid is another one (cropped, resampled, a corrected voxel size) the
        source's way of saying it is kept: by nstart if it used that and it is still a whole number, else by the origin.
        """
        size = grid.voxel_size[::-1] if grid.voxel_size_known else (0.0, 0.0, 0.0)
        n = grid.shape[::-1]
        x, y, z = (v * k for v, k in zip(size, n, strict=True))
        by_origin = cls(intervals=n, cell=(x, y, z), origin=grid.origin[::-1])
        if source is None:
            return by_origin
        sx, sy, sz = (round(o / v) for o, v in zip(grid.origin[::-1], grid.voxel_size[::-1], strict=True))
        by_start = cls(starts=(sx, sy, sz), intervals=n, cell=(x, y, z))
        choices = [source] if source_shape == grid.shape and source.modern else []
        choices += [by_start] if not any(source.origin) or not source.modern else []
        return next((choice for choice in choices if _same(choice.grid(grid.shape)[0], grid)), by_origin)

    def _voxel_size(self, shape: Shape) -> tuple[Triple, bool, list[str]]:
        if any(m <= 0 for m in self.intervals) or not all(math.isfinite(c) and c > 0 for c in self.cell):
            return (1.0, 1.0, 1.0), False, [SIZE_UNSET]
        x, y, z = (shortest(shortest(c) / m) for c, m in zip(self.cell, self.intervals, strict=True))
        notes: list[str] = []
        # An image stack counts one section to a cell; made of a volume, it keeps the cell of all its sections.
        if self.intervals[2] == 1 < shape[0] and math.isclose(z / shape[0], x, rel_tol=0.01):
            z = shortest(z / shape[0])
            notes = ["The header counts one section, as those of image stacks do; its cell was divided by the sections that there are."]
        if not believable((x, y, z)):
            return (1.0, 1.0, 1.0), False, [SIZE_UNSET]
        known = (x, y, z) != (1.0, 1.0, 1.0)
        return (x, y, z), known, notes if known else [SIZE_ONE]

    def _origin(self, shape: Shape, size: Triple) -> tuple[Triple, list[str]]:
        """Choose as ChimeraX does: the origin if it is set and sane, else the starts, unless those look uninitialised."""
        if self.modern and any(self.origin):
            # An origin so large that adding a voxel does not change it was never set (RELION 2 wrote such).
            sane = all(math.isfinite(o) and np.float32(o) + np.float32(v) != np.float32(o) for o, v in zip(self.origin, size, strict=True))
            if sane:
                x, y, z = (shortest(o) for o in self.origin)
                return (x, y, z), []
        if not any(self.starts):
            return (0.0, 0.0, 0.0), []
        limit = 10 * max(*self.intervals, *shape)
        if any(abs(s) > limit for s in self.starts):
            return (0.0, 0.0, 0.0), [f"The start indices {self.starts} are far outside the volume and were ignored; its origin is 0."]
        x, y, z = (round(s * v, 6) for s, v in zip(self.starts, size, strict=True))
        return (x, y, z), [f"The origin was taken from the start indices (x, y, z) = {self.starts}."]


def shortest(value: float) -> float:
    """Return the shortest decimal number that is the same in single precision: 14.08, not 14.079999923706055."""
    return float(str(np.float32(value)))


def _same(a: Grid, b: Grid) -> bool:
    close = np.allclose(a.voxel_size, b.voxel_size, rtol=1e-5, atol=0)
    tolerance = 1e-3 * np.asarray(b.voxel_size) + 1e-6 * np.abs(b.origin)
    return bool(close and a.voxel_size_known == b.voxel_size_known and (np.abs(np.subtract(a.origin, b.origin)) <= tolerance).all())
