"""A volume of class numbers as a segmentation, read in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.core.volume import Volume
from volviz.io.labels import names_of

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
        known = values[~np.isin(values, _UNKNOWN)]
        if any_class:
            most = max(most, int(known.max(initial=0)))
        if known.min(initial=0) < 0 or known.max(initial=0) > min(most, _MOST) or (known != np.rint(known)).any():
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
