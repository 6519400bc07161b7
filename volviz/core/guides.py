"""What is drawn beside the classes: density on planes, and what tells direction and size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple

LONGEST_BAR = 0.22  # of a picture's width
PLACE = {"takes": "a fraction of the volume from 0 to 1,"}  # or none


@dataclass(frozen=True, slots=True)
class Guides:
    """What tells direction and size: ``axes`` of the world in a corner, the ``box`` of the volume, a ``scale_bar``.

    ``size`` makes text and lines larger; they are a fraction of the picture's height whatever its pixels.
    """

    axes: bool = False
    box: bool = False
    scale_bar: bool = False
    size: float = 1.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.size <= 5:
            raise VolvizError(f"guides.size takes a number from 0.2 to 5, not {self.size:g}.")

    @property
    def shown(self) -> bool:
        """Whether there is anything to draw."""
        return self.axes or self.box or self.scale_bar


@dataclass(frozen=True, slots=True)
class Slices:
    """Planes across the whole volume with the density on them, cut at ``x``, ``y``, ``z``; None leaves one out.

    Places are fractions of the volume's edges, as those of `Clips`, which do not cut these planes: what a cut lays open can
    be seen on one. ``contrast`` are the densities shown black and white, in standard deviations from the mean with the
    sign of the file, so that a plane looks as the same slice does by itself. It is the density that the raw look
    low-passed, without light and shade.
    """

    x: float | None = field(default=None, metadata=PLACE)
    y: float | None = field(default=None, metadata=PLACE)
    z: float | None = field(default=None, metadata=PLACE)
    opacity: float = 1.0
    contrast: tuple[float, float] = (-3.0, 3.0)

    def __post_init__(self) -> None:
        for axis in "xyz":
            place = getattr(self, axis)
            if place is not None and not 0 <= place <= 1:
                raise VolvizError(f"slices.{axis} takes a fraction of the volume from 0 to 1, or none, not {place:g}.")
        if not self.contrast[0] < self.contrast[1]:
            raise VolvizError(
                f"slices.contrast takes two densities, the one shown black first, not {self.contrast[0]:g}, {self.contrast[1]:g}."
            )

    @property
    def shown(self) -> bool:
        """Whether any plane is there to be seen."""
        return self.opacity > 0 and not (self.x is None and self.y is None and self.z is None)

    def through(self, grid: Grid, point_xyz: Triple) -> Slices:
        """Return the same planes moved to where they meet in a point (A) of a grid's box."""
        low, high = grid.bounds_xyz
        at = np.clip((np.asarray(point_xyz) - low) / (high - low), 0, 1)
        x, y, z = (None if old is None else float(new) for old, new in zip((self.x, self.y, self.z), at, strict=True))
        return replace(self, x=x, y=y, z=z)


def scale_bar_across(width: float, grid: Grid) -> tuple[float, str]:
    """Return the length (A) of a scale bar in a picture ``width`` (A) wide, and what it says: 1, 2 or 5 times a power of ten.

    Where the grid does not know its voxel size it counts voxels.
    """
    unit, name = (10.0, "nm") if grid.voxel_size_known else (grid.mean_voxel_size, "voxels")
    most = LONGEST_BAR * width / unit
    power = 10.0 ** math.floor(math.log10(most))
    number = max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))
    return number * unit, f"{number:.10g} {name}"
