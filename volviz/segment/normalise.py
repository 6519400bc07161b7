"""The scale on which networks see density: robust z-scores, so that one gold bead does not set the contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from volviz.core.volume import Volume

PERCENTILES = (0.5, 99.5)
CLIP = 5.0


@dataclass(frozen=True, slots=True)
class Standard:
    """Maps density to z-scores, dark = dense if ``sign`` is +1 and was so before, or -1 and was not."""

    mean: float
    std: float
    sign: int = 1

    @classmethod
    def of(cls, volume: Volume, sign: int = 1) -> Standard:
        """Measure mean and deviation of a volume after clipping to the 0.5 and 99.5 percentiles, on a sample of its bricks."""
        sample = volume.sample()
        low, high = np.percentile(sample, PERCENTILES)
        clipped = np.clip(sample, low, high).astype(np.float64)
        std = float(clipped.std())
        return cls(float(clipped.mean()), std if std > 0 else 1.0, sign)

    def __call__(self, values: Tensor) -> Tensor:
        """Return z-scores, cut at +-5 so that metal does not drown what lies beside it."""
        return ((values - self.mean) * (self.sign / self.std)).clamp(-CLIP, CLIP)
