"""A person's own labelled tomogram as an example to learn from. Both files stay on disk until a piece of them is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Dense, Example
from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.labels import names_of
from volviz.io.project import SUFFIX
from volviz.tasks.clean import clean
from volviz.tasks.session import open_session

_UNKNOWN = (255, -1)
# Planes that are looked at together when a label file is checked.
_PLANES = 16
_MOST = 126  # the largest number of a class


class HardLabels:
    """A volume of class numbers seen as classes (class, z, y, x), 255 where a voxel is of the class; unknown voxels are of none."""

    def __init__(self, volume: Volume, classes: int) -> None:
        self._volume = volume
        self.shape: tuple[int, ...] = (classes, *volume.grid.shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        first, *rest = key if isinstance(key, tuple) else (key,)
        numbers = np.rint(np.asarray(self._volume.data[tuple(rest)], dtype=np.float32))
        chosen = np.arange(self.shape[0])[first]
        found: npt.NDArray[np.uint8] = np.where(numbers == chosen.reshape(*chosen.shape, *[1] * numbers.ndim), np.uint8(255), np.uint8(0))
        return found

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("labels on disk cannot be had without a copy")
        return self[:].astype(dtype or self.dtype)


def read_example(tomogram: Path, labels: Path) -> Example:
    """Open a tomogram and its labels: a volume of hard labels (0 background, 1 membrane, 2 spikes, 3 lumen), or a segmentation.

    A session in place of both is its tomogram with what it says of it: its segmentation, as clean as it is shown, and its annotations.

    Raises:
        VolvizError: a file is something else, or the two do not lie on the same grid.
    """
    if tomogram.suffix.lower() == SUFFIX:
        return _example_of(tomogram)
    volume, labelled = open_path(tomogram), open_path(labels)
    if not isinstance(volume, Volume):
        raise VolvizError(f"{tomogram} holds a segmentation, not a tomogram; write TOMO.mrc:LABELS.mrc.")
    if volume.grid.shape != labelled.grid.shape:
        raise VolvizError(f"{labels} has {labelled.grid.shape} voxels and {tomogram} {volume.grid.shape}; both must be on the same grid.")
    if isinstance(labelled, Segmentation):
        return Example(volume, [Dense(replace(labelled, grid=volume.grid))])
    return Example(volume, [Dense(replace(hard_segmentation(labelled), grid=volume.grid))])


def hard_segmentation(labelled: Volume, *, any_class: bool = False) -> Segmentation:
    """Return a volume of hard labels (0 background, 1 membrane, 2 spikes, 3 lumen) as classes, read in place.

    Voxels of 255, or -1 where bytes have signs, are unknown: of no class. With ``any_class`` there may be more classes, up
    to 127: with the names that the file gives them, else ``class 4`` and so on.

    Raises:
        VolvizError: other values are in it.
    """
    labels = _named(labelled) if any_class else VIRION_LABELS
    most, (nz, ny, nx) = len(labels) - 1, labelled.grid.shape
    for z in range(0, nz, _PLANES):
        values = labelled.read(Region((z, 0, 0), (min(z + _PLANES, nz), ny, nx)))
        numbers = np.rint(values)
        known = numbers[~np.isin(numbers, _UNKNOWN)]
        if any_class:
            most = max(most, int(known.max(initial=0)))
        if known.min(initial=0) < 0 or known.max(initial=0) > min(most, _MOST) or (any_class and not np.array_equal(numbers, values)):
            name = labelled.source or labelled.name
            names = ", ".join(f"{i} {label.name}" for i, label in enumerate(labels))
            raise VolvizError(f"{name} holds values that are no class; use {names}, 255 unknown.")
    labels = (*labels, *(Label(f"class {i}") for i in range(len(labels), most + 1)))
    return Segmentation(
        labelled.grid, HardLabels(labelled, len(labels)), labels, source=labelled.source, name=labelled.name, header=labelled.header
    )


def _named(labelled: Volume) -> tuple[Label, ...]:
    """Return the classes that a label volume names, those of virions in their colours; without names, those of virions."""
    known = {label.name: label for label in VIRION_LABELS}
    return tuple(known.get(name, Label(name)) for name in names_of(labelled)) or VIRION_LABELS


def _example_of(path: Path) -> Example:
    session = open_session(path)
    dense = [] if session.segmentation is None else [Dense(clean(session.segmentation, session.project.scene))]
    annotations = [*dense, *session.project.annotations]
    if not annotations:
        raise VolvizError(f"{path.name} holds neither a segmentation nor annotations, so there is nothing to learn from; add some first.")
    return Example(session.volume, annotations)
