"""The shapes of spikes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from volviz.core.errors import VolvizError
from volviz.core.grid import Floats
from volviz.simulate.particles import Blob, Particle, of_blobs

# One of the three chains of a head, along it: height and distance from the axis (fractions of the head and A), standard
# deviation (A) and weight. The stem of S2, the wide S1 shoulder, and the receptor-binding top.
_PROTOMER = (
    (0.08, 15, 15, 0.6),
    (0.27, 21, 17, 0.75),
    (0.45, 27, 17, 0.8),
    (0.58, 50, 16, 1.0),
    (0.7, 34, 19, 1.0),
    (0.88, 22, 15, 0.9),
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


def spike_of_model(path: Path, length: float, voxel_size: float, rng: np.random.Generator) -> Particle:
    """Return a spike whose head is an atomic model of a trimer (PDB format), on a stalk that makes up the length (A).

    Raises:
        VolvizError: the file cannot be read or holds no atoms.
    """
    atoms = _upright(path)
    stalk = max(30.0, length - float(np.ptp(atoms[:, 2])))
    lean = rng.normal(0, 0.12, 2)
    atoms = atoms + np.append(lean * stalk, stalk)
    step = voxel_size / 2
    heights = np.arange(0, stalk + 25, 12)
    below = of_blobs([Blob((lean[0] * h, lean[1] * h, float(h)), 12, 0.65) for h in heights], step, 0.4 * voxel_size)
    low = np.minimum(-below.anchor, np.floor(atoms.min(axis=0)[::-1] / step) - 6).astype(int)
    high = np.maximum(below.density.shape - below.anchor, np.ceil(atoms.max(axis=0)[::-1] / step) + 7).astype(int)
    edges = [(np.arange(a, b + 1) - 0.5) * step for a, b in zip(low, high, strict=True)]
    counts, _ = np.histogramdd(atoms[:, ::-1], bins=edges)
    head = ndimage.gaussian_filter(counts.astype(np.float32), float(np.hypot(6.0, 0.4 * voxel_size)) / step)
    head /= max(float(head.max()), 1e-9)
    start = (-below.anchor - low).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, below.density.shape, strict=True))
    head[box] = np.maximum(head[box], np.float32(0.7) * below.density)
    return Particle(head, step, -low.astype(np.float64))


@lru_cache(maxsize=8)
def _upright(path: Path) -> Floats:
    """Return the atoms (n, 3) of a trimer, (x, y, z) in A, its threefold axis along z and its narrow end at z = 0."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
        atoms = np.array([[float(line[a : a + 8]) for a in (30, 38, 46)] for line in lines if line.startswith("ATOM")])
    except (OSError, ValueError) as error:
        raise VolvizError(f"{path} cannot be read as an atomic model: give a file in PDB format.") from error
    if len(atoms) < 100:
        raise VolvizError(f"{path} holds no atomic model: give a PDB file of a spike's ectodomain.")
    atoms = atoms - atoms.mean(axis=0)
    values, vectors = np.linalg.eigh(atoms.T @ atoms / len(atoms))
    # A threefold axis leaves the other two moments equal: it is the one that differs from the middle one most.
    axis = 0 if values[1] - values[0] > values[2] - values[1] else 2
    frame = np.roll(vectors, 2 - axis, axis=1)
    frame[:, 0] *= np.sign(np.linalg.det(frame))
    atoms = atoms @ frame
    radius = np.hypot(atoms[:, 0], atoms[:, 1])
    bottom, top = np.quantile(atoms[:, 2], (0.08, 0.92))
    if radius[atoms[:, 2] < bottom].mean() > radius[atoms[:, 2] > top].mean():
        atoms *= (1, -1, -1)
    return np.asarray(atoms - (0, 0, atoms[:, 2].min()))
