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
# How far from a circle the line is looked for (voxels), over how much of it each of its voxels is averaged along it, and what a
# step towards or away from the centre costs, in deviations of the density.
_REACH, _ALONG, _BEND = 20, 6.0, 0.3
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


def darkest_line(plane: npt.NDArray[np.float32], circle: Circle) -> npt.NDArray[np.float64]:
    """Return the radii, at even angles from +x towards +y, of the line near a circle that is darkest all along.

    Found by dynamic programming (Viterbi) in the density alone, three times around, of which the middle one counts.
    """
    angles = np.arange(round(2 * np.pi * circle.radius)) * 2 * np.pi / round(2 * np.pi * circle.radius)
    radii = circle.radius + np.arange(-_REACH, _REACH + 1)
    at = circle.y + np.outer(radii, np.sin(angles)), circle.x + np.outer(radii, np.cos(angles))
    density = ndimage.map_coordinates(plane, at, order=1, mode="nearest")
    density = ndimage.gaussian_filter1d(density, _ALONG, axis=1, mode="wrap")
    density = np.tile((density - density.mean()) / density.std(), 3)
    cost, back = density[:, 0], []
    for column in density.T[1:]:
        ways = np.pad(cost, 1, constant_values=np.inf)
        ways = np.stack([ways[:-2] + _BEND, cost, ways[2:] + _BEND])
        back.append(ways.argmin(axis=0) - 1)
        cost = ways.min(axis=0) + column
    path = [int(cost.argmin())]
    for steps in reversed(back):
        path.append(path[-1] + int(steps[path[-1]]))
    return radii[path[::-1]][len(angles) : 2 * len(angles)]


def around(circle: Circle, radii: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the closed curve of these radii, at even angles around a circle's centre, as points (y, x)."""
    angles = np.arange(len(radii) + 1) * 2 * np.pi / len(radii)
    closed = np.append(radii, radii[0])
    return np.stack([circle.y + closed * np.sin(angles), circle.x + closed * np.cos(angles)], axis=1)


def along_lines(classes: Classes, density: npt.NDArray[np.float32], circles: list[Circle]) -> dict[str, float]:
    """Return what `along_circles` does of the darkest lines near the circles, which membranes that are not round keep to.

    ``line_inside_circle`` is the part of the voxels inside the circles, as they are counted there, that a band of five voxels
    around the line fills: what an answer that followed the line would have there.
    """
    near = length = band = within = 0
    inside = np.zeros(len(VIRION_LABELS), np.int64)
    smooth = ndimage.gaussian_filter(density, 1)
    for circle in circles:
        plane, radii = classes[circle.z], darkest_line(smooth[circle.z], circle)
        dy, dx = np.arange(plane.shape[0])[:, None] - circle.y, np.arange(plane.shape[1]) - circle.x
        r, angle = np.hypot(dy, dx), np.mod(np.arctan2(dy, dx), 2 * np.pi)
        line = np.interp(angle, np.arange(len(radii)) * 2 * np.pi / len(radii), radii, period=2 * np.pi)
        on = np.abs(r - line) <= 0.5
        length += int(on.sum())
        if (plane == MEMBRANE).any():
            near += int((ndimage.distance_transform_edt(plane != MEMBRANE)[on] <= NEAR).sum())
        inside += np.bincount(plane[r < line - INSIDE], minlength=len(inside))
        deep = r < circle.radius - INSIDE
        band, within = band + int((deep & (np.abs(r - line) <= 2.5)).sum()), within + int(deep.sum())
    figures = {"line_found": near / max(1, length), "line_inside_circle": band / max(1, within)}
    for label, number in zip(VIRION_LABELS[1:], inside[1:], strict=True):
        figures[f"inside_line_called_{label.name}"] = float(number / max(1, inside.sum()))
    return figures


def fractions(classes: Classes) -> dict[str, float]:
    """Return the part of all voxels that is called each structure."""
    return {f"called_{label.name}": float(np.mean(classes == i)) for i, label in enumerate(VIRION_LABELS) if i}
