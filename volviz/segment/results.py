"""Where probabilities go: bytes in memory, or what remains to be said when a sink took them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Kind, Label

# Constants that people choose, such as 0.1 or 0.3, lie half-way between two bytes. Rounding noise of the blending must
# not decide between these two, voxel by voxel.
_TIE = 1e-3


def to_bytes(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Round 0..1 to 0..255. The four bytes of a voxel whose probabilities sum to one sum to 255 +- 2."""
    rounded: npt.NDArray[np.uint8] = np.clip(np.floor(probabilities * 255 + (0.5 + _TIE)), 0, 255).astype(np.uint8)
    return rounded


class Memory:
    """A sink that keeps everything: ``data`` is (class, z, y, x) uint8."""

    data: npt.NDArray[np.uint8]

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room."""
        self.data = np.zeros((len(labels), *grid.shape), np.uint8)

    def write(self, region: Region, data: npt.NDArray[np.uint8]) -> None:
        """Keep a region."""
        self.data[(slice(None), *region.slices)] = data

    def finish(self) -> None:
        """Leave the data where they are."""

    def abort(self) -> None:
        """Free the memory."""
        self.data = np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Streamed:
    """Stands for data that a sink took: shape and type are known, the values are where the sink put them."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.uint8] = np.dtype(np.uint8)  # noqa: RUF009 - immutable

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        raise ValueError("these data were handed to a sink: open what it wrote")
