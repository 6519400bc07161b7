"""A volume and its classes in the memory of the GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.density import Contrast
from volviz.core.grid import Region, Shape, Triple
from volviz.core.report import Report, silent
from volviz.core.scene import RawLook
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.cuda import on_card, on_host
from volviz.render.gl.texture import Texture3D, all_or_none
from volviz.render.memory import PART_UNIT, affordable, part_of
from volviz.render.parts import BRICK, Part
from volviz.render.slabs import Packed, Slab, Source, channels_of, groups_of

# Of texels by the bits of a channel and the number of channels.
FORMATS_OF: dict[tuple[int, int], int] = {(8, 1): GL.GL_R8, (16, 1): GL.GL_R16, (8, 4): GL.GL_RGBA8, (16, 4): GL.GL_RGBA16}


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of the grid and its textures, one per group."""

    part: Part
    groups: tuple[Texture3D, ...]

    def put(self, slab: Slab) -> None:
        """Take what this part holds of a slab."""
        common = slab.region & self.part.held
        if common is None:
            return
        start = common.shifted([-a for a in self.part.held.start]).start
        inside = common.shifted([-a for a in slab.region.start]).slices
        for texture, values in zip(self.groups, slab.groups, strict=True):
            texture.write(start, values[inside])


class Textures:
    """Group 0 holds (raw, first three drawn classes) as RGBA, or raw alone, later groups four classes each, on one grid.

    That grid is the segmentation's where there is one (only classes are drawn), else the volume's; cut into pieces where
    the driver holds no texture that large, and binned by averaging over area where the memory does not suffice:
    ``notes`` then says so in a sentence.
    """

    def __init__(
        self,
        volume: Volume,
        segmentation: Segmentation | None,
        memory: int | None = None,
        bits: Literal[8, 16] | None = None,
        *,
        limit: int | None = None,
        region: Region | None = None,
        report: Report = silent,
    ) -> None:
        dtype = type_of(segmentation, bits)
        self.whole = segmentation.grid if segmentation is not None else volume.grid
        self.groups_needed = groups_of(segmentation)
        kind = format_of(segmentation, bits)
        self.outline = part_of(self.whole, volume.grid, region)  # what of it is drawn, before any binning
        plan = affordable(self.outline, self.groups_needed, memory, kind=kind, limit=limit)
        self.grid, self.parts, self.notes, self.binning, self.bytes = plan.grid, plan.parts, plan.notes, plan.binning, plan.bytes
        self.source = Source(volume, segmentation, self.grid, dtype)
        self._written: list[tuple[Region, Any]] = []
        self.direct: Callable[[Region, Region, Any], bool] | None = None  # puts what lies on the card; says whether it could
        self._packed: Packed | None = None
        wanted = [partial(Texture3D, part.held.shape, kind) for part in self.parts for _ in range(self.groups_needed)]
        made = iter(all_or_none(wanted, report))
        self.pieces = [Piece(part, tuple(islice(made, self.groups_needed))) for part in self.parts]

    @property
    def segmentation(self) -> Segmentation | None:
        """Where the classes come from."""
        return self.source.segmentation

    @property
    def units(self) -> int:
        """How many texture units are in use, those of the other passes included."""
        return PART_UNIT + (len(self.pieces) * self.groups_needed if len(self.pieces) > 1 else 0)

    @property
    def contrast(self) -> Contrast | None:
        """Of the raw density that they hold."""
        return None if self._packed is None else self._packed.contrast

    def hold(self, look: RawLook) -> bool:
        """Tell whether they hold what a raw look needs."""
        packed = self._packed
        return packed is not None and (look.invert, look.lowpass) == (packed.invert, packed.lowpass)

    def write(self, region: Region, data: Any) -> Region | None:
        """Replace the classes of a region of the segmentation's grid, (class, z, y, x) with the background.

        They may lie on the card (``__cuda_array_interface__``) and must not be changed afterwards.

        Returns the region of the textures' grid that changed. Kept until the next loading of everything, which would
        otherwise bring back what was there before.
        """
        if self.segmentation is None or tuple(data.shape) != (len(self.segmentation.labels), *region.shape):
            raise ValueError(f"classes of shape {tuple(data.shape)} do not fill the region {region.start} to {region.stop}")
        self._written.append((region, data))
        return self._put_written(region, data) if self._packed is not None else None

    def adopt(self, segmentation: Segmentation) -> None:
        """Take a segmentation as the one whose regions were written."""
        self.source.segmentation = segmentation
        if self._packed is not None:
            self._written.clear()

    def bind(self) -> None:
        """Make them what `u_group` reads."""
        first = PART_UNIT if len(self.pieces) > 1 else 0
        for unit, texture in enumerate((t for piece in self.pieces for t in piece.groups), start=first):
            texture.bind(unit)

    def put(self, slab: Slab) -> None:
        """Take a slab of a loading. Until `loaded` says that it was the last, they hold a mixture."""
        self._packed = None
        self._put(slab)

    def loaded(self, packed: Packed) -> list[Region]:
        """Say that everything was put as packed. What was written meanwhile comes on top: returns where."""
        self._packed = packed
        return [region for region in (self._put_written(*written) for written in self._written) if region is not None]

    def delete(self) -> None:
        """Give the textures back to the driver."""
        for piece in self.pieces:
            for texture in piece.groups:
                texture.delete()

    def _put_written(self, region: Region, data: Any) -> Region | None:
        if self._packed is None:
            return None
        if self.direct is not None and on_card(data):
            place = self.source.place(region)
            shown = place & Region.whole(self.grid.shape) if place is not None else None
            if place is not None and shown is not None and self.direct(place, shown, data):
                return shown
        slab = self.source.written(region, on_host(data), self._packed)
        if slab is not None:
            self._put(slab)
        return slab.region if slab is not None else None

    def _put(self, slab: Slab) -> None:
        for piece in self.pieces:
            piece.put(slab)


class Loading:
    """What has to go to the graphics memory for a raw look.

    `slabs` reads and needs no OpenGL, so a thread may wait for a slow disk in it; `put` gives one slab to the driver, in
    the thread that has the context. When all were put, the picture can be drawn. ``heard``, if it is set, gets the low-passed density
    of every box of the grid, of ``shape`` voxels, in the order and the thread of reading.
    """

    def __init__(self, source: Source, look: RawLook, put: Callable[[Slab], None], loaded: Callable[[Packed], None]) -> None:
        self._source, self._look, self._put, self._loaded = source, look, put, loaded
        self._packed: Packed | None = None
        self._done = [0, 0]  # voxels: in bricks, and read
        self.heard: Callable[[Region, npt.NDArray[np.float32]], None] | None = None

    @property
    def shape(self) -> Shape:
        """Voxels (z, y, x) of the grid."""
        return self._source.grid.shape

    def slabs(self, check: Callable[[], None] | None = None) -> Iterator[Slab]:
        """Read slab after slab. A slab is at most `SLAB` bytes, and no other copy of the data is made.

        ``check`` is called while much is read, and may raise, which ends it.

        Bricks come last: they read beyond their faces, so earlier they would be asked for again with every slab.
        """
        packed = self._packed = self._source.packed(self._look, check)
        for region in self._source.regions(packed):
            yield self._source.slab(region, packed, self.heard, check)
            self._source.volume.let_go()  # or all of a mapped file would count as memory of this process by the end
        for region in self._source.brick_regions():
            yield Slab(region, ())

    def put(self, slab: Slab) -> float:
        """Give a slab to the driver; return which fraction of all is there."""
        self._put(slab)
        self._done[bool(slab.groups)] += math.prod(slab.region.shape)
        bricked, read = self._done
        whole, weight = math.prod(self._source.grid.shape), self._source.averaged
        if bricked == read == whole and self._packed is not None:
            self._loaded(self._packed)
            return 1.0
        return (bricked + weight * read) / ((1 + weight) * whole)


def type_of(segmentation: Segmentation | None, bits: Literal[8, 16] | None) -> np.dtype[Any]:
    """Return the type of numbers in the textures, by default with as many bits as the classes have.

    Beside classes of bytes the raw channel has steps of 0.05 standard deviations, which is enough to multiply by. Drawn by
    itself it has 16 bits, which in a texture of one channel are half of what beside classes bytes are.
    """
    return np.dtype(f"u{(bits or (8 * segmentation.data.dtype.itemsize if segmentation is not None else 16)) // 8}")


def format_of(segmentation: Segmentation | None, bits: Literal[8, 16] | None) -> int:
    """Return the format of texels of the textures."""
    return FORMATS_OF[8 * int(type_of(segmentation, bits).itemsize), channels_of(segmentation)]


def region_around(
    volume: Volume,
    segmentation: Segmentation | None,
    point_xyz: Triple,
    memory: int,
    *,
    bits: Literal[8, 16] | None = None,
    limit: int | None = None,
) -> Region | None:
    """Return the largest box of the volume's voxels about a point that can be drawn in full resolution; None if all can.

    It has the proportions of the volume, is moved inside where it would stick out, and is nothing smaller than a brick.
    """
    grid = segmentation.grid if segmentation is not None else volume.grid
    groups, kind = groups_of(segmentation), format_of(segmentation, bits)
    shape = volume.grid.shape
    centre = volume.grid.to_index(point_xyz)

    def box(scale: float) -> Region:
        size = [min(n, max(BRICK, int(scale * n))) for n in shape]
        start = [int(np.clip(round(c - s / 2), 0, n - s)) for c, s, n in zip(centre, size, shape, strict=True)]
        return Region((start[0], start[1], start[2]), (start[0] + size[0], start[1] + size[1], start[2] + size[2]))

    def fits(scale: float) -> bool:
        return affordable(part_of(grid, volume.grid, box(scale)), groups, memory, kind=kind, limit=limit).binning == 1

    if fits(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return box(low)
