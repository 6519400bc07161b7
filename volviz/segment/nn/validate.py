"""How good the weights are by now, on volumes that are never trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from volviz.core.errors import VolvizError
from volviz.core.grid import Shape
from volviz.core.report import Report, silent
from volviz.segment.nn.crops import Crops, Part, Source
from volviz.segment.nn.together import Over, pooled

# Voxels along the edge of a box, at most.
_EDGE = 128
# Boxes that a validation judges, of all volumes together: a bounded cost.
_BOXES = 16
# Boxes of a volume that are normalised together, at most: a bounded memory.
_TOGETHER = 2
# Of marks alone: the edge of the cells in which they are judged, and what the network sees around each, in voxels.
_CELL, _AROUND = 32, 16


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A piece of a source that is judged at once; its first planes, rows and columns, and its last, may be judged with another."""

    source: Source
    start: Shape
    shape: Shape
    judged: Shape = (0, 0, 0)
    later: Shape = (0, 0, 0)


def covering(source: Source, multiple: int, most: int | None = None) -> list[Box]:
    """Return boxes that cover a source, or so many of them, spread evenly; of marks, those that hold most. No voxel is judged twice."""
    if source.sparse is not None:
        return _around(source, source.sparse, multiple, most)
    along = [_along(low, high, multiple) for low, high in zip(source.within.start, source.within.stop, strict=True)]
    boxes = [Box(source, (z[0], y[0], x[0]), (z[1], y[1], x[1]), (z[2], y[2], x[2])) for z, y, x in product(*along)]
    if most is None or len(boxes) <= most:
        return boxes
    return [boxes[i] for i in np.linspace(0, len(boxes) - 1, most).round().astype(int)]


def _around(source: Source, marked: npt.NDArray[np.int64], multiple: int, most: int | None) -> list[Box]:
    """Return boxes of one size around the cells in which there are marked voxels, those with most of them first."""
    whole = np.asarray(source.grid.shape)
    low, high = np.asarray(source.within.start), np.asarray(source.within.stop)
    marked = marked[((marked >= low) & (marked < high)).all(axis=1)]
    cells, counts = np.unique(marked // _CELL, axis=0, return_counts=True)
    shape = np.minimum(-(-(_CELL + 2 * _AROUND) // multiple), -(-whole // multiple)) * multiple
    boxes = []
    for cell in cells[np.argsort(-counts, kind="stable")][:most]:
        first = np.maximum(cell * _CELL, low)
        last = np.minimum((cell + 1) * _CELL, high)
        start = np.clip(cell * _CELL - _AROUND, 0, np.maximum(whole - shape, 0))
        judged, later = first - start, np.maximum(start + shape - last, 0)
        boxes.append(Box(source, *(_triple(corner) for corner in (start, shape, judged, later))))
    return boxes


def _triple(values: npt.NDArray[np.int64]) -> Shape:
    z, y, x = (int(value) for value in values)
    return z, y, x


def _along(low: int, high: int, multiple: int) -> list[tuple[int, int, int]]:
    """Return start, length and what of it was judged before, of boxes along an axis."""
    side = min(_EDGE // multiple * multiple, -(-(high - low) // multiple) * multiple)
    if side >= high - low:
        return [(low, side, 0)]
    starts = [min(start, high - side) for start in range(low, high, side)]
    return [(start, side, max(0, before + side - start)) for before, start in zip([low - side, *starts], starts, strict=False)]


def grouped(boxes: Sequence[Box], over: Over) -> list[list[Box]]:
    """Return the boxes in groups that are normalised together: two that lie apart in their volume, or each by itself."""
    if over == "cube":
        return [[box] for box in boxes]
    groups = []
    for _, same in groupby(boxes, key=lambda box: id(box.source)):
        of = list(same)
        count = -(-len(of) // _TOGETHER)
        groups += [of[i::count] for i in range(count)]
    return groups


def f1_scores(
    network: nn.Module, groups: Sequence[Sequence[Box]], names: Sequence[str], dtype: torch.dtype, report: Report = silent
) -> dict[str, float]:
    """Return F1 of each class but the background, voxels of all boxes together, and their mean.

    The boxes of a group, all of one size, are normalised together. A class that is nowhere in the labels has no score.

    Raises:
        Cancelled: by the report.
    """
    device = next(network.parameters()).device

    @torch.no_grad()
    def count(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
        counts = np.zeros((len(names), 3))
        cut = [box.source.crop(box.start, box.shape) for box in boxes]
        densities = torch.stack([density[None] for density, _ in cut]).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = network(densities.contiguous(memory_format=torch.channels_last_3d))
        for box, (_, target), said in zip(boxes, cut, logits, strict=True):
            found, true = said.float().argmax(dim=0).cpu(), target.argmax(dim=0)
            own = tuple(slice(a, n - b) for a, b, n in zip(box.judged, box.later, box.shape, strict=True))
            fresh = torch.zeros(box.shape, dtype=torch.bool)
            fresh[own] = True
            known = (target.sum(dim=0) > 0) & fresh
            for c in range(1, len(names)):
                f, t = (found == c) & known, (true == c) & known
                counts[c] += [int((f & t).sum()), int(f.sum()), int(t.sum())]
        return counts

    total = np.zeros((len(names), 3))
    with pooled(network), ThreadPoolExecutor(2 if device.type == "cpu" else 1) as workers:
        try:
            for i, counts in enumerate(workers.map(count, groups)):
                total += counts
                report((i + 1) / len(groups), "scoring")
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    f1 = {f"f1.{name}": float(2 * total[c, 0] / (total[c, 1] + total[c, 2])) for c, name in enumerate(names) if c and total[c, 2]}
    return {**f1, "macro_f1": float(np.mean(list(f1.values()))) if f1 else 0.0}


@dataclass(frozen=True, slots=True)
class Judge:
    """Scores networks that want multiples of so many voxels, by the same parts of the same examples.

    With statistics ``over`` volumes they are judged as they will be used, nearly: normalised over two boxes of a volume.
    """

    crops: Crops
    names: Sequence[str]
    multiple: int
    dtype: torch.dtype
    over: Over = "volume"

    def some(self, parts: Sequence[tuple[int, Part]]) -> Callable[[nn.Module], Mapping[str, float]]:
        """Return what scores a network on boxes spread over these parts: always the same, and not many.

        Raises:
            VolvizError: nothing is labelled there.
        """
        most = max(2, _BOXES // len(parts))
        boxes = [box for i, part in parts for box in covering(self.crops.source(i, part), self.multiple, most)]
        if not any(len(places) for box in boxes for places in box.source.places):
            raise VolvizError("Nothing is labelled in what is held out to judge by: give labels with structures, or hold out others.")
        return lambda network: f1_scores(network, grouped(boxes, self.over), self.names, self.dtype)

    def all(self, network: nn.Module, parts: Sequence[tuple[int, Part]], report: Report) -> dict[str, float]:
        """Score a network on every voxel of these parts; without any there are no scores."""
        boxes = [box for i, part in parts for box in covering(self.crops.source(i, part), self.multiple)]
        return f1_scores(network, grouped(boxes, self.over), self.names, self.dtype, report) if boxes else {}
