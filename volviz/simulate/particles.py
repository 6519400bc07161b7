"""Small densities that are placed many times: spikes, ribonucleoprotein, free protein."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from volviz.core.grid import Floats, Grid, Region
from volviz.simulate.bodies import Array, region_around, rotation_onto


@dataclass(frozen=True, slots=True, eq=False)
class Particle:
    """A density (z, y, x) with maximum 1, the size of its voxels (A), and the index (z, y, x) of the point it is placed by."""

    density: Array
    voxel_size: float
    anchor: Floats

    @property
    def reach(self) -> float:
        """No density is farther than this (A) from the anchor."""
        corners = np.maximum(self.anchor, np.asarray(self.density.shape) - 1 - self.anchor)
        return float(np.linalg.norm(corners) * self.voxel_size)

    def render(self, grid: Grid, position_xyz: Floats, rotation: Floats) -> tuple[Region, Array] | None:
        """Return the part of a grid that the particle touches, and its density there; None if it lies outside.

        ``rotation`` (3, 3) takes the particle's (x, y, z) directions to the world's.
        """
        region = region_around(grid, position_xyz, self.reach)
        if region is None:
            return None
        # Reversing both axes turns an (x, y, z) matrix into a (z, y, x) one.
        matrix = rotation.T[::-1, ::-1] * (np.asarray(grid.voxel_size) / self.voxel_size)
        start = np.asarray(region.start) - grid.to_index(position_xyz)
        offset = matrix @ start + self.anchor
        return region, ndimage.affine_transform(self.density, matrix, offset, region.shape, np.float32, order=1)


@dataclass(frozen=True, slots=True)
class Blob:
    """A Gaussian ball of protein: centre (x, y, z) and standard deviation in A, and its weight."""

    center_xyz: tuple[float, float, float]
    sigma: float
    weight: float = 1.0


def of_blobs(blobs: list[Blob], voxel_size: float, resolution: float) -> Particle:
    """Return blobs as a particle on voxels of this size, blurred by a standard deviation of ``resolution`` A, anchored at (0, 0, 0)."""
    centers = np.array([b.center_xyz for b in blobs])
    sigmas = np.sqrt(np.array([b.sigma for b in blobs]) ** 2 + resolution**2)
    low = np.floor((centers - 3 * sigmas[:, None]).min(axis=0) / voxel_size).astype(int)
    high = np.ceil((centers + 3 * sigmas[:, None]).max(axis=0) / voxel_size).astype(int)
    x, y, z = (np.arange(a, b + 1) * voxel_size for a, b in zip(low, high, strict=True))
    density = np.zeros((z.size, y.size, x.size))
    for blob, center, sigma in zip(blobs, centers, sigmas, strict=True):
        # The blur spreads the same mass over a larger ball.
        gz, gy, gx = (np.exp(-((a - c) ** 2) / (2 * sigma**2)) for a, c in ((z, center[2]), (y, center[1]), (x, center[0])))
        density += blob.weight * (blob.sigma / sigma) ** 3 * gz[:, None, None] * gy[:, None] * gx
    return Particle((density / density.max()).astype(np.float32), voxel_size, -low[::-1].astype(np.float64))


def globule(size: float, voxel_size: float, rng: np.random.Generator) -> Particle:
    """Return an irregular protein of about this diameter (A): lobes of domain size, more of them the larger it is."""
    count = int(np.clip((size / 45) ** 2, 2, 50))
    sigma = float(np.clip(0.2 * size, 9, 20))
    centers = rng.normal(0, 1, (count, 3)) * (max(4.0, 0.5 * size - 1.5 * sigma) / 1.7)
    blobs = [Blob((c[0], c[1], c[2]), sigma * float(rng.uniform(0.7, 1.2)), float(rng.uniform(0.6, 1))) for c in centers]
    return of_blobs(blobs, voxel_size / 2, 0.4 * voxel_size)


def nucleoprotein(size: float, voxel_size: float, rng: np.random.Generator) -> Particle:
    """Return a ribonucleoprotein of about this diameter (A): an open ring of nucleoproteins, two layers high."""
    turns = np.arange(int(rng.integers(5, 8))) * 1.05 + rng.normal(0, 0.12)
    ring = [(0.33 * size * np.cos(a), 0.33 * size * np.sin(a)) for a in turns]
    blobs = [Blob((x, y, h * size), 0.14 * size) for x, y in ring for h in (-0.2, 0.2)]
    return of_blobs(blobs, voxel_size / 2, 0.4 * voxel_size)


def tilted(normal_xyz: Floats, angle: float, rng: np.random.Generator) -> Floats:
    """Return a rotation that takes z to a direction ``angle`` radians off a unit normal, at a random azimuth."""
    frame = rotation_onto(normal_xyz, rng.uniform(0, 2 * np.pi))
    direction = frame @ np.array([np.sin(angle), 0, np.cos(angle)])
    return rotation_onto(direction, rng.uniform(0, 2 * np.pi))
