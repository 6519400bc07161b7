"""The levels of an OME-Zarr image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from volviz.core.grid import Grid, Region, Shape, bricks
from volviz.core.report import Report
from volviz.core.volume import ArrayLike

OME_VERSION = "0.5"
CHUNK = 128
SAMPLE = 32  # length of a cube that is compressed to see how far that goes
SAMPLES = 3  # of them along each axis, at the most
SAFETY = 0.6  # a sample may be harder to compress than the rest


class Pyramid:
    """The levels of one image: each halves the one before, by 2 x 2 x 2 means, until it fits one chunk."""

    def __init__(self, group: zarr.Group, grid: Grid, dtype: np.dtype[Any], channels: int | None = None) -> None:
        self._channels = channels
        self._grid = grid
        self.levels: list[zarr.Array[Any]] = []
        self._factors: list[Shape] = [(1, 1, 1)]
        shape = grid.shape
        lead = () if channels is None else (channels,)
        while True:
            chunks = (*(1 for _ in lead), *(min(n, CHUNK) for n in shape))
            names = [axis["name"] for axis in self._axes]
            # Axis order, chunk shape and compression are what other readers of zarr v3 understand without plug-ins.
            name = str(len(self.levels))
            array = group.create_array(name, shape=(*lead, *shape), chunks=chunks, dtype=dtype, fill_value=0, dimension_names=names)
            self.levels.append(array)
            if max(shape) <= CHUNK:
                return
            z, y, x = (2 if n > 1 else 1 for n in shape)
            fz, fy, fx = self._factors[-1]
            self._factors.append((fz * z, fy * y, fx * x))
            shape = (-(-shape[0] // z), -(-shape[1] // y), -(-shape[2] // x))

    @property
    def _axes(self) -> list[dict[str, str]]:
        unit = {"unit": "angstrom"} if self._grid.voxel_size_known else {}
        space = [{"name": name, "type": "space", **unit} for name in "zyx"]
        return space if self._channels is None else [{"name": "c", "type": "channel"}, *space]

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the ``ome`` attributes of the image."""
        lead = [] if self._channels is None else [1.0]
        datasets = []
        for i, factors in enumerate(self._factors):
            size = [v * f for v, f in zip(self._grid.voxel_size, factors, strict=True)]
            # The centre of a coarse voxel lies in the middle of those it is the mean of.
            origin = [o + v * (f - 1) / 2 for o, v, f in zip(self._grid.origin, self._grid.voxel_size, factors, strict=True)]
            transforms = [
                {"type": "scale", "scale": [*lead, *size]},
                {"type": "translation", "translation": [*(0.0 for _ in lead), *origin]},
            ]
            datasets.append({"path": str(i), "coordinateTransformations": transforms})
        return {"version": OME_VERSION, "multiscales": [{"name": name, "axes": self._axes, "datasets": datasets, "type": "mean"}]}

    def write(self, region: Region, values: npt.NDArray[Any]) -> None:
        """Put values ([channel,] z, y, x) into a region of the finest level."""
        self.levels[0][(..., *region.slices)] = values

    def coarsen(self, report: Report) -> None:
        """Compute every coarser level from the one before, brick by brick."""
        for i, (fine, coarse) in enumerate(zip(self.levels, self.levels[1:], strict=False)):
            z, y, x = coarse.shape[-3:]
            factors = tuple(b // a for a, b in zip(self._factors[i], self._factors[i + 1], strict=True))
            for brick in bricks((z, y, x), (CHUNK, CHUNK, CHUNK)):
                report(i / (len(self.levels) - 1), "computing coarser levels")
                sz, sy, sx = (slice(a * f, b * f) for a, b, f in zip(brick.start, brick.stop, factors, strict=True))
                whole = coarse.dtype.kind in "iub"
                # One channel at a time: the means are computed in single precision, four times the size of a class.
                for channel in np.ndindex(coarse.shape[:-3]):
                    block, where = np.asarray(fine[(*channel, sz, sy, sx)]), (*channel, *brick.slices)
                    if (value := block.min()) == block.max():  # as nearly all is of which few slices were segmented
                        coarse[where] = value
                        continue
                    mean = block_mean(block, factors)
                    coarse[where] = (np.rint(mean) if whole else mean).astype(coarse.dtype)


def block_mean(values: npt.NDArray[Any], factors: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return means over blocks of the last three axes; a block cut by the end is the mean of what it has."""
    mean: npt.NDArray[np.float32] = values.astype(np.float32)
    for axis, factor in zip(range(values.ndim - 3, values.ndim), factors, strict=True):
        starts = np.arange(0, mean.shape[axis], factor)
        counts = np.diff(np.append(starts, mean.shape[axis])).astype(np.float32)
        shape = [1] * mean.ndim
        shape[axis] = -1
        mean = np.divide(np.add.reduceat(mean, starts, axis=axis), counts.reshape(shape), dtype=np.float32)
    return mean


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which numbers are written."""
    # By its name: numpy has two kinds of 8-byte integers, of which zarr knows one.
    return np.dtype(np.dtype(dtype).str).newbyteorder("=")


def compressed_share(data: ArrayLike) -> float:
    """Return which part of their size values ([channel,] z, y, x) at least take that are written compressed, from a sample of them."""
    cube = [min(n, SAMPLE) for n in data.shape[-3:]]
    counts = [min(n // m, SAMPLES) for n, m in zip(data.shape[-3:], cube, strict=True)]
    taken = []
    for place in np.ndindex(*counts):
        starts = [int((i + 0.5) * n / count) // m * m for i, n, m, count in zip(place, data.shape[-3:], cube, counts, strict=True)]
        starts = [min(at, n - m) for at, n, m in zip(starts, data.shape[-3:], cube, strict=True)]  # whole cubes, of one chunk as a rule
        taken.append(np.asarray(data[(..., *(slice(at, at + m) for at, m in zip(starts, cube, strict=True)))]))
    values = np.stack(taken)
    store: dict[str, Any] = {}
    chunks = (*(1 for _ in values.shape[:-3]), *cube)
    zarr.create_array(zarr.storage.MemoryStore(store), data=values.astype(native(values.dtype)), chunks=chunks)
    return SAFETY * sum(len(piece) for name, piece in store.items() if not name.endswith("zarr.json")) / values.nbytes
