"""The arrays that a specimen is drawn into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from volviz.core.grid import Floats, Grid, Region, Shape
from volviz.simulate.bodies import Array

MEMBRANE_HALF_WIDTH = 34.0
"""A: a voxel is membrane within this distance of the bilayer's mid-surface."""
SPIKE_LEVEL = 0.22
"""A voxel is spike where the spike's own density exceeds this fraction of its maximum."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A specimen in the making, all (z, y, x) float32: density over ice, gold and carbon apart from it, soft labels.

    ``film`` is the part of the grid that is ice; the rest is vacuum.

    ``texture`` is noise of unit variance, correlated over a protein's size, of which every object takes its grain.
    """

    grid: Grid
    film: Region
    density: Array
    heavy: Array
    membrane: Array
    spikes: Array
    lumen: Array
    texture: Array

    @classmethod
    def blank(cls, grid: Grid, thickness: float, grain_size: float, rng: np.random.Generator) -> Canvas:
        """Return an empty specimen with a film of this thickness (A) in the middle."""
        density, heavy, membrane, spikes, lumen = (np.zeros(grid.shape, np.float32) for _ in range(5))
        nz, ny, nx = grid.shape
        spare = int(max(0.0, nz - max(4.0, thickness / grid.voxel_size[0])) / 2)
        film = Region((spare, 0, 0), (nz - spare, ny, nx))
        return cls(grid, film, density, heavy, membrane, spikes, lumen, texture(grid.shape, grain_size / grid.mean_voxel_size, rng))

    def scatter(self, count: int, rng: np.random.Generator) -> Floats:
        """Return random points (count, 3) of the film, (x, y, z)."""
        return self.grid.to_world(self.film.start + rng.uniform(0, 1, (count, 3)) * self.film.shape)

    def cover(self, region: Region, membrane: Array, lumen: Array) -> None:
        """Mark an envelope: where two meet, the more certain one counts, and membrane goes before lumen."""
        shell, inside = self.membrane[region.slices], self.lumen[region.slices]
        np.maximum(shell, membrane, out=shell)
        np.maximum(inside, lumen, out=inside)
        np.minimum(inside, 1 - shell, out=inside)

    def mark_spike(self, region: Region, density: Array) -> None:
        """Mark where a spike's density (its maximum is 1) exceeds the level, softly over the width of one voxel."""
        soft = above(density, SPIKE_LEVEL)
        part = self.spikes[region.slices]
        np.maximum(part, soft, out=part)

    def labels(self, region: Region) -> Array:
        """Return the probabilities (4, z, y, x) of background, membrane, spikes and lumen in a region; they sum to one."""
        out = np.empty((4, *region.shape), np.float32)
        out[1] = self.membrane[region.slices]
        out[3] = self.lumen[region.slices]
        np.minimum(self.spikes[region.slices], 1 - out[1] - out[3], out=out[2])
        np.maximum(out[2], 0, out=out[2])
        out[0] = np.maximum(1 - out[1] - out[2] - out[3], 0)
        return out


def texture(shape: Shape, sigma: float, rng: np.random.Generator) -> Array:
    """Return Gaussian noise (z, y, x) of unit variance, correlated over ``sigma`` voxels."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth: Array = ndimage.gaussian_filter(noise, max(0.3, sigma), mode="wrap", truncate=3)
    smooth /= max(float(smooth.std()), 1e-6)
    return smooth


def slow_texture(shape: Shape, pitch: float, rng: np.random.Generator) -> Array:
    """Return noise (z, y, x) of about unit variance that changes over ``pitch`` voxels: random values on a coarse lattice, joined."""
    coarse = [int(np.ceil(n / pitch)) + 2 for n in shape]
    out: Array = rng.standard_normal(coarse, dtype=np.float32)
    for n, nodes in zip(shape, coarse, strict=True):
        at = np.arange(n) / pitch + rng.uniform(0, 1)
        first = np.minimum(at.astype(int), nodes - 2)
        # A cosine's ease has no kinks at the lattice.
        ease = 0.5 - 0.5 * np.cos(np.pi * (at - first))
        weights = np.zeros((n, nodes), np.float32)
        weights[np.arange(n), first], weights[np.arange(n), first + 1] = 1 - ease, ease
        # The first axis is used up and the new one goes last: after three rounds the order is z, y, x again.
        out = np.tensordot(out, weights, axes=(0, 1))
    return out / np.float32(0.65)


def below(value: Array, limit: float, width: float) -> Array:
    """Return by how much of a ramp of this width, centred on the limit, a value lies below: the share of a voxel on that side."""
    return np.asarray(np.clip(0.5 + (limit - value) / width, 0, 1), dtype=np.float32)


def above(density: Array, level: float) -> Array:
    """Return the share of every voxel in which a density exceeds a level, judged by its slope."""
    slopes = np.gradient(density)
    steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    return np.asarray(np.clip(0.5 + (density - level) / np.maximum(steepness, 0.02), 0, 1), dtype=np.float32)
