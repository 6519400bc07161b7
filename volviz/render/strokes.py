"""Guides as lines and words on the picture: where they are, how wide and of which colour. Arithmetic, without OpenGL.

Places are in pixels from the lower left corner of the whole picture; widths are fractions of its height.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from volviz.core.camera import Camera
from volviz.core.grid import Floats, Grid, Triple
from volviz.core.guides import scale_bar_across
from volviz.core.scene import Scene

Place = tuple[float, float]
Size = tuple[int, int]  # (width, height)

MARGIN = 0.035  # between guides and the edges of the picture, like all below in fractions of its height
TEXT = 0.026  # font size
THIN, BOLD = 0.0018, 0.0042
BAR = 0.007  # thickness of the scale bar
ARM = 0.062  # an axis
AXES: tuple[tuple[str, Triple], ...] = (("x", (0.89, 0.30, 0.28)), ("y", (0.33, 0.69, 0.34)), ("z", (0.33, 0.55, 0.95)))


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line from ``start`` to ``end``, ``width`` pixels wide; ``color`` is sRGB with straight alpha.

    ``behind``: the volume hides it.
    """

    start: Place
    end: Place
    width: float
    color: tuple[float, float, float, float]
    behind: bool = False
    round: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """Text in ``pixels`` high letters, centred on ``middle``."""

    text: str
    middle: Place
    pixels: int
    color: Triple


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything to be laid over a picture; ``halo`` is the colour of a rim that sets words off from what is behind."""

    strokes: tuple[Stroke, ...]
    words: tuple[Word, ...]
    halo: Triple


def drawing_of(scene: Scene, camera: Camera, grid: Grid, size: Size) -> Drawing:
    """Return the guides of a scene in a picture of ``size``; ``grid`` is that of what is drawn, at full resolution."""
    guides = scene.guides
    paper = scene.background
    ink = (0.08, 0.08, 0.08) if _is_light(paper) else (0.94, 0.94, 0.94)
    strokes: list[Stroke] = list(_box(camera, grid, size, guides.size, ink)) if guides.box else []
    words: list[Word] = []
    if guides.axes:
        arms, letters = _axes(camera, size, guides.size)
        strokes += [_rim(arm, paper, size) for arm in arms] + arms
        words += letters
    if guides.scale_bar:
        bar, word = _scale_bar(camera, grid, size, guides.size, ink)
        strokes += [_rim(bar, paper, size), bar]
        words.append(word)
    return Drawing(tuple(strokes), tuple(words), paper)


def scale_bar(camera: Camera, grid: Grid, aspect: float) -> tuple[float, str]:
    """Return the length of a scale bar in angstrom, and what it says: 1, 2 or 5 times a power of ten.

    For a perspective camera it is true in the plane of the target, through the point that the camera turns about:
    nearer things look larger, farther ones smaller. Where the file knew no voxel size it counts voxels.
    """
    return scale_bar_across(aspect * camera.height, grid)


def _scale_bar(camera: Camera, grid: Grid, size: Size, scale: float, ink: Triple) -> tuple[Stroke, Word]:
    width, height = size
    length, text = scale_bar(camera, grid, width / height)
    pixels = length / camera.height * height
    right, low, thick = width - MARGIN * height, MARGIN * height, scale * BAR * height
    bar = Stroke((right - pixels, low), (right, low), thick, (*ink, 1.0))
    letters = _letters(scale, height)
    return bar, Word(text, (right - pixels / 2, low + thick / 2 + 0.85 * letters), letters, ink)


def _axes(camera: Camera, size: Size, scale: float) -> tuple[list[Stroke], list[Word]]:
    """Return the axes of the world as the camera sees them, those that point away from it first."""
    height = size[1]
    arm, letters = scale * ARM * height, _letters(scale, height)
    middle = np.full(2, MARGIN * height + arm + 0.8 * letters)
    drawn = []
    for (name, color), (right, up, back) in zip(AXES, camera.axes_xyz.T, strict=True):
        tip = middle + arm * np.array([right, up])
        away = np.array([right, up]) / max(1e-6, math.hypot(right, up)) if math.hypot(right, up) > 0.15 else np.array([0.7, 0.7])
        stroke = Stroke(_place(middle), _place(tip), scale * BOLD * height, (*color, 1.0), round=True)
        drawn.append((back, stroke, Word(name, _place(tip + 0.62 * letters * away), letters, color)))
    drawn.sort(key=lambda entry: entry[0])
    return [stroke for _, stroke, _ in drawn], [word for _, _, word in drawn]


def _box(camera: Camera, grid: Grid, size: Size, scale: float, ink: Triple) -> Iterator[Stroke]:
    """Yield the edges of the volume's box: first those behind all that is in it, then those before.

    The box is convex and holds everything: an edge of a face that looks at the camera is before, any other one behind.
    """
    low, high = grid.bounds_xyz
    width = max(1.0, scale * THIN * size[1])  # less than a pixel would fade in small pictures
    edges = [(axis, ends) for axis in range(3) for ends in product((0, 1), repeat=2)]
    found = []
    for axis, sides in edges:
        others = [k for k in range(3) if k != axis]
        start, end = low.copy(), low.copy()
        end[axis] = high[axis]
        before = False
        for k, side in zip(others, sides, strict=True):
            start[k] = end[k] = (low, high)[side][k]
            normal = np.eye(3)[k] * (2 * side - 1)
            towards = camera.axes_xyz[2] if camera.orthographic_height is not None else camera.eye_xyz - start
            before |= bool(normal @ towards > 0)
        seen = _seen(camera, start, end, size)
        if seen is not None:
            found.append(Stroke(*seen, width, (*ink, 0.75 if before else 0.45), behind=not before))
    yield from sorted(found, key=lambda stroke: not stroke.behind)


def _seen(camera: Camera, start_xyz: Floats, end_xyz: Floats, size: Size) -> tuple[Place, Place] | None:
    """Return where a line in space appears; None if it is behind the eye of a perspective."""
    ends = np.array([start_xyz, end_xyz])
    if camera.orthographic_height is None:
        depth = (ends - camera.eye_xyz) @ -camera.axes_xyz[2]
        near = 0.01 * camera.distance
        if depth.max() <= near:
            return None
        if depth.min() < near:
            share = (near - depth[0]) / (depth[1] - depth[0])
            ends[int(depth.argmin())] = start_xyz + share * (end_xyz - start_xyz)
    right, up, _ = camera.project(ends).T
    a, b = np.column_stack([right, up]) * size[1] + np.asarray(size) / 2
    return _place(a), _place(b)


def _rim(stroke: Stroke, paper: Triple, size: Size) -> Stroke:
    return replace(stroke, width=stroke.width + 0.004 * size[1], color=(*paper, 0.45), round=True)


def _letters(scale: float, height: int) -> int:
    return max(7, round(scale * TEXT * height))


def _is_light(background: Triple) -> bool:
    return float(np.dot(background, (0.2126, 0.7152, 0.0722))) > 0.45


def _place(values: Floats) -> Place:
    x, y = (float(v) for v in values)
    return x, y
