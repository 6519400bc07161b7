"""Where voxels are in space.

Arrays and indices are (z, y, x). Points and directions are (x, y, z) in angstrom, right-handed, and the names of
their variables end in ``_xyz``. The two meet here, in `Grid.to_world` and `Grid.to_index`, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError

Floats = npt.NDArray[np.float64]
Triple = tuple[float, float, float]
Shape = tuple[int, int, int]

END = 2**30  # where a region stops that goes to the end of any array


@dataclass(frozen=True, slots=True)
class Region:
    """A box of voxels, ``start <= index < stop``, both (z, y, x)."""

    start: Shape
    stop: Shape

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _shape(self.start))
        object.__setattr__(self, "stop", _shape(self.stop))
        if any(a >= b for a, b in zip(self.start, self.stop, strict=True)):
            raise ValueError(f"a region needs at least one voxel along every axis, not {self.start} to {self.stop}")

    @property
    def shape(self) -> Shape:
        """Number of voxels (z, y, x)."""
        z, y, x = (b - a for a, b in zip(self.start, self.stop, strict=True))
        return z, y, x

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """What to put between the brackets of an array whose last three axes are (z, y, x)."""
        z, y, x = (slice(a, b) for a, b in zip(self.start, self.stop, strict=True))
        return z, y, x

    @classmethod
    def parse(cls, text: str) -> Region:
        """Read ``Z0:Z1,Y0:Y1,X0:X1``; a side left out is the end of the array.

        Raises:
            ValueError: the text is no region.
        """
        ends = [[int(t) if t.strip() else None for t in axis.split(":")] for axis in text.split(",")]
        if [len(e) for e in ends] != [2, 2, 2]:
            raise ValueError(f"'{text}' is no region")
        return cls(_shape([e[0] or 0 for e in ends]), _shape([END if e[1] is None else e[1] for e in ends]))

    @classmethod
    def whole(cls, shape: Sequence[int]) -> Region:
        """Return the region that covers an array of this shape."""
        return cls((0, 0, 0), _shape(shape))

    def shifted(self, offset: Sequence[int]) -> Region:
        """Return the region moved by whole voxels (z, y, x)."""
        z, y, x = (int(a + o) for a, o in zip(self.start, offset, strict=True))
        dz, dy, dx = self.shape
        return Region((z, y, x), (z + dz, y + dy, x + dx))

    def coarser(self, factor: int) -> Region:
        """Return the region that covers this one in voxels ``factor`` times as large."""
        start, stop = (_shape([n // factor for n in self.start]), _shape([-(-n // factor) for n in self.stop]))
        return Region(start, stop)

    def __or__(self, other: Region) -> Region:
        """Return the smallest region that covers both."""
        return Region(_shape(list(map(min, self.start, other.start))), _shape(list(map(max, self.stop, other.stop))))

    def grown(self, margin: Sequence[int], shape: Sequence[int]) -> Region:
        """Return the region with a margin on every side, clamped to an array of the given shape."""
        start = _shape([max(0, a - m) for a, m in zip(self.start, margin, strict=True)])
        stop = _shape([min(n, b + m) for b, m, n in zip(self.stop, margin, shape, strict=True)])
        return Region(start, stop)

    def __and__(self, other: Region) -> Region | None:
        start = _shape([max(a, b) for a, b in zip(self.start, other.start, strict=True)])
        stop = _shape([min(a, b) for a, b in zip(self.stop, other.stop, strict=True)])
        return None if any(a >= b for a, b in zip(start, stop, strict=True)) else Region(start, stop)


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular lattice of voxels in space: voxel centre = origin + index * voxel_size.

    ``shape``, ``voxel_size`` and ``origin`` are (z, y, x), as arrays are; sizes and origins in angstrom.
    ``voxel_size_known`` is False when the file said nothing believable (0, or exactly 1): lengths are then a guess.
    """

    shape: Shape
    voxel_size: Triple = (1.0, 1.0, 1.0)
    origin: Triple = (0.0, 0.0, 0.0)
    voxel_size_known: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self.shape))
        object.__setattr__(self, "voxel_size", _triple(self.voxel_size))
        object.__setattr__(self, "origin", _triple(self.origin))
        if any(n < 1 for n in self.shape):
            raise ValueError(f"a grid needs at least one voxel along every axis, not {self.shape}")
        if any(not (math.isfinite(v) and v > 0) for v in self.voxel_size):
            raise ValueError(f"a voxel size must be a positive length in angstrom, not {self.voxel_size}")
        if not all(math.isfinite(v) for v in self.origin):
            raise ValueError(f"an origin must be finite, not {self.origin}")

    def to_world(self, index: npt.ArrayLike) -> Floats:
        """Turn indices (..., 3) as (z, y, x), fractions allowed, into points (..., 3) as (x, y, z) in angstrom."""
        zyx = np.asarray(index, dtype=np.float64) * self.voxel_size + self.origin
        return np.ascontiguousarray(zyx[..., ::-1])

    def to_index(self, points_xyz: npt.ArrayLike) -> Floats:
        """Turn points (..., 3) as (x, y, z) in angstrom into fractional indices (..., 3) as (z, y, x)."""
        zyx = np.asarray(points_xyz, dtype=np.float64)[..., ::-1]
        return np.asarray((zyx - self.origin) / self.voxel_size, dtype=np.float64)

    @property
    def bounds_xyz(self) -> tuple[Floats, Floats]:
        """The two extreme corners of the box of whole voxels, (x, y, z) in angstrom."""
        low = self.to_world((-0.5, -0.5, -0.5))
        high = self.to_world(np.asarray(self.shape) - 0.5)
        return low, high

    @property
    def extent_xyz(self) -> Floats:
        """Edge lengths of the box of whole voxels, (x, y, z) in angstrom."""
        low, high = self.bounds_xyz
        return high - low

    @property
    def center_xyz(self) -> Floats:
        """Middle of the box, (x, y, z) in angstrom."""
        low, high = self.bounds_xyz
        return (low + high) / 2

    @property
    def mean_voxel_size(self) -> float:
        """Geometric mean of the three voxel sizes, in angstrom."""
        return float(np.prod(self.voxel_size) ** (1 / 3))

    @property
    def nanometres(self) -> float:
        """As how many nanometres an angstrom counts for what is said in nm of a look: opacity, light, smoothing.

        Where the angstrom are a guess, which is 1 to a voxel, a voxel counts as a nanometre: as large as those of most tomograms.
        """
        return 0.1 if self.voxel_size_known else 1.0

    def crop(self, region: Region) -> Grid:
        """Return the grid of a part: every voxel keeps its place in space."""
        if (region & Region.whole(self.shape)) != region:
            raise ValueError(f"the region {region.start} to {region.stop} does not lie inside a grid of {self.shape}")
        origin = np.asarray(self.origin) + np.asarray(region.start) * self.voxel_size
        return replace(self, shape=region.shape, origin=_triple(origin))

    def within(self, region: Region | None) -> Region:
        """Return what of a region lies in the grid; all of the grid if there is none.

        Raises:
            VolvizError: it lies outside.
        """
        whole = Region.whole(self.shape)
        if region is None:
            return whole
        part = region & whole
        if part is None:
            wanted = ",".join(f"{a}:{'' if b >= END else b}" for a, b in zip(region.start, region.stop, strict=True))
            there = " x ".join(map(str, self.shape))
            raise VolvizError(
                f"The region {wanted} (z, y, x) lies outside the volume of {there} voxels; choose voxels inside it, or none for the whole."
            )
        return part

    def slices(self, z: tuple[int, int] | None) -> Region:
        """Return the slices from the first of ``z`` up to, not including, the second, as far as the grid has them; all without.

        Raises:
            VolvizError: it has none of them.
        """
        low, high = (0, self.shape[0]) if z is None else (max(0, z[0]), min(self.shape[0], z[1]))
        if z is not None and low >= high:
            wanted = f"from {z[0]} on" if z[1] >= END else f"from {z[0]} up to {z[1]}"
            raise VolvizError(f"A tomogram of {self.shape[0]} slices has none {wanted}; the first slice is 0.")
        return Region((low, 0, 0), (high, *self.shape[1:]))

    def region_on(self, region: Region, other: Grid) -> Region | None:
        """Return the voxels of another grid that lie in a region of this one, cut to that grid; None if none do."""
        low, high = self.to_world(np.asarray(region.start) - 0.5), self.to_world(np.asarray(region.stop) - 0.5)
        start, stop = (np.rint(other.to_index(corner) + 0.5).astype(int) for corner in (low, high))
        start, stop = np.clip(start, 0, other.shape), np.clip(stop, 0, other.shape)
        return Region(_shape(start), _shape(stop)) if (stop > start).all() else None

    def resample(self, voxel_size: float | Sequence[float]) -> Grid:
        """Return a grid of another voxel size (A, one number or (z, y, x)) over the same box.

        The number of voxels is rounded, at least one, and the voxel size is kept exactly as asked; the box stays
        centred on the same point, so its faces move by half a new voxel at most.
        """
        size = np.broadcast_to(np.asarray(voxel_size, dtype=np.float64), 3)
        extent = np.asarray(self.shape) * self.voxel_size
        shape = np.maximum(1, np.rint(extent / size)).astype(int)
        first = np.asarray(self.origin) - np.asarray(self.voxel_size) / 2
        origin = first + (extent - shape * size) / 2 + size / 2
        return replace(self, shape=_shape(shape), voxel_size=_triple(size), origin=_triple(origin))

    def with_voxel_size(self, voxel_size: float | Sequence[float]) -> Grid:
        """Return the same voxels with a corrected voxel size (A): what a person knows and the header did not.

        The origin scales along, as it was stored in the same wrong unit of length.
        """
        size = np.broadcast_to(np.asarray(voxel_size, dtype=np.float64), 3)
        origin = np.asarray(self.origin) / self.voxel_size * size
        return replace(self, voxel_size=_triple(size), origin=_triple(origin), voxel_size_known=True)


def bricks(shape: Sequence[int], size: Sequence[int]) -> Iterator[Region]:
    """Yield regions that cover an array of the given shape exactly once, in (z, y, x) order, none larger than size."""
    for z in range(0, shape[0], size[0]):
        for y in range(0, shape[1], size[1]):
            for x in range(0, shape[2], size[2]):
                start = (z, y, x)
                yield Region(start, _shape([min(n, a + s) for n, a, s in zip(shape, start, size, strict=True)]))


def _shape(values: Sequence[int] | npt.NDArray[np.int_]) -> Shape:
    try:
        z, y, x = (int(v) for v in values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"voxels are counted along three axes, (z, y, x), not as {values!r}") from error
    return z, y, x


def _triple(values: Sequence[float] | npt.NDArray[np.float64]) -> Triple:
    try:
        z, y, x = (float(v) for v in values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a voxel size and an origin are three numbers, (z, y, x), not {values!r}") from error
    return z, y, x
