"""Resolve: from linear light to the pixels of a framebuffer."""

from __future__ import annotations

from OpenGL import GL

from volviz.core.grid import Triple
from volviz.core.scene import Scene
from volviz.render.gl.target import Target
from volviz.render.passes.bloom import Glow
from volviz.render.shaders import SCREEN, Shaders
from volviz.render.uniforms import linear


def resolve(
    shaders: Shaders,
    tile: Target,
    glow: Glow,
    scene: Scene,
    *,
    size: tuple[int, int],
    corner: tuple[int, int] = (0, 0),
    offset: tuple[int, int] = (0, 0),
    height: int = 0,
    soften: bool = False,
    transparent: bool = False,
) -> None:
    """Draw a tile into the framebuffer that is bound.

    ``size`` (width, height) of the tile goes to ``corner`` of the framebuffer; ``offset`` is its place in the picture, which is
    ``height`` pixels high, by default as high as the tile.
    ``soften`` takes out the noise of steps that no other frames even out.
    """
    GL.glViewport(*corner, *size)
    tile.texture.bind(0)
    glow.bind(1)
    ground, top = scene.background, scene.background_top
    shaders.get(SCREEN, "resolve.frag").use(
        u_corner=corner,
        u_offset=offset,
        u_size=size,
        u_bloom_pixel=glow.pixel,
        u_soften=int(soften),
        u_exposure=float(2.0**scene.exposure),
        u_bloom_strength=float(scene.bloom.strength if scene.bloom.on else 0.0),
        u_background=_floats(ground),
        u_background_top=_floats(ground if top is None else top),
        u_row=1 / (height or size[1]),
        u_transparent=int(transparent),
    )
    GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)


def _floats(color: Triple) -> Triple:
    red, green, blue = (float(v) for v in linear(color))
    return red, green, blue
