"""How a grid is cut into textures that the driver can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from volviz.core.grid import Region, Shape

BRICK = 4  # voxels along the edge of what is skipped as a whole


@dataclass(frozen=True, slots=True)
class Part:
    """A box of voxels that one texture per group shows; ``held`` has one voxel more on every side where it was cut."""

    owned: Region
    held: Region


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of ``size`` voxels (z, y, x), the last of an axis smaller; in the order x, then y, then z.

    A part holds one voxel of its neighbours, so that linear filtering finds what it needs in one texture and no seam is
    seen. Parts are whole bricks, so that what a brick reads, one voxel around it, lies in one texture too.
    """

    shape: Shape
    size: Shape

    @property
    def counts(self) -> Shape:
        """Parts along each axis (z, y, x)."""
        z, y, x = (-(-n // size) for n, size in zip(self.shape, self.size, strict=True))
        return z, y, x

    def __len__(self) -> int:
        return math.prod(self.counts)

    def __iter__(self) -> Iterator[Part]:
        depth, height, width = self.counts
        for z in range(depth):
            for y in range(height):
                for x in range(width):
                    start = [k * size for k, size in zip((z, y, x), self.size, strict=True)]
                    stop = [min(n, a + size) for a, size, n in zip(start, self.size, self.shape, strict=True)]
                    owned = Region(_shape(start), _shape(stop))
                    yield Part(owned, owned.grown((1, 1, 1), self.shape))

    @property
    def largest(self) -> Shape:
        """Voxels (z, y, x) of the largest texture."""
        z, y, x = (n if size >= n else min(n, size + 2) for n, size in zip(self.shape, self.size, strict=True))
        return z, y, x

    @property
    def texels(self) -> int:
        """Texels of all textures of a group together."""
        return sum(math.prod(part.held.shape) for part in self)


def cut(shape: Shape, longest: int, fits: Callable[[Shape], bool], most: int) -> Parts | None:
    """Cut a grid into at most ``most`` parts, none longer than ``longest`` on an axis and each fitting; None if that cannot be.

    Along the axes that are too long, then along z, or where that is thin already along the longest axis.
    """
    counts = [1 if n <= longest else -(-n // max(1, (longest - 2) // BRICK * BRICK)) for n in shape]
    while math.prod(counts) <= most:
        parts = Parts(shape, _shape([_even(n, count) for n, count in zip(shape, counts, strict=True)]))
        if fits(parts.largest):
            return parts
        if max(parts.size) <= BRICK:
            return None
        axis = 0 if parts.size[0] >= 4 * BRICK else max(range(3), key=lambda i: parts.size[i])
        counts[axis] += 1
    return None


def _even(n: int, count: int) -> int:
    """Return voxels of a part when n are cut into so many parts: whole bricks, or all of them."""
    return n if count == 1 else -(-n // (count * BRICK)) * BRICK


def _shape(values: list[int]) -> Shape:
    z, y, x = values
    return z, y, x
