"""What a model makes of real tomograms, for which there are no labels, only a few things that are certain."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from volviz.core.segmentation import VIRION_LABELS

MEMBRANE, SPIKES, LUMEN = 1, 2, 3
NEAR, INSIDE, OUTSIDE = 3.0, 6.0, 12.0
LYSOSOME_VOXEL_SIZE = 12.3
"""A: a guess from the camera, as the file does not say."""

Classes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Circle:
    """A membrane in the plane ``z``: lengths in voxels."""

    z: int
    y: float
    x: float
    radius: float


def read_circles(path: Path) -> list[Circle]:
    """Read the circles fitted to the lysosome's membrane."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Circle(round(float(r["z"])), float(r["cy"]), float(r["cx"]), float(r["radius_voxels"])) for r in rows]


def along_circles(classes: Classes, circles: list[Circle]) -> dict[str, float]:
    """Return how well hard classes (z, y, x) agree with circles that follow one membrane, as fractions.

    ``membrane_found`` is the part of the circles' length, as far as it lies in the volume, that has membrane within 3
    voxels in its plane. ``inside_called_CLASS`` is the part of the voxels farther than 6 voxels inside the circles that
    is called so, ``outside_called_CLASS`` that of those farther than 12 voxels outside.
    """
    near = length = 0
    inside, outside = np.zeros(len(VIRION_LABELS), np.int64), np.zeros(len(VIRION_LABELS), np.int64)
    for circle in circles:
        plane = classes[circle.z]
        angle = np.linspace(0, 2 * np.pi, int(8 * circle.radius), endpoint=False)
        y, x = np.rint(circle.y + circle.radius * np.sin(angle)), np.rint(circle.x + circle.radius * np.cos(angle))
        there = (y >= 0) & (x >= 0) & (y < plane.shape[0]) & (x < plane.shape[1])
        length += int(there.sum())
        if (plane == MEMBRANE).any():
            distance = ndimage.distance_transform_edt(plane != MEMBRANE)
            near += int((distance[y[there].astype(int), x[there].astype(int)] <= NEAR).sum())
        r = np.hypot(np.arange(plane.shape[0])[:, None] - circle.y, np.arange(plane.shape[1]) - circle.x)
        inside += np.bincount(plane[r < circle.radius - INSIDE], minlength=len(inside))
        outside += np.bincount(plane[r > circle.radius + OUTSIDE], minlength=len(outside))
    figures = {"membrane_found": near / max(1, length)}
    for where, counts in (("inside", inside), ("outside", outside)):
        for label, number in zip(VIRION_LABELS[1:], counts[1:], strict=True):
            figures[f"{where}_called_{label.name}"] = float(number / max(1, counts.sum()))
    return figures


def fractions(classes: Classes) -> dict[str, float]:
    """Return the part of all voxels that is called each structure."""
    return {f"called_{label.name}": float(np.mean(classes == i)) for i, label in enumerate(VIRION_LABELS) if i}
