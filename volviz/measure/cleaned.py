"""A segmentation with some classes cleaned: the rest is read from where it lies, and the background is what is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.cleaning import Cleaning
from volviz.core.grid import Region, bricks
from volviz.core.json import to_json
from volviz.core.report import Report, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import ArrayLike

Stored = npt.NDArray[Any]
BRICK = (16, 64, 64)  # voxels (z, y, x) that are shown anew together where something in them changed


class CleanedClasses:
    """Classes (class, z, y, x), as stored, read when sliced. ``cleaned`` are those that replace the source's, by channel.

    What the cleaned classes lost or won is taken from or given to the background. Where several classes claim the same
    background, all of them are scaled so that they sum to one.
    """

    def __init__(self, source: Segmentation, cleaning: Mapping[str, Cleaning], cleaned: Mapping[int, Stored]) -> None:
        self.source, self.cleaning, self.cleaned = source, dict(cleaning), dict(cleaned)
        self.shape: tuple[int, ...] = tuple(source.data.shape)
        self.dtype: np.dtype[Any] = np.dtype(source.data.dtype)
        self._contested = source.kind == "probability" and sum(c.grows for c in self.cleaning.values()) > 1

    def __getitem__(self, key: Any) -> Stored:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        where, chosen = tuple(rest), range(self.shape[0])[first]
        channels = [chosen] if isinstance(chosen, int) else list(chosen)
        if self.source.kind == "probability" and (self._contested or 0 in channels):
            return self._summing_to_one(where)[first]
        part = np.array(self.source.data[(first, *where)])
        for i, channel in enumerate(channels):
            if channel in self.cleaned:
                part[i if isinstance(first, slice) else ...] = self.cleaned[channel][where]
        return part

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Stored:
        """Read everything."""
        if copy is False:
            raise ValueError("cleaned classes cannot be had without a copy")
        return self[:].astype(dtype or self.dtype)

    def _summing_to_one(self, where: tuple[Any, ...]) -> Stored:
        classes = np.array(self.source.data[(slice(None), *where)])
        background = classes[0].astype(np.int32)
        for channel, cleaned in self.cleaned.items():
            background += classes[channel]
            classes[channel] = cleaned[where]
            background -= classes[channel]
        if self._contested:
            total = classes[1:].sum(axis=0, dtype=np.int64)
            over = np.asarray((background < 0) & (total > self.source.most))
            if over.any():
                scaled = classes[1:, over].astype(np.int64) * self.source.most // total[over]
                classes[1:, over] = scaled
        classes[0] = np.clip(background, 0, self.source.most)
        return classes


def assemble(source: Segmentation, cleaning: Mapping[str, Cleaning], cleaned: Mapping[int, Stored]) -> Segmentation:
    """Return a segmentation of cleaned classes that says in its provenance what was done. It is in no file yet."""
    said = {key: value for key, value in source.provenance.items() if key != "file"}
    said["cleaning"] = {name: to_json(how) for name, how in cleaning.items()}
    return replace(source, data=CleanedClasses(source, cleaning, cleaned), provenance=said)


def cleaning_of(segmentation: Segmentation) -> dict[str, Cleaning]:
    """Return how a segmentation was cleaned in memory: nothing for one from a file or a model."""
    return segmentation.data.cleaning if isinstance(segmentation.data, CleanedClasses) else {}


def root_of(segmentation: Segmentation | None) -> ArrayLike | None:
    """Return the data that a segmentation was cleaned from; its own if it was not."""
    if segmentation is None:
        return None
    return segmentation.data.source.data if isinstance(segmentation.data, CleanedClasses) else segmentation.data


def akin(one: Segmentation | None, other: Segmentation | None) -> bool:
    """Tell whether two segmentations are the same one, however each is cleaned: they differ in a few places at most."""
    if one is None or other is None:
        return one is other
    return root_of(one) is root_of(other) and one.grid == other.grid and one.labels == other.labels


def changes(old: Segmentation, new: Segmentation, report: Report = silent) -> list[Region]:
    """Return where two cleanings of the same segmentation differ, as whole bricks; bricks in a row are one region.

    Raises:
        Cancelled: by ``report``.
    """
    a, b = (s.data.cleaned if isinstance(s.data, CleanedClasses) else {} for s in (old, new))
    channels = [c for c in sorted(a.keys() | b.keys()) if a.get(c) is not b.get(c)]
    found: list[Region] = []
    rows = list(bricks(new.shape, (BRICK[0], BRICK[1], new.shape[2]))) if channels else []
    for i, row in enumerate(rows):
        report(i / len(rows), "comparing")
        differ = np.zeros(-(-row.shape[2] // BRICK[2]) * BRICK[2], bool)
        for c in channels:
            differ[: row.shape[2]] |= (_class(old, a, c, row) != _class(new, b, c, row)).any(axis=(0, 1))
        edges = np.diff(differ.reshape(-1, BRICK[2]).any(axis=1).astype(np.int8), prepend=0, append=0)
        for start, stop in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            (z0, y0, _), (z1, y1, x1) = row.start, row.stop
            found.append(Region((z0, y0, int(start) * BRICK[2]), (z1, y1, min(x1, int(stop) * BRICK[2]))))
    return found


def _class(segmentation: Segmentation, cleaned: Mapping[int, Stored], channel: int, region: Region) -> Stored:
    """Read a class as it is shown."""
    if channel in cleaned:
        return cleaned[channel][region.slices]
    root = root_of(segmentation)
    assert root is not None
    return np.asarray(root[(channel, *region.slices)])
