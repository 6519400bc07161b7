"""What fits: how many bytes a grid takes, how many there are, and what is drawn where there are too few."""

from __future__ import annotations

import math
from dataclasses import dataclass

from OpenGL import GL

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, Shape
from volviz.core.memory import available_memory, physical_memory
from volviz.core.room import size_of
from volviz.render.gl.texture import FORMATS, fits
from volviz.render.gl.timer import in_software
from volviz.render.parts import BRICK, Parts, cut

CELLS_PADDED = 32  # the light volume is a multiple of this many cells, so that five mips halve it exactly
COARSEST = 16  # times a voxel: coarser than this shows nothing worth seeing
# Voxels that are drawn without a card: to bring a hundred million of them takes a processor about ten seconds. 1024 x 1440 x 360 are less.
ON_CPU = 2**29
FOR_PICTURES = 192 * 2**20  # bytes kept free for targets: a 4K picture of light takes 133 MB
PART_UNIT = 12  # texture unit from which on the parts of a cut volume are bound; the units before are for everything else


@dataclass(frozen=True, slots=True)
class Plan:
    """The grid on which a volume is drawn, how it is cut, the bytes it takes, and what has to be said about it."""

    grid: Grid
    parts: Parts
    bytes: int
    binning: int = 1
    notes: tuple[str, ...] = ()


def light_shape(shape: Shape) -> Shape:
    """Return the cells (z, y, x) of the light volume of a grid: half as many, padded."""
    z, y, x = (-(-n // (2 * CELLS_PADDED)) * CELLS_PADDED for n in shape)
    return z, y, x


def bytes_of(shape: Shape, groups: int, kind: int = GL.GL_RGBA8, parts: Parts | None = None) -> int:
    """Return the memory of the GPU that a grid takes: the groups, and what is computed from them.

    At half resolution extinction with mips (4 bytes and a seventh), light (2, and for blocks of cells a quarter) and the
    list of cells to be lit (half a byte); for every brick its maxima (4 bytes a group) and two distances.
    """
    bricks = math.prod(-(-n // BRICK) for n in shape)
    voxels = parts.texels if parts is not None else math.prod(shape)
    return FORMATS[kind][0] * groups * voxels + math.ceil(7.35 * math.prod(light_shape(shape))) + (4 * groups + 2) * bricks


def at_hand() -> int:
    """Return the bytes that a volume may take: most of what is free on the card, else half of the machine's memory."""
    extensions = {GL.glGetStringi(GL.GL_EXTENSIONS, i) for i in range(int(GL.glGetIntegerv(GL.GL_NUM_EXTENSIONS)))}
    software = in_software()
    if b"GL_NVX_gpu_memory_info" in extensions and not software:
        free = int(GL.glGetIntegerv(0x9049)) * 1024  # GPU_MEMORY_INFO_CURRENT_AVAILABLE_VIDMEM_NVX, KiB
    elif b"GL_ATI_meminfo" in extensions and not software:
        free = int(GL.glGetIntegerv(0x87FC)[0]) * 1024  # TEXTURE_FREE_MEMORY_ATI, KiB
    else:
        free = _of_the_machine()
    return max(0, free * 8 // 10 - FOR_PICTURES)


def most_parts(groups: int) -> int:
    """Return into how many parts a volume may be cut: each takes a texture unit per group."""
    units = min(int(GL.glGetIntegerv(name)) for name in (GL.GL_MAX_TEXTURE_IMAGE_UNITS, GL.GL_MAX_COMPUTE_TEXTURE_IMAGE_UNITS))
    return max(1, (units - PART_UNIT) // groups)


def affordable(grid: Grid, groups: int, memory: int | None = None, *, kind: int = GL.GL_RGBA8, limit: int | None = None) -> Plan:
    """Return how a grid can be drawn here: whole, cut into parts, or binned by averaging over area, without a card sooner.

    ``memory`` is how many bytes it may take, by default what is at hand; ``limit`` how many texels a texture may have
    along an axis, by default what the driver allows.

    Raises:
        VolvizError: not even the coarsest binning fits.
    """
    memory = at_hand() if memory is None else memory
    longest = min(limit or 2**31, int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE)))
    most = most_parts(groups)
    needed, least = bytes_of(grid.shape, groups, kind), 0
    patient = ON_CPU if in_software() else math.inf
    for factor in range(1, COARSEST + 1):
        binned = grid if factor == 1 else _coarser(grid, factor)
        least = bytes_of(binned.shape, groups, kind)
        if least > memory or math.prod(binned.shape) > patient or not _light_fits(binned.shape):
            continue
        parts = cut(binned.shape, longest, lambda shape: fits(shape, kind), most)
        if parts is None or bytes_of(binned.shape, groups, kind, parts) > memory:
            continue
        slow = math.prod(grid.shape) > patient
        notes = () if factor == 1 else (_binned(grid.shape, factor, needed, memory, slow=slow),)
        return Plan(binned, parts, bytes_of(binned.shape, groups, kind, parts), factor, notes)
    raise VolvizError(
        f"A volume of {_times(grid.shape)} voxels cannot be drawn on this graphics device: it takes {size_of(needed)}, "
        f"binned {COARSEST} times still {size_of(least)}, and {size_of(memory)} can be had; draw a region of it, or crop it first."
    )


def part_of(grid: Grid, volume: Grid, region: Region | None) -> Grid:
    """Return what of a grid lies in a region of the volume's grid; all of it if there is none.

    Raises:
        VolvizError: the region lies outside, or between voxels.
    """
    if region is None:
        return grid
    part = volume.region_on(volume.within(region), grid)
    if part is None:
        raise VolvizError("The region is smaller than a voxel of the classes, so there is nothing to draw; choose a larger one.")
    return grid.crop(part)


def _coarser(grid: Grid, factor: int) -> Grid:
    """Return a grid of voxels at most ``factor`` times as wide over exactly the same box, or the look would change with it."""
    return grid.resample([n * size / -(-n // factor) for n, size in zip(grid.shape, grid.voxel_size, strict=True)])


def _binned(shape: Shape, factor: int, needed: int, memory: int, *, slow: bool) -> str:
    if slow:
        why = "would be slow to draw without a graphics card"
    elif needed > memory:
        why = f"take {size_of(needed)} and {size_of(memory)} can be had on this graphics device"
    else:
        why = "are more than the driver of this graphics device can hold"
    return f"Drawn binned {factor} times: {_times(shape)} voxels {why}. A region of them can be drawn in full resolution."


def _times(shape: Shape) -> str:
    return " x ".join(str(n) for n in shape)


def _light_fits(shape: Shape) -> bool:
    return fits(light_shape(shape), GL.GL_RG16F, levels=6)


def _of_the_machine() -> int:
    """Return half of the machine's memory, or what is free of it if that is less; the driver keeps textures in it."""
    memory, free = physical_memory(), available_memory()
    if memory is None:
        return 5 * 2**30
    return memory // 2 if free is None else min(memory // 2, free)
