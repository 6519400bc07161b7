"""Volumes of single classes, from wherever, seen as one segmentation: read as probabilities, the background what they leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Region, Shape
from volviz.core.segmentation import Bits
from volviz.io.classes import Stored, stored_type

Read = Callable[[Region], npt.NDArray[np.float32]]


class CombinedClasses:
    """Classes (class, z, y, x), read when sliced: first the background, which is the rest, then what ``parts`` read.

    A part returns the probability of its class, 0..1, in a region (z, y, x). Where several claim more than there is, all of
    them are scaled so that they sum to one. The type is uint8, or uint16 with 16 ``bits``.
    """

    def __init__(self, parts: Sequence[Read], shape: Shape, bits: Bits = 8) -> None:
        self._parts = tuple(parts)
        self.shape: tuple[int, ...] = (len(self._parts) + 1, *shape)
        self.dtype: np.dtype[Any] = stored_type(bits)

    def __getitem__(self, key: Any) -> Stored:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (len(self.shape) - len(keys) + 1)
        keys += [slice(None)] * (len(self.shape) - len(keys))
        start: list[int] = []
        stop: list[int] = []
        inner: list[Any] = []
        for wanted, length in zip(keys[1:], self.shape[1:], strict=True):
            if isinstance(wanted, slice):
                chosen = range(*wanted.indices(length))
                if not chosen:
                    raise IndexError("nothing is left of an axis")
                start.append(min(chosen[0], chosen[-1]))
                stop.append(max(chosen[0], chosen[-1]) + 1)
                inner.append(slice(None, None, wanted.step))
            else:
                index = range(length)[int(wanted)]
                start.append(index)
                stop.append(index + 1)
                inner.append(0)
        found = self._read(Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2])))
        return np.asarray(found[(slice(None), *inner)][keys[0]])

    def _read(self, region: Region) -> Stored:
        soft = np.empty((len(self._parts) + 1, *region.shape), np.float32)
        for values, read in zip(soft[1:], self._parts, strict=True):
            values[...] = read(region)
        total = soft[1:].sum(axis=0)
        soft[1:] /= np.maximum(total, 1)
        soft[0] = np.clip(1 - total, 0, 1)
        soft *= np.iinfo(self.dtype).max
        return np.rint(soft, out=soft).astype(self.dtype)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("classes on disk cannot be had without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)
