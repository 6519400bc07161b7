"""Occupancy: which bricks show something, and how far every other one is from the nearest of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from OpenGL import GL

from volviz.core.grid import Region, Shape
from volviz.render.gl.texture import Texture3D, all_or_none
from volviz.render.gl.timer import in_software
from volviz.render.parts import BRICK
from volviz.render.shaders import Shaders
from volviz.render.textures import Piece
from volviz.render.uniforms import brick_shape

FARTHEST = 24  # bricks: distances beyond are not told apart, as leaps of a hundred voxels are long enough
DISTANCE_UNIT = 6  # texture unit of the distance map
GROUP = 4  # invocations along each edge of a work group


class Occupancy:
    """Maxima of every channel in every brick, which ramps do not change, and the distance map, which they do."""

    def __init__(self, shape: Shape, shaders: Shaders, zero: float = 0.0) -> None:
        """Make them for a grid; ``zero`` is what is stored for a score of 0."""
        self._shaders, self._zero = shaders, float(zero)
        self._host = in_software()
        self._bricks = brick_shape(shape)
        kinds = [GL.GL_RGBA8] * shaders.groups + [GL.GL_R8UI] * 2
        made = all_or_none([partial(Texture3D, self._bricks, kind, linear=False) for kind in kinds])
        self._maxima, self._distance = made[: shaders.groups], made[shaders.groups :]

    def renew_maxima(self, pieces: Sequence[Piece], region: Region, reach: int = 1) -> None:
        """Take the maxima of the bricks that read a voxel of a region (z, y, x), or with no ``reach`` that lie in it.

        They read one voxel beyond their faces.
        """
        changed = region.grown((reach, reach, reach), [n * BRICK for n in self._bricks])
        for piece in pieces:
            # Parts are whole bricks, and what they hold of their neighbours is all that their bricks read.
            common = changed & piece.part.owned
            if common is None:
                continue
            start = _shape([a // BRICK for a in common.start])
            count = _shape([-(-b // BRICK) - a for a, b in zip(start, common.stop, strict=True)])
            corner = piece.part.held.start[::-1]
            for number, (texture, maxima) in enumerate(zip(piece.groups, self._maxima, strict=True)):
                texture.bind(0)
                maxima.image(0, GL.GL_WRITE_ONLY)
                program = self._shaders.get("brick_maxima.comp")
                program.use(u_first=start[::-1], u_corner=corner, u_count=count[::-1], u_number=number, u_zero=self._zero)
                dispatch(count)

    def renew(self) -> None:
        """Make the distance map for the ramps in the block `LOOK`."""
        for unit, maxima in enumerate(self._maxima):
            maxima.bind(unit)
        self._distance[0].image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("brick_visible.comp").use(u_farthest=FARTHEST)
        dispatch(self._bricks)
        if self._host:
            self._measure()
            return
        source, target = self._distance
        for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
            source.bind(0)
            target.image(0, GL.GL_WRITE_ONLY)
            self._shaders.get("brick_distance.comp").use(u_axis=axis)
            dispatch(self._bricks)
            source, target = target, source
        self._distance = [source, target]

    def _measure(self) -> None:
        """Measure distances on the host, as the passes would: 25 times as fast as a software driver, which has nothing to send."""
        from scipy import ndimage

        distance = self._distance[0].read()[..., 0]
        if (distance == 0).any():  # else all are as far as can be told, and scipy does not say so
            chessboard = ndimage.distance_transform_cdt(distance, "chessboard")
            self._distance[0].write((0, 0, 0), np.minimum(chessboard, FARTHEST).astype(np.uint8))

    @property
    def share(self) -> float:
        """Share of the bricks that show something under the ramps of the last `renew`; reads them back."""
        return float((self._distance[0].read() == 0).mean())

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
