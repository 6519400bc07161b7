"""Dense labels with marks over them: what a person marked is so, whatever a forest made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Dense, Example, Lasso, Mark, Stroke
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Label, Segmentation
from volviz.segment.held_back import People, divide
from volviz.segment.rasterize import UNLABELLED, agreed, classes_of, rasterize


@dataclass(frozen=True, slots=True, eq=False)
class Overlaid:
    """Stored classes (class, z, y, x), read in place, in which marked voxels are of their class alone.

    Voxels of ``hidden`` marks are of no class, marked otherwise or not, and so are those that people disagree on. Without a
    labelling below only what is marked is known. A piece takes as long as painting the marks that lie in it.
    """

    grid: Grid
    labels: tuple[Label, ...]
    below: Segmentation | None
    people: People
    hidden: People = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(class, z, y, x)."""
        return (len(self.labels), *self.grid.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """As fine as what lies below."""
        return np.dtype(np.uint8 if self.below is None else self.below.data.dtype)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        first, *rest = key if isinstance(key, tuple) else (key,)
        along = [range(n)[k] for n, k in zip(self.grid.shape, [*rest, *[slice(None)] * (3 - len(rest))], strict=True)]
        most = np.iinfo(self.dtype).max
        out = np.zeros((len(self.labels), *(len(r) for r in along)), self.dtype)
        if not out.size:
            return np.asarray(out[first])
        every = tuple(slice(None, None, r.step) for r in along)
        region = Region((along[0][0], along[1][0], along[2][0]), (along[0][-1] + 1, along[1][-1] + 1, along[2][-1] + 1))
        if self.below is not None:
            part = tuple(slice(r[0], r[-1] + 1, r.step) for r in along)
            out[: len(self.below.labels)] = np.asarray(self.below.data[(slice(None), *part)])
        painted = agreed(self.people, self.grid, self.labels, region)[every]
        said = painted != UNLABELLED
        if len(self.people) > 1:  # what they disagree on is not what lies below either
            out[:, self._marked(self.people, region)[every] & ~said] = 0
        out[:, said] = 0
        z, y, x = np.nonzero(said)
        out[painted[said], z, y, x] = most
        if self.hidden:
            out[:, self._marked(self.hidden, region)[every]] = 0
        return np.asarray(out[first])

    def _marked(self, people: People, region: Region) -> npt.NDArray[np.bool_]:
        """Tell where anybody marked anything."""
        return np.asarray(np.any([rasterize(marks, self.grid, self.labels, region) != UNLABELLED for marks in people], axis=0))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("labels that are made when they are read cannot be had without a copy")
        return self[:].astype(dtype or self.dtype)


def taught(example: Example, share: float = 0.0) -> Example:
    """Return an example whose strokes and outlines are painted over its dense labels, but for the share of them that is held back.

    A box says that an object is in it, and points that it passes there, not of which class each voxel is: they overrule nothing.
    """
    painted = _painting(example)
    if not any(painted):
        return example
    divided = divide(painted, share)
    below = [one.segmentation for one in example.annotations if isinstance(one, Dense)]
    return _painted(example, below[0] if below else None, divided.teaching, divided.judging)


def judging(example: Example, share: float) -> Example | None:
    """Return an example of which nothing is known but the marks held back, where none that teaches lies over them; None without any."""
    divided = divide(_painting(example), share)
    if not divided.counts:
        return None
    return _painted(example, None, divided.judging, divided.teaching)


def _painting(example: Example) -> People:
    return tuple(tuple(mark for mark in person if isinstance(mark, Stroke | Lasso)) for person in example.marks)


def _painted(example: Example, below: Segmentation | None, people: People, hidden: People) -> Example:
    grid = example.volume.grid
    marks: Sequence[Mark] = [mark for group in (people, hidden) for said in group for mark in said]
    dense = [one for one in example.annotations if isinstance(one, Dense)]
    labels = classes_of(marks, dense[0].segmentation.labels) if dense else classes_of(marks)
    data = Overlaid(grid, labels, below, people, hidden)
    provenance = {} if below is None else below.provenance
    return Example(example.volume, [Dense(Segmentation(grid, data, labels, provenance=provenance, name=example.volume.name))])
