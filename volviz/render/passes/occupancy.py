"""Occupancy: which bricks show something, and how far every other one is from the nearest of them."""

from __future__ import annotations

from OpenGL import GL

from volviz.core.grid import Region, Shape
from volviz.render.gl.texture import Texture3D
from volviz.render.shaders import Shaders
from volviz.render.textures import BRICK
from volviz.render.uniforms import brick_shape

FARTHEST = 12  # bricks: distances beyond are not told apart, as leaps of a hundred voxels are long enough
DISTANCE_UNIT = 6  # texture unit of the distance map
GROUP = 4  # invocations along each edge of a work group


class Occupancy:
    """Maxima of every channel in every brick, which ramps do not change, and the distance map, which they do."""

    def __init__(self, shape: Shape, shaders: Shaders) -> None:
        self._shaders = shaders
        self._bricks = brick_shape(shape)
        self._maxima = [Texture3D(self._bricks, GL.GL_RGBA8, linear=False) for _ in range(shaders.groups)]
        self._distance = [Texture3D(self._bricks, GL.GL_R8UI, linear=False) for _ in range(2)]

    def renew_maxima(self, groups: list[Texture3D], region: Region | None = None) -> None:
        """Take the maxima of bricks that a region of voxels (z, y, x) touches, or of all."""
        start, stop = (0, 0, 0), self._bricks
        if region is not None:
            # A brick reads one voxel beyond its faces.
            start = _shape([max(0, (a - 1) // BRICK) for a in region.start])
            stop = _shape([min(n, b // BRICK + 1) for b, n in zip(region.stop, self._bricks, strict=True)])
        count = _shape([b - a for a, b in zip(start, stop, strict=True)])
        for texture, maxima in zip(groups, self._maxima, strict=True):
            texture.bind(0)
            maxima.image(0, GL.GL_WRITE_ONLY)
            self._shaders.get("brick_maxima.comp").use(u_first=start[::-1])
            dispatch(count)

    def renew(self) -> None:
        """Make the distance map for the ramps in the block `LOOK`."""
        for unit, maxima in enumerate(self._maxima):
            maxima.bind(unit)
        self._distance[0].image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("brick_visible.comp").use(u_farthest=FARTHEST)
        dispatch(self._bricks)
        source, target = self._distance
        for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
            source.bind(0)
            target.image(0, GL.GL_WRITE_ONLY)
            self._shaders.get("brick_distance.comp").use(u_farthest=FARTHEST, u_axis=axis)
            dispatch(self._bricks)
            source, target = target, source
        self._distance = [source, target]

    def bind(self) -> None:
        """Make the distance map what `u_distance` reads."""
        self._distance[0].bind(DISTANCE_UNIT)

    def delete(self) -> None:
        """Give the textures back to the driver."""
        for texture in (*self._maxima, *self._distance):
            texture.delete()


def dispatch(shape: Shape) -> None:
    """Run the current compute program once for each of (z, y, x) and wait for what it wrote."""
    z, y, x = (-(-n // GROUP) for n in shape)
    GL.glDispatchCompute(x, y, z)
    GL.glMemoryBarrier(GL.GL_TEXTURE_FETCH_BARRIER_BIT | GL.GL_SHADER_IMAGE_ACCESS_BARRIER_BIT)


def _shape(values: list[int]) -> Shape:
    z, y, x = values
    return z, y, x
