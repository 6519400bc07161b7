"""Marks: a sketch laid over a finished picture, fainter where the object is before it."""

from __future__ import annotations

import ctypes

import numpy as np
from OpenGL import GL

from volviz.core.grid import Grid
from volviz.render.shaders import Shaders
from volviz.render.sketch import Sketch
from volviz.render.uniforms import NM

FAINT = 0.22  # opacity of what is hidden
RIM = 1.3  # pixels of dark around everything
FLOATS = 10  # of a line: its ends, colour, width
ATTRIBUTES = (3, 3, 3, 1)


class MarkLayer:
    """Draws a sketch; keeps it on the GPU for as long as it stays the same."""

    def __init__(self, shaders: Shaders) -> None:
        self._shaders = shaders
        self._held: Sketch | None = None
        self._vertices = self._buffer = 0

    def draw(self, sketch: Sketch | None, grid: Grid, size: tuple[int, int]) -> None:
        """Draw over the lower left ``size`` (width, height) of the framebuffer that is bound.

        Needs the blocks `BOX` and `VIEW` for the whole picture, and the extinction bound. ``grid`` is that of what is drawn.
        """
        if sketch is None:
            return
        before = int(GL.glGetIntegerv(GL.GL_VERTEX_ARRAY_BINDING))
        self._send(sketch, grid)
        GL.glBindVertexArray(self._vertices)
        GL.glViewport(0, 0, *size)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ONE_MINUS_SRC_ALPHA)
        for rim in (RIM, 0.0):  # all rims first, or each line would lay its own over the one before
            self._shaders.get("marks.vert", "marks.frag").use(u_size=(float(size[0]), float(size[1])), u_rim=rim, u_faint=FAINT)
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
        lines[:, :6] = (sketch.ends_xyz - np.tile(low, 2)) * NM
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
