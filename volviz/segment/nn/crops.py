"""Random crops of densely labelled volumes, at the network's voxel size, more often where there is something to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from numpy.random import Generator
from torch import Tensor

from volviz.core.annotations import Dense, Example
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.segment.nn.augment import Augmentation, augment
from volviz.segment.normalise import Standard
from volviz.segment.resample import Taps, gather, read_resampled, taps

# Filters wrap around the edges of a crop; so much is cut off after them.
MARGIN = 8
# The part of all crops that is centred near a voxel of some class (the others lie anywhere), rare classes more often.
_AIMED = 0.75
# A crop of which one structure fills more than this is drawn again, so many times.
_BLAND = 0.98
_TRIES = 5


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


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One example, prepared: how its density is standardised and where its structures are."""

    volume: Volume
    labels: Segmentation
    grid: Grid
    along: tuple[Taps, Taps, Taps]
    standard: Standard
    places: tuple[npt.NDArray[np.int64], ...]
    chances: npt.NDArray[np.float64]

    @classmethod
    def of(cls, example: Example, voxel_size: float, sign: int) -> Source:
        """Prepare an example: grid of the network's voxel size, standard, up to 2000 places (z, y, x) on it for every class."""
        volume, labels = example.volume, dense_labels(example)
        target = volume.grid.resample(voxel_size)
        along = (taps(volume.grid, target, 0), taps(volume.grid, target, 1), taps(volume.grid, target, 2))
        places, sizes = [], []
        rng = np.random.default_rng(0)
        for c in range(1, len(labels.labels)):
            found = np.argwhere(np.asarray(labels.data[c, ::2, ::2, ::2]) > 127) * 2
            sizes.append(len(found))
            found = found[rng.permutation(len(found))[:2000]]
            places.append((found * np.asarray(target.shape) // np.asarray(volume.grid.shape)).astype(np.int64))
        chances = np.where(np.asarray(sizes) > 0, np.maximum(sizes, 1) ** -0.25, 0)
        return cls(volume, labels, target, along, Standard.of(volume, sign), tuple(places), chances / max(chances.sum(), 1e-9))

    def crop(self, start: tuple[int, int, int], size: int) -> tuple[Tensor, Tensor]:
        """Cut a cube: standardised density (z, y, x) and target (class, z, y, x), zero beyond the volume's edge and unknown there."""
        parts, pads = [], []
        for a in (2, 1, 0):
            low, high = max(0, start[a]), min(self.grid.shape[a], start[a] + size)
            parts.append(self.along[a].part(low, high))
            pads += [low - start[a], start[a] + size - high]
        along = (parts[2], parts[1], parts[0])
        density = self.standard(read_resampled(self.volume, along))
        corner = (along[0].start, along[1].start, along[2].start)
        box = tuple(slice(t.start, t.stop) for t in along)
        raw = torch.from_numpy(np.asarray(self.labels.data[(slice(None), *box)], dtype=np.float32))
        target = gather(raw, along, corner)
        total = target.sum(dim=0, keepdim=True)
        target = target / total.clamp_min(1) * (total > 0)
        if not any(pads):
            return density, target
        return torch.nn.functional.pad(density, pads), torch.nn.functional.pad(target, pads)

    def draw(self, size: int, how: Augmentation, rng: Generator) -> tuple[Tensor, Tensor]:
        """Cut and vary a random cube of this size."""
        for _ in range(_TRIES):
            density, target = self.crop(self._place(size + 2 * MARGIN, rng), size + 2 * MARGIN)
            if _telling(target):
                break
        density, target = augment(density, target, how, rng)
        inside = slice(MARGIN, MARGIN + size)
        return density[inside, inside, inside], target[:, inside, inside, inside]

    def _place(self, size: int, rng: Generator) -> tuple[int, int, int]:
        """Draw where a cube begins: inside the volume where that is possible, and centred on it along axes that are too short."""
        shape = np.asarray(self.grid.shape)
        if self.chances.any() and rng.random() < _AIMED:
            near = self.places[int(rng.choice(len(self.places), p=self.chances))]
            reach = size // 3
            centre = near[int(rng.integers(len(near)))] + rng.integers(-reach, reach + 1, 3)
        else:
            centre = rng.integers(0, shape)
        start = np.where(shape >= size, np.clip(centre - size // 2, 0, np.maximum(shape - size, 0)), (shape - size) // 2)
        return int(start[0]), int(start[1]), int(start[2])


def _telling(target: Tensor) -> bool:
    """Tell whether a crop shows more than the bland inside of something large.

    That looks like ice. Learned from, it would make ice look like the inside of something: far from any membrane
    the network shall say background.
    """
    return bool(target[1:].mean(dim=(1, 2, 3)).amax() < _BLAND)


@dataclass(slots=True)
class Crops:
    """Draws batches from examples. The sequence may grow meanwhile: a pool that is still being simulated."""

    examples: Sequence[Example]
    size: int
    batch: int
    voxel_size: float
    how: Augmentation
    signs: Sequence[int] | int = 1
    first: int = 0
    sources: dict[int, Source] = field(default_factory=dict)

    def source(self, i: int) -> Source:
        """Return the prepared example of this number."""
        if i not in self.sources:
            sign = self.signs if isinstance(self.signs, int) else self.signs[i]
            self.sources[i] = Source.of(self.examples[i], self.voxel_size, sign)
        return self.sources[i]

    def __call__(self, rng: Generator) -> tuple[Tensor, Tensor]:
        """Draw a batch: density (n, 1, z, y, x) and target (n, class, z, y, x)."""
        drawn = [self.source(int(rng.integers(self.first, len(self.examples)))).draw(self.size, self.how, rng) for _ in range(self.batch)]
        return torch.stack([d[None] for d, _ in drawn]), torch.stack([t for _, t in drawn])
