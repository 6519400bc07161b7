"""One class cleaned as its `Cleaning` says. Two steps: a slow one, kept, and one that only looks up what stays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from volviz.core.cleaning import Cleaning
from volviz.core.grid import Grid
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.measure.components import Objects, cavities, tell_apart

Stored = npt.NDArray[Any]
SLAB_VOXELS = 2**22  # worked on between two reports
TRUNCATE = 4.0  # sigmas, where the Gaussian ends
AROUND = 3  # voxels around a cavity that say with what it is filled


def diameters(voxels: npt.NDArray[np.int64], grid: Grid) -> npt.NDArray[np.float64]:
    """Return the diameters (nm) of spheres as large as so many voxels: (6 V / pi)^(1/3)."""
    volume = math.prod(grid.voxel_size) / 1000
    return np.asarray(np.cbrt(6 * volume * voxels / np.pi), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A class within the sections that are left, smoothed and filled, its objects told apart if that was asked for.

    Takes a byte (or two) a voxel, and 4 more for the objects. ``start`` is the first section.
    """

    segmentation: Segmentation
    values: Stored
    start: int
    objects: Objects | None

    def stays(self, cleaning: Cleaning) -> npt.NDArray[np.bool_]:
        """Return for every object by its number whether it stays; number 0, which belongs to none, does not."""
        if self.objects is None:
            raise ValueError("the objects were not told apart")
        stays = diameters(self.objects.sizes, self.segmentation.grid) >= cleaning.dust
        stays &= self.objects.peaks >= least_of(self.segmentation, cleaning.hysteresis)
        stays[0] = False
        return np.asarray(stays)

    def counts(self, cleaning: Cleaning) -> tuple[int, int]:
        """Return how many objects stay, and how many there were."""
        stays = self.stays(cleaning)
        return int(stays.sum()), len(stays) - 1

    def finished(self, cleaning: Cleaning, report: Report = silent) -> Stored:
        """Return the cleaned class (z, y, x) as stored."""
        zero = zero_of(self.segmentation)
        out = np.full(self.segmentation.shape, zero, self.values.dtype)
        left = out[self.start : self.start + len(self.values)]
        stays = self.stays(cleaning) if self.objects is not None else None
        for slab in _slabs(self.values.shape):
            report(slab.start / len(self.values), "putting together")
            values = self.values[slab]
            if stays is None or self.objects is None:
                left[slab] = values
            else:
                left[slab] = np.where(stays[self.objects.labels[slab]], values, np.minimum(values, zero))
        return out


def prepared_by(cleaning: Cleaning) -> Cleaning:
    """Return what of a cleaning `prepare` depends on; for cleanings that agree in it, what was prepared serves as well."""
    return replace(cleaning, dust=float(cleaning.tells_objects), hysteresis=0.0)


def prepare(segmentation: Segmentation, name: str, cleaning: Cleaning, report: Report = silent) -> Prepared:
    """Read one class, smooth it, fill its cavities and tell its objects apart: all but the choice of what stays.

    ``cleaning`` has a level if it needs one. Values never rise by more than the background of their voxel.

    Raises:
        Cancelled: by ``report``.
    """
    start, stop = cleaning.sections(segmentation.grid)
    channel = segmentation.index(name)
    values = read_sections(segmentation, channel, start, stop, part(report, 0.0, 0.1))
    least = least_of(segmentation, cleaning.level or 0.0)
    if cleaning.grows and len(values):
        room = _room(segmentation, values, start, part(report, 0.1, 0.2))
        if cleaning.smooth > 0:
            values = _smoothed(values, cleaning.smooth, room, segmentation.grid, part(report, 0.2, 0.4))
        if cleaning.holes > 0:
            values = _filled(values, least, cleaning.holes, room, segmentation.grid, part(report, 0.4, 0.6))
    objects = None
    if cleaning.tells_objects and len(values):
        objects = tell_apart(values, least, zero_of(segmentation), part(report, 0.6, 1.0))
    return Prepared(segmentation, values, start, objects)


def zero_of(segmentation: Segmentation) -> int:
    """Return as what a probability or score of zero is stored."""
    return round(segmentation.stored(0.0) * segmentation.most)


def least_of(segmentation: Segmentation, level: float) -> int:
    """Return the smallest stored value that reaches a level; more than nothing in any case."""
    return max(zero_of(segmentation) + 1, math.ceil(segmentation.stored(level) * segmentation.most - 1e-6))


def _slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    depth = max(1, SLAB_VOXELS // max(1, shape[1] * shape[2]))
    for start in range(0, shape[0], depth):
        yield slice(start, min(start + depth, shape[0]))


def read_sections(segmentation: Segmentation, channel: int, start: int, stop: int, report: Report) -> Stored:
    """Read some sections of a class: a view of what is in memory, else a copy, slab by slab."""
    if isinstance(segmentation.data, np.ndarray) and not isinstance(segmentation.data, np.memmap):
        return segmentation.data[channel, start:stop]
    values = np.empty((stop - start, *segmentation.shape[1:]), segmentation.data.dtype)
    for slab in _slabs(values.shape):
        report(slab.start / len(values), "reading")
        values[slab] = segmentation.data[channel, start + slab.start : start + slab.stop]
    return values


def _room(segmentation: Segmentation, values: Stored, start: int, report: Report) -> Stored | None:
    """Return up to what every voxel may rise: by its background, which nobody else claims. None for scores: they share nothing."""
    if segmentation.kind == "score":
        return None
    room = np.empty_like(values)
    for slab in _slabs(values.shape):
        report(slab.start / len(values), "reading")
        background = np.asarray(segmentation.data[0, start + slab.start : start + slab.stop])
        room[slab] = np.minimum(background, segmentation.most - values[slab]) + values[slab]
    return room


def _smoothed(values: Stored, sigma: float, room: Stored | None, grid: Grid, report: Report) -> Stored:
    """Return the class under a Gaussian of ``sigma`` (nm), slab by slab: each reads what lies around it."""
    sigmas = [10 * sigma / size for size in grid.voxel_size]
    reach = int(TRUNCATE * sigmas[0] + 0.5)
    out = np.empty_like(values)
    for slab in _slabs(values.shape):
        report(slab.start / len(values), "smoothing")
        low, high = max(0, slab.start - reach), min(len(values), slab.stop + reach)
        soft = ndimage.gaussian_filter(values[low:high], sigmas, output=np.float32, mode="nearest", truncate=TRUNCATE)
        soft = np.rint(soft[slab.start - low : slab.stop - low])
        out[slab] = soft if room is None else np.minimum(soft, room[slab])
    return out


def _filled(values: Stored, least: int, diameter: float, room: Stored | None, grid: Grid, report: Report) -> Stored:
    """Return the class with its small cavities, and their soft rims, raised to what it is around them on average."""
    labels, count = cavities(values, least, report)
    sizes = np.zeros(count + 1, np.int64)
    for slab in _slabs(labels.shape):
        sizes += np.bincount(labels[slab].ravel(), minlength=count + 1)
    closed = diameters(sizes, grid) < diameter
    closed[0] = False
    for face in (labels[0], labels[-1], labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        closed[face] = False
    if not closed.any():
        return values
    out = np.array(values)
    for number, box in _boxes(labels, closed):
        wide = tuple(slice(max(0, b.start - AROUND), b.stop + AROUND) for b in box)
        cavity, before = labels[wide] == number, values[wide]
        body = ndimage.binary_dilation(cavity, np.ones((3, 3, 3), bool), iterations=AROUND) & (before >= least)
        lifted = np.where(cavity | body, np.maximum(out[wide], np.rint(before[body].mean())), out[wide])
        out[wide] = lifted if room is None else np.minimum(lifted, room[wide])
    return out


def _boxes(labels: npt.NDArray[np.int32], chosen: npt.NDArray[np.bool_]) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Yield the numbers that are chosen, each with the box of its voxels."""
    sections = labels.shape[1] * labels.shape[2]
    at = np.concatenate([np.flatnonzero(chosen[section]) + z * sections for z, section in enumerate(labels)])
    numbers = labels.reshape(-1)[at]
    order = np.argsort(numbers, kind="stable")
    first = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    places = np.stack(np.unravel_index(at[order], labels.shape))
    low, high = np.minimum.reduceat(places, first, axis=1), np.maximum.reduceat(places, first, axis=1)
    for number, start, stop in zip(numbers[order][first], low.T, high.T, strict=True):
        yield int(number), tuple(slice(int(a), int(b) + 1) for a, b in zip(start, stop, strict=True))
