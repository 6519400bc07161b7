"""A network over a volume: resample, cut into tiles, blend, resample back, brick by brick.

The whole tomogram is never in memory as floats: sums of one row of tiles along x are, and of the rows before it what
overlaps; what is final leaves, tile by tile.
Where tiles lie, how density is scaled and by what layers normalise depends on the volume alone, so the result for a
region is exactly that part of the result for everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from volviz.core.grid import Region
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.batches import Batches, NoRoom
from volviz.segment.device import empty, give_back, torch_dtype
from volviz.segment.faint import settled
from volviz.segment.frame import Finished, Frame, classified
from volviz.segment.nn.statistics import MOST, boxes, with_fixed_statistics
from volviz.segment.overview import Seen
from volviz.segment.passes import Network, Passes
from volviz.segment.protocol import Run
from volviz.segment.resample import Taps, gather
from volviz.segment.sums import Step, Sums, steps
from volviz.segment.tiles import Bricks, tilings

# Voxels that are turned back to the tomogram's grid at a time: bounds the floats, and the size of a written brick.
_SLAB = 2**19
# To take statistics of voxels takes about as long as two passes of as many through the network that has them.
_SAMPLING = 2.0


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

    A small volume is one tile; if the GPU has no room for that, it is cut into several like a large one. Softmax comes first,
    then blending, then trilinear resampling to the volume's grid. With ``run.sink`` finished bricks go there as soon as no
    further tile can change them. The look from farther away, if there is one, comes first.

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
        "overview": None if bricks.overview is None else asdict(bricks.overview),
        "faint": None if bricks.faint is None else asdict(bricks.faint),
        "augment": run.augment,
        "precision": str(dtype).removeprefix("torch."),
    }

    names = [label.name for label in labels]
    settle = None
    if bricks.faint is not None:
        settle = partial(settled, number=names.index(bricks.faint.label), rule=bricks.faint)

    def finished(region: Region) -> Finished:
        work = _Work(frame, frame.back(region), bricks)
        far = seen = None
        if bricks.overview is not None:
            coarse = frame.coarser(bricks.overview.coarser)
            seen = Seen.nothing(names.index(bricks.overview.label), coarse.back(region))
            far = _Work(coarse, seen.itself(coarse.grid), bricks)
        placed = _placed(network, frame.device)
        passes = Passes(sum(each.voxels(run.augment) for each in (far, work) if each is not None), run.report)

        def look(each: _Work, seen: Seen | None = None, *, near: bool = True) -> Finished:
            ready = each.prepared(placed, dtype, passes)
            spread = near and run.spread is not None
            last = settle if near else None
            batches = Batches(ready, frame.device, dtype, augment=run.augment, spread=spread, passes=passes, settle=last)
            smaller = each.divided()
            try:
                yield from each.slabs(batches, len(labels), seen)
            except NoRoom:  # for the only tile, so nothing of it has been handed on
                if smaller is None:
                    raise
            else:
                return
            empty(frame.device)  # only now has the error let go of what it holds
            passes.instead(each.voxels(run.augment), smaller.voxels(run.augment))
            yield from look(smaller, seen, near=near)

        with passes.watching(placed, bricks.multiple):
            if far is not None and seen is not None:
                for place, values in look(far, near=False):
                    seen.keep(place, values)
            yield from look(work, seen)

    return classified(volume, run, frame, labels, finished, said)


class _Work:
    """One look at a part of the volume: which tiles are needed for what the taps make of them, and what becomes of them."""

    def __init__(self, frame: Frame, back: tuple[Taps, Taps, Taps], bricks: Bricks, *, whole: bool = True) -> None:
        self.frame, self.back, self.bricks = frame, back, bricks
        self.tilings = tilings(frame.grid.shape, bricks, whole=whole)
        # One tile that is the whole volume normalises by the volume's statistics without being told.
        self._alone = all(len(t.starts) == 1 for t in self.tilings)
        self.sampled = [] if bricks.statistics == "tile" or self._alone else boxes(frame.grid.shape, bricks.multiple)

    def divided(self) -> _Work | None:
        """Return the same look in tiles of the usual size, if this one has the whole volume in a larger one."""
        smaller = _Work(self.frame, self.back, self.bricks, whole=False) if self._alone else None
        return smaller if smaller is not None and not smaller._alone else None

    def voxels(self, views: int) -> float:
        """Return how many voxels go through the network, if every tile is seen so many times; those of the sample count twice."""
        tiles = [t.size * len(t.touching(back.start, back.stop)) for t, back in zip(self.tilings, self.back, strict=True)]
        return float(views * np.prod(tiles) + self._of_sample)

    @property
    def _of_sample(self) -> float:
        return _SAMPLING * sum(float(np.prod(size)) for _, size in self.sampled)

    def prepared(self, network: Network, dtype: torch.dtype, passes: Passes) -> Network:
        """Return a network that is on its device, with statistics of this volume if it wants them.

        Raises:
            NoRoom: the device has none for the boxes that statistics are taken from.
            Cancelled: by whom the passes report to.
        """
        if not isinstance(network, nn.Module) or not self.sampled:
            return network
        most = MOST
        while True:
            tiles = torch.stack([self.frame.read(start, size) for start, size in self.sampled])
            try:
                return passes.aside(self._of_sample, partial(with_fixed_statistics, network, tiles[:, None], dtype))
            except torch.OutOfMemoryError as error:
                if most == 1:
                    raise NoRoom from error
            # Fewer tell nearly the same; only now has the error let go of what it holds.
            most //= 2
            planned = self._of_sample
            self.sampled = boxes(self.frame.grid.shape, self.bricks.multiple, most)
            passes.instead(planned, self._of_sample)
            empty(self.frame.device)

    def slabs(self, batches: Batches, classes: int, seen: Seen | None = None) -> Iterator[tuple[Region, npt.NDArray[np.float32]]]:
        """Run all tiles and yield (region within the part, values (channel, z, y, x)), as they are complete.

        The channels are the classes and, if the batches give it, their spread. What was ``seen`` from farther away is heard.
        """
        zs, ys, xs = (steps(tiling, back) for tiling, back in zip(self.tilings, self.back, strict=True))
        # The background is not kept: it is what the other classes leave, and a quarter of the memory.
        sums = Sums(classes - 1 + batches.spread, zs, ys, xs)
        tiles = (
            ((z, y, x), partial(self.frame.read, (z.start, y.start, x.start), (z.size, y.size, x.size))) for z, y, x in product(zs, ys, xs)
        )
        with closing(batches.run(tiles)) as found:  # what runs in other threads ends with this, whatever ends it
            for tile, (z, y, x) in found:
                if x is xs[0]:
                    sums.enter(z, y)
                sums.add(tile[1:], z, y, x)
                del tile  # or it would be held while the next one is computed
                for place, values in self._finished(sums, z, y, x, classes):
                    if seen is not None:
                        seen.settle(place, values)
                    yield place, values.numpy()
                if x is xs[-1]:
                    sums.leave(z, y)
                    give_back()
                    self.frame.volume.let_go()
                batches.passes.tell()

    def _finished(self, sums: Sums, z: Step, y: Step, x: Step, classes: int) -> Iterator[tuple[Region, Tensor]]:
        """Yield what is complete with a tile, slab by slab."""
        (first, last), (top, bottom), (left, right) = z.ready, y.ready, x.ready
        if top == bottom or left == right:
            return
        thick = max(1, _SLAB // ((bottom - top) * (right - left)))
        along_y, along_x = self.back[1].part(top, bottom), self.back[2].part(left, right)
        for low in range(first, last, thick):
            high = min(last, low + thick)
            along_z = self.back[0].part(low, high)
            used = sums.complete(z, y, along_z, along_y)
            kept = gather(used, (along_z, along_y, along_x), (along_z.start, along_y.start, sums.x))
            values = torch.cat([1 - kept[: classes - 1].sum(dim=0, keepdim=True), kept])
            yield Region((low, top, left), (high, bottom, right)), values


def _placed(network: Network, device: torch.device) -> Network:
    """Return the network on its device, if it is one that can be moved."""
    if not isinstance(network, nn.Module):
        return network
    placed: nn.Module = network.eval().to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return placed
