"""What slices across the rows of a large file show at once: means, gathered while the volume is read for the 3D view anyhow."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, Shape, bricks
from volviz.core.volume import Volume

MOST = 2**26  # cells, of 4 bytes each
LAYER = 128  # sections of a level that are read at a time: a chunk, as most files have them
QUICK = 2**28  # bytes of a file: a slice for which more have to be read comes coarsely first

Floats = npt.NDArray[np.float32]


class Overview:
    """Means of boxes of a volume's voxels, that fill up as values come; one thread may bring them while another takes slices.

    It knows shares of the volume and no lengths: it stays true when the volume's voxel size is corrected.

    Why means, and not a copy of the file in another order of its axes: that would take as much of the disk as the file, and
    minutes, before the first slice came of it. These come with what is read once in any case, and are as fine as a screen.
    """

    def __init__(self, shape: Shape, cells: Shape | None = None) -> None:
        """Prepare as many cells as there may be, or so many along each axis."""
        factor = 1
        while np.prod([-(-n // factor) for n in shape], dtype=np.int64) > MOST:
            factor += 1
        z, y, x = (-(-n // factor) for n in shape)
        self.shape: Shape = cells or (z, y, x)
        self.factor = factor if cells is None else max(-(-n // m) for n, m in zip(shape, cells, strict=True))  # voxels to a side of a cell
        self._lock = threading.Lock()
        self._bringing: object = None
        self._clear((1, 1, 1))

    @classmethod
    def of(cls, volume: Volume, check: Callable[[], None] | None = None) -> Overview | None:
        """Return one for a volume of which some slices would take long to read; None for others.

        It is empty unless the file has the volume at a lower resolution too: that is read, and ``check`` called on the way.
        """
        depth, height, width = volume.grid.shape
        across = (Region((0, 0, 0), (depth, height, 1)), Region((0, 0, 0), (depth, 1, width)), Region((0, 0, 0), (1, height, width)))
        if max(map(volume.reach, across)) <= QUICK:
            return None
        level = next((data for data in volume.coarser if np.prod(data.shape, dtype=np.int64) <= MOST), None)
        if level is None:
            return cls(volume.grid.shape)
        z, y, x = level.shape
        coarse = Volume(Grid((z, y, x)), level)
        overview = cls(volume.grid.shape, (z, y, x))
        take = overview.begin((z, y, x))
        for region in bricks((z, y, x), (LAYER, y, x)):
            if check is not None:
                check()
            take(region, coarse.read(region))
        return overview

    @property
    def complete(self) -> bool:
        """Whether all of the volume is in it."""
        return self._rows >= self._all

    @property
    def filling(self) -> bool:
        """Whether values are on their way."""
        return self._bringing is not None and not self.complete

    @property
    def share(self) -> float:
        """How much of the volume is in it, 0..1."""
        return min(1.0, self._rows / self._all)

    def begin(self, grid_shape: Shape) -> Callable[[Region, Floats], None]:
        """Return what takes values, region after region of a grid of this many voxels (z, y, x) that covers the volume.

        Each region is as wide as the grid, and each row of it comes once. What was there before goes, unless it was complete; what was
        given by an earlier call takes no more.
        """
        with self._lock:
            token = self._bringing = object()
            if not self.complete:
                self._clear(grid_shape)
            else:
                self._bringing = None

        def take(region: Region, values: Floats) -> None:
            with self._lock:
                if self._bringing is token and not self.complete:
                    self._add(region, values, grid_shape)

        return take

    def expect(self) -> None:
        """Say that values will come soon."""
        with self._lock:
            self._bringing = object()

    def end(self) -> None:
        """Say that nothing more comes."""
        with self._lock:
            self._bringing = None

    def slice(self, axis: int, at: float, thickness: float = 0.0) -> Floats:
        """Return the means (the two axes that are left, in order) at a share ``at`` of an axis, 0..1, over a share of it.

        NaN where nothing came yet.
        """
        n = self.shape[axis]
        low = min(n - 1, max(0, int((at - thickness / 2) * n)))
        high = max(low + 1, min(n, int(np.ceil((at + thickness / 2) * n))))
        if thickness * n < 1:
            low, high = min(n - 1, int(at * n)), min(n - 1, int(at * n)) + 1
        part = tuple(slice(low, high) if i == axis else slice(None) for i in range(3))
        with self._lock:
            weight = self._weight[part[:2]][..., None] * self._across[part[2]]
            sums = self._sums[part].sum(axis=axis)
        weight = np.broadcast_to(weight, tuple(high - low if i == axis else self.shape[i] for i in range(3))).sum(axis=axis)
        found: Floats = np.divide(sums, weight, out=np.full(sums.shape, np.nan, np.float32), where=weight > 0)
        return found

    def _clear(self, grid_shape: Shape) -> None:
        self._sums = np.zeros(self.shape, np.float32)
        self._weight = np.zeros(self.shape[:2], np.float32)  # rows of the grid that came, by cell
        self._across = np.bincount(_cells(0, grid_shape[2], grid_shape[2], self.shape[2]), minlength=self.shape[2]).astype(np.float32)
        self._rows, self._all = 0, grid_shape[0] * grid_shape[1]

    def _add(self, region: Region, values: Floats, grid_shape: Shape) -> None:
        weight, places = np.ones(region.shape[:2], np.float32), []
        for i in range(3):
            cells = _cells(region.start[i], region.stop[i], grid_shape[i], self.shape[i])
            starts = np.flatnonzero(np.diff(cells, prepend=-1))
            values = np.add.reduceat(values, starts, axis=i)
            weight = np.add.reduceat(weight, starts, axis=i) if i < 2 else weight
            places.append(cells[starts])
        self._sums[np.ix_(*places)] += values
        self._weight[np.ix_(*places[:2])] += weight
        self._rows += region.shape[0] * region.shape[1]


def _cells(start: int, stop: int, length: int, cells: int) -> npt.NDArray[np.int64]:
    """Return in which of so many cells each of the voxels from ``start`` on lies, of an axis of ``length`` of them."""
    return ((np.arange(start, stop) + 0.5) * cells / length).astype(np.int64)
