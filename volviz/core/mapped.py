"""Large files in memory maps: read by the span, and let go of, instead of page by page.

A map is read when its pages are touched. Each touch that finds nothing brings a stretch of the file around it, of a size that
nobody chose for this, so that a slice across the rows of a large file reads all of it over and over; and what was touched counts as
memory of this process. Here it is worked out which stretches of the file an array needs, and these are read and nothing else.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from volviz.core.memory import physical_memory

LEAST = 2**30  # bytes of a file from which on it is read like this; what is smaller stays in the system's memory once it was read
GAP = 2**18  # bytes that are rather read than leapt over: a leap costs a disk about as long
SPAN = 2**24  # bytes read at a time
PAGES = 2**27  # bytes let go of at a time: Python holds its lock meanwhile, 20 ms for so many
SHARE = 2  # a file that is larger than this part of the memory would push out all else, and its own beginning


@dataclass(frozen=True, slots=True)
class _File:
    descriptor: int
    address: int  # where the map lies in memory
    start: int  # of the map within the file
    size: int  # of the file


_files: weakref.WeakKeyDictionary[mmap.mmap, _File] = weakref.WeakKeyDictionary()


def open_map(file: IO[bytes], dtype: npt.DTypeLike, offset: int, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Map a part of a file as an array that cannot be written to. It lives on when the file object is closed.

    Raises:
        OSError: it cannot be mapped.
    """
    data: npt.NDArray[Any] = np.memmap(file, dtype, "r", offset, shape)
    held = _map_of(data)
    if held is not None and hasattr(os, "preadv") and (size := os.fstat(file.fileno()).st_size) >= LEAST:
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        descriptor = os.dup(file.fileno())  # the map's own cannot be had
        _files[held] = _File(descriptor, _address(data) - (offset - start), start, size)
        weakref.finalize(held, os.close, descriptor)
    return data


def fetch(view: npt.NDArray[Any], check: Callable[[], None] | None = None) -> npt.NDArray[Any]:
    """Return what a part of a mapped array holds, as an array in memory; what is mapped otherwise, or not at all, as it is.

    ``check`` is called every now and then, and may raise, which ends it.
    """
    file = _file_of(view)
    if file is None or view.size == 0 or any(s <= 0 for s, n in zip(view.strides, view.shape, strict=True) if n > 1):
        return view
    out = np.empty(view.shape, view.dtype)
    order = sorted(range(view.ndim), key=lambda axis: -view.strides[axis])
    _Fetching(file, check, _too_large(file) and reach(view) > file.size // 4).read(
        out.transpose(order), tuple(view.strides[i] for i in order), _address(view) - file.address + file.start
    )
    return out


def reach(view: Any) -> int:
    """Return how many bytes of a file have to be read for a part of an array: 0 where that is not known, or it is in memory."""
    if not isinstance(view, np.ndarray) or _file_of(view) is None:
        return 0
    reached = span = view.dtype.itemsize
    for n, stride in sorted(zip(view.shape, view.strides, strict=True), key=lambda axis: axis[1]):
        leaps = reached < span or stride - span > GAP
        span += (n - 1) * stride
        reached = n * reached if leaps else span
    return int(reached)


def let_go(data: Any) -> None:
    """Take the pages of a mapped file that were read out of this process; reading brings them back.

    The system keeps them while it has room. Until it has none they would count as memory of this process. Of a file that
    it has no room for it is told that what was read so far can go first.
    """
    held = _map_of(data)
    if held is None or not (isinstance(data, np.memmap) and data.mode == "r" and hasattr(mmap, "MADV_DONTNEED")):
        return
    for start in range(0, len(held), PAGES):
        held.madvise(mmap.MADV_DONTNEED, start, min(PAGES, len(held) - start))
    file = _files.get(held)
    if file is not None and _too_large(file):
        os.posix_fadvise(file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


class _Fetching:
    """Axes by the size of their strides, the largest first."""

    def __init__(self, file: _File, check: Callable[[], None] | None, passing: bool) -> None:
        self._file, self._check, self._passing = file, check, passing  # by all of a file that the system has no room for
        self._scratch = np.empty(0, np.uint8)

    def read(self, out: npt.NDArray[Any], strides: tuple[int, ...], at: int) -> None:
        """Fill an array with what the file holds from byte ``at`` on, at these strides."""
        axis = next((i for i, n in enumerate(out.shape) if n > 1), len(out.shape) - 1)
        out, steps = out[(0,) * axis], strides[axis:]
        sizes = out.shape
        spans = [out.itemsize]  # of the axes after each, the last first
        for n, step in zip(sizes[:0:-1], steps[:0:-1], strict=True):
            spans.append(spans[-1] + (n - 1) * step)
        if len(sizes) > 1 and any(step - span > GAP for step, span in zip(steps, spans[::-1], strict=True)):
            many = 1
        else:
            many = max(1, (SPAN - spans[-1]) // steps[0] + 1)
        if many == 1 and sizes[0] > 1 and len(sizes) > 1:
            for i in range(sizes[0]):
                self.read(out[i], steps[1:], at + i * steps[0])
            return
        for first in range(0, sizes[0], many):
            self._span(out[first : first + many], steps, at + first * steps[0])

    def _span(self, out: npt.NDArray[Any], strides: tuple[int, ...], at: int) -> None:
        if self._check is not None:
            self._check()
        count = sum((n - 1) * step for n, step in zip(out.shape, strides, strict=True)) + out.itemsize
        if out.flags.c_contiguous and count == out.nbytes:
            self._bytes(out.view(np.uint8).reshape(-1), at)
            return
        if self._scratch.size < count:
            self._scratch = np.empty(count, np.uint8)
        self._bytes(self._scratch[:count], at)
        out[...] = np.ndarray(out.shape, out.dtype, self._scratch, 0, strides)

    def _bytes(self, into: npt.NDArray[np.uint8], at: int) -> None:
        done, view = 0, into.data
        while done < into.size:
            count = os.preadv(self._file.descriptor, [view[done:]], at + done)
            if count == 0:
                raise OSError("the file has become shorter while it was open")
            done += count
        if self._passing:
            os.posix_fadvise(self._file.descriptor, at, done, os.POSIX_FADV_DONTNEED)


def _too_large(file: _File) -> bool:
    memory = physical_memory()
    return memory is not None and file.size > memory // SHARE and hasattr(os, "posix_fadvise")


def _map_of(data: Any) -> mmap.mmap | None:
    while data is not None and not isinstance(data, mmap.mmap):
        data = getattr(data, "base", None)
    return data


def _file_of(view: npt.NDArray[Any]) -> _File | None:
    held = _map_of(view)
    return None if held is None else _files.get(held)


def _address(data: npt.NDArray[Any]) -> int:
    return int(data.__array_interface__["data"][0])
