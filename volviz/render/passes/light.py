"""Light: ambient occlusion and soft shadow at half resolution, from extinction and its mips.

A change of light is taken in two rounds: first one value for each block of eight cells, at an eighth of the cost, then
every cell. Each round goes through the list of blocks in slices, so that no frame waits for more than it can afford,
and the picture shows what is there meanwhile. The first round has a texture of its own, in which samples interpolate
between blocks: eight equal cells would be seen as terraces. A change of extinction comes before: it is averaged, and the
list made, box by box, for as long as a frame may wait; of a large volume that takes a software driver ten seconds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
from OpenGL import GL

from volviz.core.grid import Region, Shape
from volviz.core.report import Report, silent
from volviz.render.gl.texture import Texture3D, all_or_none
from volviz.render.gl.timer import in_software
from volviz.render.memory import light_shape
from volviz.render.passes.occupancy import dispatch
from volviz.render.shaders import Shaders

LEVELS = 6  # of extinction; the padding of the light volume halves exactly this often
INVOCATIONS = 64  # of light.comp in a work group
WIDEST = 65535  # work groups along an axis that every driver allows
LIGHT_UNIT, EXTINCTION_UNIT = 4, 5
BUDGET = 1 << 15  # evaluations in a frame: 20 ms of a software driver on two cores
CARD = 64  # times as many on a graphics card, which takes a few ms for them
BOX = (32, 64, 64)  # cells (z, y, x) whose extinction is averaged at a time, in software: 5 to 30 ms
CARD_BOX = (128, 256, 256)  # on a card; both are multiples of the cells in one of the coarsest level
SECONDS = 0.02  # of a frame for such boxes


class LightVolume:
    """What is left of ambient light and of the light in every cell of 2 x 2 x 2 voxels."""

    def __init__(self, shape: Shape, shaders: Shaders, report: Report = silent) -> None:
        self._shaders = shaders
        self._shape = light_shape(shape)
        wanted = (
            partial(Texture3D, self._shape, GL.GL_RG16F, levels=LEVELS, border=True),
            partial(Texture3D, self._shape, GL.GL_RG8),
            partial(Texture3D, (self._shape[0] // 2, self._shape[1] // 2, self._shape[2] // 2), GL.GL_RG8),
            partial(Texture3D, (1, 1, 1), GL.GL_RG8),  # is seen until there is light: everything is in it
        )
        self._extinction, self._light, self._blocks, self._lit = all_or_none(wanted, report)
        self._shown = self._lit
        self._list = int(GL.glGenBuffers(1))
        self._faster = 1 if in_software() else CARD
        self._box = BOX if in_software() else CARD_BOX
        self._averaging: list[Region] = []  # boxes of cells whose extinction is still to be averaged
        self._listing: list[Region] = []  # boxes of cells whose blocks are still to be looked at for the list
        self._listed = 0  # blocks
        self._area: Region | None = None  # the cells that the list is of; None: all
        self._stale = True  # the list, as the extinction is another
        self._coarse = self._fine = 0  # blocks that each round has still to light
        try:
            self._lit.write((0, 0, 0), np.full((1, 1, 1, 2), 255, np.uint8))
            GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, self._list)
            GL.glBufferData(GL.GL_SHADER_STORAGE_BUFFER, 4 + math.prod(self._shape) // 2, None, GL.GL_DYNAMIC_COPY)
        except GL.GLError:
            self.delete()
            raise

    def renew_extinction(self, cells: Region | None = None) -> None:
        """Have the extinction of all or some cells (z, y, x) averaged anew, by `renew`. `begin` comes next."""
        cells = cells or Region.whole(self._shape)
        self._averaging = [box for box in self._averaging if box & cells != box] + list(_boxes(cells, self._box))
        self._stale = True

    @property
    def pending(self) -> bool:
        """Whether light is still to be renewed."""
        return self.preparing or self._fine > 0

    @property
    def preparing(self) -> bool:
        """Whether light waits for the extinction, or for the list of what is to be lit."""
        return bool(self._averaging or self._listing)

    @property
    def starting(self) -> bool:
        """Whether the first round, or what comes before it, is under way."""
        return self.preparing or 0 < self._coarse < self._listed

    @property
    def affordable(self) -> int:
        """How many values a frame can renew while something waits for it."""
        return BUDGET * self._faster

    def begin(self, changed: Region | None = None, reach: int = 0) -> None:
        """Have lit anew every cell that can be seen, as the light in the block `LOOK` or the extinction is another.

        If nothing but the extinction of the ``changed`` cells is, those that are at most ``reach`` cells away are enough.
        """
        area = changed.grown((reach,) * 3, self._shape) if changed is not None else None
        if area is not None and (self._listing or self._fine):  # what was begun before is not done
            area = None if self._area is None else area | self._area
        if self._stale or area is not None or self._area is not None:
            self._area, self._stale = area, False
            self._begin_list(area or Region.whole(self._shape))
        elif not self._listing:
            self._begin_rounds()

    def renew(self, budget: int | None, *, fine: bool = True) -> None:
        """Go on lighting, at most ``budget`` values (None: all that is left); without ``fine``, the first round only.

        Needs the groups and the distance map bound, and the ramps in the block `LOOK`.
        """
        if self.preparing:
            self._prepare(math.inf if budget is None else time.perf_counter() + SECONDS)
            if self.preparing:
                return
        if budget is None or 8 * self._fine <= budget or self._area is not None:
            self._coarse, fine = 0, True  # a first impression would only cost more
        left = 8 * self._fine if budget is None else budget
        blocks = min(self._coarse, left)
        self._light_blocks(self._listed - self._coarse, blocks, fine=False)
        self._coarse -= blocks
        if blocks and self._coarse == 0:
            self._shown = self._blocks
        if fine and self._coarse == 0:
            blocks = min(self._fine, (left - blocks) // 8)
            self._light_blocks(self._listed - self._fine, blocks, fine=True)
            self._fine -= blocks
            if self._fine == 0:
                self._shown = self._light

    def _light_blocks(self, first: int, blocks: int, *, fine: bool) -> None:
        if blocks == 0:
            return
        groups = -(-blocks * (8 if fine else 1) // INVOCATIONS)
        rows = -(-groups // WIDEST)
        self._extinction.bind(EXTINCTION_UNIT)
        (self._light if fine else self._blocks).image(0, GL.GL_WRITE_ONLY)
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, self._list)
        self._shaders.get("light.comp").use(u_first=first, u_blocks=blocks, u_fine=int(fine))
        GL.glDispatchCompute(-(-groups // rows), rows, 1)
        GL.glMemoryBarrier(GL.GL_TEXTURE_FETCH_BARRIER_BIT)

    def _prepare(self, until: float) -> None:
        """Average extinction, and when that is done make the list, box by box until it is late."""
        for boxes, do in ((self._averaging, self._average), (self._listing, self._look_at)):
            while boxes:
                do(boxes.pop(0))
                if until < math.inf:
                    GL.glFinish()
                if time.perf_counter() > until:
                    break
            if boxes:
                return
        self._listed = int(GL.glGetBufferSubData(GL.GL_SHADER_STORAGE_BUFFER, 0, 4).view(np.uint32)[0])
        self._begin_rounds()

    def _average(self, cells: Region) -> None:
        self._extinction.image(0, GL.GL_WRITE_ONLY)
        self._shaders.get("light_extinction.comp").use(u_first=cells.start[::-1])
        dispatch(cells.shape)
        self._extinction.bind(EXTINCTION_UNIT)
        for level in range(1, LEVELS):
            part = cells.coarser(2**level)
            self._extinction.image(0, GL.GL_WRITE_ONLY, level)
            self._shaders.get("light_mip.comp").use(u_from=level - 1, u_levels=EXTINCTION_UNIT, u_first=part.start[::-1])
            dispatch(part.shape)

    def _begin_list(self, cells: Region) -> None:
        GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, self._list)
        GL.glBufferSubData(GL.GL_SHADER_STORAGE_BUFFER, 0, 4, np.zeros(1, np.uint32))
        self._listing = list(_boxes(cells, self._box))

    def _look_at(self, cells: Region) -> None:
        blocks = cells.coarser(2)
        GL.glBindBufferBase(GL.GL_SHADER_STORAGE_BUFFER, 0, self._list)
        self._light.image(0, GL.GL_WRITE_ONLY)
        self._blocks.image(1, GL.GL_WRITE_ONLY)
        self._extinction.bind(EXTINCTION_UNIT)
        self._shaders.get("light_list.comp").use(u_first=blocks.start[::-1])
        dispatch(blocks.shape)
        GL.glMemoryBarrier(GL.GL_BUFFER_UPDATE_BARRIER_BIT | GL.GL_SHADER_STORAGE_BARRIER_BIT)

    def _begin_rounds(self) -> None:
        self._fine = self._listed
        # A few cells are lit at once: the blocks around them may never have been.
        self._coarse = 0 if self._area is not None else self._listed
        if self._area is not None:
            self._shown = self._light

    def bind_extinction(self) -> None:
        """Make the extinction what `u_extinction` reads."""
        self._extinction.bind(EXTINCTION_UNIT)

    def bind(self) -> None:
        """Make it what `u_light` reads."""
        self._shown.bind(LIGHT_UNIT)

    def delete(self) -> None:
        """Give the textures back to the driver."""
        for texture in (self._extinction, self._light, self._blocks, self._lit):
            texture.delete()
        GL.glDeleteBuffers(1, [self._list])


def _boxes(cells: Region, size: Shape) -> Iterator[Region]:
    """Yield boxes that cover a region, cut where multiples of ``size`` are: cells of coarser levels are in one box each."""
    edges = [[a, *range((a // n + 1) * n, b, n), b] for a, b, n in zip(cells.start, cells.stop, size, strict=True)]
    for (z0, z1), (y0, y1), (x0, x1) in product(*(pairwise(axis) for axis in edges)):
        yield Region((z0, y0, x0), (z1, y1, x1))


def reach_of(look: Mapping[str, Any], cell: float) -> int:
    """Return how many cells (of so many nm) from a change the light can be another.

    The width of a cone, or of a ball of occlusion, is that of the cells of the mip it is read from, of which a fetch takes
    one and a half.
    """
    shadow = float(look["shadow_reach"]) * (1 + 3 * float(look["light_slope"]))
    return math.ceil(max(shadow, 3 * float(look["occlusion_radius"])) / cell) + 2
