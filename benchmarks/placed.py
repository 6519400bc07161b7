"""A person who scribbles where he is told to, simulated: short strokes that stay within one class, drawn from labels by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scribbling import _path

from volviz.core.annotations import Stroke
from volviz.core.grid import Grid
from volviz.core.segmentation import Label

_NEARBY = 5.0  # voxels from where somebody was sent to where the stroke begins


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
        path = _path(_deep(inside[z], hand.radius * 0.67) | (margin == 0.0) & inside[z], (int(y), int(x)), hand.length, rng)
        points = grid.to_world(np.column_stack([np.full(len(path), z), path]))
        drawn.append(Stroke(tuple(map(tuple, points.tolist())), hand.radius * min(grid.voxel_size), name))  # type: ignore[arg-type]
    return drawn


def answer(
    numbers: npt.NDArray[np.integer], grid: Grid, labels: Sequence[Label], at: Sequence[int], hand: Hand, rng: np.random.Generator
) -> Stroke:
    """Return the stroke of somebody who was sent to a voxel (z, y, x): of the class that is there, along it, with a brush that fits in."""
    number = numbers[tuple(at)]
    inside = numbers[at[0]] == number
    for radius in (hand.radius, hand.radius / 2):
        room = _deep(inside, radius)
        rows, columns = np.nonzero(room)
        away = np.hypot(rows - at[1], columns - at[2])
        if len(away) and away.min() <= _NEARBY:
            start = rows[away.argmin()], columns[away.argmin()]
            break
    else:
        radius, room, start = hand.radius / 2, inside, (at[1], at[2])
    path = _path(room, (int(start[0]), int(start[1])), hand.length, rng)
    points = grid.to_world(np.column_stack([np.full(len(path), at[0]), path]))
    return Stroke(tuple(map(tuple, points.tolist())), radius * min(grid.voxel_size), labels[number].name)  # type: ignore[arg-type]


def _deep(inside: npt.NDArray[np.bool_], margin: float) -> npt.NDArray[np.bool_]:
    """Return what lies deeper in a class than a margin (voxels), slice by slice."""
    if margin <= 0:
        return inside
    if inside.ndim == 3:
        return np.stack([_deep(plane, margin) for plane in inside])
    return np.asarray(ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"))[1:-1, 1:-1] > margin)
