"""A segmentation that fills up: where it is final, what comes next, and what a person looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, Shape, Triple, bricks
from volviz.core.room import room_for
from volviz.core.segmentation import Kind, Label, Segmentation
from volviz.segment.feature_cache import nearest
from volviz.segment.results import Memory

NEAR = 64  # voxels a side of the neighbourhood of the crosshair
# Voxels that are handed on at a time: whole chunks of the files that volviz writes, or each would be written many times.
_HANDED = (128, 128, 128)


class Filling:
    """Classes of a volume as bytes, in memory, or for a large volume in a temporary file that is mapped.

    Attributes:
        segmentation: all of it; its data are background where nothing was written yet.
        final: the numbers of the bricks that need not be computed again.
    """

    def __init__(self, grid: Grid, labels: tuple[Label, ...], counts: Shape, folder: Path, rest: dict[str, Any]) -> None:
        """Make room on a grid, in so many bricks along each axis; ``rest`` is what else the segmentation says."""
        data = room_for((len(labels), *grid.shape), np.uint8, folder)
        data[0] = 255
        self.segmentation = Segmentation(grid, data, labels, **rest)
        self.final: set[int] = set()
        self._ends = [[n * i // min(n, count) for i in range(min(n, count) + 1)] for n, count in zip(grid.shape, counts, strict=True)]
        self._counts = [len(ends) - 1 for ends in self._ends]
        self.bricks = [Region((z, y, x), (z1, y1, x1)) for (z, z1), (y, y1), (x, x1) in product(*(pairwise(ends) for ends in self._ends))]

    @property
    def fraction(self) -> float:
        """How much of it is final."""
        return len(self.final) / len(self.bricks)

    def inherit(self, before: Filling) -> None:
        """Begin with what was found of the same classes before, until better is known; of classes that are no more it is background.

        Not where the data are on disk: to copy them takes longer than to find what somebody looks at.
        """
        new, old = self.segmentation, before.segmentation
        if isinstance(new.data, np.memmap) or isinstance(old.data, np.memmap):
            return
        at = {label.name: i for i, label in enumerate(new.labels)}
        data: Any = new.data
        data[0] = 0
        for i, label in enumerate(old.labels):
            channel = data[at.get(label.name, 0)]
            channel += np.minimum(old.data[i], 255 - channel)  # rounded bytes may sum to a little more

    def write(self, region: Region, stored: npt.NDArray[np.uint8]) -> None:
        """Put classes (class, z, y, x) into a region."""
        self.segmentation.data[(slice(None), *region.slices)] = stored  # type: ignore[index]

    def left(self, point_xyz: Triple) -> list[int]:
        """Return the numbers of the bricks that are not final, nearest to a point (A) first."""
        return [i for i in nearest(self.bricks, self.segmentation.grid, point_xyz) if i not in self.final]

    def views(self, point_xyz: Triple) -> list[Region]:
        """Return what a person sees with the crosshair at a point (A): the z, y and x planes through it, and its neighbourhood."""
        shape = self.segmentation.grid.shape
        at = [int(i) for i in np.clip(np.rint(self.segmentation.grid.to_index(point_xyz)), 0, np.subtract(shape, 1))]
        planes = []
        for axis in range(3):
            start, stop = [0, 0, 0], list(shape)
            start[axis], stop[axis] = at[axis], at[axis] + 1
            planes.append(Region(_triple(start), _triple(stop)))
        low = [max(0, min(a - NEAR // 2, n - NEAR)) for a, n in zip(at, shape, strict=True)]
        return [*planes, Region(_triple(low), _triple([min(n, a + NEAR) for a, n in zip(low, shape, strict=True)]))]

    def pieces(self, region: Region) -> list[tuple[int, Region]]:
        """Return the parts of a region in bricks that are not final, with the bricks' numbers."""
        near = [
            [i for i in range(len(ends) - 1) if ends[i] < stop and ends[i + 1] > start]
            for ends, start, stop in zip(self._ends, region.start, region.stop, strict=True)
        ]
        found = []
        for z, y, x in product(*near):
            number = (z * self._counts[1] + y) * self._counts[2] + x
            common = self.bricks[number] & region
            if number not in self.final and common is not None:
                found.append((number, common))
        return found

    def finished(self) -> Iterator[tuple[float, Region, npt.NDArray[np.float32]]]:
        """Yield all of it part by part: how much was yielded before, the region, and its probabilities (class, z, y, x)."""
        parts = list(bricks(self.segmentation.grid.shape, _HANDED))
        for number, part in enumerate(parts):
            values = np.asarray(self.segmentation.data[(slice(None), *part.slices)], np.float32) / np.float32(255)
            yield number / len(parts), part, values


class Room(Memory):
    """A sink that keeps everything where a `Filling` would: a large result in a temporary file that is mapped.

    To others this is memory, since nothing else than letting go of the array makes room on that disk.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room.

        Raises:
            VolvizError: there is none.
        """
        self.data = np.asarray(room_for((len(labels), *grid.shape), np.uint8, self._folder))


def _triple(values: Sequence[int]) -> Shape:
    z, y, x = values
    return z, y, x
