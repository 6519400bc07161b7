"""What is tidied away of a class before it is shown or saved. Values only: `volviz.measure.cleaning` does it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid

SMOOTHEST = 100.0  # nm: what is smoothed over the size of a virion is gone


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How one class is cleaned. The segmentation itself is never changed; 0 switches a step off.

    The steps, in this order:

    ``trim`` empties the class up to these depths (nm) from the first and from the last section along z: the air-water
    interfaces. What is left is treated as if the volume ended there.
    ``smooth`` is the sigma (nm) of a Gaussian, 100 at the most.
    ``holes`` fills cavities smaller than a sphere of this diameter (nm): places below the level from which no way leads
    out, by faces of voxels.
    ``dust`` removes objects smaller than a sphere of this diameter (nm), and ``hysteresis`` those that reach this
    probability nowhere. An object is what hangs together at or above the ``level``, by faces, edges or corners of voxels.

    Without a ``level`` an object ends where the ramp of its class begins: what is counted is what is seen. What stays keeps
    its soft values, those below the level around it included; what goes becomes background.
    """

    dust: float = 0.0
    holes: float = 0.0
    smooth: float = 0.0
    hysteresis: float = 0.0
    trim: tuple[float, float] = (0.0, 0.0)
    level: float | None = None

    def __post_init__(self) -> None:
        for name in ("dust", "holes", "smooth"):
            if not 0 <= getattr(self, name) < math.inf:
                raise VolvizError(f"{name} takes a length in nanometres from 0 (off), not {getattr(self, name):g}.")
        if self.smooth > SMOOTHEST:
            raise VolvizError(f"smooth takes a length in nanometres from 0 (off) to {SMOOTHEST:g}, not {self.smooth:g}.")
        if not all(0 <= depth < math.inf for depth in self.trim):
            raise VolvizError(f"trim takes two depths in nanometres from 0 (off), not {self.trim[0]:g}, {self.trim[1]:g}.")
        if not 0 <= self.hysteresis <= 1:
            raise VolvizError(f"hysteresis takes a probability from 0 (off) to 1, not {self.hysteresis:g}.")
        if self.level is not None and not 0 <= self.level <= 1:
            raise VolvizError(f"level takes a probability from 0 to 1, or none, not {self.level:g}.")

    @property
    def on(self) -> bool:
        """Whether anything is cleaned."""
        return self.tells_objects or self.holes > 0 or self.smooth > 0 or self.trim != (0.0, 0.0)

    @property
    def tells_objects(self) -> bool:
        """Whether objects have to be told apart."""
        return self.dust > 0 or self.hysteresis > 0

    @property
    def grows(self) -> bool:
        """Whether the class may become more probable somewhere."""
        return self.holes > 0 or self.smooth > 0

    def at(self, level: float) -> Cleaning:
        """Return the same cleaning with this level, if it had none and needs one: then nothing else decides the result."""
        if not (self.tells_objects or self.holes > 0):
            return self if self.level is None else replace(self, level=None)
        return self if self.level is not None else replace(self, level=min(1.0, max(0.0, level)))

    def sections(self, grid: Grid) -> tuple[int, int]:
        """Return the first section that ``trim`` leaves and the one after the last: to the nearest voxel; equal if none is left."""
        first, last = (round(10 * depth / grid.voxel_size[0]) for depth in self.trim)
        start = min(first, grid.shape[0])
        return start, max(start, grid.shape[0] - last)
