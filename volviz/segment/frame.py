"""What every method that goes over a volume block by block begins and ends with: grids, grey values, regions, and where results go.

Nothing here depends on how a method cuts the volume up, so the result for a region is exactly that part of the result
for everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.density import dense_is_dark
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.device import torch_device
from volviz.segment.normalise import Standard
from volviz.segment.protocol import Run
from volviz.segment.resample import Taps, read_resampled, taps
from volviz.segment.results import Memory, Outputs, Streamed
from volviz.segment.scale import working_grids
from volviz.segment.tiles import Bricks

Finished = Iterable[tuple[Region, npt.NDArray[np.float32]]]
"""Regions within the part that is computed, with the values (channel, z, y, x) of the classes and, if wanted, their spread."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A volume as a method sees it: standardised density at the method's own voxel size.

    Attributes:
        volume: on a grid whose voxel size is known or assumed.
        grid: the method's, over the same space.
        standard: what is done to density.
        dense_is_dark: which sign the density was found or said to have.
        device: where blocks go.
        notes: sentences on what makes the result a guess.
    """

    volume: Volume
    grid: Grid
    standard: Standard
    dense_is_dark: bool
    device: torch.device
    notes: Sequence[str]
    _along: tuple[Taps, Taps, Taps]
    _back: tuple[Taps, Taps, Taps]

    @classmethod
    def of(cls, volume: Volume, run: Run, bricks: Bricks) -> Frame:
        """Look at a volume.

        Raises:
            VolvizError: the device asked for is missing.
        """
        device = torch_device(run.device)
        native, grid, notes = working_grids(volume.grid, bricks)
        dark = dense_is_dark(volume) if run.dense_is_dark is None else run.dense_is_dark
        standard = Standard.of(volume, 1 if bricks.dense_is_dark in (None, dark) else -1, bricks.scale)
        seen = Volume(native, volume.data) if native is not volume.grid else volume
        return cls(seen, grid, standard, dark, device, notes, _taps(native, grid), _taps(grid, native))

    def coarser(self, times: float) -> Frame:
        """Return the same volume as it is seen with voxels so many times as large."""
        native = self.volume.grid
        grid = native.resample([times * v for v in self.grid.voxel_size])
        return replace(self, grid=grid, _along=_taps(native, grid), _back=_taps(grid, native))

    def read(self, start: Sequence[int], size: Sequence[int]) -> Tensor:
        """Read a box (z, y, x) of standardised density at the method's voxel size; beyond its ends the volume is mirrored."""
        z, y, x = (along.mirrored(a, n) for along, a, n in zip(self._along, start, size, strict=True))
        return self.standard(read_resampled(self.volume, (z, y, x), self.device))

    def back(self, region: Region) -> tuple[Taps, Taps, Taps]:
        """Return of which voxels of the method's grid those of a region of the volume are made, and with what weights."""
        z, y, x = (back.part(a, b) for back, a, b in zip(self._back, region.start, region.stop, strict=True))
        return z, y, x


def _taps(source: Grid, target: Grid) -> tuple[Taps, Taps, Taps]:
    return taps(source, target, 0), taps(source, target, 1), taps(source, target, 2)


def classified(
    volume: Volume,
    run: Run,
    frame: Frame,
    labels: tuple[Label, ...],
    finished: Callable[[Region], Finished],
    provenance: Mapping[str, Any],
) -> Segmentation:
    """Hand on what a method finds of the region of a run, and return it, or all but its data if they went to a sink.

    Slices that the run leaves out are background. ``finished`` is called with the rest of the region, if there is any.

    Raises:
        VolvizError: the volume has no slice in ``run.z``, or no voxel in ``run.region``.
        Cancelled: the sinks were told to leave nothing behind.
    """
    region = volume.grid.within(run.region)
    inner = region & volume.grid.slices(run.z)
    grid = volume.grid.crop(region)
    said = said_of(frame, run, provenance)
    sink = run.sink or Memory(run.bits)
    outputs = Outputs(sink, run.spread, run.bits, len(labels))
    run.report(0.0, frame.notes[0] if frame.notes else "segmenting")
    with outputs.begun(grid, labels, said):
        outputs.background(region, inner, run.report)
        if inner is not None:
            offset = [a - b for a, b in zip(inner.start, region.start, strict=True)]
            for part, values in finished(inner):
                outputs.write(part.shifted(offset), values)
        run.report(1.0, "segmented")
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


def said_of(frame: Frame, run: Run, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance of a result: what the method says, and how the volume was looked at."""
    return {
        **provenance,
        "voxel_size": list(frame.grid.voxel_size),
        "z": None if run.z is None else list(run.z),
        "device": frame.device.type,
        "dense_is_dark": frame.dense_is_dark,
        "mean": frame.standard.mean,
        "std": frame.standard.std,
        "notes": [*provenance.get("notes", ()), *frame.notes],
    }
