"""Classes without their tomogram: what stands in for the density is how probable anything but background is."""

from __future__ import annotations

from typing import Any

import numpy as np

from volviz.core.segmentation import Segmentation
from volviz.core.volume import ArrayLike, Volume

ALONE = "alone"  # in the header of a volume that stands in for a tomogram
NOTE = "There is no tomogram: what stands in for its density is how probable anything but background is."


def density_of(segmentation: Segmentation) -> Volume:
    """Return what stands in for the tomogram of classes that are shown alone: 0..1, or the highest of their signed scores."""
    name = segmentation.name or "classes"
    return Volume(segmentation.grid, _Foreground(segmentation), name, None, {**segmentation.header, ALONE: True}, (NOTE,))


def is_alone(volume: Volume | None) -> bool:
    """Whether a volume stands in for a tomogram that is not there."""
    return volume is not None and bool(volume.header.get(ALONE))


class _Foreground:
    """One number for every voxel, read when sliced."""

    def __init__(self, segmentation: Segmentation) -> None:
        self._stored: ArrayLike = segmentation.data
        self._segmentation = segmentation
        self.shape: tuple[int, ...] = segmentation.shape
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if self._segmentation.kind == "score":
            return self._segmentation.values(np.asarray(self._stored[(slice(None), *keys)])).max(axis=0)
        return 1 - self._segmentation.values(np.asarray(self._stored[(0, *keys)]))
