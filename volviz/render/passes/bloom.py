"""Bloom: light that spills over from bright pixels, by a chain of halved pictures rather than wide kernels."""

from __future__ import annotations

import math

from OpenGL import GL

from volviz.core.scene import Bloom
from volviz.render.gl.target import Target
from volviz.render.shaders import SCREEN, Shaders

BASE_HEIGHT = 540  # pixels at most: the base is the picture shrunk by a power of two, at least 2
LEVELS = 8


class Glow:
    """The bloom of one size of picture: gathered tile by tile, then spread once."""

    def __init__(self, size: tuple[int, int], shaders: Shaders) -> None:
        self._shaders = shaders
        self.size = size
        self.factor = shrinking(size)
        width, height = (-(-n // self.factor) for n in size)
        self._levels: list[Target] = []
        for k in range(LEVELS):
            self._levels.append(Target((max(1, width >> k), max(1, height >> k)), GL.GL_RGBA16F))
            if min(width, height) >> (k + 1) < 1:
                break

    @property
    def pixel(self) -> tuple[float, float]:
        """One pixel of the picture in coordinates of the bloom texture."""
        width, height = self._levels[0].size
        return 1 / (width * self.factor), 1 / (height * self.factor)

    def clear(self) -> None:
        """Forget what was gathered."""
        self._levels[0].clear()

    def gather(self, tile: Target, offset: tuple[int, int], size: tuple[int, int], look: Bloom, exposure: float) -> None:
        """Take the bright parts of a tile at ``offset``, a multiple of ``factor``, in the picture."""
        first = (offset[0] // self.factor, offset[1] // self.factor)
        self._levels[0].bind()
        GL.glViewport(*first, *(-(-n // self.factor) for n in size))
        tile.texture.bind(0)
        threshold = max(0.0, look.threshold) ** 2.2  # given as displayed brightness
        self._shaders.get(SCREEN, "bloom_gather.frag").use(
            u_factor=self.factor, u_first=first, u_size=size, u_threshold=float(threshold), u_exposure=float(exposure)
        )
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)

    def spread(self, look: Bloom) -> None:
        """Blur what was gathered to the radius of the look: down the chain, and up again level by level."""
        depth = math.log2(max(1.0, look.radius * self.size[1] / self.factor))
        last = min(len(self._levels) - 1, max(1, math.ceil(depth)))
        for k in range(1, last + 1):
            self._levels[k].bind()
            self._levels[k - 1].texture.bind(0)
            width, height = self._levels[k].size
            self._shaders.get(SCREEN, "bloom_down.frag").use(u_pixel=(1 / width, 1 / height))
            GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendFunc(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA)
        for k in range(last, 0, -1):
            fine, coarse = self._levels[k - 1], self._levels[k]
            # The last level comes in gradually, so that the radius is continuous.
            share = 0.7 * min(1.0, max(0.0, depth - k + 1))
            fine.bind()
            coarse.texture.bind(0)
            self._shaders.get(SCREEN, "bloom_up.frag").use(
                u_pixel=(1 / fine.size[0], 1 / fine.size[1]), u_coarse=(1 / coarse.size[0], 1 / coarse.size[1]), u_share=float(share)
            )
            GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glDisable(GL.GL_BLEND)

    def bind(self, unit: int) -> None:
        """Make the result what a sampler of this unit reads."""
        self._levels[0].texture.bind(unit)

    def delete(self) -> None:
        """Give the targets back to the driver."""
        for level in self._levels:
            level.delete()


def shrinking(size: tuple[int, int]) -> int:
    """Return by which power of two a picture (width, height) is shrunk to the base of its bloom."""
    return int(2 ** max(1, math.ceil(math.log2(max(1.0, size[1] / BASE_HEIGHT)))))
