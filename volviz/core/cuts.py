"""What is cut away of a volume: a box along its axes, and planes in any direction."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.grid import Floats, Grid, Region, Shape, Triple

MOST_PLANES = 6
PLANES_TEXT = "six numbers for every plane, a point (A) and the direction to cut away, planes divided by semicolons"
Part = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """Cuts away what lies on the side that ``normal_xyz`` points to: it is the outward normal of the cut face.

    It goes through ``point_xyz`` (A), a place in the specimen: that is where one cuts, however the box around it is cropped.
    """

    point_xyz: Triple
    normal_xyz: Triple
    on: bool = True

    def __post_init__(self) -> None:
        if not np.isfinite([*self.point_xyz, *self.normal_xyz]).all() or not np.linalg.norm(self.normal_xyz) > 0:
            raise VolvizError(
                f"A cutting plane needs a point and a direction other than 0 0 0, not {self.point_xyz} and {self.normal_xyz}."
            )


def planes_of(text: str) -> tuple[Plane, ...]:
    """Return planes as a person writes them: ``x y z nx ny nz``, several divided by semicolons, ``none`` for none.

    Raises:
        ValueError: these are not planes.
        VolvizError: a direction is zero.
    """
    planes = []
    for part in text.split(";") if text.strip().lower() not in {"", "none", "off"} else ():
        px, py, pz, nx, ny, nz = (float(t) for t in part.replace(",", " ").split())
        planes.append(Plane((px, py, pz), (nx, ny, nz)))
    return tuple(planes)


@dataclass(frozen=True, slots=True)
class Clips:
    """What is left of the volume: a box, less what every plane cuts away.

    ``x``, ``y`` and ``z`` are the (low, high) faces of the box as fractions of the volume's edges, so that they mean the
    same for a binned volume, for another one, and to someone who does not know its size.
    """

    on: bool = True
    x: Part = (0.0, 1.0)
    y: Part = (0.0, 1.0)
    z: Part = (0.0, 1.0)
    planes: tuple[Plane, ...] = field(default=(), metadata={"reads": planes_of, "takes": PLANES_TEXT})

    def __post_init__(self) -> None:
        for axis in "xyz":
            low, high = getattr(self, axis)
            if not 0 <= low < high <= 1:
                raise VolvizError(f"clips.{axis} takes two fractions of the volume from 0 to 1, the smaller first, not {low:g}, {high:g}.")
        if len(self.planes) > MOST_PLANES:
            raise VolvizError(f"There can be {MOST_PLANES} cutting planes at most, not {len(self.planes)}; take one away first.")

    @property
    def cuts(self) -> bool:
        """Whether anything is cut away."""
        return self.on and ((self.x, self.y, self.z) != ((0.0, 1.0),) * 3 or any(plane.on for plane in self.planes))

    def box_xyz(self, grid: Grid) -> tuple[Floats, Floats]:
        """Return the two extreme corners of the box that is left of a grid's, (x, y, z) in angstrom."""
        low, high = grid.bounds_xyz
        if not self.on:
            return low, high
        return low + (high - low) * [self.x[0], self.y[0], self.z[0]], low + (high - low) * [self.x[1], self.y[1], self.z[1]]

    @property
    def half_spaces(self) -> Floats:
        """The planes that are on as rows (unit normal, offset) in angstrom: a point is cut away if normal . point > offset."""
        rows = np.zeros((0, 4))
        for plane in self.planes if self.on else ():
            if plane.on:
                normal = np.asarray(plane.normal_xyz) / np.linalg.norm(plane.normal_xyz)
                rows = np.vstack([rows, [*normal, normal @ plane.point_xyz]])
        return rows

    def span(self, grid: Grid, start_xyz: Floats, direction_xyz: Floats) -> Part | None:
        """Return where a ray enters and leaves what is left, in angstrom along it, or None. It looks forward only."""
        low, high = self.box_xyz(grid)
        walls = np.vstack([np.column_stack([np.eye(3), high]), np.column_stack([-np.eye(3), -low]), self.half_spaces])
        towards, beyond = walls[:, :3] @ direction_xyz, walls[:, 3] - walls[:, :3] @ start_xyz
        if (beyond[np.abs(towards) < 1e-12] < 0).any():
            return None
        near = max([0.0, *(beyond[towards <= -1e-12] / towards[towards <= -1e-12])])
        far = min(beyond[towards >= 1e-12] / towards[towards >= 1e-12])
        return (float(near), float(far)) if near < far else None


def clipped(clips: Clips, shape: Shape) -> Region | None:
    """Return the voxels (z, y, x) that the box leaves of a volume; None if it leaves all of them."""
    parts = (clips.z, clips.y, clips.x)
    if not clips.on or all(part == (0.0, 1.0) for part in parts):
        return None
    start = [min(n - 1, int(low * n)) for (low, _), n in zip(parts, shape, strict=True)]
    stop = [max(a + 1, math.ceil(high * n)) for (_, high), a, n in zip(parts, start, shape, strict=True)]
    return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
