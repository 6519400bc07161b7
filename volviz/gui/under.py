"""What lies under the pointer, in words for the status bar."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from volviz.core.grid import Grid, Region, Triple
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.document import State


def words(point_xyz: Triple, density: float | None = None, classes: Iterable[tuple[str, float]] = ()) -> str:
    """Return position (A), density, and the probability of each class."""
    said = ["x {:.0f}   y {:.0f}   z {:.0f} Å".format(*point_xyz)]
    if density is not None:
        said.append(f"density {density:.4g}")
    if told := "  ".join(f"{name} {p:.2f}" for name, p in classes):
        said.append(told)
    return "      ".join(said)


def at(state: State, point_xyz: Triple) -> str:
    """Return what a state holds at a point; reads one voxel of each from where they lie, so it may wait for a disk."""
    volume, classes = state.volume, state.classes
    density = None if volume is None else _density(volume, point_xyz)
    return words(point_xyz, density, () if classes is None else _classes(classes, point_xyz))


def _density(volume: Volume, point_xyz: Triple) -> float | None:
    index = voxel(volume.grid, point_xyz)
    return None if index is None else float(np.asarray(volume.data[index]))


def _classes(classes: Segmentation, point_xyz: Triple) -> list[tuple[str, float]]:
    index = voxel(classes.grid, point_xyz)
    if index is None:
        return []
    z, y, x = index
    soft = classes.probabilities(Region(index, (z + 1, y + 1, x + 1))).reshape(-1)
    return [(label.name, float(p)) for label, p in zip(classes.labels, soft, strict=True)]


def voxel(grid: Grid, point_xyz: Triple) -> tuple[int, int, int] | None:
    """Return the indices (z, y, x) of the voxel at a point, None outside."""
    index = np.rint(grid.to_index(point_xyz)).astype(int)
    if (index < 0).any() or (index >= grid.shape).any():
        return None
    z, y, x = (int(i) for i in index)
    return z, y, x
