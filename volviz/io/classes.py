"""Soft classes as files have them (one number per class and voxel) and as memory has them (a byte, or two)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.segmentation import Bits, Kind

Stored = npt.NDArray[Any]  # uint8 or uint16


class ClassFiles:
    """Volumes of probabilities or scores, one per class, seen as one array (class, z, y, x) that is read when sliced.

    Its type is uint8, or uint16 with 16 ``bits``.
    """

    def __init__(self, volumes: tuple[Any, ...], kind: Kind, bits: Bits = 8) -> None:
        self._volumes, self._kind = volumes, kind
        self.shape: tuple[int, ...] = (len(volumes), *volumes[0].shape)
        self.dtype: np.dtype[Any] = stored_type(bits)

    def __getitem__(self, key: Any) -> Stored:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        chosen = self._volumes[first]
        if isinstance(chosen, tuple):
            return np.stack([self._read(volume, tuple(rest)) for volume in chosen])
        return self._read(chosen, tuple(rest))

    def _read(self, volume: Any, key: tuple[Any, ...]) -> Stored:
        # Unsigned shorts hold a class as memory does; every other number is what it says.
        values = np.asarray(volume[key])
        if is_short(values.dtype):
            return converted(values.astype(np.uint16), self._kind, self.dtype)
        return to_stored(values, self._kind, self.dtype)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("classes on disk cannot be had without a copy")
        return self[:].astype(dtype or self.dtype)


def stored_type(bits: Bits) -> np.dtype[Any]:
    """Return the type of number that holds classes of so many bits."""
    return np.dtype(np.uint8 if bits == 8 else np.uint16)


def is_short(dtype: npt.DTypeLike) -> bool:
    """Whether these are unsigned integers of 16 bits, in whichever order of bytes."""
    return np.dtype(dtype).str[1:] == "u2"


def from_stored(data: Stored, kind: Kind) -> npt.NDArray[np.float32]:
    """Return stored classes as numbers: probabilities 0..1, or scores -1..1."""
    values, most = data.astype(np.float32), int(np.iinfo(data.dtype).max)
    half = (most + 1) // 2
    return (values - np.float32(half)) / np.float32(half - 1) if kind == "score" else values / np.float32(most)


def to_stored(values: npt.NDArray[Any], kind: Kind, dtype: npt.DTypeLike) -> Stored:
    """Return numbers as stored classes; the inverse of `from_stored`, of bytes also after the numbers went through float16."""
    plain, most = np.nan_to_num(np.asarray(values, dtype=np.float32)), int(np.iinfo(np.dtype(dtype)).max)
    half = (most + 1) // 2
    scaled = plain * (half - 1) + half if kind == "score" else plain * most
    return np.rint(np.clip(scaled, 0, most)).astype(dtype)


def converted(data: Stored, kind: Kind, dtype: npt.DTypeLike) -> Stored:
    """Return stored classes in another number of bits, or themselves."""
    return data if data.dtype == dtype else to_stored(from_stored(data, kind), kind, dtype)


def hard_classes(data: Stored, kind: Kind) -> npt.NDArray[np.uint8]:
    """Return the most probable class of stored classes (class, z, y, x); 0 where no score is positive."""
    best: npt.NDArray[np.uint8] = data.argmax(axis=0).astype(np.uint8)
    if kind == "score":
        best[data.max(axis=0) <= (int(np.iinfo(data.dtype).max) + 1) // 2] = 0
    return best
