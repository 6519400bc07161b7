"""A turn around the volume, picture by picture."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from volviz.core.camera import Camera
from volviz.core.estimate import drawn_points, first_camera
from volviz.core.grid import Region
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Bits, Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import Headless
from volviz.render.passes.march import Quality
from volviz.render.picture import Artist
from volviz.render.renderer import Pixels, Renderer, Size

SAMPLES = 1  # a picture that moves hides what is left of the noise


def turn(camera: Camera, degrees: float, count: int) -> Iterator[Camera]:
    """Yield ``count`` cameras evenly spaced over a turn about the vertical of the picture; the last is one step short.

    So a full turn joins its own beginning without a frame shown twice.
    """
    vertical = tuple(float(v) for v in camera.axes_xyz[1])
    for i in range(count):
        yield camera.turned((vertical[0], vertical[1], vertical[2]), degrees * i / count)


def _wide_enough(volume: Volume, segmentation: Segmentation | None, aspect: float, degrees: float, region: Region | None) -> Camera:
    """Return a camera that sees what is drawn at every moment of the turn."""
    points = drawn_points(volume, segmentation, region)
    first = first_camera(volume, segmentation, aspect, region)
    x, y, z = (float(v) for v in (points.min(axis=0) + points.max(axis=0)) / 2)
    around = replace(first, target_xyz=(x, y, z))
    distances = [view.seeing(points, aspect=aspect, margin=1.1, centred=False).distance for view in turn(around, degrees, 24)]
    return replace(around, distance=max(distances))


def frames(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None = None,
    *,
    size: Size = (1920, 1080),
    camera: Camera | None = None,
    degrees: float = 360.0,
    seconds: float = 10.0,
    fps: float = 30.0,
    quality: Quality = "cached",
    samples: int = SAMPLES,
    artist: Artist | None = None,
    bits: Bits | None = None,
    report: Report = silent,
) -> Generator[Pixels, None, None]:
    """Yield the pictures of a turn as (height, width, 3) uint8 RGB, top row first: ``seconds * fps`` of them.

    An ``artist`` draws them where the data are on a GPU already; without one, they are brought there first.

    Raises:
        VolvizError: OpenGL cannot be had here, or the volume cannot be drawn with it.
        Cancelled: by ``report``.
    """
    count = max(1, round(seconds * fps))
    first = camera or _wide_enough(volume, segmentation, size[0] / size[1], degrees, scene.region)
    with nullcontext(artist) if artist is not None else _headless(volume, segmentation, bits) as draw:
        for i, view in enumerate(turn(first, degrees, count)):
            told = _picture(report, i, count)
            told(0.0)
            picture = draw(scene, view, size, quality=quality, samples=samples, report=told)
            yield np.ascontiguousarray(picture[..., :3])


def _picture(report: Report, i: int, count: int) -> Report:
    def told(fraction: float, text: str = "", **metrics: float) -> None:
        report((i + fraction) / count, f"picture {i + 1} of {count}")

    return told


@contextmanager
def _headless(volume: Volume, segmentation: Segmentation | None, bits: Bits | None) -> Iterator[Artist]:
    """Make a context, current only while a picture is drawn: who takes the pictures may have one of their own."""
    context = Headless()
    renderer = Renderer(bits=bits)
    renderer.load(volume, segmentation)

    def draw(scene: Scene, camera: Camera, size: Size, **how: Any) -> Pixels:
        with context:
            return renderer.image(scene, camera, size, **how)

    try:
        yield draw
    finally:
        with context:
            renderer.release()
        context.close()
