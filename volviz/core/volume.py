"""A tomogram: numbers on a grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from volviz.core import mapped
from volviz.core.grid import Grid, Region


@runtime_checkable
class ArrayLike(Protocol):
    """Anything that has a shape and a dtype and gives numpy arrays when sliced: numpy, memmap, zarr."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one value."""

    def __getitem__(self, key: Any) -> Any: ...


def type_of(data: Any) -> np.dtype[Any]:
    """Return the type of an array's numbers.

    Raises:
        ValueError: it is not an array as numpy knows them, such as a tensor or a list.
    """
    try:
        found: np.dtype[Any] = np.dtype(data.dtype)
        return found
    except (AttributeError, TypeError) as error:
        kind = f"{type(data).__module__}.{type(data).__qualname__}".removeprefix("builtins.")
        raise ValueError(f"data are an array as numpy has them, not a {kind}; numpy.asarray makes one of most things") from error


@runtime_checkable
class Chunked(Protocol):
    """What an array has beside the rest if it is stored in pieces that are only read whole."""

    @property
    def chunk(self) -> tuple[int, ...] | None:
        """Length of every axis of a piece; None if there are none after all."""

    def reach(self, box: Sequence[slice]) -> int:
        """Return how many bytes have to be unpacked for a box; 0 where that is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A scalar density on a grid, (z, y, x). The data may lie on disk: slice it, do not convert it whole.

    ``header`` holds what a writer must carry on so that a result lies on its tomogram in other programs (for MRC:
    nstart, axis map, origin, extended header). ``notes`` are sentences on how the file was understood. ``coarser`` are the same data
    at lower and lower resolution, over the same box, if the file has them.
    """

    grid: Grid
    data: ArrayLike
    name: str = ""
    source: Path | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    coarser: tuple[ArrayLike, ...] = ()
    _median: list[float] = field(default_factory=list, init=False, repr=False)  # empty until a voxel was met that is no number

    def __post_init__(self) -> None:
        if type_of(self.data).kind not in "iufb":
            raise ValueError(f"a density is a real number in every voxel, not {self.data.dtype}; give its real part or its absolute value")
        if tuple(self.data.shape) != self.grid.shape:
            raise ValueError(f"data of shape {tuple(self.data.shape)} do not fit a grid of {self.grid.shape}")

    def read(self, region: Region | None = None, check: Callable[[], None] | None = None) -> npt.NDArray[np.float32]:
        """Read a region (z, y, x), or everything, as float32. Values that are not finite become an ordinary one (`stand_in`).

        ``check`` is called now and then while much is read, and may raise, which ends it.
        """
        found = self.data[(region or Region.whole(self.grid.shape)).slices]
        part = np.asarray(mapped.fetch(found, check) if isinstance(found, np.ndarray) else found, dtype=np.float32)
        if np.dtype(self.data.dtype).kind in "iub":
            return part
        finite = np.isfinite(part)
        if finite.all():
            return part
        # Not 0: where densities lie about 1000, the border that a program left undefined would be the darkest matter of all.
        return np.where(finite, part, np.float32(self._ordinary()))

    @property
    def stand_in(self) -> float | None:
        """What has been read in the place of voxels that are not finite: the median of others. None if none was met so far."""
        return self._median[0] if self._median else None

    def _ordinary(self) -> float:
        if not self._median:
            depth, *sides = self.grid.shape
            middle = tuple(slice(max(0, n // 2 - 256), n // 2 + 256) for n in sides)
            planes = np.unique(np.linspace(0, depth - 1, 9).astype(int))
            values = np.concatenate([np.asarray(self.data[(int(z), *middle)], dtype=np.float32).ravel() for z in planes])
            values = values[np.isfinite(values)]
            self._median.append(float(np.median(values)) if values.size else 0.0)
        return self._median[0]

    def reach(self, region: Region) -> int:
        """Return how many bytes of a file have to be read, or unpacked, for a region; 0 where that is not known."""
        if isinstance(self.data, Chunked):
            return self.data.reach(region.slices)
        return mapped.reach(self.data[region.slices]) if isinstance(self.data, np.ndarray) else 0

    @property
    def chunk(self) -> tuple[int, ...] | None:
        """Length (z, y, x) of the pieces of a file that are only read whole; None if it has none."""
        return self.data.chunk if isinstance(self.data, Chunked) else None

    def let_go(self) -> None:
        """Take the pages of a mapped file that were read out of this process; see `volviz.core.mapped`."""
        mapped.let_go(self.data)

    def crop(self, region: Region) -> Volume:
        """Return a part, in place in space; data on disk stay there until read."""
        return replace(self, grid=self.grid.crop(region), data=self.data[region.slices], coarser=())

    def sample(self, voxels: int = 2_000_000, seed: int = 0, check: Callable[[], None] | None = None) -> npt.NDArray[np.float32]:
        """Read some bricks spread over the volume, about this many voxels, as a list of values.

        Contiguous bricks, because strided reads of a file on disk touch every page of it.
        """
        if np.prod(self.grid.shape, dtype=np.int64) <= voxels:
            return self.read(check=check).ravel()
        side = 32
        counts = [-(-n // side) for n in self.grid.shape]
        order = np.random.default_rng(seed).permutation(int(np.prod(counts)))
        start = np.stack(np.unravel_index(order, counts), axis=1) * side
        stop = np.minimum(start + side, self.grid.shape)
        sizes = np.cumsum(np.prod(stop - start, axis=1))  # bricks at the far faces are smaller
        chosen = sorted(range(int(np.searchsorted(sizes, voxels)) + 1), key=lambda i: int(order[i]))  # in the order of the file
        return np.concatenate([self.read(Region(start[i].tolist(), stop[i].tolist()), check).ravel() for i in chosen])


def check_volume(value: object, *others: type) -> None:
    """Refuse what is no tomogram, nor of the other types that are taken, with a word on how to come by one.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, (Volume, *others)):
        names = " or a ".join(f"volviz.{one.__name__}" for one in (Volume, *others))
        raise TypeError(
            f"this is of the type {type(value).__name__} and no {names}: volviz.open returns one for a file, and of an array "
            "volviz.Volume(volviz.Grid(array.shape, voxel_size), array) is one"
        )
