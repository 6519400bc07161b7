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
    """Return a volume smoothed where it is flat: edge-preserving diffusion on regularised slopes.

    Catte, Lions, Morel and Coll, SIAM J. Numer. Anal. 29 (1992), equation 1.4, explicit in three dimensions.
    """
    out = volume.copy()
    for _ in range(iterations):
        smooth = ndimage.gaussian_filter(out, 0.9, mode="nearest", truncate=3)
        flow = np.zeros_like(out)
        for axis in range(3):
            slope = np.diff(smooth, axis=axis)
            # Most slopes are noise: their median sets the scale of what is flat.
            scale = 4 * float(np.median(np.abs(slope[::3, ::3, ::3]))) + 1e-9
            step = np.diff(out, axis=axis) * np.exp(-((slope / np.float32(scale)) ** 2)) * np.float32(1 / 7)
            ahead, behind = [slice(None)] * 3, [slice(None)] * 3
            ahead[axis], behind[axis] = slice(0, -1), slice(1, None)
            flow[tuple(ahead)] += step
            flow[tuple(behind)] -= step
        out += flow
    return out
