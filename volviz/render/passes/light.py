"""Light: ambient occlusion and soft shadow at half resolution, from extinction and its mips."""

from __future__ import annotations

import math

import numpy as np
from OpenGL import GL

from volviz.core.grid import Shape
from volviz.render.gl.texture import Texture3D
from volviz.render.passes.occupancy import dispatch
from volviz.render.shaders import Shaders
from volviz.render.textures import light_shape

LEVELS = 6  # of extinction; the padding of the light volume halves exactly this often
INVOCATIONS = 64  # of light.comp in a work group
WIDEST = 65535  # work groups along an axis that every driver allows
LIGHT_UNIT, EXTINCTION_UNIT = 4, 5


class LightVolume:
    """What is left of ambient light and of the light in every cell of 2 x 2 x 2 voxels."""

    def __init__(self, shape: Shape, shaders: Shaders) -> None:
        self._shaders = shaders
        self._shape = light_shape(shape)
        self._extinction = Texture3D(self._shape, GL.GL_RG16F, levels=LEVELS, border=True)
        self._light = Texture3D(self._shape, GL.GL_RG8)
        self._list = int(GL.glGenBuffers(1))
        self._listed = 0
        GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, self._list)
        GL.glBufferData(GL.GL_SHADER_STORAGE_BUFFER, 4 + math.prod(self._shape) // 2, None, GL.GL_DYNAMIC_COPY)

    def renew_extinction(self) -> None:
        """Average the extinction under the ramps in the block `LOOK`; needs the groups and the distance map bound."""
        self._extinction.image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("light_extinction.comp").use()
        dispatch(self._shape)
        self._extinction.bind(EXTINCTION_UNIT)
        for level in range(1, LEVELS):
            self._extinction.image(0, GL.GL_WRITE_ONLY, level)
            self._shaders.get("light_mip.comp").use(u_from=level - 1, u_levels=EXTINCTION_UNIT)
            z, y, x = (n >> level for n in self._shape)
            dispatch((z, y, x))
        self._renew_list()

    def renew(self) -> None:
        """Light every cell that can be seen, for the light in the block `LOOK`."""
        groups = -(-8 * self._listed // INVOCATIONS)
        if groups == 0:
            return
        self._extinction.bind(EXTINCTION_UNIT)
        self._light.image(0, GL.GL_WRITE_ONLY)
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, self._list)
        self._shaders.get("light.comp").use()
        rows = -(-groups // WIDEST)
        GL.glDispatchCompute(-(-groups // rows), rows, 1)
        GL.glMemoryBarrier(GL.GL_TEXTURE_FETCH_BARRIER_BIT)

    def _renew_list(self) -> None:
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, self._list)
        GL.glBufferSubData(GL.GL_SHADER_STORAGE_BUFFER, 0, 4, np.zeros(1, np.uint32))
        self._light.image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("light_list.comp").use()
        z, y, x = (n // 2 for n in self._shape)
        dispatch((z, y, x))
        GL.glMemoryBarrier(GL.GL_BUFFER_UPDATE_BARRIER_BIT | GL.GL_SHADER_STORAGE_BARRIER_BIT)
        self._listed = int(GL.glGetBufferSubData(GL.GL_SHADER_STORAGE_BUFFER, 0, 4).view(np.uint32)[0])

    def bind(self) -> None:
        """Make it what `u_light` reads."""
        self._light.bind(LIGHT_UNIT)

    def delete(self) -> None:
        """Give the textures back to the driver."""
        self._extinction.delete()
        self._light.delete()
        GL.glDeleteBuffers(1, [self._list])
