"""Closed smooth surfaces around a centre: envelopes, vesicles, cores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Floats, Grid, Region

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """An ellipsoid with smooth bumps: |q| = 1 + sum_k height_k exp(sharpness_k (q.c_k/|q| - 1)), q the point over the half-axes.

    ``center_xyz`` (3,) and ``axes`` (3,) in A; ``rotation`` (3, 3) turns world directions into the body's;
    ``lobes`` (k, 3) unit vectors with ``heights`` (k,), over the radius, and ``sharpness`` (k,).

    A ``blunt`` body is a cylinder along its z axis with rounded ends: the fourth power of |q| is (qx^2 + qy^2)^2 + qz^4.
    ``bend`` curves the z axis: its ends lie so many half-axes aside, towards x.
    """

    center_xyz: Floats
    axes: Floats
    rotation: Floats
    lobes: Floats
    heights: Floats
    sharpness: Floats
    blunt: bool = False
    bend: float = 0.0

    @property
    def reach(self) -> float:
        """No point of the surface is farther than this (A) from the centre."""
        corner = 2**0.25 if self.blunt else 1.0
        swollen = corner * (1 + np.clip(self.heights, 0, None).sum())
        return float(self.axes.max() * swollen + abs(self.bend) * self.axes[0] * swollen**2)

    def radius_towards(self, directions_xyz: Floats) -> Floats:
        """Return how far (A) the surface is from the centre along unit vectors (n, 3) of the world."""
        local = directions_xyz @ self.rotation.T
        if not self.bend:
            q = local / self.axes
            return np.asarray((1 + self._bump(q / np.linalg.norm(q, axis=1, keepdims=True))) / self._norm(q))
        inside, outside = np.zeros(len(local)), np.full(len(local), self.reach)
        for _ in range(24):
            middle = (inside + outside) / 2
            within = self._level(local * middle[:, None]) < 0
            inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
        return np.asarray((inside + outside) / 2)

    def level(self, points_xyz: Floats) -> Floats:
        """Return by how much of its half-axes points (n, 3) of the world lie outside the surface; negative inside."""
        return self._level((points_xyz - self.center_xyz) @ self.rotation.T)

    def _bump(self, q: Floats) -> Floats:
        """Return the height of the bumps in directions (n, 3), unit vectors of the space where the ellipsoid is a sphere."""
        return np.asarray((self.heights * np.exp(self.sharpness * (q @ self.lobes.T - 1))).sum(axis=1))

    def surface(self, directions_xyz: Floats) -> tuple[Floats, Floats]:
        """Return points (n, 3) of the surface and its unit normals (n, 3) there, both (x, y, z) in the world.

        They lie where rays from the centre along unit vectors (n, 3) of the world meet it.
        """
        local = (directions_xyz * self.radius_towards(directions_xyz)[:, None]) @ self.rotation.T
        step = 1.0
        slope = np.stack([self._level(local + step * e) - self._level(local - step * e) for e in np.eye(3)], axis=1)
        normals = slope / np.linalg.norm(slope, axis=1, keepdims=True)
        return local @ self.rotation + self.center_xyz, normals @ self.rotation

    def scatter(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return random points (count, 3) of the surface, alike often on every part of it, and its unit normals there."""
        if count == 0:
            return np.zeros((0, 3)), np.zeros((0, 3))
        directions = unit_vectors(6 * count, rng)
        points, normals = self.surface(directions)
        # The area that a cone of directions cuts out: r^2 over the cosine of the slant.
        outward = points - self.center_xyz
        area = (outward**2).sum(axis=1) / np.clip((normals * directions).sum(axis=1), 0.1, None)
        chosen = rng.choice(len(points), count, replace=False, p=area / area.sum())
        return points[chosen], normals[chosen]

    def _level(self, local: Floats) -> Floats:
        q = local / self.axes
        q[:, 0] -= self.bend * q[:, 2] ** 2
        directions = q / np.maximum(np.linalg.norm(q, axis=1, keepdims=True), 1e-9)
        return np.asarray(self._norm(q) - 1 - self._bump(directions))

    def _norm(self, q: Floats) -> Floats:
        """Return |q| of points (n, 3) over the half-axes: 1 on the surface of a body without bumps."""
        across, along = q[:, 0] ** 2 + q[:, 1] ** 2, q[:, 2] ** 2
        return np.asarray((across**2 + along**2) ** 0.25 if self.blunt else np.sqrt(across + along))

    def distance(self, grid: Grid) -> Array:
        """Return the signed distance (z, y, x) in A to the surface, negative inside, right to first order near the surface.

        A level set over the length of its gradient: exact for a sphere.
        """
        x, y, z = coordinates_xyz(grid, self.center_xyz)
        rows = (self.rotation / self.axes[:, None]).astype(np.float32)
        q = [row[0] * x + (row[1] * y + row[2] * z) for row in rows]
        if self.bend:
            q[0] -= np.float32(self.bend) * q[2] ** 2
        across, along = q[0] ** 2 + q[1] ** 2, q[2] ** 2
        inverse = 1 / np.maximum(np.sqrt(across + along), np.float32(1e-4))
        level: Array = (np.sqrt(np.sqrt(across**2 + along**2)) if self.blunt else np.sqrt(across + along)) - np.float32(1)
        for c, height, sharp in zip(self.lobes.astype(np.float32), self.heights, self.sharpness, strict=True):
            k = np.float32(sharp)
            exponent = (q[0] * (k * c[0]) + q[1] * (k * c[1]) + q[2] * (k * c[2])) * inverse - k
            level -= np.float32(height) * np.exp(exponent, out=exponent)
        slopes = np.gradient(level, *grid.voxel_size)
        steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
        np.maximum(steepness, np.float32(0.4 / self.axes.max()), out=steepness)
        return np.asarray(level / steepness, dtype=np.float32)


def coordinates_xyz(grid: Grid, center_xyz: Floats) -> tuple[Array, Array, Array]:
    """Return x (1, 1, nx), y (1, ny, 1), z (nz, 1, 1) in A from a point, as arrays that broadcast to the grid's shape."""
    nz, ny, nx = grid.shape
    x = grid.to_world(np.stack([np.zeros(nx), np.zeros(nx), np.arange(nx)], axis=1))[:, 0] - center_xyz[0]
    y = grid.to_world(np.stack([np.zeros(ny), np.arange(ny), np.zeros(ny)], axis=1))[:, 1] - center_xyz[1]
    z = grid.to_world(np.stack([np.arange(nz), np.zeros(nz), np.zeros(nz)], axis=1))[:, 2] - center_xyz[2]
    return x[None, None, :].astype(np.float32), y[None, :, None].astype(np.float32), z[:, None, None].astype(np.float32)


def region_around(grid: Grid, center_xyz: Floats, reach: float) -> Region | None:
    """Return the voxels within ``reach`` A of a point along every axis, or None if the grid has none of them."""
    ends = grid.to_index(np.stack([center_xyz - reach, center_xyz + reach]))
    start = np.maximum(np.floor(ends.min(axis=0)).astype(int), 0)
    stop = np.minimum(np.ceil(ends.max(axis=0)).astype(int) + 1, grid.shape)
    # One voxel has no gradient, and nothing of interest.
    return None if bool((stop - start < 2).any()) else Region(tuple(start), tuple(stop))


def random_rotation(rng: np.random.Generator) -> Floats:
    """Return a rotation matrix (3, 3), uniform over all orientations."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def rotation_onto(direction_xyz: Floats, spin: float) -> Floats:
    """Return the rotation (3, 3) that takes the z axis to a unit vector, after a turn by ``spin`` radians about z."""
    z = direction_xyz / np.linalg.norm(direction_xyz)
    helper = np.array([1.0, 0, 0]) if abs(z[0]) < 0.8 else np.array([0, 1.0, 0])
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    c, s = np.cos(spin), np.sin(spin)
    return np.stack([c * x + s * y, -s * x + c * y, z], axis=1)


def unit_vectors(count: int, rng: np.random.Generator) -> Floats:
    """Return random directions (count, 3), uniform over the sphere."""
    v = rng.normal(size=(count, 3))
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))


def random_body(
    center_xyz: Floats, radius: float, elongation: float, bumps: float, rng: np.random.Generator, *, aspect: float = 1.0
) -> Body:
    """Return a body of about this radius (A) whose half-axes and surface vary as `Spec` says.

    An ``aspect`` above 1 makes it a bent filament, so many times as long as wide, that lies nearly in the plane of the film.
    """
    axes = radius * (1 + rng.uniform(-elongation, elongation, 3))
    rotation = random_rotation(rng)
    if aspect > 1:
        axes = np.array([axes[0], axes[0], aspect * axes[0]])
        angle, lift = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.12)
        rotation = rotation_onto(np.array([np.cos(angle), np.sin(angle), lift]), rng.uniform(0, 2 * np.pi)).T
    count = 6
    return Body(
        center_xyz=center_xyz,
        axes=axes,
        rotation=rotation,
        lobes=unit_vectors(count, rng),
        heights=rng.normal(0, 1, count) * bumps,
        sharpness=rng.uniform(2, 12, count),
        blunt=aspect > 1,
        bend=float(rng.normal(0, 0.15 * (aspect - 1))) if aspect > 1 else 0.0,
    )
