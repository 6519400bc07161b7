"""Several looks from the same place, side by side in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.estimate import first_camera
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Bits, Segmentation
from volviz.core.sizing import agreed
from volviz.core.stages import Panel, stages
from volviz.core.volume import Volume
from volviz.tasks.clean import clean
from volviz.tasks.marked import Marks, sketched

if TYPE_CHECKING:
    from volviz.render.picture import Artist

Pixels = npt.NDArray[np.uint8]
GAP = 1 / 300  # between panels, of the picture's width
BETWEEN = 110  # grey of the gap, which is seen beside black and beside white
LETTERS = 1 / 20  # height of the titles, of a panel's height
SMALLEST = 16  # pixels along the edge of a panel


def compare(
    scene: Scene | Sequence[Panel],
    volume: Volume,
    segmentation: Segmentation | None = None,
    size: tuple[int, int] = (3840, 2160),
    camera: Camera | None = None,
    quality: Literal["cached", "exact"] = "cached",
    transparent: bool = False,
    artist: Artist | None = None,
    report: Report = silent,
    bits: Bits | None = None,
    marks: Marks = (),
) -> Pixels:
    """Draw panels side by side, lettered and titled: (height, width, 4) uint8 like `still`, ``size`` in all.

    Of a scene these are the stages of its light (the paper's Figure 7): material colour, ambient occlusion, soft shadow,
    bloom. An ``artist`` draws them where the data are on a GPU already, as in a window. ``marks`` are those of `still`.

    Raises:
        VolvizError: there is no OpenGL 4.3 here, or the panels do not fit the picture.
    """
    from volviz.render.still import SAMPLES, easel

    if segmentation is not None:
        volume, segmentation = agreed(volume, segmentation)
    panels = stages(scene) if isinstance(scene, Scene) else tuple(scene)
    if not panels:
        raise VolvizError("There is nothing to compare; ask for at least one panel.")
    sketch = sketched(marks, panels[0].scene, segmentation)
    columns, rows = layout(len(panels), size)
    gap = max(1, round(GAP * size[0]))
    inner = ((size[0] - gap * (columns - 1)) // columns, (size[1] - gap * (rows - 1)) // rows)
    if min(inner) < SMALLEST:
        raise VolvizError(f"A picture of {size[0]}x{size[1]} is too small for {len(panels)} panels; make it larger.")
    view = camera or first_camera(volume, segmentation, inner[0] / inner[1], panels[0].scene.region)
    out = np.zeros((size[1], size[0], 4), np.uint8)
    if not transparent:
        out[...] = (*(round(255 * v) for v in panels[0].scene.background), 255)
        for column in range(1, columns):
            out[:, column * (inner[0] + gap) - gap : column * (inner[0] + gap), :3] = BETWEEN
        for row in range(1, rows):
            out[row * (inner[1] + gap) - gap : row * (inner[1] + gap), :, :3] = BETWEEN
    # Panels that are cleaned alike share what is on the GPU.
    for _, group in groupby(enumerate(panels), key=lambda numbered: numbered[1].scene.cleans):
        alike = list(group)
        classes = segmentation if artist is not None else segmentation and clean(segmentation, alike[0][1].scene)
        with nullcontext(artist) if artist is not None else easel(volume, classes, bits) as draw:
            for i, panel in alike:
                progress = part(report, i / len(panels), (i + 1) / len(panels))
                how: dict[str, Any] = {"quality": quality, "transparent": transparent, "sketch": sketch, "report": progress}
                picture = draw(panel.scene, view, inner, samples=SAMPLES, **how)
                left, top = i % columns * (inner[0] + gap), i // columns * (inner[1] + gap)
                title = f"{chr(ord('a') + i % 26)}  {panel.title}" if len(panels) > 1 else panel.title
                out[top : top + inner[1], left : left + inner[0]] = lettered(
                    picture, title, panel.scene.background_top or panel.scene.background
                )
    return out


def layout(count: int, size: tuple[int, int]) -> tuple[int, int]:
    """Return columns and rows of panels that are large, nearly square and leave little of the picture empty."""

    def worth(columns: int) -> float:
        rows = -(-count // columns)
        return min(size[0] / columns, 1.2 * size[1] / rows) * count / (columns * rows)

    best = max(range(1, count + 1), key=worth)
    return best, -(-count // best)


def lettered(picture: Pixels, title: str, background: Sequence[float]) -> Pixels:
    """Return a picture with a title in its upper left corner, light on dark or dark on light, with a rim of the other."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = picture.shape[:2]
    dark = float(np.dot(background, (0.2126, 0.7152, 0.0722))) < 0.5
    letters, rim = ((255, 255, 255, 255), (0, 0, 0, 255)) if dark else ((0, 0, 0, 255), (255, 255, 255, 255))
    pixels = max(9, round(LETTERS * height))
    while True:
        font = ImageFont.load_default(size=pixels)
        if pixels <= 9 or font.getlength(title) < 0.94 * width:
            break
        pixels -= 1
    image = Image.fromarray(np.ascontiguousarray(picture))
    margin = max(2, round(0.4 * pixels))
    ImageDraw.Draw(image).text((margin, margin), title, letters, font, stroke_width=max(1, pixels // 14), stroke_fill=rim)
    return np.asarray(image)
