"""What people do to a tomogram after reconstruction: low-pass filters and edge-preserving denoising."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from volviz.simulate.bodies import Array


def lowpass(volume: Array, voxel_size: float, resolution: float) -> Array:
    """Return a volume whose amplitude falls as a Gaussian to one half at a resolution (A)."""
    sigma = resolution * np.sqrt(2 * np.log(2)) / (2 * np.pi) / voxel_size
    return np.asarray(ndimage.gaussian_filter(volume, sigma, mode="nearest", truncate=3), dtype=np.float32)


def diffuse(volume: Array, iterations: int) -> Array:
    """Return a volume smoothed where it is flat: Perona and Malik, IEEE PAMI 12 (1990), equations 7 and 8, in three dimensions."""
    out = volume.copy()
    for _ in range(iterations):
        # The slopes that noise makes are most of all slopes: their median sets the scale.
        flow = np.zeros_like(out)
        for axis in range(3):
            step = np.diff(out, axis=axis)
            scale = 2 * float(np.median(np.abs(step[::3, ::3, ::3]))) + 1e-9
            step *= np.exp(-((step / np.float32(scale)) ** 2)) * np.float32(1 / 7)
            ahead, behind = [slice(None)] * 3, [slice(None)] * 3
            ahead[axis], behind[axis] = slice(0, -1), slice(1, None)
            flow[tuple(ahead)] += step
            flow[tuple(behind)] -= step
        out += flow
    return out
