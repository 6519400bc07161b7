"""A network over a volume: resample, cut into tiles, blend, resample back, brick by brick.

The whole tomogram is never in memory as floats: sums of one row of tiles along x are, and of the rows before it what
overlaps; what is final leaves.
Where tiles lie, how density is scaled and by what layers normalise depends on the volume alone, so the result for a
region is exactly that part of the result for everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.batches import NO_ROOM, Batches, Network
from volviz.segment.device import give_back, torch_dtype
from volviz.segment.frame import Finished, Frame, classified
from volviz.segment.nn.statistics import boxes, with_fixed_statistics
from volviz.segment.protocol import Run
from volviz.segment.resample import gather
from volviz.segment.sums import Step, Sums, steps
from volviz.segment.tiles import Bricks, Tiling

# Voxels that are turned back to the tomogram's grid at a time: bounds the floats, and the size of a written brick.
_SLAB = 2**19


def apply(
    network: Network,
    volume: Volume,
    run: Run,
    *,
    labels: tuple[Label, ...],
    bricks: Bricks,
    provenance: Mapping[str, Any] | None = None,
) -> Segmentation:
    """Return probabilities from a network that turns tiles (n, 1, z, y, x) into logits (n, class, z, y, x).

    Softmax comes first, then blending, then trilinear resampling to the volume's grid. With ``run.sink`` finished
    bricks go there as soon as no further tile can change them.

    Raises:
        VolvizError: the device asked for is missing or has no room for one tile, or the volume has no slice in ``run.z``.
        Cancelled: the sinks were told to leave nothing behind.
    """
    frame = Frame.of(volume, run, bricks)
    dtype = torch_dtype(run.precision, frame.device)
    said = {
        **(provenance or {}),
        "tile": bricks.tile,
        "overlap": bricks.overlap,
        "statistics": bricks.statistics,
        "augment": run.augment,
        "precision": str(dtype).removeprefix("torch."),
    }

    def finished(region: Region) -> Finished:
        work = _Work(frame, region, bricks)
        ready = work.prepared(network, dtype)
        batches = Batches(ready, frame.device, dtype, augment=run.augment, spread=run.spread is not None)
        return work.slabs(batches, len(labels), run)

    return classified(volume, run, frame, labels, finished, said)


class _Work:
    """One run over a part of the volume: which tiles are needed and what becomes of them."""

    def __init__(self, frame: Frame, region: Region, bricks: Bricks) -> None:
        self.frame, self.region, self.bricks = frame, region, bricks
        self.back = frame.back(region)
        self.tilings = [Tiling.along(n, bricks) for n in frame.grid.shape]

    def prepared(self, network: Network, dtype: torch.dtype) -> Network:
        """Return the network on its device, with statistics of this volume if it wants them.

        Raises:
            VolvizError: the device has no room.
        """
        if not isinstance(network, nn.Module):
            return network
        placed: nn.Module = network.eval().to(device=self.frame.device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        sampled = boxes(self.frame.grid.shape, self.bricks.multiple)
        # One tile that is the whole volume normalises by the volume's statistics without being told.
        if self.bricks.statistics == "tile" or sampled == [((0, 0, 0), tuple(t.size for t in self.tilings))]:
            return placed
        tiles = torch.stack([self.frame.read(start, size) for start, size in sampled])
        try:
            return with_fixed_statistics(placed, tiles[:, None], dtype)
        except torch.OutOfMemoryError as error:
            raise VolvizError(NO_ROOM) from error

    def slabs(self, batches: Batches, classes: int, run: Run) -> Iterator[tuple[Region, npt.NDArray[np.float32]]]:
        """Run all tiles and yield (region within the part, values (channel, z, y, x)), as they are complete.

        The channels are the classes and, if the batches give it, their spread.
        """
        zs, ys, xs = (steps(tiling, back) for tiling, back in zip(self.tilings, self.back, strict=True))
        # The background is not kept: it is what the other classes leave, and a quarter of the memory.
        sums = Sums(classes - 1 + batches.spread, zs, ys, xs)
        total = len(zs) * len(ys) * len(xs)
        tiles = (
            ((number, z, y, x), partial(self.frame.read, (z.start, y.start, x.start), (z.size, y.size, x.size)))
            for number, (z, y, x) in enumerate(product(zs, ys, xs))
        )
        for tile, (number, z, y, x) in batches.run(tiles):
            run.report(number / total, "segmenting")
            if x is xs[0]:
                sums.enter(z, y)
            sums.add(tile[1:], z, y, x)
            del tile  # or it would be held while the next one is computed
            if x is xs[-1]:
                yield from self._finished(sums, z, y, classes)
                sums.leave(z, y)
                give_back()
                self.frame.volume.let_go()

    def _finished(self, sums: Sums, z: Step, y: Step, classes: int) -> Iterator[tuple[Region, npt.NDArray[np.float32]]]:
        """Yield what is complete with a row of tiles along x, slab by slab."""
        (first, last), (top, bottom) = z.ready, y.ready
        if top == bottom:
            return
        width = self.region.shape[2]
        thick = max(1, _SLAB // ((bottom - top) * width))
        along_y = self.back[1].part(top, bottom)
        for low in range(first, last, thick):
            high = min(last, low + thick)
            along_z = self.back[0].part(low, high)
            used = sums.complete(z, y, along_z, along_y)
            kept = gather(used, (along_z, along_y, self.back[2]), (along_z.start, along_y.start, sums.x))
            values = torch.cat([1 - kept[: classes - 1].sum(dim=0, keepdim=True), kept])
            yield Region((low, top, 0), (high, bottom, width)), values.numpy()
