"""Light: ambient occlusion and soft shadow at half resolution, from extinction and its mips."""

from __future__ import annotations

from OpenGL import GL

from volviz.core.grid import Shape
from volviz.render.gl.texture import Texture3D
from volviz.render.passes.occupancy import dispatch
from volviz.render.shaders import Shaders
from volviz.render.textures import light_shape

LEVELS = 6  # of extinction; the padding of the light volume halves exactly this often
LIGHT_UNIT, EXTINCTION_UNIT = 4, 5


class LightVolume:
    """What is left of ambient light and of the light in every cell of 2 x 2 x 2 voxels."""

    def __init__(self, shape: Shape, shaders: Shaders) -> None:
        self._shaders = shaders
        self._shape = light_shape(shape)
        self._extinction = Texture3D(self._shape, GL.GL_R16F, levels=LEVELS, border=True)
        self._light = Texture3D(self._shape, GL.GL_RG8)

    def renew_extinction(self) -> None:
        """Average the extinction under the ramps in the block `LOOK`; needs the groups and the distance map bound."""
        self._extinction.image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("light_extinction.comp").use()
        dispatch(self._shape)
        self._shaders.get("light_mip.comp")
        self._extinction.bind(EXTINCTION_UNIT)
        for level in range(1, LEVELS):
            self._extinction.image(0, GL.GL_WRITE_ONLY, level)
            self._shaders.get("light_mip.comp").use(u_from=level - 1, u_levels=EXTINCTION_UNIT)
            z, y, x = (n >> level for n in self._shape)
            dispatch((z, y, x))

    def renew(self) -> None:
        """Light every cell that can be seen, for the light in the block `LOOK`; needs the distance map bound."""
        self._extinction.bind(EXTINCTION_UNIT)
        self._light.image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("light.comp").use()
        dispatch(self._shape)

    def bind(self) -> None:
        """Make it what `u_light` reads."""
        self._light.bind(LIGHT_UNIT)

    def delete(self) -> None:
        """Give the textures back to the driver."""
        self._extinction.delete()
        self._light.delete()
