"""Guides: axes, box and scale bar laid over a finished picture or a tile of it, the same at any size."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.scene import Scene
from volviz.render.gl.target import Target
from volviz.render.gl.texture import Texture2D
from volviz.render.shaders import Shaders
from volviz.render.strokes import Size, Stroke, Word, drawing_of

FLOATS = 13  # of a vertex: place, line, colour, kind
ATTRIBUTES = (2, 4, 4, 3)


class GuideLayer:
    """Draws guides; keeps the words it rasterised for as long as they stay the same."""

    def __init__(self, shaders: Shaders) -> None:
        self._shaders = shaders
        self._words: tuple[tuple[str, int], ...] = ()
        self._texture: Texture2D | None = None
        self._places: list[tuple[int, Size]] = []  # of each word in the texture: bottom row, size
        self._vertices = self._buffer = 0

    def draw(
        self,
        scene: Scene,
        camera: Camera,
        grid: Grid,
        picture: Size,
        light: Target,
        *,
        size: Size | None = None,
        offset: Size = (0, 0),
        lit: Size | None = None,
    ) -> None:
        """Draw over the lower left ``size`` of the framebuffer that is bound, by default the whole ``picture``.

        ``offset`` is the tile's place in the picture, ``grid`` is that of what is drawn, at full resolution. The lower left ``lit``
        pixels of ``light``, by default as many as ``size``, hold the tile's light and what it hides.
        """
        if not scene.guides.shown:
            return
        size = size or picture
        lit = lit or size
        drawing = drawing_of(scene, camera, grid, picture)
        self._rasterise(drawing.words)
        vertices = np.concatenate([*map(_line, drawing.strokes), *map(_word, drawing.words, self._places)])
        GL.glViewport(0, 0, *size)
        light.texture.bind(0)
        if self._texture is not None:
            self._texture.bind(1)
        self._shaders.get("guides.vert", "guides.frag").use(
            u_offset=_floats(offset),
            u_size=_floats(size),
            u_lit=(lit[0] / light.size[0], lit[1] / light.size[1]),
            u_halo=drawing.halo,
        )
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)
        self._send(vertices.astype(np.float32))
        GL.glDisable(GL.GL_BLEND)

    def delete(self) -> None:
        """Give everything back to the driver."""
        if self._texture is not None:
            self._texture.delete()
        if self._vertices:
            GL.glDeleteVertexArrays(1, [self._vertices])
            GL.glDeleteBuffers(1, [self._buffer])

    def _send(self, vertices: npt.NDArray[np.float32]) -> None:
        before = int(GL.glGetIntegerv(GL.GL_VERTEX_ARRAY_BINDING))
        if not self._vertices:
            self._vertices, self._buffer = int(GL.glGenVertexArrays(1)), int(GL.glGenBuffers(1))
        GL.glBindVertexArray(self._vertices)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, vertices.nbytes, np.ascontiguousarray(vertices), GL.GL_STREAM_DRAW)
        at = 0
        for location, count in enumerate(ATTRIBUTES):
            GL.glEnableVertexAttribArray(location)
            GL.glVertexAttribPointer(location, count, GL.GL_FLOAT, GL.GL_FALSE, 4 * FLOATS, ctypes.c_void_p(4 * at))
            at += count
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, len(vertices))
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)
        GL.glBindVertexArray(before)

    def _rasterise(self, words: tuple[Word, ...]) -> None:
        wanted = tuple((word.text, word.pixels) for word in words)
        if wanted == self._words:
            return
        self._words, self._places = wanted, []
        if self._texture is not None:
            self._texture.delete()
            self._texture = None
        if not words:
            return
        pictures = [rasterised(*word) for word in wanted]
        height, width = sum(p.shape[0] for p in pictures), max(p.shape[1] for p in pictures)
        sheet = np.zeros((height, width, 2), np.uint8)
        bottom = 0
        for picture in pictures:
            sheet[bottom : bottom + picture.shape[0], : picture.shape[1]] = picture
            self._places.append((bottom, (picture.shape[1], picture.shape[0])))
            bottom += picture.shape[0]
        self._texture = Texture2D((width, height), GL.GL_RG8, linear=False)
        self._texture.write(sheet)


def laid_over(above: npt.NDArray[np.uint8], below: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a picture with straight alpha under one whose colours are multiplied by theirs."""
    a, b = above.astype(np.float32) / 255, below.astype(np.float32) / 255
    behind = (1 - a[..., 3:]) * b[..., 3:]
    alpha = a[..., 3:] + behind
    mixed = np.concatenate([(a[..., :3] + behind * b[..., :3]) / np.maximum(alpha, 1e-6), alpha], axis=-1)
    return np.where(above[..., 3:] > 0, np.rint(255 * np.clip(mixed, 0, 1)), below).astype(np.uint8)


def rasterised(text: str, pixels: int) -> npt.NDArray[np.uint8]:
    """Return text as (height, width, 2) coverage of its letters and of its letters with a rim, bottom row first."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=pixels)
    rim = max(1, round(0.1 * pixels))
    left, top, right, bottom = (round(v) for v in font.getbbox(text, stroke_width=rim))
    out = np.zeros((bottom - top + 2, right - left + 2, 2), np.uint8)
    for channel, stroke in enumerate((0, rim)):
        image = Image.new("L", out.shape[1::-1])
        ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=font, stroke_width=stroke)
        out[..., channel] = np.asarray(image)[::-1]
    return out


def _line(stroke: Stroke) -> npt.NDArray[np.float64]:
    start, end = np.asarray(stroke.start), np.asarray(stroke.end)
    along = (end - start) / max(1e-6, float(np.linalg.norm(end - start)))
    grown = stroke.width / 2 + 1.5
    across = np.array([-along[1], along[0]]) * grown
    start, end = start - along * grown, end + along * grown
    corners = [start - across, end - across, end + across, start + across]
    return _quad(corners, [*stroke.start, *stroke.end, *stroke.color, stroke.width / 2, float(stroke.round), float(stroke.behind)])


def _word(word: Word, place: tuple[int, Size]) -> npt.NDArray[np.float64]:
    bottom, (width, height) = place
    # On whole pixels, so that letters stay as sharp as they were drawn.
    left, low = round(word.middle[0] - width / 2), round(word.middle[1] - height / 2)
    corners = [np.array(p) for p in ((left, low), (left + width, low), (left + width, low + height), (left, low + height))]
    return _quad(corners, [left, low, 0, bottom, *word.color, 1.0, -1.0, 0.0, 0.0])


def _quad(corners: list[npt.NDArray[np.float64]], rest: list[float]) -> npt.NDArray[np.float64]:
    return np.array([[*corners[i], *rest] for i in (0, 1, 2, 0, 2, 3)], np.float64)


def _floats(size: Size) -> tuple[float, float]:
    return float(size[0]), float(size[1])
