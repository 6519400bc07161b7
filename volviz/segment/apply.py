"""A network over a volume: resample, cut into tiles, blend, resample back, brick by brick.

The whole tomogram is never in memory as floats: sums of one row of tiles along z are, and what is final of them leaves.
Where tiles lie and how density is scaled depends on the volume alone, so the result for a region is exactly that part
of the result for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from volviz.core.density import dense_is_dark
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Bits, Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.batches import Batches
from volviz.segment.device import torch_device, torch_dtype
from volviz.segment.normalise import Standard
from volviz.segment.protocol import Run
from volviz.segment.resample import Taps, gather, read_resampled, taps
from volviz.segment.results import Memory, Streamed, rounded
from volviz.segment.scale import working_grids
from volviz.segment.tiles import Bricks, Tiling

# Native slices that are turned back to the tomogram's grid at a time: bounds the floats, and the size of a written brick.
_SLAB = 8

Stored = npt.NDArray[Any]  # uint8 or uint16
Part = tuple[Taps, Taps, Taps]


def apply(
    network: nn.Module | Callable[[Tensor], Tensor],
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
        VolvizError: the device asked for is missing, or has no room for one tile.
        Cancelled: the sink was told to leave nothing behind.
    """
    device = torch_device(run.device)
    dtype = torch_dtype(run.precision, device)
    native, model, notes = working_grids(volume.grid, bricks)
    dark = dense_is_dark(volume) if run.dense_is_dark is None else run.dense_is_dark
    standard = Standard.of(volume, 1 if bricks.dense_is_dark in (None, dark) else -1, bricks.scale)
    region = run.region or Region.whole(native.shape)
    grid = volume.grid.crop(region)
    said = {
        **(provenance or {}),
        "voxel_size": list(model.voxel_size),
        "tile": bricks.tile,
        "overlap": bricks.overlap,
        "device": device.type,
        "precision": str(dtype).removeprefix("torch."),
        "dense_is_dark": dark,
        "mean": standard.mean,
        "std": standard.std,
        "notes": [*(provenance or {}).get("notes", ()), *notes],
    }
    sink = run.sink or Memory(run.bits)
    run.report(0.0, notes[0] if notes else "segmenting")
    sink.begin(grid, labels, "probability", said)
    try:
        work = _Work(volume, native, model, region, bricks, standard, device)
        with torch.inference_mode():
            for part, data in work.bricks_of(network, dtype, len(labels), run):
                sink.write(part, data)
        run.report(1.0, "segmented")
        sink.finish()
    except BaseException:
        sink.abort()
        raise
    kept = sink.data if isinstance(sink, Memory) else None
    return Segmentation(
        grid,
        Streamed((len(labels), *grid.shape), np.dtype(f"u{run.bits // 8}")) if kept is None else kept,
        labels,
        provenance=said,
        source=volume.source,
        name=volume.name,
        header=volume.header,
    )


class _Work:
    """One run: which tiles are needed and what becomes of them."""

    def __init__(
        self, volume: Volume, native: Grid, model: Grid, region: Region, bricks: Bricks, standard: Standard, device: torch.device
    ) -> None:
        self.volume = Volume(native, volume.data) if native is not volume.grid else volume
        self.region, self.standard, self.device = region, standard, device
        self.model = model
        self.forward = _three(lambda a: taps(native, model, a))
        self.back = _three(lambda a: taps(model, native, a).part(region.start[a], region.stop[a]))
        self.tilings = [Tiling.along(n, bricks) for n in model.shape]
        self.needed = [t.touching(b.start, b.stop) for t, b in zip(self.tilings, self.back, strict=True)]

    def tile(self, k: tuple[int, int, int]) -> Tensor:
        """Read one tile (z, y, x) of standardised density, padded by reflection where the volume is shorter."""
        parts, pads = [], []
        for a in range(3):
            start, size = self.tilings[a].starts[k[a]], self.tilings[a].size
            stop = min(start + size, self.model.shape[a])
            parts.append(self.forward[a].part(start, stop))
            pads.append((0, start + size - stop))
        tile = self.standard(read_resampled(self.volume, (parts[0], parts[1], parts[2]), self.device))
        if any(after for _, after in pads):
            tile = torch.from_numpy(np.pad(tile.cpu().numpy(), pads, mode="reflect")).to(self.device)
        return tile

    def bricks_of(
        self, network: nn.Module | Callable[[Tensor], Tensor], dtype: torch.dtype, classes: int, run: Run
    ) -> Iterator[tuple[Region, Stored]]:
        """Run all tiles and yield (region within the result, classes (class, z, y, x)), slab by slab in z."""
        tz, ty, tx = self.tilings
        kz, ky, kx = self.needed
        y0, x0 = ty.starts[ky[0]], tx.starts[kx[0]]
        y1, x1 = min(self.model.shape[1], ty.starts[ky[-1]] + ty.size), min(self.model.shape[2], tx.starts[kx[-1]] + tx.size)
        # Planes from `base` on: those to which tiles are still added, and before them the few that the next slice looks back to.
        behind = self.back[0].index.shape[1] + 1
        sums = np.zeros((classes, tz.size + behind, y1 - y0, x1 - x0), np.float32)
        base = tz.starts[kz[0]]
        written, tiles_done = 0, 0
        total = len(kz) * len(ky) * len(kx)
        batches = Batches(network, self.device, dtype)
        for z in kz:
            start = tz.starts[z]
            for tile, (y, x) in batches.run(((y, x), partial(self.tile, (z, y, x))) for y, x in product(ky, kx)):
                run.report(tiles_done / total, "segmenting")
                weight = tz.window[z][:, None, None] * ty.window[y][:, None] * tx.window[x]
                depth, height, width = (min(t.size, n) for t, n in zip(self.tilings, self.model.shape, strict=True))
                at = (slice(start - base, start - base + depth), slice(ty.starts[y] - y0, ty.starts[y] - y0 + height))
                part = sums[(slice(None), *at, slice(tx.starts[x] - x0, tx.starts[x] - x0 + width))]
                part += (tile * weight)[:, :depth, :height, :width]
                tiles_done += 1
            final = tz.final(z, self.model.shape[0]) if z != kz[-1] else self.model.shape[0]
            ready = written + int(np.searchsorted(self.back[0].index[written:].max(axis=1), final))
            for low in range(written, ready, _SLAB):
                high = min(ready, low + _SLAB)
                yield self._slab(sums, (base, y0, x0), low, high, run.bits)
            written = ready
            if written < self.region.shape[0]:
                keep = min(final, int(self.back[0].index[written:].min()))
                _forget(sums, keep - base)
                base = keep

    def _slab(self, sums: npt.NDArray[np.float32], corner: tuple[int, int, int], low: int, high: int, bits: Bits) -> tuple[Region, Stored]:
        along = (self.back[0].part(low, high), self.back[1], self.back[2])
        used = sums[:, along[0].start - corner[0] : along[0].stop - corner[0]]
        values = gather(torch.from_numpy(used), along, (along[0].start, corner[1], corner[2]))
        _, height, width = self.region.shape
        return Region((low, 0, 0), (high, height, width)), rounded(values.numpy(), bits)


def _three(make: Callable[[int], Taps]) -> Part:
    return make(0), make(1), make(2)


def _forget(sums: npt.NDArray[np.float32], planes: int) -> None:
    """Drop the first planes, move the others up and clear what comes free."""
    kept = sums.shape[1] - planes
    for c in range(len(sums)):
        sums[c, :kept] = sums[c, planes:].copy()
        sums[c, kept:] = 0
