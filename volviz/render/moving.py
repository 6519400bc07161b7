"""The picture while things move: drawn as coarse as it must be to come in time, smoothed, and stretched."""

from __future__ import annotations

from OpenGL import GL

from volviz.core.camera import Camera
from volviz.core.scene import Scene
from volviz.render.gl.target import Target
from volviz.render.gl.timer import Timer, in_software
from volviz.render.loaded import Loaded
from volviz.render.pace import CARD_SECONDS, SOFTWARE_SECONDS, Level, Pace
from volviz.render.passes import march as marching
from volviz.render.passes.bloom import Glow
from volviz.render.passes.march import Quality
from volviz.render.passes.resolve import resolve
from volviz.render.picture import Size
from volviz.render.shaders import SCREEN, Variant
from volviz.render.uniforms import view_values


class Moving:
    """Draws moving pictures and learns from each how coarse the next has to be."""

    def __init__(self, gpu: Loaded, level: Level | None = None) -> None:
        self._gpu, self._fixed = gpu, level
        self.pace = Pace(SOFTWARE_SECONDS if in_software() else CARD_SECONDS)
        self.seconds = 0.0  # what the last picture measured took, without the light
        self._timer: Timer[tuple[Size, Level | None]] = Timer()
        self._familiar: set[Variant] = set()
        self._light: Target | None = None
        self._pixels: Target | None = None
        self._glow: Glow | None = None

    def draw(self, scene: Scene, camera: Camera, size: Size, framebuffer: int, quality: Quality) -> None:
        """Draw into the lower left of a framebuffer."""
        for seconds, (drawn, level) in self._timer.taken():
            self.seconds = seconds
            if level is not None:
                self.pace.took(seconds, drawn, level)
        gpu, level = self._gpu, self._fixed or self.pace.choose(size)
        inner = max(1, round(size[0] * level.scale)), max(1, round(size[1] * level.scale))
        light, pixels, glow = self._made(inner)
        with gpu.state():
            gpu.prepare(scene, camera, moving=True, whole=False)
            view = view_values(camera, gpu.grid, inner, step=level.step * marching.STEP, termination=marching.TERMINATION_MOVING)
            gpu.view.write(view)
            variant = gpu.variant(scene, quality)
            self._timer.begin()
            gpu.march(gpu.shaders, light, inner, variant=variant)
            if scene.bloom.on:
                glow.gather(light, (0, 0), inner, scene.bloom, 2.0**scene.exposure)
                glow.spread(scene.bloom)
            if inner == size:
                GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
            else:
                pixels.bind()
            resolve(gpu.shaders, light, glow, scene, size=inner, soften=True)
            self._timer.end((size, level if variant in self._familiar else None))  # the first time, programs are compiled
            self._familiar.add(variant)
            if inner != size:
                self._stretch(pixels, size, framebuffer)
            gpu.guides.draw(scene, camera, gpu.textures.outline, size, light, lit=inner)
            gpu.lay_marks(camera, size)

    def _stretch(self, pixels: Target, size: Size, framebuffer: int) -> None:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
        GL.glViewport(0, 0, *size)
        pixels.texture.bind(0)
        self._gpu.shaders.get(SCREEN, "stretch.frag").use(u_size=(float(size[0]), float(size[1])))
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)

    def _made(self, size: Size) -> tuple[Target, Target, Glow]:
        if self._light is None or self._pixels is None or self._glow is None or self._light.size != size:
            self._delete_targets()
            with self._gpu.state():
                self._light, self._pixels = Target(size), Target(size, GL.GL_RGBA8)
                self._glow = Glow(size, self._gpu.shaders)
        return self._light, self._pixels, self._glow

    def _delete_targets(self) -> None:
        for part in (self._light, self._pixels, self._glow):
            if part is not None:
                part.delete()
        self._light = self._pixels = self._glow = None

    def delete(self) -> None:
        """Give targets and queries back to the driver."""
        self._delete_targets()
        self._timer.delete()
