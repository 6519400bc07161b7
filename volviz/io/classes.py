"""Soft classes as files have them (one number per class and voxel) and as memory has them (one byte)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.segmentation import Kind


class ClassFiles:
    """Volumes of probabilities or scores, one per class, seen as one uint8 array (class, z, y, x) that is read when sliced."""

    def __init__(self, volumes: tuple[Any, ...], kind: Kind) -> None:
        self._volumes, self._kind = volumes, kind
        self.shape: tuple[int, ...] = (len(volumes), *volumes[0].shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        chosen = self._volumes[first]
        if isinstance(chosen, tuple):
            return np.stack([to_bytes(volume[tuple(rest)], self._kind) for volume in chosen])
        return to_bytes(chosen[tuple(rest)], self._kind)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("classes on disk cannot be had without a copy")
        return self[:].astype(dtype or np.uint8)


def from_bytes(data: npt.NDArray[np.uint8], kind: Kind) -> npt.NDArray[np.float32]:
    """Return stored classes as numbers: probabilities 0..1, or scores -1..1."""
    values = data.astype(np.float32)
    return (values - np.float32(128)) / np.float32(127) if kind == "score" else values / np.float32(255)


def to_bytes(values: npt.NDArray[Any], kind: Kind) -> npt.NDArray[np.uint8]:
    """Return numbers as stored classes; the inverse of `from_bytes`, also after the numbers went through float16."""
    plain = np.nan_to_num(np.asarray(values, dtype=np.float32))
    scaled = plain * 127 + 128 if kind == "score" else plain * 255
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def hard_classes(data: npt.NDArray[np.uint8], kind: Kind) -> npt.NDArray[np.uint8]:
    """Return the most probable class of stored classes (class, z, y, x); 0 where no score is positive."""
    best: npt.NDArray[np.uint8] = data.argmax(axis=0).astype(np.uint8)
    if kind == "score":
        best[data.max(axis=0) <= 128] = 0
    return best
