"""Where probabilities go: integers in memory, or what remains to be said when a sink took them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region, bricks
from volviz.core.report import Report
from volviz.core.room import check_memory
from volviz.core.segmentation import Bits, Kind, Label
from volviz.core.sink import Filled, Sink, VolumeSink

# Constants that people choose, such as 0.1 or 0.3, lie half-way between two bytes. Rounding noise of the blending must
# not decide between these two, voxel by voxel.
_TIE = 1e-3
# Background that is written at a time: whole chunks of the files that volviz writes, or each would be written many times.
_FILLED = (128, 128, 2048)


def rounded(probabilities: npt.NDArray[np.float32], bits: Bits) -> npt.NDArray[Any]:
    """Round 0..1 to 0..255, or 0..65535. The four bytes of a voxel whose probabilities sum to one sum to 255 +- 2."""
    most = 2**bits - 1
    scaled = probabilities * np.float32(most)
    scaled += 0.5 + _TIE
    whole: npt.NDArray[Any] = np.clip(np.floor(scaled, out=scaled), 0, most, out=scaled).astype(f"u{bits // 8}")
    return whole


class Memory:
    """A sink that keeps everything: ``data`` is (class, z, y, x), uint8 or uint16."""

    data: npt.NDArray[Any]

    def __init__(self, bits: Bits = 8) -> None:
        self._dtype = f"u{bits // 8}"

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room.

        Raises:
            VolvizError: there is none.
        """
        shape = (len(labels), *grid.shape)
        check_memory(math.prod(shape) * np.dtype(self._dtype).itemsize, "The classes of this tomogram", "segment it into a file instead")
        self.data = np.zeros(shape, self._dtype)

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Keep a region."""
        self.data[(slice(None), *region.slices)] = data

    def fill(self, region: Region) -> None:
        """Keep a region of the first class."""
        self.data[(0, *region.slices)] = np.iinfo(self.data.dtype).max

    def finish(self) -> None:
        """Leave the data where they are."""

    def abort(self) -> None:
        """Free the memory."""
        self.data = np.empty(0, self._dtype)


class Outputs:
    """Hands finished values on: classes as integers to one sink, how far they are spread, if wanted, to another."""

    def __init__(self, sink: Sink, spread: VolumeSink | None, bits: Bits, classes: int) -> None:
        self._sink, self._spread, self._bits, self._classes = sink, spread, bits, classes

    @contextmanager
    def begun(self, grid: Grid, labels: tuple[Label, ...], provenance: Mapping[str, Any]) -> Iterator[None]:
        """Begin; finish when the block is left, or leave nothing behind if it fails."""
        sinks: list[Sink | VolumeSink] = [self._sink] if self._spread is None else [self._sink, self._spread]
        try:
            self._sink.begin(grid, labels, "probability", provenance)
            if self._spread is not None:
                self._spread.begin(grid)
            yield
            for sink in sinks:
                sink.finish()
        except BaseException:
            for sink in reversed(sinks):  # a folder that the first one made goes with it, once it is empty
                sink.abort()
            raise

    def write(self, region: Region, values: npt.NDArray[np.float32]) -> None:
        """Write the values (class, or class and spread, z, y, x) of a region."""
        self._sink.write(region, rounded(values[: self._classes], self._bits))
        if self._spread is not None:
            self._spread.write(region, values[self._classes])

    def background(self, region: Region, inner: Region | None, report: Report) -> None:
        """Write the first class to the slices of a region that lie outside the inner one, piece by piece."""
        depth = region.shape[0]
        first, last = (depth, depth) if inner is None else (inner.start[0] - region.start[0], inner.stop[0] - region.start[0])
        outside = [Region((low, 0, 0), (high, *region.shape[1:])) for low, high in ((0, first), (last, depth)) if low < high]
        pieces = [piece for brick in bricks(region.shape, _FILLED) for part in outside if (piece := brick & part) is not None]
        for i, piece in enumerate(pieces, 1):
            report(0.0, f"writing background, piece {i} of {len(pieces)}")
            self._fill(piece)

    def _fill(self, region: Region) -> None:
        if isinstance(self._sink, Filled):
            self._sink.fill(region)
        else:
            values = np.zeros((self._classes, *region.shape), f"u{self._bits // 8}")
            values[0] = 2**self._bits - 1
            self._sink.write(region, values)
        if self._spread is not None:
            self._spread.write(region, np.zeros(region.shape, np.float32))


@dataclass(frozen=True, slots=True)
class Streamed:
    """Stands for data that a sink took: shape and type are known, the values are where the sink put them."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = np.dtype(np.uint8)  # noqa: RUF009 - immutable

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        raise ValueError("these data were handed to a sink: open what it wrote")
