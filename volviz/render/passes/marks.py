"""Marks: a sketch laid over a finished picture, fainter where the object is before it."""

from __future__ import annotations

import ctypes

import numpy as np
from OpenGL import GL

from volviz.core.grid import Grid
from volviz.render.shaders import Shaders
from volviz.render.sketch import Sketch
from volviz.render.strokes import Size

FAINT = 0.22  # opacity of what is hidden
RIM = 1.3  # pixels of dark around everything, where a line is as wide as it says
Place = tuple[Size, Size]  # of a tile: its lower left pixel in the picture, and its size
FLOATS = 10  # of a line: its ends, colour, width
ATTRIBUTES = (3, 3, 3, 1)


class MarkLayer:
    """Draws a sketch; keeps it on the GPU for as long as it stays the same."""

    def __init__(self, shaders: Shaders) -> None:
        self._shaders = shaders
        self._held: Sketch | None = None
        self._vertices = self._buffer = 0

    def draw(self, sketch: Sketch | None, grid: Grid, picture: Size, *, place: Place | None = None, scale: float = 1.0) -> None:
        """Draw over a tile in the lower left of the framebuffer that is bound.

        ``place`` are the tile's offset in the ``picture`` (width, height) and its size, by default all of it; lines are
        ``scale`` times as wide as they say. Needs the blocks `BOX` and `VIEW` for the whole picture, and the extinction bound.
        ``grid`` is that of what is drawn.
        """
        if sketch is None:
            return
        before = int(GL.glGetIntegerv(GL.GL_VERTEX_ARRAY_BINDING))
        self._send(sketch, grid)
        GL.glBindVertexArray(self._vertices)
        offset, size = place or ((0, 0), picture)
        GL.glViewport(0, 0, *size)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)
        for rim in (scale * RIM, 0.0):  # all rims first, or each line would lay its own over the one before
            self._shaders.get("marks.vert", "marks.frag").use(
                u_picture=_floats(picture), u_offset=_floats(offset), u_size=_floats(size), u_scale=scale, u_rim=rim, u_faint=FAINT
            )
            GL.glDrawArraysInstanced(GL.GL_TRIANGLES, 0, 6, len(sketch.widths))
        GL.glDisable(GL.GL_BLEND)
        GL.glBindVertexArray(before)

    def _send(self, sketch: Sketch, grid: Grid) -> None:
        if sketch is self._held:
            return
        self._held = sketch
        if not self._vertices:
            self._vertices, self._buffer = int(GL.glGenVertexArrays(1)), int(GL.glGenBuffers(1))
        low, _ = grid.bounds_xyz
        lines = np.empty((len(sketch.widths), FLOATS), np.float32)
        lines[:, :6] = (sketch.ends_xyz - np.tile(low, 2)) * grid.nanometres
        lines[:, 6:9], lines[:, 9] = sketch.colors, sketch.widths
        GL.glBindVertexArray(self._vertices)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._buffer)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, lines.nbytes, lines, GL.GL_DYNAMIC_DRAW)
        at = 0
        for location, count in enumerate(ATTRIBUTES):
            GL.glEnableVertexAttribArray(location)
            GL.glVertexAttribPointer(location, count, GL.GL_FLOAT, GL.GL_FALSE, 4 * FLOATS, ctypes.c_void_p(4 * at))
            GL.glVertexAttribDivisor(location, 1)
            at += count
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)

    def delete(self) -> None:
        """Give everything back to the driver."""
        if self._vertices:
            GL.glDeleteVertexArrays(1, [self._vertices])
            GL.glDeleteBuffers(1, [self._buffer])


def _floats(size: Size) -> tuple[float, float]:
    return float(size[0]), float(size[1])
