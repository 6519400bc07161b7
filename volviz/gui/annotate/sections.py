"""What of a mark lies in the plane of a slice, as lines and areas in (right, up) angstrom. No window in here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from volviz.core.annotations import Lasso
from volviz.core.boxes import AXES, Box, Corners
from volviz.core.grid import Floats
from volviz.gui.planes import Plane

DENSE = 0.15  # of the radius: the spacing of discs along a stroke that crosses the plane; twice as far apart, 2 % of it is missing


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Where a stroke cuts a plane: a line (n, 2) of one ``width`` all along, or discs (n, 2) with their ``radii``."""

    places: Floats
    width: float = 0.0
    radii: Floats | None = None


def band_of(path: Floats, radius: float, plane: Plane, depth: float) -> Band | None:
    """Return where the tube of a ``radius`` about a path (n, 3) in xyz cuts the plane at a ``depth`` along its normal."""
    away = path[:, 2 - plane.normal] - depth
    if not len(path) or (np.abs(away).min() >= radius and (away.min() > 0 or away.max() < 0)):
        return None
    places = path[:, [2 - plane.right, 2 - plane.up]]
    if np.ptp(away) < 1e-3 * radius:
        return Band(places, 2 * float(np.sqrt(max(0.0, radius**2 - away[0] ** 2))))
    points = _densely(np.column_stack([places, away]), DENSE * radius)
    near = np.abs(points[:, 2]) < radius
    return Band(points[near, :2], radii=np.sqrt(radius**2 - points[near, 2] ** 2)) if near.any() else None


def outline_of(box: Box, plane: Plane, depth: float) -> Floats | None:
    """Return the outline (n, 2) of a box in a plane; None where the plane misses it."""
    low, high = box.corners_xyz
    if not low[2 - plane.normal] <= depth <= high[2 - plane.normal]:
        return None
    found = box.outline(AXES[2 - plane.normal], depth)
    return found if found is None or plane.right > plane.up else found[:, ::-1]


def rectangle_of(corners_xyz: Corners, plane: Plane) -> Floats:
    """Return the outline (4, 2) of a box as a plane sees it, wherever it is cut."""
    (x0, y0), (x1, y1) = (plane.place(corner) for corner in corners_xyz)
    return _rectangle((x0, y0), (x1, y1))


def areas_of(lasso: Lasso, plane: Plane, depth: float) -> list[Floats]:
    """Return the areas (n, 2) of a lasso in a plane: all of it, or, from the side, the slabs between its edges."""
    outline = np.asarray(lasso.outline_xyz, np.float64)
    axis, half = AXES.index(lasso.normal), lasso.thickness / 2
    if len(outline) < 3:
        return []
    if axis == 2 - plane.normal:
        return [outline[:, [2 - plane.right, 2 - plane.up]]] if abs(outline[0, axis] - depth) <= half else []
    cut = 2 - plane.normal
    other = ({0, 1, 2} - {axis, cut}).pop()
    start, end = outline, np.roll(outline, -1, axis=0)
    crossing = (start[:, cut] <= depth) != (end[:, cut] <= depth)
    share = (depth - start[crossing, cut]) / (end[crossing, cut] - start[crossing, cut])
    at = np.sort(start[crossing, other] + share * (end[crossing, other] - start[crossing, other]))
    areas = []
    for near, far in zip(at[::2], at[1::2], strict=True):
        a, b = np.zeros(3), np.zeros(3)
        a[[cut, axis, other]] = depth, outline[0, axis] - half, near
        b[[cut, axis, other]] = depth, outline[0, axis] + half, far
        pair = [2 - plane.right, 2 - plane.up]
        areas.append(_rectangle(tuple(a[pair]), tuple(b[pair])))
    return areas


def _densely(points: Floats, spacing: float) -> Floats:
    """Return points along a line no farther apart than a spacing."""
    if len(points) < 2:
        return points
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(2, int(np.ceil(lengths[-1] / spacing)) + 1))
    return np.column_stack([np.interp(at, lengths, column) for column in points.T])


def _rectangle(low: tuple[float, ...], high: tuple[float, ...]) -> Floats:
    return np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]], np.float64)
