"""What a person marked as it is drawn in 3D: middle lines of strokes, outlines, points, the edges of boxes. No OpenGL in here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Lasso, Mark, Stroke, SurfacePoints, Tag
from volviz.core.boxes import AXES, Box, Corners
from volviz.core.grid import Floats, Triple
from volviz.render.sketch import Sketch

LINE, EDGE, DOT, CHOSEN = 2.4, 1.6, 8.0, 1.6  # pixels; what is selected is so much wider
CORNERS = np.array(list(product((0, 1), repeat=3)))
EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(CORNERS[a] - CORNERS[b]).sum() == 1]
TAGGED: Triple = (0.92, 0.92, 0.92)
UNKNOWN: Triple = (0.8, 0.8, 0.8)


def sketch_of(marks: tuple[Mark, ...], colors: dict[str, Triple], selected: int | None = None) -> Sketch | None:
    """Return the marks as lines in space, in the colours of their classes. What was erased of a stroke is left out."""
    return Sketch.of(_parts(marks, colors, selected))


def _parts(marks: tuple[Mark, ...], colors: dict[str, Triple], selected: int | None) -> Iterator[tuple[Floats, Triple, float]]:
    erasers = [(i, mark, np.asarray(mark.path_xyz)) for i, mark in enumerate(marks) if isinstance(mark, Stroke) and mark.erases]
    for index, mark in enumerate(marks):
        wider = CHOSEN if index == selected else 1.0
        color = TAGGED if isinstance(mark, Tag) else colors.get(mark.label, UNKNOWN)
        if isinstance(mark, Stroke) and not mark.erases and mark.path_xyz:
            path = np.asarray(mark.path_xyz, np.float64)
            kept = np.ones(len(path), bool)
            for after, eraser, line in erasers:
                if after > index:
                    kept &= ~_within(path, line, eraser.radius)
            if len(path) == 1:
                yield _dots(path[kept]), color, DOT * wider
            else:
                yield _line(path)[kept[:-1] & kept[1:]], color, LINE * wider
        elif isinstance(mark, Lasso) and len(mark.outline_xyz) > 2:
            outline = np.asarray(mark.outline_xyz, np.float64)
            yield _line(np.concatenate([outline, outline[:1]])), color, LINE * wider
        elif isinstance(mark, SurfacePoints):
            yield _dots(np.asarray(mark.points_xyz, np.float64).reshape(-1, 3)), color, DOT * wider
        elif isinstance(mark, Box):
            yield _edges(mark.corners_xyz) if not mark.sections else _sections(mark), color, EDGE * wider
        elif isinstance(mark, Tag) and mark.corners_xyz is not None:
            yield _edges(mark.corners_xyz), color, 0.7 * EDGE * wider


def _within(path: Floats, line: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.bool_]:
    """Tell which points of a path are nearer to the points of a line than a radius."""
    low, high = line.min(axis=0) - radius, line.max(axis=0) + radius
    near = ((path >= low) & (path <= high)).all(axis=1)
    if near.any():
        far = ((path[near][:, None] - line) ** 2).sum(axis=-1).min(axis=1)
        near[near] = far < radius**2
    return np.asarray(near, dtype=bool)


def _line(path: Floats) -> Floats:
    return np.concatenate([path[:-1], path[1:]], axis=1)


def _dots(points: Floats) -> Floats:
    return np.concatenate([points, points], axis=1)


def _edges(corners_xyz: Corners) -> Floats:
    low, high = np.asarray(corners_xyz, np.float64)
    corners = np.where(CORNERS == 1, high, low)
    return np.array([[*corners[a], *corners[b]] for a, b in EDGES])


def _sections(box: Box) -> Floats:
    """Return the edges of a box that changes along axes: its outlines, and what joins the corners of rectangles."""
    low, high = box.corners_xyz
    around, along = [], []
    for axis in box.adjusted:
        k = AXES.index(axis)
        levels = sorted({low[k], high[k], *(s.at for s in box.sections if s.axis == axis and low[k] < s.at < high[k])})
        found = [(at, box.outline(axis, at)) for at in levels]
        rings = [np.insert(outline, k, at, axis=1) for at, outline in found if outline is not None]
        around += [np.concatenate([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings]
        along += [np.concatenate([a, b], axis=1) for a, b in pairwise(rings) if len(a) == len(b) == 4]
    return np.concatenate([*around, *along]) if around else _edges(box.corners_xyz)
