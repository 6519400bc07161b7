"""Textures with fixed storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.grid import Shape
from volviz.core.report import Report, silent

# Internal format: (bytes per texel, transfer format, transfer type).
FORMATS: dict[int, tuple[int, int, int]] = {
    GL.GL_R8: (1, GL.GL_RED, GL.GL_UNSIGNED_BYTE),
    GL.GL_R16: (2, GL.GL_RED, GL.GL_UNSIGNED_SHORT),
    GL.GL_RGBA8: (4, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE),
    GL.GL_RGBA16: (8, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT),
    GL.GL_RG8: (2, GL.GL_RG, GL.GL_UNSIGNED_BYTE),
    GL.GL_R8UI: (1, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_BYTE),
    GL.GL_RG16F: (4, GL.GL_RG, GL.GL_HALF_FLOAT),
    GL.GL_RGBA16F: (8, GL.GL_RGBA, GL.GL_HALF_FLOAT),
    GL.GL_RGBA32F: (16, GL.GL_RGBA, GL.GL_FLOAT),
}
# What numpy calls a transfer type.
DTYPES: dict[int, np.dtype[Any]] = {
    GL.GL_UNSIGNED_BYTE: np.dtype(np.uint8),
    GL.GL_UNSIGNED_SHORT: np.dtype(np.uint16),
    GL.GL_HALF_FLOAT: np.dtype(np.float16),
    GL.GL_FLOAT: np.dtype(np.float32),
}


class Texture3D:
    """A 3D texture of (z, y, x) texels; ``border`` makes what lies outside 0 instead of the nearest texel."""

    def __init__(self, shape: Shape, kind: int, *, levels: int = 1, linear: bool = True, border: bool = False) -> None:
        self.shape, self.kind, self.levels = shape, kind, levels
        self.id = int(GL.glGenTextures(1))
        GL.glBindTexture(GL.GL_TEXTURE_3D, self.id)
        try:
            GL.glTexStorage3D(GL.GL_TEXTURE_3D, levels, kind, *shape[::-1])
        except GL.GLError:  # there is no memory for it
            self.delete()
            raise
        magnify = GL.GL_LINEAR if linear else GL.GL_NEAREST
        _filter(GL.GL_TEXTURE_3D, GL.GL_LINEAR_MIPMAP_LINEAR if levels > 1 else magnify, magnify)
        for axis in (GL.GL_TEXTURE_WRAP_S, GL.GL_TEXTURE_WRAP_T, GL.GL_TEXTURE_WRAP_R):
            GL.glTexParameteri(GL.GL_TEXTURE_3D, axis, GL.GL_CLAMP_TO_BORDER if border else GL.GL_CLAMP_TO_EDGE)

    def write(self, start: Shape, data: npt.NDArray[Any]) -> None:
        """Replace a box of texels from ``start`` (z, y, x); data are (z, y, x) or (z, y, x, channel)."""
        _, layout, kind = FORMATS[self.kind]
        GL.glBindTexture(GL.GL_TEXTURE_3D, self.id)
        GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
        GL.glTexSubImage3D(GL.GL_TEXTURE_3D, 0, *start[::-1], *data.shape[2::-1], layout, kind, np.ascontiguousarray(data))

    def read(self, level: int = 0) -> npt.NDArray[Any]:
        """Return a level as (z, y, x, channel): what tests look at."""
        size, layout, kind = FORMATS[self.kind]
        channels = size // DTYPES[kind].itemsize
        out: npt.NDArray[Any] = np.zeros((*(max(1, n >> level) for n in self.shape), channels), DTYPES[kind])
        GL.glBindTexture(GL.GL_TEXTURE_3D, self.id)
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        GL.glGetTexImage(GL.GL_TEXTURE_3D, level, layout, kind, out)
        return out

    def bind(self, unit: int) -> None:
        """Make it what a sampler of this unit reads."""
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_3D, self.id)

    def image(self, unit: int, access: int, level: int = 0) -> None:
        """Make a level what an image variable of this unit reads or writes."""
        GL.glBindImageTexture(unit, self.id, level, GL.GL_TRUE, 0, access, self.kind)

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteTextures(1, [self.id])


class Texture2D:
    """A 2D texture of ``size`` (width, height), clamped at its edges."""

    def __init__(self, size: tuple[int, int], kind: int, *, linear: bool = True) -> None:
        self.size, self.kind = size, kind
        self.id = int(GL.glGenTextures(1))
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.id)
        GL.glTexStorage2D(GL.GL_TEXTURE_2D, 1, kind, *size)
        magnify = GL.GL_LINEAR if linear else GL.GL_NEAREST
        _filter(GL.GL_TEXTURE_2D, magnify, magnify)
        for axis in (GL.GL_TEXTURE_WRAP_S, GL.GL_TEXTURE_WRAP_T):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, axis, GL.GL_CLAMP_TO_EDGE)

    def write(self, data: npt.NDArray[Any]) -> None:
        """Replace its lower left part by data (height, width, channel), bottom row first."""
        _, layout, kind = FORMATS[self.kind]
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.id)
        GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
        GL.glTexSubImage2D(GL.GL_TEXTURE_2D, 0, 0, 0, data.shape[1], data.shape[0], layout, kind, np.ascontiguousarray(data))

    def bind(self, unit: int) -> None:
        """Make it what a sampler of this unit reads."""
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.id)

    def image(self, unit: int, access: int) -> None:
        """Make it what an image variable of this unit reads or writes."""
        GL.glBindImageTexture(unit, self.id, 0, GL.GL_FALSE, 0, access, self.kind)

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteTextures(1, [self.id])


def all_or_none(wanted: Sequence[Callable[[], Texture3D]], report: Report = silent) -> list[Texture3D]:
    """Return the textures that are wanted, made one after another; if one cannot be had, none is left behind.

    Raises:
        GLError: by the driver, which may have too little memory.
        Cancelled: by ``report``.
    """
    made: list[Texture3D] = []
    try:
        for make in wanted:
            report(len(made) / len(wanted))
            made.append(make())
        report(1.0)
    except BaseException:
        for texture in made:
            texture.delete()
        raise
    return made


def fits(shape: Shape, kind: int, levels: int = 1) -> bool:
    """Ask the driver whether it takes a 3D texture of this many texels (z, y, x) and levels.

    Asked by glTexStorage3D: asked by glTexImage3D, Mesa counts mips that nobody wants and refuses what it could hold.
    """
    if max(shape) > int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE)):
        return False
    GL.glTexStorage3D(GL.GL_PROXY_TEXTURE_3D, levels, kind, *shape[::-1])
    return bool(GL.glGetTexLevelParameteriv(GL.GL_PROXY_TEXTURE_3D, 0, GL.GL_TEXTURE_WIDTH))


def _filter(target: int, minify: int, magnify: int) -> None:
    GL.glTexParameteri(target, GL.GL_TEXTURE_MIN_FILTER, minify)
    GL.glTexParameteri(target, GL.GL_TEXTURE_MAG_FILTER, magnify)
