"""Arrays on disk that are read when sliced."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError

ZARR_FILES = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr group or array of either version."""
    return any((path / name).is_file() for name in ZARR_FILES)


class LazyArray:
    """A stored array seen with some of its axes fixed and the others in another order; slices are read as numpy arrays.

    ``order`` names, for every axis shown, the stored axis; ``fixed`` gives the index along each of the other stored axes.
    """

    def __init__(self, stored: Any, order: Sequence[int], fixed: Mapping[int, int]) -> None:
        self._stored, self._order, self._fixed = stored, tuple(order), dict(fixed)
        self.shape: tuple[int, ...] = tuple(int(stored.shape[axis]) for axis in self._order)
        self.dtype: np.dtype[Any] = np.dtype(stored.dtype)

    @property
    def _file(self) -> str:
        """Where it is stored, by what zarr and h5py call that."""
        at = getattr(self._stored, "store_path", None)
        return str(self._stored.file.filename if at is None else at).removeprefix("file://")

    @property
    def chunk(self) -> tuple[int, ...] | None:
        """Length of every axis of the pieces in which it is stored, each of which is read whole; None if there are none."""
        chunks = getattr(self._stored, "chunks", None)
        return None if chunks is None else tuple(int(chunks[axis]) for axis in self._order)

    def reach(self, box: Sequence[slice]) -> int:
        """Return how many bytes have to be unpacked for a box; 0 where that is not known."""
        if self.chunk is None:
            return 0
        ends = [part.indices(n)[:2] for part, n in zip(box, self.shape, strict=True)]
        pieces = math.prod(-(-stop // size) - start // size for (start, stop), size in zip(ends, self.chunk, strict=True))
        return pieces * math.prod(int(n) for n in self._stored.chunks) * self.dtype.itemsize

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (len(self.shape) - len(keys) + 1)
        keys += [slice(None)] * (len(self.shape) - len(keys))
        where: list[Any] = [self._fixed.get(axis, 0) for axis in range(len(self._stored.shape))]
        back: list[Any] = []
        for axis, k in zip(self._order, keys, strict=True):
            n = int(self._stored.shape[axis])
            if isinstance(k, slice):
                chosen = range(*k.indices(n))
                # zarr reads forwards only: read the span, and turn or thin it afterwards.
                low, high = (min(chosen[0], chosen[-1]), max(chosen[0], chosen[-1]) + 1) if chosen else (0, 0)
                where[axis] = slice(low, high)
                back.append(slice(None, None, k.step) if k.step is not None else slice(None))
            else:
                i = int(k) + n if int(k) < 0 else int(k)
                if not 0 <= i < n:
                    raise IndexError(f"index {int(k)} is outside an axis of length {n}")
                where[axis] = slice(i, i + 1)
                back.append(0)
        try:
            part = np.asarray(self._stored[tuple(where)])
        except (OSError, RuntimeError, ValueError, EOFError, zlib.error) as error:  # each compressor has one of its own
            raise VolvizError(f"A part of {self._file} is damaged or cannot be read ({error}); fetch or export it again.") from error
        # The fixed axes were dropped by their integers; what is left is in stored order.
        left = sorted(self._order)
        return np.asarray(part.transpose([left.index(axis) for axis in self._order])[tuple(back)])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("an array on disk cannot be had without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)
