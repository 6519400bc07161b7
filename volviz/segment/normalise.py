"""The scales on which networks see density. volviz's own is robust z-scores: one gold bead does not set the contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from volviz.core.grid import bricks
from volviz.core.volume import Volume
from volviz.segment.tiles import Scale

PERCENTILES = (0.5, 99.5)
CLIP = 5.0
# Voxels read at a time where every voxel counts.
_BRICK = (32, 512, 512)


@dataclass(frozen=True, slots=True)
class Standard:
    """Maps density to (density - mean) * sign / std, dark = dense if ``sign`` is +1 and was so before, or -1 and was not.

    Values beyond ``clip`` are cut there.
    """

    mean: float
    std: float
    sign: int = 1
    clip: float = CLIP

    @classmethod
    def of(cls, volume: Volume, sign: int = 1, scale: Scale = "robust") -> Standard:
        """Measure a volume.

        "robust" is its mean and deviation after clipping to the 0.5 and 99.5 percentiles, on a sample of its bricks.
        "standard" is those of all voxels, and "min-max" makes 0 of the least of them and 1 of the greatest (inverted if
        ``sign`` is -1): what other programs trained with.
        """
        if scale != "robust":
            return cls._of_all(volume, sign, scale)
        sample = volume.sample()
        low, high = np.percentile(sample, PERCENTILES)
        clipped = np.clip(sample, low, high).astype(np.float64)
        std = float(clipped.std())
        return cls(float(clipped.mean()), std if std > 0 else 1.0, sign)

    @classmethod
    def _of_all(cls, volume: Volume, sign: int, scale: Scale) -> Standard:
        low, high, total, squares = np.inf, -np.inf, 0.0, 0.0
        for region in bricks(volume.grid.shape, _BRICK):
            values = volume.read(region)
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            total += float(values.sum(dtype=np.float64))
            squares += float(np.square(values, dtype=np.float64).sum())
        if scale == "min-max":
            return cls(low if sign > 0 else high, high - low or 1.0, sign, clip=1.0)
        count = float(np.prod(volume.grid.shape))
        variance = squares / count - (total / count) ** 2
        return cls(total / count, float(np.sqrt(variance)) if variance > 0 else 1.0, sign, clip=np.inf)

    def __call__(self, values: Tensor) -> Tensor:
        """Return density on this scale; z-scores are cut at +-5 so that metal does not drown what lies beside it."""
        return ((values - self.mean) * (self.sign / self.std)).clamp(-self.clip, self.clip)
