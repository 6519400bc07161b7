"""Voxels that somebody marked, and their features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from volviz.core.annotations import Annotation, Box, Dense, Lasso, Tag, extent_of
from volviz.core.grid import Grid, Region, bricks
from volviz.core.report import Report
from volviz.core.segmentation import Label
from volviz.segment.abreast import abreast
from volviz.segment.feature_cache import FeatureCache, block
from volviz.segment.frame import Frame
from volviz.segment.nn.features import Feature, channels
from volviz.segment.rasterize import UNLABELLED, agreed

Rows = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]  # voxels (n, 3), and their features (n, channel)

# Boxes in which marked voxels are looked for, and their features computed.
_FEW = (48, 48, 48)


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """Voxels of a grid, (n, 3) as (z, y, x) in the order of the grid's, and the numbers of their classes, (n,)."""

    index: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]

    @classmethod
    def together(cls, parts: Sequence[Marked], grid: Grid) -> Marked:
        """Put parts together."""
        index = np.concatenate([np.zeros((0, 3), np.int64), *(part.index for part in parts)])
        classes = np.concatenate([np.zeros(0, np.int64), *(part.classes for part in parts)])
        order = np.argsort(np.ravel_multi_index(tuple(index.T), grid.shape))
        return cls(index[order], classes[order])

    @classmethod
    def within(cls, region: Region, people: Sequence[Sequence[Annotation]], grid: Grid, known: Sequence[Label]) -> Marked:
        """Look for what people marked in a region."""
        numbers = agreed(people, grid, known, region)
        index = np.argwhere(numbers != UNLABELLED)
        return cls(index + region.start, numbers[tuple(index.T)].astype(np.int64))


def marked_voxels(people: Sequence[Sequence[Annotation]], grid: Grid, known: Sequence[Label]) -> Marked:
    """Return the voxels of a grid that somebody marked, and nobody as another class."""
    boxes = [_reach(annotation, grid) for said in people for annotation in said if not isinstance(annotation, Tag)]
    regions = [region for region in bricks(grid.shape, _FEW) if any(box & region for box in boxes if box)]
    return Marked.together([Marked.within(region, people, grid, known) for region in regions], grid)


def sampled(frame: Frame, voxels: Marked, features: Sequence[Feature], report: Report) -> npt.NDArray[np.float32]:
    """Return the features (voxel, channel) of voxels, computed box by box."""
    out = np.empty((len(voxels.index), channels(features)), np.float32)
    box = np.ravel_multi_index((voxels.index // _FEW).T, [-(-n // b) for n, b in zip(frame.grid.shape, _FEW, strict=True)])
    boxes = [np.flatnonzero(box == one) for one in np.unique(box)]

    def read(here: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return _single(frame, voxels.index[here], features)

    for number, (here, found) in enumerate(zip(boxes, abreast(read, boxes, frame.device), strict=True)):
        report(number / len(boxes), "features of what is marked")
        out[here] = found
    return out


class Marks:
    """What is marked in the volume of a cache of features, when marks come and go: what stays as it was costs nothing again."""

    def __init__(self, cache: FeatureCache) -> None:
        self._cache = cache
        self._found: dict[int, tuple[object, Marked]] = {}
        self._rows: dict[int, Rows] = {}
        self._exact: dict[int, Rows] = {}

    def find(self, annotations: Sequence[Annotation], known: Sequence[Label]) -> Marked:
        """Return the voxels that are marked."""
        grid = self._cache.frame.grid
        touching: dict[int, list[Annotation]] = {}
        for annotation in annotations:
            if not isinstance(annotation, Tag) and (box := _reach(annotation, grid)):
                for number in self._cache.touching(box):
                    touching.setdefault(number, []).append(annotation)
        # A box fills all of itself unless a lasso, wherever it is, says where its object lies.
        objects = frozenset((a.object_id, a.label) for a in annotations if isinstance(a, Lasso) and a.object_id is not None)
        found = {}
        for number, those in touching.items():
            key = (tuple(those), objects, tuple(known))
            before = self._found.get(number)
            same = before is not None and before[0] == key
            found[number] = before if same and before else (key, Marked.within(self._cache.chunk(number), [annotations], grid, known))
        self._found = found
        return Marked.together([marked for _, marked in found.values()], grid)

    def rows(self, voxels: Marked, report: Report, *, exact: bool = False) -> npt.NDArray[np.float32]:
        """Return the features (voxel, channel) of voxels: from the cache at once, or ``exact``, in single precision, in a while."""
        cache, out = self._cache, np.empty((len(voxels.index), self._cache.channels), np.float32)
        owner, rows, known = cache.owners(voxels.index), {}, self._exact if exact else self._rows
        present: list[int] = np.unique(owner).tolist()
        for k, number in enumerate(present):
            report(k / len(present), "features of what is marked")
            here = np.flatnonzero(owner == number)
            rows[number] = self._of_chunk(number, voxels.index[here], known.get(number), exact)
            out[here] = rows[number][1]
        known.clear()
        known.update(rows)
        return out

    def _of_chunk(self, number: int, index: npt.NDArray[np.int64], before: Rows | None, exact: bool) -> Rows:
        if before is not None and np.array_equal(before[0], index):
            return before
        if not exact:
            return index, self._cache.at(number, index)
        return index, _single(self._cache.frame, index, self._cache.features)


def _single(frame: Frame, index: npt.NDArray[np.int64], features: Sequence[Feature]) -> npt.NDArray[np.float32]:
    """Return the features (voxel, channel) of voxels that lie close together."""
    start, stop = index.min(axis=0), index.max(axis=0) + 1
    values = block(frame, start.tolist(), (stop - start).tolist(), features)
    z, y, x = torch.from_numpy((index - start).T)
    found: npt.NDArray[np.float32] = values[:, z, y, x].T.cpu().numpy()
    return found


def _reach(annotation: Annotation, grid: Grid) -> Region | None:
    """Return which voxels of a grid a mark may reach, and a few more; None for none."""
    whole = Region.whole(grid.shape)
    if isinstance(annotation, Dense):
        return whole
    corners = extent_of(annotation)
    if corners is None:  # no points
        return None
    points = np.array(corners)
    if isinstance(annotation, Box) and annotation.mask is not None:
        points = np.array([*points, *annotation.mask.grid.bounds_xyz])
    low, high = (f(grid.to_index(points), axis=0) for f in (np.min, np.max))
    start, stop = [math.floor(v) for v in low], [math.ceil(v) + 1 for v in high]
    return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2])) & whole
