"""What is drawn into, and the state that a host (Qt) finds again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.render.gl.texture import DTYPES, FORMATS, Texture2D


class Target:
    """A framebuffer with one colour texture of ``size`` (width, height)."""

    def __init__(self, size: tuple[int, int], kind: int = GL.GL_RGBA32F, *, linear: bool = True) -> None:
        self.size = size
        self.texture = Texture2D(size, kind, linear=linear)
        self.framebuffer = int(GL.glGenFramebuffers(1))
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)
        GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, self.texture.id, 0)
        if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
            raise RuntimeError(f"the driver cannot draw into a texture of {size}")

    def bind(self, size: tuple[int, int] | None = None, corner: tuple[int, int] = (0, 0)) -> None:
        """Draw into it, or into its part of this size from a corner on, from now on."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)
        GL.glViewport(*corner, *(size or self.size))

    def clear(self) -> None:
        """Make it 0 everywhere."""
        self.bind()
        GL.glClearBufferfv(GL.GL_COLOR, 0, (0.0, 0.0, 0.0, 0.0))

    def read(self, size: tuple[int, int] | None = None) -> npt.NDArray[Any]:
        """Return its lower left part of this size as (height, width, 4), bottom row first."""
        width, height = size or self.size
        _, layout, kind = FORMATS[self.texture.kind]
        out = np.empty((height, width, 4), DTYPES[kind])
        self.bind()
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        GL.glReadPixels(0, 0, width, height, layout, kind, out)
        return out

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteFramebuffers(1, [self.framebuffer])
        self.texture.delete()


_SWITCHES = (GL.GL_DEPTH_TEST, GL.GL_BLEND, GL.GL_SCISSOR_TEST, GL.GL_CULL_FACE, GL.GL_STENCIL_TEST, GL.GL_FRAMEBUFFER_SRGB)


@contextmanager
def own_state(units: int) -> Iterator[None]:
    """Draw in a context that belongs to somebody else: what volviz touches is as before when this ends.

    ``units`` is how many texture units are used; they are left empty, as are programs, vertex arrays and images.
    """
    on = [switch for switch in _SWITCHES if GL.glIsEnabled(switch)]
    draw, read = (int(GL.glGetIntegerv(n)) for n in (GL.GL_DRAW_FRAMEBUFFER_BINDING, GL.GL_READ_FRAMEBUFFER_BINDING))
    viewport = [int(v) for v in GL.glGetIntegerv(GL.GL_VIEWPORT)]
    alignment = [(name, int(GL.glGetIntegerv(name))) for name in (GL.GL_UNPACK_ALIGNMENT, GL.GL_PACK_ALIGNMENT)]
    active = int(GL.glGetIntegerv(GL.GL_ACTIVE_TEXTURE))
    for switch in _SWITCHES:
        GL.glDisable(switch)
    try:
        yield
    finally:
        GL.glUseProgram(0)
        GL.glBindVertexArray(0)
        GL.glBindBuffer(GL.GL_UNIFORM_BUFFER, 0)
        for unit in range(units):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            GL.glBindTexture(GL.GL_TEXTURE_3D, 0)
            GL.glBindTexture(GL.GL_TEXTURE_2D, 0)
        GL.glActiveTexture(active)
        for name, value in alignment:
            GL.glPixelStorei(name, value)
        GL.glBlendFunc(GL.GL_ONE, GL.GL_ZERO)
        for switch in _SWITCHES:
            (GL.glEnable if switch in on else GL.glDisable)(switch)
        GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, draw)
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, read)
        GL.glViewport(*viewport)
