"""Turning a volume about the beam, so that the tilt axis may lie anywhere in the plane of the slices."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from volviz.core.grid import Shape
from volviz.simulate.bodies import Array


def turned_shape(shape: Shape, degrees: float) -> Shape:
    """Return the shape (z, y, x) that holds all of a volume turned about z."""
    nz, ny, nx = shape
    c, s = abs(np.cos(np.radians(degrees))), abs(np.sin(np.radians(degrees)))
    return nz, int(np.ceil(round(c * ny + s * nx, 6))), int(np.ceil(round(s * ny + c * nx, 6)))


def turn(volume: Array, degrees: float, shape: Shape) -> Array:
    """Return a volume (z, y, x) turned about the z axis through its middle, x towards y, in a frame of some shape; zero beyond."""
    if degrees == 0 and volume.shape == shape:
        return volume
    c, s = np.round((np.cos(np.radians(degrees)), np.sin(np.radians(degrees))), 12)
    # The place in the volume that a place in the frame is taken from.
    back = np.array([[c, -s], [s, c]])
    offset = (np.asarray(volume.shape[1:]) - 1) / 2 - back @ ((np.asarray(shape[1:]) - 1) / 2)
    out = np.empty(shape, np.float32)
    for plane, there in zip(volume, out, strict=True):
        ndimage.affine_transform(plane, back, offset, shape[1:], there, order=1)
    return out
