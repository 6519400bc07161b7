"""Classes that lie on the card already, put into the textures without a way through the host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from OpenGL import GL

from volviz.core.grid import Region
from volviz.render.gl.cuda import Bridge, CudaError, OnCard
from volviz.render.passes.occupancy import dispatch
from volviz.render.shaders import Shaders
from volviz.render.textures import Piece

log = logging.getLogger(__name__)


class Direct:
    """Tries it with the first tensor. What goes wrong once is not tried again in this session: `put` then says no at once."""

    off: ClassVar[bool] = False

    def __init__(self, shaders: Shaders, make: Callable[[], Bridge] = Bridge) -> None:
        self._shaders, self._make = shaders, make
        self._bridge: Bridge | None = None

    def put(self, pieces: Sequence[Piece], region: Region, shown: Region, data: Any, first: int) -> bool:
        """Put classes (class, z, y, x), bytes on a card, from the class ``first`` on; tell whether it could be done.

        ``region`` is where they lie on the grid of the textures, the part of it that is ``shown`` changes.
        """
        if Direct.off or any(texture.kind != GL.GL_RGBA8 for piece in pieces for texture in piece.groups):
            return False
        try:
            array = OnCard.of(data)
        except CudaError as error:  # this one is no use, another may be
            log.debug("a tensor goes through the host: %s", error)
            return False
        try:
            if array.dtype != np.uint8 or array.nbytes > int(GL.glGetIntegerv(GL.GL_MAX_SHADER_STORAGE_BLOCK_SIZE)):
                return False
            self._bridge = self._bridge or self._make()
            buffer = self._bridge.receive(array, first * (array.nbytes // array.shape[0]))
        except (CudaError, GL.GLError, AttributeError) as error:  # a runtime too old lacks functions
            Direct.off = True
            log.warning("Tensors on the card go through the host in this session: %s.", error)
            return False
        self._interleave(pieces, region, shown, buffer, array.shape[0] - first)
        return True

    def delete(self) -> None:
        """Give the shared buffer back; the context must be current."""
        if self._bridge is not None:
            self._bridge.delete()
            self._bridge = None

    def _interleave(self, pieces: Sequence[Piece], region: Region, shown: Region, buffer: int, classes: int) -> None:
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, buffer)
        for piece in pieces:
            box = shown & piece.part.held
            if box is None:
                continue
            for group, texture in enumerate(piece.groups):
                texture.image(0, GL.GL_READ_WRITE)
                self._shaders.get("interleave.comp").use(
                    u_size=region.shape[::-1],
                    u_from=_from(box, region),
                    u_to=_from(box, piece.part.held),
                    u_count=box.shape[::-1],
                    u_first=4 * group - 1,  # channel 0 of group 0 is the raw density
                    u_classes=classes,
                )
                dispatch(box.shape)
        GL.glMemoryBarrier(GL.GL_TEXTURE_UPDATE_BARRIER_BIT)
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, 0)


def _from(box: Region, within: Region) -> tuple[int, int, int]:
    z, y, x = (a - b for a, b in zip(box.start, within.start, strict=True))
    return x, y, z
