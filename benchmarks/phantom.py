"""Volumes to time: virions as (z, y, x, 4) bytes, raw density and the probabilities of membrane, spikes and lumen."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
SPIKES = 60
HAZE = 0.36  # of the density where nothing is


def virion(n: int = 256, seed: int = 1) -> Bytes:
    """Return one virion that fills most of a cube of edge ``n``."""
    return crowd(n, 1, seed)


def crowd(n: int, across: int, seed: int = 1) -> Bytes:
    """Return ``across`` virions along each axis of a cube of edge ``n``, next to one another."""
    rng = np.random.default_rng(seed)
    classes = np.zeros((3, n, n, n), np.float32)
    edges = np.linspace(0, n, across + 1).astype(int)
    for place in np.ndindex(across, across, across):
        box = tuple(slice(edges[i], edges[i + 1]) for i in place)
        classes[(slice(None), *box)] = _virion([s.stop - s.start for s in box], n, rng)
    classes += 0.06 * _smooth(rng, n, 5) * (classes > 0.02)
    density = HAZE + 0.3 * classes[0] + 0.3 * classes[1] + 0.2 * classes[2] + 0.06 * rng.standard_normal((n, n, n), np.float32)
    out = np.stack([density, *classes], axis=-1)
    return np.rint(255 * np.clip(out, 0, 1)).astype(np.uint8)


def tiled(block: Bytes, shape: tuple[int, int, int]) -> Bytes:
    """Return a volume of this shape (z, y, x) filled with copies of a block."""
    repeats = [-(-n // m) for n, m in zip(shape, block.shape, strict=False)]
    z, y, x = shape
    return np.ascontiguousarray(np.tile(block, (*repeats, 1))[:z, :y, :x])


def _virion(shape: list[int], n: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    axes = [np.linspace(-1, 1, m, endpoint=False, dtype=np.float32) + np.float32(1 / m) for m in shape]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    scale = np.float32(min(shape) / n)
    r = np.sqrt(x * x + (1.05 * y) ** 2 + (1.08 * z) ** 2) + 0.02 * np.sin(5 * x + 1) * np.cos(4 * y)
    radius, leaflet = 0.58, 0.012 / scale
    membrane = np.exp(-(((np.abs(r - radius) - 1.5 * leaflet) / leaflet) ** 2))
    spikes = np.zeros_like(r)
    polar = np.arccos(1 - 2 * (np.arange(SPIKES) + 0.5) / SPIKES)
    turn = math.pi * (1 + 5**0.5) * np.arange(SPIKES) + rng.normal(0, 0.05, SPIKES)
    for d in np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1).astype(np.float32):
        along = x * d[0] + y * d[1] + z * d[2]
        across = np.sqrt(np.maximum(0, x * x + y * y + z * z - along * along))
        width = np.where(along > radius + 0.12, 0.05, 0.02)
        spikes = np.maximum(spikes, np.where((along > radius + 0.02) & (along < radius + 0.24), np.clip(1.4 - across / width, 0, 1), 0))
    strands = np.clip(1.2 * (_smooth(rng, max(shape), 9)[: shape[0], : shape[1], : shape[2]] - 0.9), 0, 1)
    lumen = strands * np.clip((radius - 0.07 - r) / 0.03, 0, 1)
    return np.stack([membrane, spikes, lumen])


def _smooth(rng: np.random.Generator, n: int, width: int) -> npt.NDArray[np.float32]:
    """Return noise of unit variance, smooth over about ``width`` voxels: two box means along every axis."""
    noise = rng.standard_normal((n, n, n), np.float32)
    for axis in (0, 1, 2):
        for _ in range(2):
            sums = np.cumsum(noise, axis=axis)
            noise = sums - np.roll(sums, width, axis=axis)
    return np.asarray(noise / noise[width:, width:, width:].std(), dtype=np.float32)
