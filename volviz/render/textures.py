"""A volume and its classes in the memory of the GPU."""

from __future__ import annotations

import math
import os
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.density import Contrast, lowpassed, lowpassed_contrast
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, Shape, bricks
from volviz.core.scene import RawLook
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.texture import FORMATS, Texture3D, fits
from volviz.render.resample import Resampling

BRICK = 8  # voxels along the edge of what is skipped as a whole
CELLS_PADDED = 32  # the light volume is a multiple of this many cells, so that five mips halve it exactly
RAW_RANGE = (-4.0, 8.0)  # standard deviations that the raw channel can hold; dense matter makes the long tail
SLAB = 64 * 2**20  # bytes packed at a time
FORMATS_OF: dict[np.dtype[Any], int] = {np.dtype(np.uint8): GL.GL_RGBA8, np.dtype(np.uint16): GL.GL_RGBA16}
Stored = npt.NDArray[Any]  # uint8 or uint16, as the textures
COARSEST = 16  # times a voxel: coarser than this shows nothing worth seeing


class Textures:
    """Group 0 holds (raw, first three drawn classes) as RGBA, later groups four classes each, on one grid.

    That grid is the segmentation's where there is one (only classes are drawn), else the volume's, binned by averaging
    over area when the driver or the memory cannot hold it: ``notes`` then says so in a sentence.
    """

    def __init__(
        self, volume: Volume, segmentation: Segmentation | None, memory: int | None = None, bits: Literal[8, 16] | None = None
    ) -> None:
        self.volume, self.segmentation = volume, segmentation
        # As many bits as the classes have: the raw channel of bytes holds steps of 0.05 standard deviations, which is enough.
        self.dtype: np.dtype[Any] = np.dtype(f"u{(bits or 8 * (segmentation.data.dtype.itemsize if segmentation else 1)) // 8}")
        self.format = FORMATS_OF[self.dtype]
        self.whole = full = segmentation.grid if segmentation is not None else volume.grid
        channels = 1 + (len(segmentation.drawn) if segmentation is not None else 0)
        self.groups_needed = -(-channels // 4)
        self.grid, self.notes = _affordable(full, self.groups_needed, memory or memory_at_hand(), self.format)
        self.shape = self.grid.shape
        self._raw = Resampling(volume.grid, self.grid)
        self._classes = Resampling(full, self.grid)
        self._written: list[tuple[Region, Stored]] = []
        self._look: RawLook | None = None
        self._contrast = Contrast(0.0, 1.0, False)
        self.groups = [Texture3D(self.shape, self.format) for _ in range(self.groups_needed)]

    def upload(self, look: RawLook) -> bool:
        """Fill the textures if this raw look needs other values in them; tell whether it did."""
        if self._look is not None and (look.invert, look.lowpass) == (self._look.invert, self._look.lowpass):
            return False
        self._look = look
        self._contrast = lowpassed_contrast(self.volume, look.lowpass, look.invert)
        depth = max(1, SLAB // (4 * self.dtype.itemsize * self.groups_needed * self.shape[1] * self.shape[2]))
        for slab in bricks(self.shape, (depth, *self.shape[1:])):
            self._send(slab, self._read_classes(slab))
        for region, data in self._written:
            self._send_written(region, data)
        return True

    def write(self, region: Region, data: Stored) -> Region | None:
        """Replace the classes of a region of the segmentation's grid, (class, z, y, x) with the background.

        Returns the region of the textures' grid that changed. Kept until the next upload of everything, which would
        otherwise bring back what was there before.
        """
        if self.segmentation is None or data.shape != (len(self.segmentation.labels), *region.shape):
            raise ValueError(f"classes of shape {data.shape} do not fill the region {region.start} to {region.stop}")
        self._written.append((region, data))
        return self._send_written(region, data) if self._look is not None else None

    def adopt(self, segmentation: Segmentation) -> None:
        """Take a segmentation as the one whose regions were written."""
        self.segmentation = segmentation
        self._written.clear()

    def delete(self) -> None:
        """Give the textures back to the driver."""
        for texture in self.groups:
            texture.delete()

    def _read_classes(self, region: Region) -> Stored | None:
        if self.segmentation is None:
            return None
        first = len(self.segmentation.labels) - len(self.segmentation.drawn)
        need = self._classes.needed(region)
        data = np.asarray(self.segmentation.data[(slice(first, None), *need.slices)])
        return self._converted(data if self._classes.identity else self._classes.apply(data, region))

    def _send_written(self, region: Region, data: Stored) -> Region | None:
        if self.segmentation is None:
            return None
        drawn = data[len(self.segmentation.labels) - len(self.segmentation.drawn) :]
        if self._classes.identity:
            self._send(region, self._converted(drawn))
            return region
        covered = self._classes.covered(region)
        if covered is not None:
            self._send(covered, self._converted(self._classes.apply(drawn, covered, available=region)))
        return covered

    def _converted(self, classes: npt.NDArray[Any]) -> Stored:
        """Return classes as the segmentation stores them, or their means, in the type of the textures."""
        own = np.dtype(self.segmentation.data.dtype) if self.segmentation is not None else self.dtype
        if classes.dtype == self.dtype:
            return classes
        return _rounded(classes.astype(np.float32) * np.float32(np.iinfo(self.dtype).max / np.iinfo(own).max), self.dtype)

    def _send(self, region: Region, classes: Stored | None) -> None:
        packed = np.zeros((self.groups_needed, *region.shape, 4), self.dtype)
        packed[0, ..., 0] = self._raw_values(region)
        if classes is not None:
            for i, channel in enumerate(classes, start=1):
                packed[i // 4, ..., i % 4] = channel
        for texture, values in zip(self.groups, packed, strict=True):
            texture.write(region.start, values)

    def _raw_values(self, region: Region) -> Stored:
        if self._look is None:
            raise ValueError("upload before writing")
        smooth = lowpassed(self.volume, self._look.lowpass, self._raw.needed(region))
        if not self._raw.identity:
            smooth = self._raw.apply(smooth, region)
        share = (self._contrast.apply(smooth) - np.float32(RAW_RANGE[0])) / np.float32(RAW_RANGE[1] - RAW_RANGE[0])
        return _rounded(share * np.float32(np.iinfo(self.dtype).max), self.dtype)


def light_shape(shape: Shape) -> Shape:
    """Return the cells (z, y, x) of the light volume of a grid: half as many, padded."""
    z, y, x = (-(-n // (2 * CELLS_PADDED)) * CELLS_PADDED for n in shape)
    return z, y, x


def bytes_of(shape: Shape, groups: int, kind: int = GL.GL_RGBA8) -> int:
    """Return the memory of the GPU that a grid takes: the groups, and extinction with mips and light at half resolution."""
    return FORMATS[kind][0] * groups * math.prod(shape) + math.prod(light_shape(shape)) * 7


def memory_at_hand() -> int:
    """Return the bytes that textures may take: most of what the card says is free, else half of the machine's memory."""
    extensions = {GL.glGetStringi(GL.GL_EXTENSIONS, i) for i in range(int(GL.glGetIntegerv(GL.GL_NUM_EXTENSIONS)))}
    if b"GL_NVX_gpu_memory_info" in extensions:
        return int(GL.glGetIntegerv(0x9049)) * 1024 * 8 // 10  # GPU_MEMORY_INFO_CURRENT_AVAILABLE_VIDMEM_NVX, KiB
    if hasattr(os, "sysconf"):
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES")) // 2
    return 4 * 2**30


def _affordable(grid: Grid, groups: int, memory: int, kind: int) -> tuple[Grid, tuple[str, ...]]:
    for factor in range(1, COARSEST + 1):
        binned = grid if factor == 1 else grid.resample([factor * size for size in grid.voxel_size])
        enough = bytes_of(binned.shape, groups, kind) <= memory
        if enough and fits(binned.shape, kind) and fits(light_shape(binned.shape), GL.GL_RG16F):
            shape = " x ".join(str(n) for n in grid.shape)
            note = f"Drawn binned {factor} times: {shape} voxels are more than this graphics device can hold."
            return binned, (note,) if factor > 1 else ()
    raise VolvizError(
        f"A volume of {' x '.join(str(n) for n in grid.shape)} voxels cannot be drawn on this graphics device, even binned "
        f"{COARSEST} times; crop it first."
    )


def _rounded(values: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> Stored:
    rounded: Stored = np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)
    return rounded
