"""March: light and opacity along the ray of every pixel, into a target of linear light."""

from __future__ import annotations

from typing import Literal

from OpenGL import GL

from volviz.render.gl.target import Target
from volviz.render.shaders import SCREEN, Shaders

Quality = Literal["cached", "exact"]
STEP = 1.0  # voxels between samples
STEP_MOVING = 2.0
SCALE_MOVING = 0.5  # resolution while moving
TERMINATION = 0.99  # opacity at which a ray ends
TERMINATION_MOVING = 0.95
TERMINATION_STILL = 0.998


def march(shaders: Shaders, target: Target, size: tuple[int, int], *, quality: Quality, share: float = 1.0, skip: bool = True) -> None:
    """Draw a tile of ``size`` (width, height) into the lower left of a target, mixed by ``share`` into what is there.

    Needs the blocks, the groups, the distance map and the light volume bound.
    """
    target.bind(size)
    shaders.get(SCREEN, "march.frag", exact=quality == "exact", skip=skip).use()
    if share < 1:
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendColor(share, share, share, share)
        GL.glBlendFunc(GL.GL_CONSTANT_COLOR, GL.GL_ONE_MINUS_CONSTANT_COLOR)
    GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
    GL.glDisable(GL.GL_BLEND)


def march_compute(shaders: Shaders, target: Target, size: tuple[int, int], *, quality: Quality, skip: bool = True) -> None:
    """Draw the same by compute shader."""
    target.texture.image(0, GL.GL_WRITE_ONLY)
    shaders.get("march.comp", exact=quality == "exact", skip=skip).use()
    GL.glDispatchCompute(-(-size[0] // 8), -(-size[1] // 8), 1)
    GL.glMemoryBarrier(GL.GL_TEXTURE_FETCH_BARRIER_BIT | GL.GL_FRAMEBUFFER_BARRIER_BIT)
