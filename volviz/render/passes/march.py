"""March: light and opacity along the ray of every pixel, into a target of linear light."""

from __future__ import annotations

from typing import Literal

from OpenGL import GL

from volviz.render.gl.target import Target
from volviz.render.shaders import SCREEN, USUAL, Shaders, Variant

Quality = Literal["cached", "exact"]
Entry = Literal["fragment", "compute"]
ENTRIES: tuple[Entry, ...] = ("fragment", "compute")
STEP = 1.0  # voxels between samples
TERMINATION = 0.99  # opacity at which a ray ends, as if it were opaque
TERMINATION_MOVING = 0.95


def march(
    shaders: Shaders,
    target: Target,
    size: tuple[int, int],
    *,
    corner: tuple[int, int] = (0, 0),
    variant: Variant = USUAL,
    entry: Entry = "fragment",
    share: float = 1.0,
) -> None:
    """Draw what belongs into the part of a target of ``size`` (width, height) from ``corner`` on, mixed by ``share`` into what is there.

    ``entry`` chooses the kind of shader, which does not change the picture. Needs the blocks, the groups, the distance
    map and the light volume bound.
    """
    if entry == "compute":
        target.texture.image(0, GL.GL_READ_WRITE)
        shaders.get("march.comp", variant=variant).use(u_corner=corner, u_size=size, u_share=float(share))
        GL.glDispatchCompute(-(-size[0] // 8), -(-size[1] // 8), 1)
        GL.glMemoryBarrier(GL.GL_TEXTURE_FETCH_BARRIER_BIT | GL.GL_FRAMEBUFFER_BARRIER_BIT | GL.GL_SHADER_IMAGE_ACCESS_BARRIER_BIT)
        return
    target.bind(size, corner)
    shaders.get(SCREEN, "march.frag", variant=variant).use()
    if share < 1:
        GL.glEnable(GL.GL_BLEND)
        GL.glBlendColor(share, share, share, share)
        GL.glBlendFunc(GL.GL_CONSTANT_COLOR, GL.GL_ONE_MINUS_CONSTANT_COLOR)
    GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
    GL.glDisable(GL.GL_BLEND)
