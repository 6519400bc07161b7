"""What is large of a volume in the graphics memory, and how it is allocated: by whoever draws, or by a thread beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from OpenGL import GL
from OpenGL.error import GLError

from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.report import Report, part, silent
from volviz.core.room import size_of
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.memory import bytes_of, part_of
from volviz.render.passes.light import LightVolume
from volviz.render.passes.occupancy import Occupancy
from volviz.render.shaders import Shaders
from volviz.render.slabs import groups_of
from volviz.render.textures import Textures, format_of


@dataclass(frozen=True, slots=True, eq=False)
class Storage:
    """The textures of a volume and of what is computed from it, with nothing in them yet.

    Contexts that share objects share all of it: it may be made and deleted in any of them.
    """

    textures: Textures
    occupancy: Occupancy
    light: LightVolume
    shaders: Shaders

    def delete(self) -> None:
        """Give it back to the driver."""
        for textures in (self.textures, self.occupancy, self.light, self.shaders):
            textures.delete()


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What has to be allocated before a volume can be drawn. The fields are `Textures`'s."""

    volume: Volume
    segmentation: Segmentation | None
    memory: int | None = None
    bits: Literal[8, 16] | None = None
    limit: int | None = None
    region: Region | None = None

    @property
    def bytes(self) -> int:
        """How much it is, without any binning."""
        grid = self.segmentation.grid if self.segmentation is not None else self.volume.grid
        shape = part_of(grid, self.volume.grid, self.region).shape
        return bytes_of(shape, groups_of(self.segmentation), format_of(self.segmentation, self.bits))

    def make(self, report: Report = silent) -> Storage:
        """Allocate it in the context that is current, and wait until it is there for those that share objects with it.

        A driver that draws in software fills it with zeros: two seconds for a gigabyte.

        Raises:
            VolvizError: the graphics memory does not suffice.
            Cancelled: by ``report``; nothing is left behind.
        """
        textures: Textures | None = None
        occupancy: Occupancy | None = None
        light: LightVolume | None = None
        try:
            most, rest = part(report, 0.0, 0.7), part(report, 0.7, 1.0)
            wanted = (self.volume, self.segmentation, self.memory, self.bits)
            textures = Textures(*wanted, limit=self.limit, region=self.region, report=most)
            shaders = Shaders(textures.groups_needed, len(textures.pieces))
            zero = self.segmentation.stored(0.0) if self.segmentation is not None else 0.0
            occupancy = Occupancy(textures.grid.shape, shaders, zero)
            light = LightVolume(textures.grid.shape, shaders, rest)
            GL.glFinish()
        except BaseException as error:
            for made in (textures, occupancy, light):
                if made is not None:
                    made.delete()
            if not isinstance(error, GLError) or error.err != GL.GL_OUT_OF_MEMORY:
                raise
            needed = f"takes {size_of(textures.bytes)}" if textures is not None else "does not fit"
            raise VolvizError(
                f"The graphics memory is full: the volume {needed}; close other programs that draw, or draw a region of it."
            ) from error
        return Storage(textures, occupancy, light, shaders)
