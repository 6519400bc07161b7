"""Slices of a prediction over its density, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

Picture = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

OPACITY = {"membrane": 0.8, "spikes": 0.8}
"""Of a class where it is certain; 0.4 for others, which fill large areas."""
GAP, HEAD = 6, 20
INK, PAPER = (30, 30, 30), (255, 255, 255)
CURVES = ((255, 210, 0), (255, 60, 110))
LARGEST = 1600
"""Pixels of the longer side."""


def draw(
    path: Path, title: str, volume: Volume, found: Segmentation, truth: Volume | None = None, middle: tuple[int, int, int] | None = None
) -> None:
    """Write a picture: density, the same with the classes found over it, and with the true ones; in three planes through a voxel.

    Classes are as opaque as they are probable. ``middle`` is (z, y, x); the volume's middle unless given.
    """
    at = middle or tuple(n // 2 for n in volume.grid.shape)
    density = volume.read()
    colors = np.asarray([(*label.color, OPACITY.get(label.name, 0.4)) for label in found.labels[1:]], np.float32)
    rows: list[tuple[str, list[Picture]]] = []
    grey = [_grey(_plane(density, axis, at)) for axis in range(3)]
    rows.append(("density", grey))
    probable = found.probabilities()
    rows.append(("found", [_tinted(g, [_plane(p, axis, at) for p in probable[1:]], colors) for axis, g in enumerate(grey)]))
    if truth is not None:
        hard = truth.read()
        true = [(hard == i).astype(np.float32) for i in range(1, len(found.labels))]
        rows.append(("true", [_tinted(g, [_plane(t, axis, at) for t in true], colors) for axis, g in enumerate(grey)]))

    gap = np.ones((_joined(grey).shape[0], 2 * GAP, 3), np.float32)
    strip = np.concatenate([part for _, planes in rows for part in (_joined(planes), gap)][:-1], axis=1)
    scale = max(1, min(3, LARGEST // max(strip.shape[:2])))
    size = (strip.shape[1] * scale, strip.shape[0] * scale)
    image = Image.fromarray((strip * 255).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    page = Image.new("RGB", (image.width, image.height + HEAD), PAPER)
    page.paste(image, (0, HEAD))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    voxel = volume.grid.mean_voxel_size
    pen.text((4, 2), f"{title}: {', '.join(name for name, _ in rows)}; xy, right of it yz, below it xz", INK, font)
    x = page.width - 4
    for label in reversed(found.labels[1:]):
        x -= int(pen.textlength(label.name, font))
        pen.text((x, 2), label.name, INK, font)
        pen.rectangle((x - 16, 5, x - 5, 16), tuple(round(255 * c) for c in label.color))
        x -= 28
    bar = scale * 1000 / voxel
    pen.rectangle((8, HEAD + 10, 8 + bar, HEAD + 14), PAPER, INK)
    pen.text((12 + bar, HEAD + 4), "100 nm", PAPER, font, stroke_width=1, stroke_fill=INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, quality=82)


def curves(path: Path, planes: Sequence[Picture], drawn: Sequence[Sequence[Points]]) -> None:
    """Write a picture: planes of density side by side, and below them the same with curves, (y, x) in voxels, in two colours."""
    rows: tuple[list[npt.NDArray[np.uint8]], ...] = ([], [])
    for plane, lines in zip(planes, drawn, strict=True):
        grey = Image.fromarray((_grey(plane) * 255).astype(np.uint8))
        over = grey.copy()
        for points, color in zip(lines, CURVES, strict=True):
            ImageDraw.Draw(over).line([(x, y) for y, x in points], color)
        rows[0].append(np.asarray(grey))
        rows[1].append(np.asarray(over))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in rows])).save(path, quality=60)


def _plane(data: npt.NDArray[np.generic], axis: int, at: tuple[int, ...]) -> Picture:
    """Cut a volume through a voxel: xy, xz, or yz standing beside the xy plane."""
    cut = np.take(data, at[axis], axis=axis)
    return np.asarray(cut.T if axis == 2 else cut, np.float32)


def _grey(plane: Picture) -> Picture:
    low, high = np.percentile(plane, (1, 99))
    value = np.clip((plane - low) / max(high - low, 1e-6), 0, 1)
    return np.repeat(value[..., None], 3, axis=2)


def _tinted(grey: Picture, probable: list[Picture], colors: npt.NDArray[np.float32]) -> Picture:
    """Lay colours (class, (r, g, b, opacity)) over a plane, each as opaque as its class is probable there."""
    weight = np.stack(probable, axis=-1) * colors[:, 3]
    return np.asarray(grey * (1 - weight.sum(axis=-1, keepdims=True)) + weight @ colors[:, :3], np.float32)


def _joined(planes: list[Picture]) -> Picture:
    """Set xy with yz at its right, and xz below."""
    xy, xz, yz = planes
    height, width = xy.shape[0] + GAP + xz.shape[0] + GAP, xy.shape[1] + GAP + yz.shape[1]
    out = np.ones((height, width, 3), np.float32)
    out[: xy.shape[0], : xy.shape[1]] = xy
    out[: yz.shape[0], xy.shape[1] + GAP :] = yz
    out[xy.shape[0] + GAP : xy.shape[0] + GAP + xz.shape[0], : xz.shape[1]] = xz
    return out
