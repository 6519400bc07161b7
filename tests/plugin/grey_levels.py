"""Tells classes apart by how dense they are: for each, the mean and the spread of smoothed density under a person's strokes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from volviz.core.annotations import Annotation, Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.card import Card, read_weights, write_weights
from volviz.segment.frame import Frame, classified
from volviz.segment.protocol import Run
from volviz.segment.rasterize import UNLABELLED, classes_of, rasterize
from volviz.segment.tiles import Bricks

BLOCK = (64, 128, 128)  # voxels in memory at a time
REACH = 4.0  # of the Gaussian, in standard deviations: what lies farther away counts for nothing
AS_IT_IS = Bricks(voxel_size=None)  # the tomogram at its own voxel size


@dataclass(frozen=True)
class GreyLevels:
    """Gives each class the grey values that lie under its strokes, and each voxel the classes that its own value fits."""

    needs: ClassVar[tuple[type[Annotation], ...]] = (Stroke,)

    smoothing: float = field(default=20.0, metadata={"least": 0.0})
    """Standard deviation in angstrom of the Gaussian that density is smoothed with."""
    equal: bool = True
    """Take every class to be as frequent as every other; else as frequent as it was marked."""

    def fit(self, examples: Sequence[Example], run: Run) -> GreyLevelsPredictor:
        """Measure what is marked, in one or several volumes.

        Raises:
            VolvizError: fewer than two classes are marked.
        """
        known = classes_of([annotation for example in examples for annotation in example.annotations])
        values: list[list[np.ndarray]] = [[] for _ in known]
        for number, example in enumerate(examples):
            frame = Frame.of(example.volume, run, AS_IT_IS)
            for region in bricks(frame.grid.shape, BLOCK):
                run.report(number / len(examples), f"reading {example.volume.name}")
                classes = rasterize(example.annotations, frame.grid, known, region)
                if (classes != UNLABELLED).any():
                    density = smoothed(frame, region, self.smoothing)
                    for i in np.unique(classes[classes != UNLABELLED]):
                        values[i].append(density[classes == i])
        there = [i for i, found in enumerate(values) if found]
        if len(there) < 2:
            raise VolvizError("Mark at least two classes; one alone has nothing to differ from.")
        under = [np.concatenate(values[i]) for i in there]
        levels = torch.tensor([[v.mean(), max(v.std(), 1e-3), 1 if self.equal else v.size] for v in under], dtype=torch.float32)
        run.report(1.0, "measured")
        card = Card(
            name="grey-levels",
            method="grey-levels",
            architecture={"smoothing": self.smoothing},
            labels=tuple(known[i] for i in there),
            bricks=AS_IT_IS,
            training={"parameters": asdict(self), "voxels": {known[i].name: v.size for i, v in zip(there, under, strict=True)}},
            limits=("Density is all it looks at.",),
        )
        return GreyLevelsPredictor(levels, card)


@dataclass(frozen=True)
class GreyLevelsPredictor:
    """``levels`` (class, 3) are the mean, the standard deviation and the frequency of each class."""

    levels: torch.Tensor
    card: Card

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes it tells apart."""
        return self.card.labels

    @classmethod
    def load(cls, path: Path, card: Card) -> GreyLevelsPredictor:
        """Read what `save` wrote."""
        return cls(read_weights(path)["levels"], card)

    def save(self, path: Path) -> None:
        """Write the numbers, and the card."""
        write_weights(path, {"levels": self.levels}, self.card)

    def predict(self, volume: Volume, run: Run) -> Segmentation:
        """Ask every voxel which class its density fits: Bayes' rule, with a normal distribution for each."""
        frame = Frame.of(volume, run, AS_IT_IS)
        smoothing = float(self.card.architecture["smoothing"])

        def blocks(whole: Region) -> Iterator[tuple[Region, np.ndarray]]:
            parts = list(bricks(whole.shape, BLOCK))
            for number, region in enumerate(parts):
                run.report(number / len(parts), "segmenting")
                yield region, self.probabilities(smoothed(frame, region.shifted(whole.start), smoothing))

        return classified(volume, run, frame, self.labels, blocks, {"model": self.card.name, "method": self.card.method})

    def probabilities(self, density: np.ndarray) -> np.ndarray:
        """Return classes (class, z, y, x) for density (z, y, x)."""
        mean, spread, frequency = (self.levels[:, i].numpy()[:, None, None, None] for i in range(3))
        log = np.log(frequency / spread) - 0.5 * ((density - mean) / spread) ** 2
        likely = np.exp(log - log.max(axis=0))
        return (likely / likely.sum(axis=0)).astype(np.float32)


def smoothed(frame: Frame, region: Region, smoothing: float) -> np.ndarray:
    """Return the density of a region (z, y, x), smoothed by so many angstrom, as if the whole volume had been."""
    sigma = [smoothing / size for size in frame.grid.voxel_size]
    margin = [int(np.ceil(REACH * s)) for s in sigma]
    start = [a - m for a, m in zip(region.start, margin, strict=True)]
    size = [n + 2 * m for n, m in zip(region.shape, margin, strict=True)]
    wide = frame.read(start, size).cpu().numpy()
    inner = tuple(slice(m, m + n) for m, n in zip(margin, region.shape, strict=True))
    return gaussian_filter(wide, sigma, truncate=REACH)[inner]
