"""Where tiles are added up: only what a further tile may change is kept, the rest leaves.

Tiles come row by row, (z, y, x) with x fastest. Of a row of tiles all sums are kept; of the rows before it, and of the
rows under those, no more than the voxels that lie in the overlap, or that the next finished voxel still looks back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from volviz.segment.resample import Taps
from volviz.segment.tiles import Tiling


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One tile along one axis, and what is known along it once the tile was added.

    All but ``ready`` are voxels of the network's grid. The tile's first voxel is ``start``, and it counts in
    ``low`` to ``high``, where ``weights`` are its own. Sums are held from ``base`` on; those up to ``entered`` were there
    before it, and those before ``keep`` are not needed after it. ``ready`` are the first result voxel that is complete
    with this tile and was not before, and the one past the last.
    """

    start: int
    size: int
    low: int
    high: int
    base: int
    entered: int
    keep: int
    ready: tuple[int, int]
    weights: Tensor

    @property
    def used(self) -> slice:
        """The part of the tile that counts."""
        return slice(self.low - self.start, self.high - self.start)

    @property
    def held(self) -> slice:
        """Where that part lies among the sums."""
        return slice(self.low - self.base, self.high - self.base)


def steps(tiling: Tiling, back: Taps) -> list[Step]:
    """Return the tiles along an axis that count for the voxels that the taps turn into results, in order."""
    needed = tiling.touching(back.start, back.stop)
    found: list[Step] = []
    base = entered = back.start
    written = 0
    for k in needed:
        first, last = tiling.support(k)
        low, high = max(first, back.start), min(last, back.stop)
        final = max(back.start, tiling.final(k)) if k != needed[-1] else back.stop
        ready = written + int(np.searchsorted(back.index[written:].max(axis=1), final))
        keep = min(final, int(back.index[ready:].min())) if ready < len(back.index) else high
        start = tiling.starts[k]
        weights = torch.from_numpy(tiling.window[k, low - start : high - start])
        found.append(Step(start, tiling.size, low, high, base, entered, keep, (written, ready), weights))
        base, entered, written = keep, high, ready
    return found


class Sums:
    """Sums of weighted tiles (channel, z, y, x), of the rows of tiles that are not complete yet."""

    def __init__(self, channels: int, z: Sequence[Step], y: Sequence[Step], x: Sequence[Step]) -> None:
        self._first_y = y[0].base
        self.x = x[0].base
        width = x[-1].high - self.x
        self._row = torch.zeros(channels, max(s.high - s.base for s in z), max(s.high - s.base for s in y), width)
        # What the next tiles along z go on with.
        self._under = torch.zeros(channels, max(s.high - s.keep for s in z), y[-1].high - self._first_y, width)

    def enter(self, z: Step, y: Step) -> None:
        """Make room for the tiles of a row, on top of what earlier rows left there."""
        rows = self._row[:, :, y.entered - y.base : y.high - y.base]
        rows.zero_()
        planes = z.entered - z.base
        rows[:, :planes] = self._under[:, :planes, y.entered - self._first_y : y.high - self._first_y]

    def add(self, values: Tensor, z: Step, y: Step, x: Step) -> None:
        """Add the values (channel, z, y, x) of the tile that lies there, weighted."""
        part = self._row[:, z.held, y.held, x.low - self.x : x.high - self.x]
        part.addcmul_(values[:, z.used, y.used, x.used], z.weights[:, None, None] * y.weights[:, None] * x.weights)

    def complete(self, z: Step, y: Step, along_z: Taps, along_y: Taps) -> Tensor:
        """Return a view of what some result voxels are made of, along x all of it. A row of tiles was added in full."""
        return self._row[:, along_z.start - z.base : along_z.stop - z.base, along_y.start - y.base : along_y.stop - y.base]

    def leave(self, z: Step, y: Step) -> None:
        """Let go of what no further tile needs, once all that was complete has been taken."""
        gone, rest = y.keep - y.base, y.high - y.keep
        under = self._under[:, : z.high - z.keep, y.base - self._first_y : y.keep - self._first_y]
        under.copy_(self._row[:, z.keep - z.base : z.high - z.base, :gone])
        self._row[:, :, :rest] = self._row[:, :, gone : gone + rest].clone()
