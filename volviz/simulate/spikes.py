"""The shapes of spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from volviz.simulate.particles import Blob, Particle, of_blobs
from volviz.simulate.structures import Structure

# One of the three chains of a head, along it: height and distance from the axis (fractions of the head and A), standard
# deviation (A) and weight. The stem of S2, the wide S1 shoulder, and the receptor-binding top.
_PROTOMER = (
    (0.08, 15, 14, 0.7),
    (0.27, 20, 15, 0.9),
    (0.45, 25, 15, 0.9),
    (0.58, 46, 14, 1.0),
    (0.7, 31, 17, 1.0),
    (0.88, 20, 13, 1.0),
)


def spike(kind: str, length: float, width: float, voxel_size: float, rng: np.random.Generator) -> Particle:
    """Return a spike that stands on the origin along +z: a stalk that may bend, and a head.

    ``closed`` and ``open`` are trimeric class I fusion proteins (a head 130 A wide and 160 A long on a thin stalk), ``club`` is
    one pear-shaped blob on a stalk, ``rod`` has no head. ``length`` in A includes all.
    """
    blobs: list[Blob] = []
    bend = rng.normal(0, 0.12, 2)

    def axis(t: float) -> tuple[float, float]:
        """Where the axis is at a fraction of the length: straight near the membrane, bent towards the head."""
        lean = max(0.0, t - 0.15) * length
        return bend[0] * lean, bend[1] * lean

    if kind == "rod":
        for t in np.linspace(0.05, 0.92, 12):
            ax, ay = axis(t)
            blobs.append(Blob((ax, ay, t * length), 17 * width))
        return of_blobs(blobs, voxel_size / 2, 0.4 * voxel_size)

    head = 0.66 * length if kind != "club" else 0.5 * length
    stalk = length - head
    for h in np.arange(0, stalk + 15, 12):
        ax, ay = axis(h / length)
        blobs.append(Blob((ax, ay, float(h)), 12 * width, 0.65))
    if kind == "club":
        for t, sigma in ((0.1, 17), (0.35, 26), (0.62, 33)):
            ax, ay = axis((stalk + t * head) / length)
            blobs.append(Blob((ax, ay, stalk + t * head), sigma * width))
        return of_blobs(blobs, voxel_size / 2, 0.4 * voxel_size)

    phase = rng.uniform(0, 2 * np.pi)
    up = [kind == "open" and bool(rng.random() < 0.6) for _ in range(3)]
    for i in range(3):
        a = phase + 2 * np.pi * i / 3
        for t, r, sigma, weight in _PROTOMER:
            ax, ay = axis((stalk + t * head) / length)
            turn = a + 0.9 * t
            blobs.append(Blob((ax + r * width * np.cos(turn), ay + r * width * np.sin(turn), stalk + t * head), sigma * width, weight))
        if up[i]:
            ax, ay = axis((stalk + head) / length)
            blobs.append(Blob((ax + 26 * width * np.cos(a), ay + 26 * width * np.sin(a), stalk + 0.98 * head), 13 * width, 0.9))
    return of_blobs(blobs, voxel_size / 2, 0.4 * voxel_size)


def spike_of_structure(head: Structure, length: float, voxel_size: float, rng: np.random.Generator) -> Particle:
    """Return a spike whose head is a real trimer, upright, on a stalk that makes up the length (A)."""
    stalk = max(30.0, length - float(np.ptp(head.points_xyz[:, 2])))
    lean = rng.normal(0, 0.12, 2)
    top = replace(head, points_xyz=head.points_xyz + np.append(lean * stalk, stalk)).particle(voxel_size)
    heights = np.arange(0, stalk + 25, 12)
    below = of_blobs([Blob((lean[0] * h, lean[1] * h, float(h)), 12, 0.65) for h in heights], voxel_size / 2, 0.4 * voxel_size)
    low = np.minimum(-top.anchor, -below.anchor).astype(int)
    high = np.maximum(top.density.shape - top.anchor, below.density.shape - below.anchor).astype(int)
    whole = np.zeros(tuple(high - low), np.float32)
    for particle, weight in ((top, 1.0), (below, 0.7)):
        start = (-particle.anchor - low).astype(int)
        box = tuple(slice(a, a + n) for a, n in zip(start, particle.density.shape, strict=True))
        whole[box] = np.maximum(whole[box], np.float32(weight) * particle.density)
    return Particle(whole, voxel_size / 2, -low.astype(np.float64))
