"""The renderer: what is on the GPU, what has to be renewed, and the passes in their order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.camera import Camera
from volviz.core.grid import Grid, Region
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.blocks import BOX, LOOK, VIEW, Buffer
from volviz.render.gl.target import Target, own_state
from volviz.render.passes import light as lighting
from volviz.render.passes import march as marching
from volviz.render.passes.bloom import Glow
from volviz.render.passes.light import LightVolume
from volviz.render.passes.march import Entry, Quality, march
from volviz.render.passes.occupancy import Occupancy
from volviz.render.passes.resolve import resolve
from volviz.render.shaders import Shaders, Variant
from volviz.render.textures import Stored, Textures
from volviz.render.uniforms import LIGHT_MEMBERS, RAMP_MEMBERS, box_values, clip_values, key_of, look_values, view_values

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]  # (width, height)

TILE = 1024  # pixels along the edge of what a still draws at a time: a driver ends work that takes seconds
SAMPLES = 4  # frames averaged in a still
LIGHT_LAG = 8.0  # degrees that the light may turn while moving before the light volume follows
UNITS = 8  # texture units used


class Renderer:
    """Draws one volume and its classes in the OpenGL context that is current at every call.

    Everything on the GPU is made when first needed and renewed only where a change asks for it: ramps, light and camera
    never move the volume again. ``notes`` says in sentences what had to be done to the data, such as binning.
    ``memory`` is how many bytes its textures may take, by default what the device has to spare. ``entry`` chooses the kind
    of shader that marches and ``skip`` whether it leaps over empty space: neither changes a picture. ``bits`` is how fine
    the textures are, by default as fine as the classes.
    """

    def __init__(
        self, memory: int | None = None, *, entry: Entry = "fragment", skip: bool = True, bits: Literal[8, 16] | None = None
    ) -> None:
        self._memory, self._entry, self._skip, self._bits = memory, entry, skip, bits
        self._volume: Volume | None = None
        self._segmentation: Segmentation | None = None
        self._gpu: _OnGpu | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data so that they could be drawn; empty until something was."""
        return self._gpu.textures.notes if self._gpu is not None else ()

    @property
    def pending(self) -> bool:
        """Whether the last `draw` left light to be renewed: drawing the same again shows more of it, a still all."""
        return self._gpu is not None and self._gpu.light.pending

    def load(self, volume: Volume, segmentation: Segmentation | None = None) -> None:
        """Draw these from now on. Their arrays are read at the next drawing, in slabs."""
        if volume is self._volume and segmentation is self._segmentation:
            return
        self.release()
        self._volume, self._segmentation = volume, segmentation

    def write(self, region: Region, data: Stored) -> None:
        """Show new classes (class, z, y, x) in a region of the segmentation's grid, the rest staying as it is."""
        gpu = self._ready()
        with own_state(UNITS):
            gpu.write(region, data)

    def adopt(self, segmentation: Segmentation) -> None:
        """Take a segmentation as loaded whose every region was written already: nothing is moved again."""
        old = self._segmentation
        if old is None or segmentation.data.shape != old.data.shape or segmentation.kind != old.kind:
            raise ValueError("only a segmentation of as many classes on the same grid can be adopted")
        self._segmentation = segmentation
        if self._gpu is not None:
            self._gpu.textures.adopt(segmentation)

    def draw(
        self, scene: Scene, camera: Camera, size: Size, framebuffer: int, *, moving: bool = False, quality: Quality = "cached"
    ) -> None:
        """Draw into the lower left ``size`` (width, height) of a framebuffer; ``moving`` trades sharpness for speed."""
        gpu = self._ready()
        with own_state(UNITS):
            gpu.prepare(scene, camera, moving=moving, whole=False)
            scale = marching.SCALE_MOVING if moving else 1.0
            inner = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
            tile, glow = gpu.target(inner), gpu.glow(inner)
            view = view_values(
                camera,
                gpu.grid,
                inner,
                step=marching.STEP_MOVING if moving else marching.STEP,
                termination=marching.TERMINATION_MOVING if moving else marching.TERMINATION,
            )
            gpu.view.write(view)
            gpu.march(gpu.shaders, tile, inner, variant=gpu.variant(scene, quality))
            if scene.bloom.on:
                glow.gather(tile, (0, 0), inner, scene.bloom, 2.0**scene.exposure)
                glow.spread(scene.bloom)
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
            resolve(gpu.shaders, tile, glow, scene, size=size, stretch=moving)

    def image(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        transparent: bool = False,
        quality: Quality = "cached",
        samples: int = SAMPLES,
        tile: int = TILE,
        report: Report = silent,
    ) -> Pixels:
        """Return a picture of ``size`` (width, height) as (height, width, 4) RGBA, top row first, alpha straight.

        ``samples`` frames, shifted by parts of a step and of a pixel, are averaged. Pictures larger than ``tile`` are
        drawn tile by tile and come out the same.
        """
        gpu = self._ready()
        with own_state(UNITS):
            gpu.prepare(scene, camera, moving=False)
            view = view_values(camera, gpu.grid, size, step=marching.STEP, termination=marching.TERMINATION_STILL)
            return gpu.image(scene, view, size, transparent=transparent, quality=quality, samples=samples, tile=tile, report=report)

    def release(self) -> None:
        """Give everything back to the driver; the context it was made in must be current."""
        if self._gpu is not None:
            self._gpu.delete()
        self._gpu = None

    def _ready(self) -> _OnGpu:
        if self._gpu is None:
            if self._volume is None:
                raise ValueError("load a volume before drawing")
            textures = Textures(self._volume, self._segmentation, self._memory, self._bits)
            self._gpu = _OnGpu(textures, self._entry, self._skip)
        return self._gpu


class _OnGpu:
    """What a loaded volume has on the GPU."""

    def __init__(self, textures: Textures, entry: Entry, skip: bool) -> None:
        self.march = partial(march, entry=entry)
        self._skip = skip
        self.textures = textures
        self.grid: Grid = self.textures.grid
        self.shaders = Shaders(self.textures.groups_needed)
        self.occupancy = Occupancy(self.grid.shape, self.shaders)
        self.light = LightVolume(self.grid.shape, self.shaders)
        self.box, self.view, self.look = Buffer(BOX), Buffer(VIEW), Buffer(LOOK)
        self._vertices = int(GL.glGenVertexArrays(1))
        self._target: Target | None = None
        self._glow: Glow | None = None
        self._ramps_key = self._light_key = b""
        self._lit_from = np.zeros(3)

    def variant(self, scene: Scene, quality: Quality) -> Variant:
        """Return the kind of program that draws this scene."""
        return Variant(exact=quality == "exact", skip=self._skip)

    def prepare(self, scene: Scene, camera: Camera, *, moving: bool, whole: bool = True) -> None:
        """Bring textures, occupancy and light up to date and bind them, in that order.

        Unless the ``whole`` light is asked for, it is renewed by as much as a frame can afford.
        """
        GL.glBindVertexArray(self._vertices)
        self.box.write(box_values(self.grid))
        look = look_values(scene, self.textures.segmentation, camera) | clip_values(scene.clips, self.textures.whole, self.grid)
        if self.textures.upload(scene.raw):
            self.occupancy.renew_maxima(self.textures.groups)
            self._ramps_key = self._light_key = b""
        ramps = key_of(look, RAMP_MEMBERS)
        if moving and ramps == self._ramps_key and np.dot(look["to_light"], self._lit_from) > np.cos(np.radians(LIGHT_LAG)):
            look["to_light"] = self._lit_from
        self.look.write(look)
        if ramps != self._ramps_key:
            self.occupancy.renew()
        for unit, texture in enumerate(self.textures.groups):
            texture.bind(unit)
        self.occupancy.bind()
        if ramps != self._ramps_key:
            self.light.renew_extinction()
            self._ramps_key = ramps
        lit = key_of(look, LIGHT_MEMBERS)
        if lit != self._light_key:
            self.light.begin()
            self._light_key, self._lit_from = lit, look["to_light"]
        self.light.renew(None if whole else lighting.BUDGET, fine=not moving)
        self.bind()

    def bind(self) -> None:
        """Make the volume's textures what the samplers read."""
        for unit, texture in enumerate(self.textures.groups):
            texture.bind(unit)
        self.occupancy.bind()
        self.light.bind()

    def write(self, region: Region, data: Stored) -> None:
        changed = self.textures.write(region, data)
        if changed is not None:
            self.box.write(box_values(self.grid))
            self.occupancy.renew_maxima(self.textures.groups, changed)
            self._ramps_key = self._light_key = b""

    def target(self, size: Size) -> Target:
        """Return the target of linear light of this size; one is kept."""
        if self._target is None or self._target.size != size:
            if self._target is not None:
                self._target.delete()
            self._target = Target(size)
        return self._target

    def glow(self, size: Size) -> Glow:
        """Return the bloom of this size of picture; one is kept."""
        if self._glow is None or self._glow.size != size:
            if self._glow is not None:
                self._glow.delete()
            self._glow = Glow(size, self.shaders)
        return self._glow

    def image(
        self,
        scene: Scene,
        view: dict[str, Any],
        size: Size,
        *,
        transparent: bool,
        quality: Quality,
        samples: int,
        tile: int,
        report: Report,
    ) -> Pixels:
        glow = self.glow(size)
        edge = max(glow.factor, tile // glow.factor * glow.factor)
        tiles = list(_tiles(size, edge))
        target = self.target((min(edge, size[0]), min(edge, size[1])))
        parked: list[npt.NDArray[np.float16]] = []
        glow.clear()
        for i, (offset, extent) in enumerate(tiles):
            self.bind()
            for frame in range(samples):
                report((i + frame / samples) / len(tiles), "drawing")
                self.view.write(view | _jitter(frame, samples) | {"offset": offset})
                self.march(self.shaders, target, extent, variant=self.variant(scene, quality), share=1 / (frame + 1))
            if scene.bloom.on:
                glow.gather(target, offset, extent, scene.bloom, 2.0**scene.exposure)
            if len(tiles) > 1:
                parked.append(target.read(extent).astype(np.float16))
        if scene.bloom.on:
            glow.spread(scene.bloom)
        out = np.empty((size[1], size[0], 4), np.uint8)
        pixels = Target(target.size, GL.GL_RGBA8)
        for i, ((left, bottom), (width, height)) in enumerate(tiles):
            if parked:
                target.texture.write(parked[i].astype(np.float32))
            pixels.bind()
            resolve(self.shaders, target, glow, scene, size=(width, height), offset=(left, bottom), transparent=transparent)
            top = size[1] - bottom - height
            out[top : top + height, left : left + width] = pixels.read((width, height))[::-1]
        pixels.delete()
        return out

    def delete(self) -> None:
        for part in (self.textures, self.occupancy, self.light, self.shaders, self.box, self.view, self.look, self._target, self._glow):
            if part is not None:
                part.delete()
        GL.glDeleteVertexArrays(1, [self._vertices])


def _tiles(size: Size, edge: int) -> Iterator[tuple[Size, Size]]:
    """Yield (lower left pixel, size) of tiles that cover a picture."""
    for bottom in range(0, size[1], edge):
        for left in range(0, size[0], edge):
            yield (left, bottom), (min(edge, size[0] - left), min(edge, size[1] - bottom))


def _jitter(frame: int, samples: int) -> dict[str, Any]:
    """Return a frame's shifts: sampling phases spread evenly, rays spread over the pixel (R2 sequence; Roberts 2018)."""
    spread = np.arange(1, samples + 1)[:, None] * np.array([0.75487767, 0.56984029]) % 1
    return {"phase": frame / samples, "subpixel": spread[frame] - spread.mean(axis=0), "frame": frame}
