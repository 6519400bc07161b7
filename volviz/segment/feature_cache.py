"""Features of a volume's voxels, kept in half precision in a temporary file, from which any part of them is back at once.

The volume is cut into chunks of about 48 voxels a side. A chunk's features are computed when some of them are first
wanted, with as much around it as they see, and written as rows of channels: a slice in any direction is then read
without the rest. When the file is as large as it may become, the chunk that was not wanted for longest makes room.

Half a float has 11 bits, from 6e-8 to 65504. Channels differ in size by more than that, so each is kept as a multiple of a power
of two that belongs to it.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.grid import Grid, Region, Triple
from volviz.core.room import default_folder
from volviz.segment.frame import Frame
from volviz.segment.nn.features import Feature, channels, compute, halo

Halves = npt.NDArray[np.float16]

CHUNK = 48  # voxels a side, roughly: computed in a tenth of a second, a sixth dearer than in one piece
MOST = 16 * 2**30  # bytes on disk, unless told otherwise
_SHARE = 2  # of the free space that many-th part at the most
_LARGEST = float(np.finfo(np.float16).max)
_NOISE = 2.0**-6  # what a channel of white noise is kept as: as far from the largest number as from where bits are lost


def block(frame: Frame, start: Sequence[int], size: Sequence[int], features: Sequence[Feature]) -> Tensor:
    """Return the features (channel, z, y, x) of a box of the frame's grid, exact to its borders."""
    around = halo(features)
    return compute(frame.read([a - around for a in start], [n + 2 * around for n in size]), features)


def nearest(regions: Sequence[Region], grid: Grid, point_xyz: Triple) -> list[int]:
    """Return the numbers of regions of a grid, of which there may be none, that whose middle is nearest to a point (A) first."""
    middles = np.array([np.add(region.start, region.stop) / 2 for region in regions]).reshape(-1, 3)
    away = np.linalg.norm((middles - grid.to_index(point_xyz)) * grid.voxel_size, axis=1)
    return [int(i) for i in np.argsort(away, kind="stable")]


class FeatureCache:
    """The features of one frame. Its methods may be called from several threads.

    Args:
        frame: the volume.
        features: which, in the order of the channels.
        budget: bytes of the file at the most; None for what there is room for, 0 for no file.
        folder: where the file lies. It has no name there, and is gone when this is closed or the process ends.
        note: hears one sentence if the disk is full; from then on no more chunks are kept.
    """

    def __init__(
        self,
        frame: Frame,
        features: Sequence[Feature],
        budget: int | None = None,
        folder: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.frame, self.features = frame, tuple(features)
        self.channels = channels(features)
        self._folder, self._note = folder or default_folder(), note
        self._ends = [[n * i // count for i in range(count + 1)] for n in frame.grid.shape for count in [max(1, round(n / CHUNK))]]
        self.shape = (len(self._ends[0]) - 1, len(self._ends[1]) - 1, len(self._ends[2]) - 1)
        self._bytes = 2 * self.channels * math.prod(int(np.diff(ends).max()) for ends in self._ends)
        if budget is None:
            budget = min(MOST, shutil.disk_usage(self._folder).free // _SHARE)
        # How many chunks there is room for.
        self.room = min(self.count, budget // self._bytes)
        self._scale = torch.from_numpy(_powers(self.features))
        self._unit = 1 / self._scale.numpy()
        self._slots: OrderedDict[int, int] = OrderedDict()  # of chunks, the one wanted last at the end
        self._readers: defaultdict[int, int] = defaultdict(int)
        self._making: defaultdict[int, Lock] = defaultdict(Lock)
        self._lock = Lock()
        self._file: Any = None

    def nearest(self, point_xyz: Triple) -> list[int]:
        """Return the numbers of all chunks, nearest to a point (A) first."""
        regions = [self.chunk(number) for number in range(self.count)]
        return nearest(regions, self.frame.grid, point_xyz)

    @property
    def count(self) -> int:
        """How many chunks the volume has."""
        return math.prod(self.shape)

    @property
    def kept(self) -> int:
        """How many chunks are in the file."""
        return len(self._slots)

    @property
    def full(self) -> bool:
        """Whether another chunk would take the place of one that is in the file, if there is a file at all."""
        return len(self._slots) >= self.room

    def chunk(self, number: int) -> Region:
        """Return the voxels of a chunk, on the frame's grid."""
        at = [int(i) for i in np.unravel_index(number, self.shape)]
        start, stop = ([ends[i + step] for ends, i in zip(self._ends, at, strict=True)] for step in (0, 1))
        return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def touching(self, region: Region) -> list[int]:
        """Return the numbers of the chunks that have voxels in a region of the frame's grid."""
        first = [bisect_right(ends, start) - 1 for ends, start in zip(self._ends, region.start, strict=True)]
        last = [bisect_left(ends, stop) for ends, stop in zip(self._ends, region.stop, strict=True)]
        _, rows, columns = self.shape
        return [(z * rows + y) * columns + x for z, y, x in product(*map(range, first, last))]

    def owners(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of the chunk of each voxel, (n, 3) as (z, y, x)."""
        at = [np.searchsorted(ends, along, "right") - 1 for ends, along in zip(self._ends, index.T, strict=True)]
        return np.asarray(np.ravel_multi_index(at, self.shape))

    def has(self, number: int) -> bool:
        """Tell whether a chunk is in the file."""
        return number in self._slots

    def prepare(self, number: int) -> None:
        """Compute a chunk for later, if there is room for it."""
        if not self.full and not self.has(number):
            with self._opened(number, keep=False):
                pass

    def rows(self, region: Region, *, keep: bool = True) -> npt.NDArray[np.float32]:
        """Return the features (voxel, channel) of a region of the frame's grid, its voxels in (z, y, x) order.

        Chunks that had to be computed are kept if there is room, and with ``keep`` in place of others, too.
        """
        out = np.empty((*region.shape, self.channels), np.float32)
        for number in self.touching(region):
            chunk = self.chunk(number)
            common = chunk & region
            assert common is not None
            inside, to = (common.shifted([-a for a in whole.start]).slices for whole in (chunk, region))
            with self._opened(number, keep) as halves:
                np.multiply(halves[inside], self._unit, out=out[to])
        return out.reshape(-1, self.channels)

    def at(self, number: int, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the features (voxel, channel) of voxels (voxel, 3) of a chunk, indices on the frame's grid."""
        z, y, x = (index - self.chunk(number).start).T
        with self._opened(number, keep=True) as halves:
            return np.asarray(halves[z, y, x] * self._unit, dtype=np.float32)

    def lattice(self, number: int, step: int) -> tuple[Region | None, npt.NDArray[np.float32]]:
        """Return the features (voxel, channel) of the voxels of a chunk that lie on a lattice, and which part of the lattice these are.

        The lattice is that of `volviz.segment.suggest.lattice`: every so many voxels, from half as many on.
        """
        chunk = self.chunk(number)
        firsts = [min(step // 2, n - 1) for n in self.frame.grid.shape]
        start = [-(-(a - first) // step) for a, first in zip(chunk.start, firsts, strict=True)]
        stop = [-(-(b - first) // step) for b, first in zip(chunk.stop, firsts, strict=True)]
        if any(a >= b for a, b in zip(start, stop, strict=True)):
            return None, np.zeros((0, self.channels), np.float32)
        z, y, x = (slice(a * step + f - s, None, step) for a, f, s in zip(start, firsts, chunk.start, strict=True))
        with self._opened(number, keep=True) as halves:
            rows = np.asarray(halves[z, y, x] * self._unit, dtype=np.float32).reshape(-1, self.channels)
        return Region((start[0], start[1], start[2]), (stop[0], stop[1], stop[2])), rows

    def close(self) -> None:
        """Delete the file."""
        with self._lock:
            self._slots.clear()
            self.room = 0
            if self._file is not None:
                self._file.close()
                self._file = None

    @contextmanager
    def _opened(self, number: int, keep: bool) -> Iterator[Halves]:
        """Give the halves (z, y, x, channel) of a chunk, which stay as they are until the block is left."""
        with self._making[number]:
            slot = self._taken(number)
            halves = self._computed(number) if slot is None else None
            if halves is not None:
                self._store(number, halves, keep)
        try:
            yield self._mapped(number, slot) if halves is None and slot is not None else halves  # type: ignore[misc]
        finally:
            if slot is not None:
                with self._lock:
                    self._readers[slot] -= 1

    def _taken(self, number: int) -> int | None:
        """Return where a chunk is in the file, and keep it there until it was read; None if it is not."""
        with self._lock:
            slot = self._slots.get(number)
            if slot is not None:
                self._slots.move_to_end(number)
                self._readers[slot] += 1
            return slot

    def _computed(self, number: int) -> Halves:
        chunk = self.chunk(number)
        values = block(self.frame, chunk.start, chunk.shape, self.features)
        values *= self._scale.to(values.device)[:, None, None, None]
        halves: Halves = values.clamp_(-_LARGEST, _LARGEST).half().permute(1, 2, 3, 0).contiguous().cpu().numpy()
        return halves

    def _store(self, number: int, halves: Halves, keep: bool) -> None:
        with self._lock:
            slot = self._free(keep)
            if slot is None:
                return
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(prefix="volviz-features-", dir=self._folder, buffering=0)  # noqa: SIM115
                self._file.seek(slot * self._bytes)
                left = memoryview(halves.tobytes())
                while left:
                    left = left[self._file.write(left) :]
            except OSError as error:
                self.room, said, self._note = len(self._slots), self._note, lambda _: None
                said(
                    f"The temporary file of features in {self._folder} cannot grow ({(error.strerror or str(error)).lower()}): "
                    "what does not fit is computed again each time; make room there, or name another folder with TMPDIR."
                )
                return
            self._slots[number] = slot

    def _free(self, keep: bool) -> int | None:
        """Return where in the file a chunk may be written; None for nowhere."""
        if len(self._slots) < self.room:
            return min(set(range(len(self._slots) + 1)) - set(self._slots.values()))
        unread = (number for number, slot in self._slots.items() if not self._readers[slot])
        oldest = next(unread, None) if keep and self.room else None
        return None if oldest is None else self._slots.pop(oldest)

    def _mapped(self, number: int, slot: int) -> Halves:
        """Map a chunk of the file: only what is looked at is read, and nothing of it counts as memory afterwards."""
        shape = (*self.chunk(number).shape, self.channels)
        return np.memmap(self._file, np.float16, "r", slot * self._bytes, shape)


@cache
def _powers(features: tuple[Feature, ...]) -> npt.NDArray[np.float32]:
    """Return for each channel by which power of two it is multiplied: that which brings white noise to the middle of what halves hold."""
    n = 16 + 2 * halo(features)
    noise = np.random.default_rng(0).standard_normal((n, n, n), dtype=np.float32)
    spread = compute(torch.from_numpy(noise), features).flatten(1).square().mean(dim=1).sqrt().clamp_min(1e-30)
    return torch.exp2(torch.round(torch.log2(_NOISE / spread))).numpy()
