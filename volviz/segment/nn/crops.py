"""Random cubes of densely labelled volumes, at the network's voxel size, more often where there is something to see.

Volumes and labels stay on disk: a cube reads what it needs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from numpy.random import Generator
from torch import Tensor

from volviz.core.annotations import Dense, Example
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, Shape
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.nn.augment import Augmentation, augment
from volviz.segment.normalise import Standard
from volviz.segment.resample import Taps, gather, read_resampled, taps
from volviz.segment.scale import working_grids
from volviz.segment.tiles import Bricks

# Filters wrap around the edges of a crop; so much is cut off after them.
MARGIN = 8
# The part of all crops that is centred near a voxel of some class (the others lie anywhere), rare classes more often.
_AIMED = 0.75
# A crop of which one structure fills more than this is drawn again, so many times.
_BLAND = 0.98
_TRIES = 5
# Places that are remembered of each class, looked for in every second voxel of so many planes at a time.
_PLACES = 2000
_PLANES = 32
# Labels of which less than this is known are marks.
_SPARSE = 0.25

# From where to where along the longest axis of an example; see `Source.slab`.
Part = tuple[float, float]
WHOLE: Part = (0.0, 1.0)


def dense_labels(example: Example) -> Segmentation:
    """Return the dense labelling of an example.

    Raises:
        VolvizError: it has none, or one on another grid than its volume.
    """
    name = example.volume.name or "the volume"
    for annotation in example.annotations:
        if isinstance(annotation, Dense):
            if annotation.segmentation.grid.shape != example.volume.grid.shape:
                raise VolvizError(
                    f"The labels of {name} have {annotation.segmentation.grid.shape} voxels and the tomogram "
                    f"{example.volume.grid.shape}; both must be on the same grid."
                )
            return annotation.segmentation
    raise VolvizError(f"{name} has no dense labels to learn from; give a label volume of the same size with every tomogram.")


Groups = tuple[tuple[int, ...], ...]


def merged(labels: tuple[Label, ...], classes: Literal["all", "foreground"]) -> tuple[tuple[Label, ...], Groups]:
    """Return the classes that are learnt, and which of the labels each of them is made of."""
    if classes == "all":
        return labels, tuple((c,) for c in range(len(labels)))
    return (labels[0], Label("foreground")), ((0,), tuple(range(1, len(labels))))


@dataclass(frozen=True, slots=True)
class Trust:
    """How far labels are believed: ``hard`` takes the most probable class for certain; where it is less probable than ``sure``, none."""

    hard: bool = False
    sure: float = 0.0

    def __call__(self, target: Tensor) -> Tensor:
        """Return targets (class, z, y, x) that sum to one, or to zero where nothing is known, of labels in any unit."""
        total = target.sum(dim=0, keepdim=True)
        target = target / total.clamp_min(1) * (total > 0)
        if self.hard or self.sure > 0:
            most, which = target.max(dim=0, keepdim=True)
            believed = (most > 0) & (most >= self.sure)
            target = (torch.zeros_like(target).scatter_(0, which, 1.0) if self.hard else target) * believed
        return target


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One example, prepared: how its density is standardised, where its structures are, and which part of it may be used.

    ``within`` is in voxels of ``grid``, which has the network's voxel size: targets are unknown outside. The classes of
    the labels are summed by ``groups``. Where next to nothing is labelled, ``sparse`` are voxels (n, zyx) of which something is known.
    """

    volume: Volume
    labels: Segmentation
    grid: Grid
    along: tuple[Taps, Taps, Taps]
    standard: Standard
    within: Region
    groups: Groups
    places: tuple[npt.NDArray[np.int64], ...]
    chances: npt.NDArray[np.float64]
    sparse: npt.NDArray[np.int64] | None
    trust: Trust

    @classmethod
    def of(cls, example: Example, voxel_size: float, sign: int, groups: Groups | None = None, trust: Trust | None = None) -> Source:
        """Prepare an example, on the grid on which a predictor would see it. Each class is a group unless ``groups`` says otherwise.

        Raises:
            VolvizError: it has no dense labels, or other classes than the groups.
        """
        volume, labels = example.volume, dense_labels(example)
        each = groups or tuple((c,) for c in range(len(labels.labels)))
        if sum(len(group) for group in each) != len(labels.labels):
            named = ", ".join(label.name for label in labels.labels)
            name = volume.name or "a volume"
            raise VolvizError(f"The labels of {name} have the classes {named}, those of another volume others; all must have the same.")
        native, grid, _ = working_grids(volume.grid, Bricks(voxel_size))
        along = (taps(native, grid, 0), taps(native, grid, 1), taps(native, grid, 2))
        found, sizes = _survey(labels, 2)
        # Of marks alone little is known: their voxels are all there is to judge by, and a thin one may lie between those looked at.
        alone = sizes.sum() < _SPARSE * np.prod([n / 2 for n in volume.grid.shape])
        if alone:
            found, sizes = _survey(labels, 1)
        ground, *places = ((p * np.asarray(grid.shape) // np.asarray(volume.grid.shape)).astype(np.int64) for p in found)
        chances = np.where(sizes[1:] > 0, np.maximum(sizes[1:], 1) ** -0.25, 0)
        sparse = np.concatenate([ground, *places]) if alone else None
        standard, within = Standard.of(volume, sign), Region.whole(grid.shape)
        return cls(volume, labels, grid, along, standard, within, each, tuple(places), chances, sparse, trust or Trust())

    def slab(self, start: float, stop: float) -> Source:
        """Return the part between two fractions 0..1 along the longest axis.

        Nine tenths of a fraction are of what is labelled, one is of the length: no eighth is without structures.
        """
        axis = 2 - int(np.argmax(self.grid.shape[::-1]))
        length = self.grid.shape[axis]
        before = np.arange(length + 1)
        seen = [np.searchsorted(np.sort(p[:, axis]), before) / len(p) for p in self.places if len(p)]
        share = 0.1 * before / length + 0.9 * np.mean(seen, axis=0) if seen else before / length
        low = min(int(np.abs(share - start).argmin()), length - 1)
        high = max(int(np.abs(share - stop).argmin()), low + 1)
        corners = [list(self.within.start), list(self.within.stop)]
        corners[0][axis], corners[1][axis] = low, high
        within = Region(_triple(corners[0]), _triple(corners[1]))
        places = tuple(p[(p[:, axis] >= low) & (p[:, axis] < high)] for p in self.places)
        return replace(self, within=within, places=places, chances=np.where([len(p) for p in places], self.chances, 0))

    def crop(self, start: Shape, shape: Shape) -> tuple[Tensor, Tensor]:
        """Cut a box: standardised density (z, y, x) and target (class, z, y, x), zero beyond the volume's edge and unknown there."""
        parts, pads = [], []
        for a in (2, 1, 0):
            low, high = max(0, start[a]), min(self.grid.shape[a], start[a] + shape[a])
            parts.append(self.along[a].part(low, high))
            pads += [low - start[a], start[a] + shape[a] - high]
        along = (parts[2], parts[1], parts[0])
        density = self.standard(read_resampled(self.volume, along))
        corner = (along[0].start, along[1].start, along[2].start)
        box = tuple(slice(t.start, t.stop) for t in along)
        raw = gather(torch.from_numpy(np.asarray(self.labels.data[(slice(None), *box)], dtype=np.float32)), along, corner)
        target = torch.stack([raw[list(group)].sum(dim=0) for group in self.groups])
        target = self.trust(target)
        if any(pads):
            density, target = torch.nn.functional.pad(density, pads), torch.nn.functional.pad(target, pads)
        for a in range(3):
            target.narrow(a + 1, 0, min(shape[a], max(0, self.within.start[a] - start[a]))).zero_()
            beyond = max(0, min(shape[a], self.within.stop[a] - start[a]))
            target.narrow(a + 1, beyond, shape[a] - beyond).zero_()
        return density, target

    def draw(
        self, size: int, how: Augmentation, rng: Generator, look: Generator | None = None, aimed: float | None = None
    ) -> tuple[Tensor, Tensor]:
        """Cut and vary a random cube of this size, near a structure with the chance ``aimed``. For ``look`` see `augment`."""
        whole = size + 2 * MARGIN
        for _ in range(_TRIES):
            density, target = self.crop(self._place(whole, rng, _AIMED if aimed is None else aimed), (whole, whole, whole))
            if _telling(target):
                break
        density, target = augment(density, target, how, rng, look)
        inside = slice(MARGIN, MARGIN + size)
        return density[inside, inside, inside], target[:, inside, inside, inside]

    def _place(self, size: int, rng: Generator, aimed: float = _AIMED) -> Shape:
        """Draw where a cube begins: inside the part where that is possible, and centred on it along axes that are too short."""
        low, shape = np.asarray(self.within.start), np.asarray(self.within.shape)
        if self.chances.any() and rng.random() < aimed:
            near = self.places[int(rng.choice(len(self.places), p=self.chances / self.chances.sum()))]
            reach = size // 3
            centre = near[int(rng.integers(len(near)))] - low + rng.integers(-reach, reach + 1, 3)
        else:
            centre = rng.integers(0, shape)
        start = low + np.where(shape >= size, np.clip(centre - size // 2, 0, np.maximum(shape - size, 0)), (shape - size) // 2)
        return _triple(start)


def _triple(values: Sequence[int] | npt.NDArray[np.int64]) -> Shape:
    z, y, x = (int(value) for value in values)
    return z, y, x


def _survey(labels: Segmentation, every: int) -> tuple[tuple[npt.NDArray[np.int64], ...], npt.NDArray[np.int64]]:
    """Return random voxels (n, zyx) of which most is of a class, for every class 2000 or all there are, and how many there are.

    Every so-manieth plane, row and column is looked at.
    """
    rng = np.random.default_rng(0)
    count = len(labels.labels)
    kept = [np.empty((0, 3), np.int64)] * count
    keys = [np.empty(0)] * count
    sizes = np.zeros(count, np.int64)
    for z in range(0, labels.grid.shape[0], _PLANES):
        values = np.asarray(labels.data[:, z : z + _PLANES : every, ::every, ::every])
        most = np.where(values.any(axis=0), values.argmax(axis=0), -1)
        for c in range(count):
            found = np.flatnonzero(most == c)
            sizes[c] += len(found)
            if c == 0:  # most of a volume, and only asked for where there is next to nothing of it
                found = found[:: 1 + len(found) // _PLACES]
            # The voxels with the smallest of random numbers are a random sample of all, whatever comes in which block.
            key = rng.random(len(found))
            chosen = np.argsort(key)[:_PLACES]
            at = np.stack(np.unravel_index(found[chosen], most.shape), axis=1) * every + (z, 0, 0)
            both = np.concatenate([keys[c], key[chosen]])
            first = np.argsort(both)[:_PLACES]
            kept[c], keys[c] = np.concatenate([kept[c], at])[first], both[first]
    return tuple(kept), sizes


def _telling(target: Tensor) -> bool:
    """Tell whether a crop shows more than the bland inside of something large.

    That looks like ice. Learned from, it would make ice look like the inside of something: far from any membrane
    the network shall say background.
    """
    return bool(target[1:].mean(dim=(1, 2, 3)).amax() < _BLAND)


@dataclass(slots=True)
class Crops:
    """Draws cubes from examples. The sequence may grow meanwhile: a pool that is still being simulated.

    ``first`` is the first example that is drawn from; of each only this ``part`` of its longest axis is used.
    """

    examples: Sequence[Example]
    size: int
    voxel_size: float
    how: Augmentation
    signs: Sequence[int] | int = 1
    first: int = 0
    part: Part = WHOLE
    groups: Groups | None = None
    trust: Trust = Trust()
    sources: dict[tuple[int, Part], Source] = field(default_factory=dict)
    _preparing: threading.RLock = field(default_factory=threading.RLock)

    def source(self, i: int, part: Part = WHOLE) -> Source:
        """Return a part of the example of this number, prepared."""
        if (i, part) not in self.sources:
            # Cubes of one volume are drawn side by side: it is surveyed for the first of them alone.
            with self._preparing:
                if (i, part) not in self.sources:
                    self.sources[i, part] = self._prepare(i, part)
        return self.sources[i, part]

    def _prepare(self, i: int, part: Part) -> Source:
        if part != WHOLE:
            return self.source(i).slab(*part)
        sign = self.signs if isinstance(self.signs, int) else self.signs[i]
        return Source.of(self.examples[i], self.voxel_size, sign, self.groups, self.trust)

    def choose(self, rng: Generator) -> int:
        """Choose an example to draw from."""
        return int(rng.integers(self.first, len(self.examples)))

    def cube(self, example: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> tuple[Tensor, Tensor]:
        """Draw a cube of an example: density (z, y, x) and target (class, z, y, x). See `Source.draw`."""
        return self.source(example, self.part).draw(self.size, self.how, rng, look, aimed)

    def __call__(self, rng: Generator) -> tuple[Tensor, Tensor]:
        """Draw a cube of any example."""
        return self.cube(self.choose(rng), rng)
