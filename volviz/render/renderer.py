"""The renderer: one volume and its classes, drawn while they move, at rest, and into pictures of any size."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from typing import Any, Literal

from volviz.core.camera import Camera
from volviz.core.density import Contrast
from volviz.core.grid import Region, Triple
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.accumulation import SAMPLES as REFINED
from volviz.render.accumulation import SLICE_SECONDS, Accumulation
from volviz.render.loaded import Loaded
from volviz.render.memory import at_hand
from volviz.render.moving import Moving
from volviz.render.pace import Level
from volviz.render.passes.march import Entry, Quality
from volviz.render.picture import PIECE_SECONDS, TILE, Order, Pixels, Size, drawing
from volviz.render.sketch import Sketch
from volviz.render.storage import Allocation, Storage
from volviz.render.textures import Loading, region_around
from volviz.render.uniforms import shown

SHARE_OF_READING = 0.5  # of a picture's progress, where its data have to be brought first
DRAWING = "drawing"  # what is said while a picture is drawn
SAMPLES = REFINED  # frames averaged in a still: as many as in the window at rest, which it would look noisier than otherwise

log = logging.getLogger(__name__)

__all__ = ["REFINED", "SAMPLES", "Entry", "Pixels", "Quality", "Renderer", "Size"]


class Renderer:
    """Draws one volume and its classes in the OpenGL context that is current at every call.

    Everything on the GPU is made when first needed and renewed only where a change asks for it: ramps, light and camera
    never move the volume again. ``notes`` says in sentences what had to be done to the data, such as binning.
    ``memory`` is how many bytes its textures may take, by default what the device has to spare, and ``limit`` how many
    texels each may have along an axis, by default what the driver allows: what is longer is cut into several. ``entry``
    chooses the kind of shader that marches, by default the faster one, and ``skip`` whether it leaps over empty space:
    neither changes a picture.
    ``bits`` is how fine the textures are, by default as fine as the classes. ``level`` is how coarse moving pictures are,
    by default as coarse as measurements show that they must be.

    ``sketch`` is drawn over what `draw` and `present` show, its lines ``sketch_scale`` times as wide as they say. It belongs to a
    window, not to a scene: pictures are given one of their own.

    A window calls `draw` with ``moving`` at every change, then `refine` again and again, and `present` when another frame
    is whole. `image` returns a picture at once, `steps` piece by piece.
    """

    def __init__(
        self,
        memory: int | None = None,
        *,
        limit: int | None = None,
        entry: Entry | Literal["auto"] = "auto",
        skip: bool = True,
        bits: Literal[8, 16] | None = None,
        level: Level | None = None,
    ) -> None:
        self._memory, self._limit, self._entry, self._skip, self._bits, self._level = memory, limit, entry, skip, bits, level
        self._volume: Volume | None = None
        self._region: Region | None = None
        self._segmentation: Segmentation | None = None
        self._gpu: Loaded | None = None
        self._moving: Moving | None = None
        self._rest: Accumulation | None = None
        self.sketch: Sketch | None = None
        self.sketch_scale = 1.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data so that they could be drawn; empty until something was."""
        return self._gpu.textures.notes if self._gpu is not None else ()

    @property
    def binning(self) -> int:
        """How many voxels along each axis are drawn as one, so that they fit; 1 is full resolution."""
        return self._gpu.textures.binning if self._gpu is not None else 1

    @property
    def bytes(self) -> int:
        """How much memory of the graphics device the data take, with what is computed from them."""
        return self._gpu.textures.bytes if self._gpu is not None else 0

    @property
    def occupied(self) -> float:
        """Share of the volume's bricks that showed something in the last picture; nothing is drawn of the others."""
        if self._gpu is None:
            raise ValueError("draw before asking what is seen")
        with self._gpu.state():
            return self._gpu.occupancy.share

    @property
    def entry(self) -> Entry | None:
        """The kind of shader that marches; None while that is not chosen."""
        return None if self._gpu is None else self._gpu.entry

    @property
    def contrast(self) -> Contrast | None:
        """What turned the file's numbers into the standard deviations that were drawn last; None before that."""
        return None if self._gpu is None else self._gpu.textures.contrast

    @property
    def pending(self) -> bool:
        """Whether the last `draw` left light to be renewed: drawing the same again shows more of it, a still all."""
        return self._gpu is not None and self._gpu.pending

    @property
    def presentable(self) -> bool:
        """Whether `present` has something whole to show: not while `refine` is in the middle of a frame.

        That may be at its first call, if it goes on with a picture that was left for another and is wanted again.
        """
        return self._rest is not None and self._rest.whole

    @property
    def pace(self) -> tuple[Level, float] | None:
        """How coarse the last moving picture was and how many seconds the last one measured took; None before any."""
        return None if self._moving is None else (self._moving.pace.level, self._moving.seconds)

    def load(self, volume: Volume, segmentation: Segmentation | None = None) -> None:
        """Draw these from now on. Their arrays are read at the next drawing, in slabs."""
        if volume is self._volume and segmentation is self._segmentation:
            return
        self.release()
        self._volume, self._segmentation = volume, segmentation

    def region_around(self, point_xyz: Triple) -> Region | None:
        """Return the largest box of the volume's voxels about a point that fits in full resolution; None if the whole does."""
        if self._volume is None:
            raise ValueError("load a volume before asking what of it fits")
        own = 0 if self._gpu is None else self._gpu.textures.bytes  # will be given back
        # Less than all: what is free now need not be free when the region is brought.
        memory = (at_hand() + own) * 9 // 10 if self._memory is None else self._memory
        return region_around(self._volume, self._segmentation, point_xyz, memory, bits=self._bits, limit=self._limit)

    def allocation(self, scene: Scene) -> Allocation | None:
        """Return what has to be allocated before this scene can be brought or drawn, or None if it is there.

        Both do it themselves, and wait; a window lets a thread `make` it, in a context that shares objects with this one,
        and has the result `take`n.
        """
        self._turn_to(scene)
        return self._allocation() if self._gpu is None else None

    def take(self, storage: Storage) -> None:
        """Draw with what was allocated for what is to be drawn now, which is this renderer's from then on."""
        textures = storage.textures
        if self._gpu is not None or textures.source.volume is not self._volume or textures.segmentation is not self._segmentation:
            raise ValueError("this was allocated for other data than are to be drawn")
        self._gpu = self._loaded(storage)

    def loading(self, scene: Scene) -> Loading | None:
        """Return what has to go to the graphics memory before this scene can be drawn, or None if it is there.

        Drawing does all of it itself, and waits; a window puts slab after slab instead, and reads them in a thread.
        """
        gpu = self._ready(scene)
        return None if gpu.textures.hold(scene.raw) else gpu.loading(scene.raw)

    def write(self, region: Region, data: Any) -> None:
        """Show new classes (class, z, y, x) in a region of the segmentation's grid, the rest staying as it is.

        ``data`` may be a numpy array, or a tensor of any library on the card that draws: then it stays there, if it can.
        """
        gpu = self._ready()
        with gpu.state():
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
        """Draw into the lower left ``size`` (width, height) of a framebuffer.

        ``moving`` trades sharpness for speed, as much as the frames before have shown to be needed; else it is one frame
        in full quality, however long it takes.
        """
        gpu = self._ready(scene)
        gpu.sketch, gpu.sketch_scale = self.sketch, self.sketch_scale
        if moving:
            if self._moving is None:
                self._moving = Moving(gpu, self._level)
            self._moving.draw(shown(scene), camera, size, framebuffer, quality)
            return
        rest, order = self._accumulation(gpu), Order(shown(scene), camera, size, 1, quality)
        rest.draw(order)
        rest.present(order, framebuffer)

    def refine(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        seconds: float = SLICE_SECONDS,
        samples: int = REFINED,
        quality: Quality = "cached",
    ) -> int:
        """Work for about ``seconds`` on the picture at rest and return how many of its ``samples`` frames are whole.

        Begins anew when scene, camera, size or data are others than at the last call. Returns early when a frame becomes
        whole, and does nothing when all are.
        """
        return self._accumulation(self._ready(scene)).advance(Order(shown(scene), camera, size, samples, quality), seconds)

    def present(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        framebuffer: int,
        *,
        samples: int = REFINED,
        quality: Quality = "cached",
    ) -> None:
        """Draw the frames that are whole into the lower left of a framebuffer, right after `refine` said that one is."""
        gpu = self._ready(scene)
        gpu.sketch, gpu.sketch_scale = self.sketch, self.sketch_scale
        self._accumulation(gpu).present(Order(shown(scene), camera, size, samples, quality), framebuffer)

    def image(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        transparent: bool = False,
        quality: Quality = "cached",
        samples: int = SAMPLES,
        sketch: Sketch | None = None,
        tile: int = TILE,
        report: Report = silent,
    ) -> Pixels:
        """Return a picture of ``size`` (width, height) as (height, width, 4) RGBA, top row first, alpha straight.

        ``samples`` frames, shifted by parts of a step and of a pixel, are averaged. Pictures larger than ``tile`` are
        drawn tile by tile and come out the same. A ``sketch`` is laid over it, the wider the higher the picture is.
        """
        report = self._brought(scene, report)
        steps = self.steps(scene, camera, size, transparent=transparent, quality=quality, samples=samples, sketch=sketch, tile=tile)
        with closing(steps):
            while True:
                try:
                    report(next(steps), DRAWING)
                except StopIteration as finished:
                    picture: Pixels = finished.value
                    return picture

    def steps(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        transparent: bool = False,
        quality: Quality = "cached",
        samples: int = SAMPLES,
        sketch: Sketch | None = None,
        tile: int = TILE,
        seconds: float = PIECE_SECONDS,
    ) -> Generator[float, None, Pixels]:
        """Draw what `image` draws in pieces of about ``seconds``: yields how much is done (0..1), returns the picture.

        Other things may be drawn in between, but `load` and `release` end it: close it before.
        """
        order = Order(shown(scene), camera, size, samples, quality, transparent, sketch)
        return drawing(self._ready(scene), order, tile=tile, seconds=seconds)

    def release(self) -> None:
        """Give everything back to the driver; the context it was made in must be current."""
        for held in (self._moving, self._rest, self._gpu):
            if held is not None:
                held.delete()
        self._gpu = self._moving = self._rest = None

    def _brought(self, scene: Scene, report: Report) -> Report:
        """Bring to the graphics memory what is not there, which may take minutes; return what the rest is reported to."""
        loading = self.loading(scene)
        if loading is None:
            return report
        text = f"reading {self._volume.name}" if self._volume is not None and self._volume.name else "reading the volume"
        for slab in loading.slabs():
            report(SHARE_OF_READING * loading.put(slab), text)
        return part(report, SHARE_OF_READING, 1.0)

    def _ready(self, scene: Scene | None = None) -> Loaded:
        if scene is not None:
            self._turn_to(scene)
        if self._gpu is None:
            self._gpu = self._loaded(self._allocation().make())
        return self._gpu

    def _loaded(self, storage: Storage) -> Loaded:
        for note in storage.textures.notes:
            log.warning(note)
        return Loaded(storage, self._entry, self._skip)

    def _turn_to(self, scene: Scene) -> None:
        if scene.region != self._region:
            self.release()
            self._region = scene.region

    def _allocation(self) -> Allocation:
        if self._volume is None:
            raise ValueError("load a volume before drawing")
        return Allocation(self._volume, self._segmentation, self._memory, self._bits, self._limit, self._region)

    def _accumulation(self, gpu: Loaded) -> Accumulation:
        if self._rest is None:
            self._rest = Accumulation(gpu)
        return self._rest
