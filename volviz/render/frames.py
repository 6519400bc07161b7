"""A video's pictures, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from volviz.core.camera import Camera
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Bits, Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import Headless
from volviz.render.passes.march import Quality
from volviz.render.picture import Artist
from volviz.render.renderer import DRAWING, Pixels, Renderer, Size
from volviz.render.sketch import Sketch

SAMPLES = 1  # a picture that moves hides what is left of the noise


def frames(
    views: Sequence[tuple[Scene, Camera]],
    volume: Volume,
    segmentation: Segmentation | None = None,
    *,
    size: Size = (1920, 1080),
    quality: Quality = "cached",
    samples: int = SAMPLES,
    artist: Artist | None = None,
    bits: Bits | None = None,
    sketch: Sketch | None = None,
    report: Report = silent,
) -> Generator[Pixels, None, None]:
    """Yield a picture of every view as (height, width, 3) uint8 RGB, top row first.

    An ``artist`` draws them where the data are on a GPU already; without one, they are brought there first. A ``sketch`` is
    laid over each.

    Raises:
        VolvizError: OpenGL cannot be had here, or the volume cannot be drawn with it.
        Cancelled: by ``report``.
    """
    with nullcontext(artist) if artist is not None else _headless(volume, segmentation, bits) as draw:
        for i, (scene, camera) in enumerate(views):
            told = _picture(report, i, len(views))
            told(0.0)
            picture = draw(scene, camera, size, quality=quality, samples=samples, sketch=sketch, report=told)
            yield np.ascontiguousarray(picture[..., :3])


def _picture(report: Report, i: int, count: int) -> Report:
    def told(fraction: float, text: str = "", **metrics: float) -> None:
        report((i + fraction) / count, f"picture {i + 1} of {count}" if text in {"", DRAWING} else text)

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
