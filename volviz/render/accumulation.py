"""The picture of a window at rest: frame after frame is averaged into it, a piece at a time, and then no more."""

from __future__ import annotations

import time

from OpenGL import GL

from volviz.render.gl.target import Target
from volviz.render.loaded import Loaded
from volviz.render.pace import Pieces
from volviz.render.passes.bloom import Glow
from volviz.render.passes.resolve import resolve
from volviz.render.picture import Order, Size, band, lit

SAMPLES = 16  # frames in a picture at rest
SLICE_SECONDS = 0.03  # the event loop of a window may wait


class Accumulation:
    """Averages the samples of an order in a target of its own. ``frames`` of them are whole."""

    def __init__(self, gpu: Loaded) -> None:
        self._gpu = gpu
        self._order: Order | None = None
        self._version = 0
        self._target: Target | None = None
        self._glow: Glow | None = None
        self._pieces = Pieces(SLICE_SECONDS)
        self._row = 0
        self.frames = 0

    @property
    def whole(self) -> bool:
        """Whether it can be presented: there are frames, and none is half drawn over them."""
        return self.frames > 0 and not self._row

    def advance(self, order: Order, seconds: float) -> int:
        """Draw for about this long and return how many frames are whole; begins anew if anything has changed."""
        until = time.perf_counter() + seconds
        self._begin(order)
        before = self.frames
        while self.frames == before < order.samples:
            if lit(self._gpu, order):
                self._draw_piece(order, until - time.perf_counter())
            if time.perf_counter() > until:
                break
        return self.frames

    def _draw_piece(self, order: Order, seconds: float) -> None:
        began = time.perf_counter()
        width, height = order.size
        rows = min(self._pieces.rows(width, seconds), height - self._row)
        band(self._gpu, order, self._made(order.size), (0, 0), (0, self._row), (width, rows), self.frames)
        self._pieces.took(time.perf_counter() - began, width * rows)
        self._row += rows
        if self._row == height:
            self._row, self.frames = 0, self.frames + 1

    def present(self, order: Order, framebuffer: int) -> None:
        """Draw the mean of the whole frames into the lower left of a framebuffer."""
        target, glow, bloom = self._target, self._glow, order.scene.bloom
        if target is None or glow is None or not self.whole:
            raise RuntimeError("between two frames there is nothing whole to present")
        with self._gpu.state():
            if bloom.on:
                glow.gather(target, (0, 0), order.size, bloom, 2.0**order.scene.exposure)
                glow.spread(bloom)
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
            resolve(self._gpu.shaders, target, glow, order.scene, size=order.size)
            self._gpu.guides.draw(order.scene, order.camera, self._gpu.textures.outline, order.size, target)
            self._gpu.lay_marks(order.camera, order.size)

    def draw(self, order: Order) -> None:
        """Draw the first frame anew and at once, in the light that there is."""
        self._order = None
        self._begin(order)
        with self._gpu.state():
            self._gpu.prepare(order.scene, order.camera, moving=False, whole=False)
        band(self._gpu, order, self._made(order.size), (0, 0), (0, 0), order.size, 0)
        self.frames = 1
        self._order = None if self._gpu.light.pending else order

    def _begin(self, order: Order) -> None:
        if order == self._order and self._gpu.version == self._version:
            return
        self._order, self._version = order, self._gpu.version
        self._row = self.frames = 0

    def _made(self, size: Size) -> Target:
        if self._target is None or self._target.size != size:
            self.delete()
            with self._gpu.state():
                self._target, self._glow = Target(size), Glow(size, self._gpu.shaders)
        return self._target

    def delete(self) -> None:
        """Give the targets back to the driver."""
        for part in (self._target, self._glow):
            if part is not None:
                part.delete()
        self._target = self._glow = None
