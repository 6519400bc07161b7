"""Real structures to take particles from: atomic models and density maps that the user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from volviz.core.errors import VolvizError
from volviz.core.grid import Floats
from volviz.core.volume import Volume
from volviz.simulate.particles import Particle

Maps = Mapping[str, Volume]
"""Density maps by the names that a recipe gives them."""

_LARGEST = 256
_DENSE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Matter as points (n, 3), (x, y, z) in A, their weights (n,), and the distance (A) that each is smeared over."""

    points_xyz: Floats
    weights: Floats
    spread: float

    def particle(self, voxel_size: float) -> Particle:
        """Return the structure as a density with two samples to a voxel of this size, anchored at (0, 0, 0)."""
        step = voxel_size / 2
        low = np.floor(self.points_xyz.min(axis=0)[::-1] / step).astype(int) - 6
        high = np.ceil(self.points_xyz.max(axis=0)[::-1] / step).astype(int) + 6
        edges = [(np.arange(a, b + 2) - 0.5) * step for a, b in zip(low, high, strict=True)]
        counts, _ = np.histogramdd(self.points_xyz[:, ::-1], bins=edges, weights=self.weights)
        density = ndimage.gaussian_filter(counts.astype(np.float32), float(np.hypot(self.spread, 0.4 * voxel_size)) / step)
        return Particle(density / max(float(density.max()), 1e-9), step, -low.astype(np.float64))

    def centred(self) -> Structure:
        """Return the structure with its centre of mass at (0, 0, 0)."""
        return Structure(self.points_xyz - np.average(self.points_xyz, axis=0, weights=self.weights), self.weights, self.spread)

    def upright(self) -> Structure:
        """Return a trimer with its threefold axis along z and its narrow end at z = 0."""
        points = self.centred().points_xyz
        values, vectors = np.linalg.eigh((points * self.weights[:, None]).T @ points / self.weights.sum())
        # A threefold axis leaves the other two moments equal: it is the one that differs from the middle one most.
        axis = 0 if values[1] - values[0] > values[2] - values[1] else 2
        frame = np.roll(vectors, 2 - axis, axis=1)
        frame[:, 0] *= np.sign(np.linalg.det(frame))
        points = points @ frame
        radius = np.hypot(points[:, 0], points[:, 1])
        bottom, top = np.quantile(points[:, 2], (0.08, 0.92))
        if radius[points[:, 2] < bottom].mean() > radius[points[:, 2] > top].mean():
            points *= (1, -1, -1)
        return Structure(points - (0, 0, points[:, 2].min()), self.weights, self.spread)


def structure(name: str, maps: Maps) -> Structure:
    """Return the structure in a PDB file of this name, or in the density map of this name, where dense is bright.

    Raises:
        VolvizError: the file holds no atoms, or the map is missing, empty, too large or without a voxel size.
    """
    return _atoms(Path(name)) if is_atomic_model(name) else _of_map(name, maps)


def is_atomic_model(name: str) -> bool:
    """Tell whether a file is an atomic model by its ending; all others are density maps."""
    return Path(name).suffix.lower() in {".pdb", ".ent"}


@lru_cache(maxsize=8)
def _atoms(path: Path) -> Structure:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
        atoms = np.array([[float(line[a : a + 8]) for a in (30, 38, 46)] for line in lines if line.startswith("ATOM")])
    except (OSError, ValueError) as error:
        raise VolvizError(f"{path} cannot be read as an atomic model: give a file in PDB format.") from error
    if len(atoms) < 100:
        raise VolvizError(f"{path} holds no atomic model: give a PDB file of a whole protein.")
    return Structure(atoms, np.ones(len(atoms)), 6.0)


def _of_map(name: str, maps: Maps) -> Structure:
    if name not in maps:
        raise VolvizError(f"The density map {name} was not opened: simulate with volviz.simulate, which opens the maps of a recipe.")
    volume = maps[name]
    if max(volume.grid.shape) > _LARGEST:
        raise VolvizError(f"{name} has more than {_LARGEST} voxels along an axis, too many for one protein: cut it out of its box.")
    if not volume.grid.voxel_size_known:
        raise VolvizError(f"{name} does not say its voxel size, so its protein has no size: write it into the header.")
    density = volume.read().astype(np.float64)
    density -= np.median(density)
    solid = np.argwhere(density > _DENSE * density.max())
    if density.max() <= 0 or len(solid) < 8:
        raise VolvizError(f"{name} holds no protein: give a density map where dense is bright.")
    return Structure(volume.grid.to_world(solid), density[tuple(solid.T)], 0.6 * volume.grid.mean_voxel_size)
