"""Volumes, networks and sinks for tests of how a network is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks

SMALL = Bricks(tile=32, overlap=8)
TWO = (Label("background"), Label("membrane"))


def noise(shape: tuple[int, int, int], voxel: float | tuple[float, float, float] = 10.0, seed: int = 0) -> Volume:
    size = (voxel,) * 3 if isinstance(voxel, float) else voxel
    return Volume(Grid(shape, size, (3.0, -7.0, 11.0)), np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def constant(logits: tuple[float, ...]) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.tensor(logits).reshape(1, -1, 1, 1, 1).expand(len(x), -1, *x.shape[2:])


def smooth(x: Tensor) -> Tensor:
    """Looks at a neighbourhood that is narrower than the overlap: no tile's edge shows where another tile takes over."""
    mean = torch.nn.functional.avg_pool3d(x, 3, 1, 1, count_include_pad=False)
    return torch.cat([-4 * mean, 4 * mean], dim=1)


def run_on(volume: Volume, network: Callable[[Tensor], Tensor], bricks: Bricks = SMALL, **how: Any) -> Segmentation:
    labels = how.pop("labels", TWO)
    return apply(network, volume, Run(precision="float32", dense_is_dark=True, **how), labels=labels, bricks=bricks)


class Written:
    def __init__(self) -> None:
        self.parts: list[tuple[Region, np.ndarray]] = []
        self.ended = ""
        self.notes: Mapping[str, Any] = {}

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: str, provenance: Mapping[str, Any]) -> None:
        self.grid, self.labels, self.notes = grid, labels, provenance

    def write(self, region: Region, data: np.ndarray) -> None:
        self.parts.append((region, data.copy()))

    def finish(self) -> None:
        self.ended = "finished"

    def abort(self) -> None:
        self.ended = "aborted"
        self.parts = []

    def joined(self) -> np.ndarray:
        out = np.full((len(self.labels), *self.grid.shape), 77, self.parts[0][1].dtype)
        times = np.zeros(self.grid.shape, int)
        for region, data in self.parts:
            out[(slice(None), *region.slices)] = data
            times[region.slices] += 1
        assert (times == 1).all()
        return out
