"""One picture, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from volviz.core.camera import Camera
from volviz.core.estimate import first_camera
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Bits, Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import headless
from volviz.render.passes.march import Quality
from volviz.render.picture import Artist
from volviz.render.renderer import SAMPLES, Pixels, Renderer, Size
from volviz.render.sketch import Sketch

__all__ = ["SAMPLES", "easel", "still"]


@contextmanager
def easel(volume: Volume, segmentation: Segmentation | None = None, bits: Bits | None = None) -> Iterator[Artist]:
    """Give an artist for several pictures of the same data, which go to the GPU once, as finely as the classes are or in ``bits``.

    Raises:
        VolvizError: OpenGL cannot be had here, or the volume cannot be drawn with it.
    """
    with headless():
        renderer = Renderer(bits=bits)
        try:
            renderer.load(volume, segmentation)
            yield renderer.image
        finally:
            renderer.release()


def still(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None = None,
    *,
    size: Size = (3840, 2160),
    camera: Camera | None = None,
    quality: Quality = "cached",
    transparent: bool = False,
    bits: Bits | None = None,
    sketch: Sketch | None = None,
    report: Report = silent,
) -> Pixels:
    """Return a picture of ``size`` (width, height) as (height, width, 4) uint8 RGBA, top row first, alpha straight.

    Without a camera what is drawn is seen from an angle. ``quality="exact"`` evaluates occlusion and shadow at
    every sample instead of looking them up, which takes many times longer. ``bits`` is how fine the textures are, by
    default as fine as the classes. A ``sketch`` is laid over it. It is the mean of `SAMPLES` frames, as the window at rest.

    Raises:
        VolvizError: OpenGL cannot be had here, or the volume cannot be drawn with it.
        Cancelled: by ``report``, which hears how far the picture is and what was done to the data.
    """
    report(0.0, "preparing the picture")  # then the data are read, and only then it is drawn
    with easel(volume, segmentation, bits) as draw:
        view = camera or first_camera(volume, segmentation, size[0] / size[1], scene.region)
        return draw(scene, view, size, samples=SAMPLES, transparent=transparent, quality=quality, sketch=sketch, report=report)
