"""Objects of a class told apart: what hangs together above a level, and the soft skirt around it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.report import Report, part, silent

Labels = npt.NDArray[np.int32]
Places = npt.NDArray[np.signedinteger[Any]]  # flat indices
SLAB_VOXELS = 2**22  # labelled between two reports: work can be stopped soon
STEPS = 8  # in which the ground around objects is laid dry: skirts part at their valleys, to within one of them
MANY = 8  # a step in which fewer than one in so many voxels found a number is better taken by those that did
AT_A_TIME = 2**20  # voxels of a skirt looked around
DRY = -1  # of the ground that waits for a number
CORNERS = np.ones((3, 3, 3), bool)
FACES = np.abs(np.indices((3, 3, 3)) - 1).sum(axis=0) <= 1


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """``labels`` (z, y, x) are the number of the object that a voxel belongs to, or in whose skirt it lies; 0 for none.

    ``sizes`` are voxels at or above the level, ``peaks`` the largest stored value, by number; those of 0 are 0.
    """

    labels: Labels
    sizes: npt.NDArray[np.int64]
    peaks: npt.NDArray[np.int64]


def tell_apart(values: npt.NDArray[Any], least: int, zero: int = 0, report: Report = silent) -> Objects:
    """Tell the objects of stored values (z, y, x) apart: what is ``least`` or more, joined by faces, edges or corners.

    A voxel between ``zero`` and ``least`` belongs to the skirt of the object that it is reached from, by faces, over the
    highest ground (a watershed in `STEPS` steps with the objects as markers); one that is reached from none has the
    number 0. Takes 4 bytes a voxel beside the values, and some 20 for every voxel of a skirt while it grows.

    Raises:
        Cancelled: by ``report``.
    """
    # A border of voxels that belong to nothing: a step from a voxel then never leads round a corner of the array.
    padded = np.zeros([n + 2 for n in values.shape], np.int32)
    labels = padded[1:-1, 1:-1, 1:-1]
    count = _number(values, least, labels, below=False, report=part(report, 0.0, 0.5))
    inside = np.flatnonzero(labels)
    numbers = labels[np.unravel_index(inside, labels.shape)]
    peaks = np.zeros(count + 1, np.int64)
    np.maximum.at(peaks, numbers, values.reshape(-1)[inside].astype(np.int64))
    sizes = np.bincount(numbers, minlength=count + 1)
    _grow_skirts(values, padded, least, zero, part(report, 0.5, 1.0))
    return Objects(labels, sizes, peaks)


def pieces(values: npt.NDArray[Any], least: int, report: Report = silent) -> tuple[Labels, int]:
    """Return numbers from 1 up for what is ``least`` or more, joined as `tell_apart` does, (z, y, x), and how many there are.

    Raises:
        Cancelled: by ``report``.
    """
    labels = np.zeros(values.shape, np.int32)
    return labels, _number(values, least, labels, below=False, report=report)


def cavities(values: npt.NDArray[Any], least: int, report: Report = silent) -> tuple[Labels, int]:
    """Return numbers from 1 up for what is below ``least``, joined by faces, (z, y, x), and how many there are.

    Raises:
        Cancelled: by ``report``.
    """
    labels = np.zeros(values.shape, np.int32)
    return labels, _number(values, least, labels, below=True, report=report)


def _number(values: npt.NDArray[Any], least: int, labels: Labels, *, below: bool, report: Report) -> int:
    """Give numbers to what hangs together, slab by slab, so that it can be stopped; return how many there are."""
    # The window loads this module, and shall not wait for scipy before there is something to clean.
    from scipy import ndimage
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    counts: list[int] = []
    slabs = list(_slabs(values.shape))
    for slab in slabs:
        report(slab.start / values.shape[0], "finding objects")
        mask = values[slab] < least if below else values[slab] >= least
        counts.append(int(ndimage.label(mask, FACES if below else CORNERS, output=labels[slab])))
    if len(slabs) == 1:
        return counts[0]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    pairs = [_touching(labels[s.start - 1], labels[s.start], offsets[i : i + 2], corners=not below) for i, s in enumerate(slabs[1:])]
    one, other = np.concatenate(pairs).T - 1
    total = int(offsets[-1])
    count, joined = connected_components(coo_array((np.ones(len(one), bool), (one, other)), shape=(total, total)), directed=False)
    for i, slab in enumerate(slabs):
        final = np.concatenate([[0], joined[offsets[i] : offsets[i + 1]] + 1]).astype(np.int32)
        labels[slab] = final[labels[slab]]
    return int(count)


def _slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    depth = max(1, SLAB_VOXELS // max(1, shape[1] * shape[2]))
    for start in range(0, shape[0], depth):
        yield slice(start, min(start + depth, shape[0]))


def _touching(low: Labels, high: Labels, offsets: npt.NDArray[np.int64], *, corners: bool) -> npt.NDArray[np.int64]:
    """Return the pairs of numbers, (n, 2), that touch between two neighbouring sections; they count from their offsets."""
    found = []
    reach = (-1, 0, 1) if corners else (0,)
    for dy in reach:
        for dx in reach:
            a, b = low[_shift(dy), _shift(dx)], high[_shift(-dy), _shift(-dx)]
            both = (a > 0) & (b > 0)
            found.append(np.unique(np.stack([a[both] + offsets[0], b[both] + offsets[1]], axis=1), axis=0))
    return np.concatenate(found)


def _shift(step: int) -> slice:
    return slice(max(0, step), min(0, step) or None)


def _grow_skirts(values: npt.NDArray[Any], padded: Labels, least: int, zero: int, report: Report) -> None:
    """Give the voxels below the level, from the highest step down, the number of a neighbour that has one."""
    labels, numbers = padded[1:-1, 1:-1, 1:-1], padded.reshape(-1)
    at, ground = _skirt(values, labels, least, zero)
    width = padded.shape[2]
    around = [sign * size for size in (1, width, width * padded.shape[1]) for sign in (1, -1)]
    for step in range(STEPS - 1, -1, -1):
        report(1 - (step + 1) / STEPS, "finding what belongs to them")
        high = ground >= zero + 1 + step * (least - zero - 1) / STEPS
        dry, at, ground = at[high], at[~high], ground[~high]
        found, left = _pull(numbers, dry, around)
        numbers[left] = DRY
        # Few at a time from here: they look around, not all the rest for them.
        while len(found):
            beyond = []
            for offset in around:
                on = found + np.int64(offset)
                free = numbers[on] == DRY
                on = on[free]
                numbers[on] = numbers[found[free]]
                beyond.append(on)
            found = np.concatenate(beyond)
        left = left[numbers[left] == DRY]
        numbers[left] = 0
        at, ground = np.concatenate([at, left]), np.concatenate([ground, np.full(len(left), least, ground.dtype)])


def _skirt(values: npt.NDArray[Any], labels: Labels, least: int, zero: int) -> tuple[Places, npt.NDArray[Any]]:
    """Return where in the padded array the voxels below the level are, and their values."""
    where, ground = [], []
    narrow = np.int32 if math.prod(n + 2 for n in labels.shape) < 2**31 else np.int64  # half the memory where it suffices
    for z, section in enumerate(values):
        y, x = np.nonzero((section > zero) & (section < least))
        where.append((((z + 1) * (labels.shape[1] + 2) + y + 1) * (labels.shape[2] + 2) + x + 1).astype(narrow))
        ground.append(section[y, x])
    return np.concatenate(where), np.concatenate(ground)


def _pull(numbers: Labels, at: Places, around: list[int]) -> tuple[Places, Places]:
    """Let voxels look for a neighbour with a number, again and again as long as many find one; return the last to, and the rest."""
    while True:
        best = np.zeros(len(at), np.int32)
        for start in range(0, len(at), AT_A_TIME):
            some, of_some = at[start : start + AT_A_TIME].astype(np.int64), best[start : start + AT_A_TIME]
            for offset in around:
                np.maximum(of_some, np.take(numbers, some + offset), out=of_some)
        found, left = at[best > 0], at[best <= 0]
        numbers[found] = best[best > 0]
        if len(found) * MANY < len(at) or not len(left):
            return found, left
        at = left
