"""Where probabilities go: integers in memory, or what remains to be said when a sink took them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Bits, Kind, Label

# Constants that people choose, such as 0.1 or 0.3, lie half-way between two bytes. Rounding noise of the blending must
# not decide between these two, voxel by voxel.
_TIE = 1e-3


def rounded(probabilities: npt.NDArray[np.float32], bits: Bits) -> npt.NDArray[Any]:
    """Round 0..1 to 0..255, or 0..65535. The four bytes of a voxel whose probabilities sum to one sum to 255 +- 2."""
    most = 2**bits - 1
    whole: npt.NDArray[Any] = np.clip(np.floor(probabilities * most + (0.5 + _TIE)), 0, most).astype(f"u{bits // 8}")
    return whole


class Memory:
    """A sink that keeps everything: ``data`` is (class, z, y, x), uint8 or uint16."""

    data: npt.NDArray[Any]

    def __init__(self, bits: Bits = 8) -> None:
        self._dtype = f"u{bits // 8}"

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room."""
        self.data = np.zeros((len(labels), *grid.shape), self._dtype)

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Keep a region."""
        self.data[(slice(None), *region.slices)] = data

    def finish(self) -> None:
        """Leave the data where they are."""

    def abort(self) -> None:
        """Free the memory."""
        self.data = np.empty(0, self._dtype)


@dataclass(frozen=True, slots=True)
class Streamed:
    """Stands for data that a sink took: shape and type are known, the values are where the sink put them."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] = np.dtype(np.uint8)  # noqa: RUF009 - immutable

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        raise ValueError("these data were handed to a sink: open what it wrote")
