"""What a loaded volume has on the GPU, and what has to be renewed of it before a scene can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np
from OpenGL import GL

from volviz.core.camera import Camera
from volviz.core.grid import Grid, Region
from volviz.core.scene import RawLook, Scene
from volviz.render import entry as faster
from volviz.render.blocks import BOX, LOOK, VIEW, Buffer
from volviz.render.direct import Direct
from volviz.render.gl.target import own_state
from volviz.render.parts import BRICK
from volviz.render.passes import light as lighting
from volviz.render.passes import march as marching
from volviz.render.passes.guides import GuideLayer
from volviz.render.passes.march import Entry, Quality, march
from volviz.render.passes.marks import MarkLayer, Place
from volviz.render.shaders import Variant
from volviz.render.sketch import Sketch
from volviz.render.slabs import Packed, Slab
from volviz.render.storage import Storage
from volviz.render.strokes import Size
from volviz.render.textures import Loading
from volviz.render.uniforms import (
    LIGHT_MEMBERS,
    RAMP_MEMBERS,
    box_values,
    clip_values,
    key_of,
    look_values,
    slice_values,
    variant_of,
    view_values,
)

LIGHT_LAG = 8.0  # degrees that the light may turn while moving before the light volume follows


class Loaded:
    """Textures, occupancy, light and the programs of one volume and its classes, in the context that is current."""

    def __init__(self, storage: Storage, entry: Entry | Literal["auto"], skip: bool) -> None:
        self._entry, self._skip = entry, skip
        self.march = partial(march, entry="fragment" if entry == "auto" else entry)
        self._storage = storage
        self.textures, self.occupancy, self.light, self.shaders = storage.textures, storage.occupancy, storage.light, storage.shaders
        self.grid: Grid = self.textures.grid
        self.shaders.usual = self.variant(Scene(), "cached").matter
        self.guides = GuideLayer(self.shaders)
        self.marks = MarkLayer(self.shaders)
        self.sketch: Sketch | None = None  # what a window draws over its picture
        self.sketch_scale = 1.0  # pixels of its screen to one that lines are wide
        self._direct = Direct(self.shaders)
        self.textures.direct = self._put_direct
        self.box, self.view, self.look = Buffer(BOX), Buffer(VIEW), Buffer(LOOK)
        self.vertices = int(GL.glGenVertexArrays(1))
        self.version = 0  # of the data: grows when some of them are replaced
        self._dirty: Region | None = None  # voxels that were replaced since the last picture
        self._ramps_key = self._seen_key = self._light_key = b""
        self._owing = False  # the last picture showed ramps for which there is no light yet
        self._lit_from = np.zeros(3)

    @property
    def entry(self) -> Entry | None:
        """The kind of shader that marches; None while that is not chosen."""
        return None if self._entry == "auto" else self._entry

    @property
    def pending(self) -> bool:
        """Whether the last picture was drawn before all of its light was there."""
        return self._owing or self.light.pending

    @contextmanager
    def state(self) -> Iterator[None]:
        """Draw with the state of OpenGL as the passes expect it; the host finds its own when this ends."""
        with own_state(self.textures.units):
            GL.glBindVertexArray(self.vertices)
            yield

    def variant(self, scene: Scene, quality: Quality) -> Variant:
        """Return the kind of program that draws this scene."""
        return variant_of(scene, self.textures.segmentation, exact=quality == "exact", skip=self._skip)

    def prepare(self, scene: Scene, camera: Camera, *, moving: bool, whole: bool = True) -> None:
        """Bring textures, occupancy and light up to date and bind them, in that order; within `state`.

        Unless the ``whole`` light is asked for, it is renewed by as much as a frame can afford.
        """
        self.box.write(box_values(self.grid, self.textures.parts))
        look = look_values(scene, self.textures.segmentation, camera) | clip_values(scene.clips, self.textures.whole, self.grid)
        look |= slice_values(scene.slices, scene.raw, self.textures.whole, self.grid)
        self.shaders.usual = self.variant(scene, "cached").matter
        if not self.textures.hold(scene.raw):
            loading = Loading(self.textures.source, scene.raw, self._put, self._loaded)
            for slab in loading.slabs():
                loading.put(slab)
        ramps = key_of(look, RAMP_MEMBERS)
        near = np.dot(look["to_light"], self._lit_from) > np.cos(np.radians(LIGHT_LAG))
        # A first round that began anew with every turn would never be seen.
        if moving and ramps == self._ramps_key and (near or self.light.starting):
            look["to_light"] = self._lit_from
        self.look.write(look)
        anew, changed, self._dirty = ramps != self._ramps_key, self._dirty, None
        if ramps != self._seen_key or changed is not None:
            self.occupancy.renew()
            self._seen_key = ramps
        # A ramp under the hand is seen at once; what it does to the light comes with the picture after, or once the light
        # of a ramp before is prepared: one that began anew with every move would never be seen.
        late = self.light.preparing or not self._owing
        self._owing = moving and anew and changed is None and self._ramps_key != b"" and late
        anew = anew and not self._owing
        self.textures.bind()
        self.occupancy.bind()
        # Whether a brick is seen may change with a voxel beside it.
        cells = changed.grown((BRICK,) * 3, self.grid.shape).coarser(2) if changed is not None and not anew else None
        if anew or cells is not None:
            self.light.renew_extinction(cells)
            self._ramps_key = ramps
        lit = key_of(look, LIGHT_MEMBERS)
        if not self._owing and (anew or lit != self._light_key or cells is not None):
            if lit == self._light_key and cells is not None:
                self.light.begin(cells, lighting.reach_of(look, 2 * self.grid.nanometres * min(self.grid.voxel_size)))
            else:
                self.light.begin()
            self._light_key, self._lit_from = lit, look["to_light"]
        self.light.renew(None if whole else self.light.affordable, fine=not moving)
        self.bind()
        if self._entry == "auto":
            size = (faster.EDGE, faster.EDGE)
            self.view.write(view_values(camera, self.grid, size, step=marching.STEP, termination=marching.TERMINATION))
            self._entry = faster.chosen(self.shaders, self.variant(scene, "cached"))
            self.march = partial(march, entry=self._entry)

    def lay_marks(self, camera: Camera, size: Size) -> None:
        """Draw the window's sketch over the lower left ``size`` of the framebuffer that is bound; within `state`."""
        self.lay(self.sketch, camera, size, scale=self.sketch_scale)

    def lay(self, sketch: Sketch | None, camera: Camera, picture: Size, *, place: Place | None = None, scale: float = 1.0) -> None:
        """Draw a sketch over the framebuffer that is bound, as `MarkLayer.draw` does; within `state`."""
        if sketch is not None:
            self.box.write(box_values(self.grid, self.textures.parts))
            self.view.write(view_values(camera, self.grid, picture, step=marching.STEP, termination=marching.TERMINATION))
            self.light.bind_extinction()
            self.marks.draw(sketch, self.grid, picture, place=place, scale=scale)

    def bind(self) -> None:
        """Make the volume's textures what the samplers read."""
        self.textures.bind()
        self.occupancy.bind()
        self.light.bind()

    def write(self, region: Region, data: Any) -> None:
        """Replace the classes of a region; see `Textures.write`."""
        changed = self.textures.write(region, data)
        if changed is not None:
            self._changed(changed)

    def loading(self, look: RawLook) -> Loading:
        """Return what has to be put for a raw look; to be put outside `state`."""

        def put(slab: Slab) -> None:
            with self.state():
                self._put(slab)

        def loaded(packed: Packed) -> None:
            with self.state():
                self._loaded(packed)

        return Loading(self.textures.source, look, put, loaded)

    def _put_direct(self, place: Region, shown: Region, data: Any) -> bool:
        return self._direct.put(self.textures.pieces, place, shown, data, self.textures.source.first)

    def _put(self, slab: Slab) -> None:
        if slab.groups:
            self.textures.put(slab)
        else:
            self._changed(slab.region, reach=0)

    def _loaded(self, packed: Packed) -> None:
        for region in self.textures.loaded(packed):
            self._changed(region)

    def _changed(self, region: Region, reach: int = 1) -> None:
        """Bring the maxima of bricks up to date that read a region; what follows from them comes with the next picture."""
        self.version += 1
        self.box.write(box_values(self.grid, self.textures.parts))
        self.occupancy.renew_maxima(self.textures.pieces, region, reach)
        self._dirty = region if self._dirty is None else self._dirty | region

    def delete(self) -> None:
        """Give everything back to the driver."""
        for part in (self._direct, self._storage, self.guides, self.marks, self.box, self.view, self.look):
            part.delete()
        GL.glDeleteVertexArrays(1, [self.vertices])
