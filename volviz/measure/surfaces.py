"""Surfaces of classes: where a soft class rises through a level, as triangles (marching cubes)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, Shape
from volviz.core.mesh import Faces, Mesh, Points
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation

SLAB_BYTES = 2**26  # of numbers that are looked at together
MOST_TRIANGLES = 60_000_000
"""Some 3 GB in memory. Hardly a program opens more."""
NUDGE = 1e-3  # of a stored step
LOOKED_AT = 2**25  # numbers that an estimate reads

Values = npt.NDArray[np.float32]
_Keys = npt.NDArray[np.uint64]


def surface(
    segmentation: Segmentation,
    name: str,
    level: float,
    *,
    region: Region | None = None,
    closed: bool = False,
    binning: int = 1,
    report: Report = silent,
) -> Mesh:
    """Return the surface on which a class has the probability (or score) ``level``; higher is inside. It may be empty.

    ``region`` are the voxels (z, y, x) to look at, by default all. An object that goes on beyond them is open there unless
    ``closed``, which takes everything outside to be empty. ``binning`` averages cubes of so many voxels along an edge first:
    2 gives about a quarter of the triangles.

    The classes are read in slabs, whatever their size, and the triangles are counted before they are made.

    Raises:
        VolvizError: the level lies outside what the class can have, there would be too many triangles, or what is left has
            fewer than two voxels along an axis.
        KeyError: there is no such class.
        Cancelled: by ``report``.
    """
    blocks = _Blocks(segmentation, segmentation.index(name), region, closed, binning)
    if min(blocks.shape) < 2:
        raise VolvizError(f"A surface needs two voxels or more along every axis, not {blocks.shape} (z, y, x); take a larger region.")
    least, most = (float(segmentation.values(v)) for v in (0, segmentation.most))
    if not least < level < most:
        raise VolvizError(f"The surface of {name} lies at a level between {least:g} and {most:g}, not at {level:g}.")
    stored = _between(segmentation.stored(level) * segmentation.most, binning**3 if segmentation.bits == 8 else 0)
    crossings = sum(_crossings(slab, stored) for _, slab in blocks.slabs(part(report, 0.0, 0.2)))
    if 2 * crossings > MOST_TRIANGLES:
        raise VolvizError(
            f"The surface of {name} would have about {2e-6 * crossings:,.0f} million triangles, and volviz makes {MOST_TRIANGLES // 10**6} "
            "million at most; bin the voxels, raise the level, remove dust, or take a region."
        )
    vertices, faces = _joined(blocks, stored, part(report, 0.2, 0.9))
    points = blocks.grid.to_world(vertices).astype(np.float32)
    # The step from (z, y, x) to (x, y, z) is a mirror: triangles that ran clockwise there run counter-clockwise here.
    mesh = Mesh(name, points, faces, normals_of(points, faces), segmentation.labels[segmentation.index(name)].color)
    report(1.0, f"{len(faces):,} triangles")
    return mesh


def estimated(
    segmentation: Segmentation,
    name: str,
    level: float,
    *,
    region: Region | None = None,
    closed: bool = False,
    binning: int = 1,
) -> int:
    """Return about how many triangles `surface` would make of the same: counted on sections spread evenly, all if they are few.

    Raises:
        VolvizError: the region lies outside the volume.
        KeyError: there is no such class.
    """
    blocks = _Blocks(segmentation, segmentation.index(name), region, closed, binning)
    depth, height, width = blocks.shape
    if min(blocks.shape) < 2:
        return 0
    stored = _between(segmentation.stored(level) * segmentation.most, binning**3 if segmentation.bits == 8 else 0)
    affordable = max(2, LOOKED_AT // (2 * height * width * binning**3))
    if affordable >= depth // 2:
        return 2 * sum(_crossings(slab, stored) for _, slab in blocks.slabs(silent))
    found = 0
    for start in np.linspace(0, depth - 2, affordable).round().astype(int):
        found += _crossings(blocks.pair(int(start)), stored)
    return round(2 * found * (depth - 1) / affordable)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """One class in binned and, if ``closed``, padded voxels, slab by slab."""

    segmentation: Segmentation
    channel: int
    region: Region | None
    closed: bool
    binning: int

    @property
    def box(self) -> Region:
        return self.segmentation.grid.within(self.region)

    @property
    def shape(self) -> Shape:
        """Binned and padded voxels (z, y, x)."""
        z, y, x = (-(-n // self.binning) + 2 * self.closed for n in self.box.shape)
        return z, y, x

    @property
    def grid(self) -> Grid:
        fine = self.segmentation.grid.crop(self.box)
        size = np.asarray(fine.voxel_size) * self.binning
        first = np.asarray(fine.origin) + (size - fine.voxel_size) / 2 - size * self.closed
        return replace(fine, shape=self.shape, voxel_size=tuple(size), origin=tuple(first))

    def slabs(self, report: Report) -> Iterator[tuple[int, Values]]:
        """Yield the first section of every slab, and its values as stored. Each shares its last section with the next."""
        depth, height, width = self.shape
        step = max(1, SLAB_BYTES // (4 * height * width) - 1)
        last: Values | None = None
        for start in range(0, depth - 1, step):
            report(start / (depth - 1), f"the surface of {self.segmentation.labels[self.channel].name}")
            stop = min(depth, start + step + 1)
            slab = np.empty((stop - start, height, width), np.float32)
            known = 0 if last is None else 1
            if last is not None:
                slab[0] = last
            self._read(slab[known:], start + known)
            last = slab[-1].copy()
            yield start, slab

    def pair(self, start: int) -> Values:
        """Return a section and the one after it."""
        two = np.empty((2, *self.shape[1:]), np.float32)
        self._read(two, start)
        return two

    def _read(self, out: Values, start: int) -> None:
        """Fill whole sections of binned and padded voxels."""
        border = int(self.closed)
        out[:] = 0  # what a class is stored as where it is not, be it a probability or a score
        first, stop = max(start, border), min(start + len(out), self.shape[0] - border)
        if first >= stop:
            return
        n, (z, y, x) = self.binning, self.box.slices
        rows = slice(z.start + (first - border) * n, min(z.stop, z.start + (stop - border) * n))
        values = np.asarray(self.segmentation.data[(self.channel, rows, y, x)], dtype=np.float32)
        if n > 1:
            values = _binned(values, n)
        inner = slice(border, -1) if border else slice(None)
        out[first - start : stop - start, inner, inner] = values


def _binned(values: Values, n: int) -> Values:
    missing = [(0, -length % n) for length in values.shape]
    whole = np.pad(values, missing, mode="edge")
    z, y, x = (length // n for length in whole.shape)
    mean: Values = whole.reshape(z, n, y, n, x, n).mean(axis=(1, 3, 5), dtype=np.float32)
    return mean


def _between(stored: float, steps: int) -> float:
    """Return the level moved off the values that voxels have, by less than such a step.

    At a voxel that has the very level triangles would shrink to points. ``steps`` is into how many the unit of storage is
    divided; 0 if it is fine enough not to matter.
    """
    if steps:
        return (math.floor(stored * steps) + 0.5) / steps
    return stored + NUDGE if abs(stored - round(stored)) < NUDGE else stored


def _crossings(slab: Values, level: float) -> int:
    """Count the edges between voxels that a surface crosses: each becomes a vertex, and there are two triangles to a vertex."""
    inside = slab > level
    along = (inside[1:] != inside[:-1], inside[:-1, 1:] != inside[:-1, :-1], inside[:-1, :, 1:] != inside[:-1, :, :-1])
    return int(sum(np.count_nonzero(a) for a in along))


def _joined(blocks: _Blocks, level: float, report: Report) -> tuple[npt.NDArray[np.float32], Faces]:
    """Return vertices (z, y, x) as indices and faces of all slabs, sewn together where they meet."""
    from skimage import measure

    cubes: Callable[..., tuple[Any, ...]] = measure.marching_cubes  # scikit-image says no types

    vertices: list[npt.NDArray[np.float32]] = []
    faces: list[Faces] = []
    count = 0
    seam: tuple[_Keys, npt.NDArray[np.int64]] | None = None  # of the last section: what vertices are there, and their numbers
    for start, slab in blocks.slabs(report):
        if not (slab > level).any() or (slab > level).all():
            seam = None
            continue
        points, triangles, *_ = cubes(slab, level)
        numbers = np.full(len(points), -1, np.int64)
        if seam is not None:
            bottom = np.flatnonzero(points[:, 0] == 0)
            keys = _keys(points[bottom])
            at = np.minimum(np.searchsorted(seam[0], keys), len(seam[0]) - 1) if len(seam[0]) else np.zeros(0, np.int64)
            if len(at):
                same = seam[0][at] == keys
                numbers[bottom[same]] = seam[1][at[same]]
        new = numbers < 0
        numbers[new] = count + np.arange(np.count_nonzero(new))
        count += int(np.count_nonzero(new))
        top = np.flatnonzero(points[:, 0] == len(slab) - 1)
        keys = _keys(points[top])
        order = np.argsort(keys)
        seam = keys[order], numbers[top[order]]
        kept = points[new]
        kept[:, 0] += start
        vertices.append(kept)
        faces.append(numbers[triangles].astype(np.int32))
    if not faces:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)
    return np.concatenate(vertices), np.concatenate(faces)


def _keys(points: npt.NDArray[np.float32]) -> _Keys:
    """Return one number for the place in its section (y, x) of every point, to the last bit."""
    bits = np.ascontiguousarray(points[:, 1:]).view(np.uint32).astype(np.uint64)
    keys: _Keys = bits[:, 0] << np.uint64(32) | bits[:, 1]
    return keys


def normals_of(points: Points, faces: Faces) -> Points:
    """Return the mean of the normals of the triangles at every vertex, weighted by their areas."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, i], across[:, axis], minlength=len(points)) for i in range(3)) for axis in range(3)], axis=-1
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    normals: Points = (total / np.maximum(length, 1e-30)).astype(np.float32)
    return normals
