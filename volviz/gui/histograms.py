"""What the histograms show, counted from a few slices of each volume. No window in here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.density import contrast_of, lowpassed, spread_planes
from volviz.core.estimate import class_plane
from volviz.core.scene import RawLook
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

SLICES = 24
BINS = 128


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Counts of equal bins between two values."""

    counts: npt.NDArray[np.int64]
    low: float
    high: float


def class_histograms(segmentation: Segmentation) -> dict[str | None, Histogram]:
    """Count how often each probability of each drawn class occurs, in about `SLICES` slices spread over the depth.

    Under None it is that of everything but the background, where there is one. The byte 0, which is most of any volume, is left
    out: the question is where the rest lies.
    """
    depth = segmentation.shape[0]
    chosen = np.unique(np.linspace(0, depth - 1, min(depth, SLICES)).astype(int))
    low = -1.0 if segmentation.kind == "score" else 0.0
    found: dict[str | None, Histogram] = {}
    names: list[str | None] = [label.name for label in segmentation.drawn]
    for name in names if segmentation.kind == "score" else [*names, None]:
        counts = np.zeros(256, np.int64)
        for z in chosen:
            counts += np.bincount(class_plane(segmentation, name, int(z)).ravel(), minlength=256)
        counts[0] = 0
        found[name] = Histogram(counts.reshape(BINS, -1).sum(axis=1), low, 1.0)
    return found


def density_histogram(volume: Volume, look: RawLook) -> Histogram:
    """Count the low-passed density of a few slices in standard deviations, dense positive: the axis of the raw ramp."""
    planes = spread_planes(volume.grid, look.lowpass, SLICES // 2)
    values = np.concatenate([lowpassed(volume, look.lowpass, plane).ravel() for plane in planes])
    values = contrast_of(values, look.invert).apply(values)
    low, high = np.percentile(values, [0.1, 99.9])
    low, high = min(-3.0, float(np.floor(low))), max(4.0, float(np.ceil(high)))
    counts, _ = np.histogram(values, BINS, (low, high))
    return Histogram(counts, low, high)


def grey_histogram(volume: Volume) -> Histogram:
    """Count the values of a sample of the file, between its 0.1 and 99.9 percentiles."""
    sample = volume.sample(500_000)
    low, high = (float(v) for v in np.percentile(sample, [0.1, 99.9]))
    if not high > low:
        low, high = low - 0.5, low + 0.5
    counts, _ = np.histogram(sample, BINS, (low, high))
    return Histogram(counts, low, high)
