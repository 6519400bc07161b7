"""A person who scribbles, simulated: short strokes that stay within one class, drawn from labels by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from volviz.core.annotations import Stroke
from volviz.core.grid import Grid
from volviz.core.segmentation import Label

_STEP = 2.0  # voxels between two points of a path
_TURNS = np.deg2rad([0, 15, -15, 35, -35, 60, -60, 90, -90])


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody scribbles.

    Attributes:
        strokes: in all, shared evenly among the classes.
        length: of a stroke, in voxels; it ends sooner where there is no way on within its class.
        radius: of the brush, in voxels.
        seed: decides where.
    """

    strokes: int = 40
    length: float = 40.0
    radius: float = 1.5
    seed: int = 0


def scribble(numbers: npt.NDArray[np.integer], grid: Grid, labels: Sequence[Label], hand: Hand) -> list[Stroke]:
    """Return strokes on slices of a volume of class numbers (z, y, x), as many of each class, as far as it has voxels for them."""
    rng = np.random.default_rng(hand.seed)
    counts = [hand.strokes // len(labels) + (i < hand.strokes % len(labels)) for i in range(len(labels))]
    return [stroke for i, label in enumerate(labels) for stroke in strokes_of(numbers == i, grid, label.name, counts[i], hand, rng)]


def strokes_of(inside: npt.NDArray[np.bool_], grid: Grid, name: str, count: int, hand: Hand, rng: np.random.Generator) -> list[Stroke]:
    """Return so many strokes within a class, each beginning at a voxel drawn at random where the brush fits in, if it fits anywhere."""
    # A person stays off the edge where there is room: the brush, and in bulky classes twice as much.
    for margin in (3.0 * hand.radius, hand.radius, 0.0):
        starts = np.argwhere(_deep(inside, margin))
        if len(starts) >= 50 * count:
            break
    if not len(starts):
        return []
    drawn = []
    for z, y, x in starts[rng.choice(len(starts), min(count, len(starts)), replace=False)]:
        path = _path(_deep(inside[z], hand.radius * 0.67) | (margin == 0.0) & inside[z], (y, x), hand, rng)
        points = grid.to_world(np.column_stack([np.full(len(path), z), path]))
        drawn.append(Stroke(tuple(map(tuple, points.tolist())), hand.radius * min(grid.voxel_size), name))  # type: ignore[arg-type]
    return drawn


def _deep(inside: npt.NDArray[np.bool_], margin: float) -> npt.NDArray[np.bool_]:
    """Return what lies deeper in a class than a margin (voxels), slice by slice."""
    if margin <= 0:
        return inside
    if inside.ndim == 3:
        return np.stack([_deep(plane, margin) for plane in inside])
    return np.asarray(ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"))[1:-1, 1:-1] > margin)


def _path(inside: npt.NDArray[np.bool_], start: Sequence[int], hand: Hand, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return points (n, 2) that go on within a class from a start in both directions, as straight as they can."""
    heading = rng.uniform(0, 2 * np.pi)
    if not inside[tuple(start)]:
        return np.array([start], float)
    halves = []
    for first in (heading, heading + np.pi):
        at, direction, points = np.array(start, float), first, []
        for _ in range(int(hand.length / 2 / _STEP)):
            for turn in _TURNS * rng.choice([-1, 1]):
                ahead = at + _STEP * np.array([np.sin(direction + turn), np.cos(direction + turn)])
                y, x = np.rint(ahead).astype(int)
                if 0 <= y < inside.shape[0] and 0 <= x < inside.shape[1] and inside[y, x]:
                    at, direction = ahead, direction + turn + rng.normal(0, 0.08)
                    points.append(at)
                    break
            else:
                break
        halves.append(points)
    return np.array([*halves[1][::-1], np.array(start, float), *halves[0]])
