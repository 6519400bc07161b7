"""One picture, without a window."""

from __future__ import annotations

from volviz.core.camera import Camera
from volviz.core.estimate import first_camera
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import headless
from volviz.render.passes.march import Quality
from volviz.render.renderer import SAMPLES, Pixels, Renderer, Size

__all__ = ["SAMPLES", "still"]


def still(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None = None,
    *,
    size: Size = (3840, 2160),
    camera: Camera | None = None,
    quality: Quality = "cached",
    transparent: bool = False,
    report: Report = silent,
) -> Pixels:
    """Return a picture of ``size`` (width, height) as (height, width, 4) uint8 RGBA, top row first, alpha straight.

    Without a camera what is drawn is seen from an angle. ``quality="exact"`` evaluates occlusion and shadow at
    every sample instead of looking them up, which takes many times longer.

    Raises:
        VolvizError: OpenGL cannot be had here, or the volume cannot be drawn with it.
        Cancelled: by ``report``, which hears how far the picture is and what was done to the data.
    """
    report(0.0, "drawing")
    with headless():
        renderer = Renderer()
        try:
            renderer.load(volume, segmentation)
            view = camera or first_camera(volume, segmentation, size[0] / size[1], scene.region)
            return renderer.image(scene, view, size, transparent=transparent, quality=quality, report=report)
        finally:
            renderer.release()
