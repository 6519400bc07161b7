"""Virions and vesicles: what is to be found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from volviz.core.grid import Floats, Region
from volviz.simulate.bodies import Array, Body, random_rotation, region_around, unit_vectors
from volviz.simulate.canvas import MEMBRANE_HALF_WIDTH, Canvas, below, slow_texture
from volviz.simulate.particles import Particle, tilted

PATCH = 350.0
"""A, over which a membrane is about equally strong."""


@dataclass(frozen=True, slots=True)
class Bilayer:
    """Two Gaussian leaflets: their distance and width (A), peak density, its relative grain, and the protein on both faces.

    ``patches`` is the relative slow variation of all that along the surface; ``matrix`` the density of a layer of protein
    ``matrix_depth`` A below the mid-surface.
    """

    spacing: float
    width: float
    contrast: float
    grain: float
    protein: float
    patches: float = 0.0
    matrix: float = 0.0
    matrix_depth: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """Spikes on an envelope: where they stand (points and unit normals (n, 3)), which particle each is, and how they lean (radians)."""

    points_xyz: Floats
    normals_xyz: Floats
    kinds: tuple[Particle, ...]
    tilts: Floats
    contrast: float


def draw_envelope(
    canvas: Canvas, body: Body, bilayer: Bilayer, filling: float, hole_xyz: Floats | None, *, rng: np.random.Generator
) -> None:
    """Draw a closed bilayer, its fluid and its labels; a hole of about 60 degrees across opens towards a direction."""
    region = region_around(canvas.grid, body.center_xyz, body.reach + MEMBRANE_HALF_WIDTH + 40)
    if region is None:
        return
    grid = canvas.grid.crop(region)
    voxel = grid.mean_voxel_size
    distance = body.distance(grid)
    grain = shifted_texture(canvas, region, rng)

    # A leaflet thinner than a voxel keeps its mass: the voxel records the mean over itself.
    sigma = float(np.hypot(bilayer.width, 0.35 * voxel))
    peak = bilayer.contrast * bilayer.width / sigma
    half = bilayer.spacing / 2
    shell: Array = np.exp(-((distance - half) ** 2) / (2 * sigma**2)) + np.exp(-((distance + half) ** 2) / (2 * sigma**2))
    shell *= np.float32(peak)
    if bilayer.protein:
        wide = float(np.hypot(22.0, 0.35 * voxel))
        shell += np.float32(bilayer.protein) * np.exp(-(distance**2) / (2 * wide**2)) * np.maximum(0, 1 + grain)
    shell *= np.maximum(0.1, 1 + np.float32(bilayer.grain) * grain)
    if bilayer.matrix:
        layer = np.exp(-((distance + np.float32(bilayer.matrix_depth)) ** 2) / (2 * float(np.hypot(11.0, 0.35 * voxel)) ** 2))
        shell += np.float32(bilayer.matrix) * layer * np.maximum(0, 1 + np.float32(0.5) * grain)
    if bilayer.patches:
        shell *= np.maximum(0.05, 1 + np.float32(bilayer.patches) * slow_texture(grid.shape, PATCH / voxel, rng))
    inside = below(distance, -half, 2 * voxel)
    fluid = np.float32(filling) * inside * (1 + np.float32(0.5) * grain)

    membrane = below(np.abs(distance), MEMBRANE_HALF_WIDTH, voxel)
    lumen = below(distance, -MEMBRANE_HALF_WIDTH, voxel)
    if hole_xyz is not None:
        x, y, z = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in grid.shape), indexing="ij")[::-1]
        offset = grid.to_world(np.zeros(3)) - body.center_xyz
        along = sum(h * (a * np.float32(voxel) + o) for h, a, o in zip(hole_xyz, (x, y, z), offset, strict=True))
        rim = below(-np.asarray(along, np.float32), -0.87 * float(body.axes.min()), 2 * voxel)
        shell *= 1 - rim
        membrane *= 1 - rim
    canvas.density[region.slices] += shell + fluid
    canvas.cover(region, membrane, lumen)


def draw_spikes(canvas: Canvas, spikes: Spikes, rng: np.random.Generator) -> None:
    """Draw and label spikes; what would stand inside an envelope is left out."""
    for point, normal, tilt in zip(spikes.points_xyz, spikes.normals_xyz, spikes.tilts, strict=True):
        particle = spikes.kinds[int(rng.integers(len(spikes.kinds)))]
        drawn = particle.render(canvas.grid, point, tilted(normal, float(tilt), rng))
        if drawn is None:
            continue
        region, density = drawn
        density *= 1 - canvas.lumen[region.slices]
        canvas.mark_spike(region, density)
        canvas.density[region.slices] += np.float32(spikes.contrast) * density


def stand(body: Body, count: int, spacing: float, clustering: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return about ``count`` points (n, 3) on a surface and their unit normals, at least ``spacing`` A apart where there is room."""
    if count == 0:
        return np.zeros((0, 3)), np.zeros((0, 3))
    points, normals = body.scatter(12 * count, rng)
    pole = unit_vectors(1, rng)[0]
    along = (points - body.center_xyz) @ pole / body.reach
    order = np.argsort(-(clustering * along + (1 - clustering) * rng.uniform(-1, 1, len(points))))
    points, normals = points[order], normals[order]
    kept: list[int] = []
    for i in range(len(points)):
        if all(np.linalg.norm(points[i] - points[k]) > spacing for k in kept):
            kept.append(i)
            if len(kept) == count:
                break
    return points[kept], normals[kept]


def shifted_texture(canvas: Canvas, region: Region, rng: np.random.Generator) -> Array:
    """Return a piece of the canvas' texture of a region's shape, from a random place, so that objects do not share a grain."""
    starts = [int(rng.integers(0, n - m + 1)) for n, m in zip(canvas.grid.shape, region.shape, strict=True)]
    return canvas.texture[tuple(slice(a, a + m) for a, m in zip(starts, region.shape, strict=True))]


def draw_nucleoproteins(
    canvas: Canvas, body: Body, particles: tuple[Particle, ...], count: int, contrast: float, *, strung: bool, rng: np.random.Generator
) -> None:
    """Draw ribonucleoproteins inside an envelope, most of them under its membrane, or strung into one filament."""
    for point in _wander(body, count, rng) if strung else _scatter(body, count, rng):
        drawn = particles[int(rng.integers(len(particles)))].render(canvas.grid, point, random_rotation(rng))
        if drawn is not None:
            region, density = drawn
            # Ribonucleoprotein does not reach into the membrane, and where two meet it is no denser than one.
            here = canvas.density[region.slices]
            more = np.float32(contrast) * density * canvas.lumen[region.slices]
            here += np.clip(np.float32(1.3 * contrast) - here, 0, more)


def draw_core(canvas: Canvas, body: Body, contrast: float, *, walled: bool, rng: np.random.Generator) -> None:
    """Draw one dense body inside an envelope: a walled capsid, narrower than the envelope, or condensed matter."""
    scale = np.array([0.45, 0.4, 0.75]) if walled else np.full(3, rng.uniform(0.6, 0.85))
    inner = replace(body, axes=body.axes * scale)
    region = region_around(canvas.grid, inner.center_xyz, inner.reach + 40)
    if region is None:
        return
    grid = canvas.grid.crop(region)
    distance = inner.distance(grid)
    grain = shifted_texture(canvas, region, rng)
    matter = below(distance, 0, 2 * grid.mean_voxel_size) * (np.float32(0.3 if walled else 0.8) * (1 + np.float32(0.4) * grain))
    if walled:
        matter += np.exp(-(distance**2) / (2 * float(np.hypot(18, 0.35 * grid.mean_voxel_size)) ** 2))
    canvas.density[region.slices] += np.float32(contrast) * matter * canvas.lumen[region.slices]


def _scatter(body: Body, count: int, rng: np.random.Generator) -> Floats:
    """Return points inside a body, most of them under its membrane."""
    points, _ = body.scatter(count, rng)
    room = max(0.1, 1 - 110 / float(body.axes.min()))
    depth = room * rng.uniform(0.15, 1, count) ** 0.45
    return np.asarray(body.center_xyz + depth[:, None] * (points - body.center_xyz))


def _wander(body: Body, count: int, rng: np.random.Generator) -> Floats:
    """Return points of a random coil inside a body."""
    room = max(0.1, 1 - 110 / float(body.axes.min()))
    place, heading = np.zeros(3), unit_vectors(1, rng)[0]
    points = []
    for _ in range(3 * count):
        heading = heading + 0.5 * rng.normal(size=3)
        heading /= np.linalg.norm(heading)
        step = place + 0.1 * heading
        if np.linalg.norm(step) > room:
            heading = -step / np.linalg.norm(step)
            step = place + 0.1 * heading
        place = step
        points.append((place * body.axes + (body.bend * place[2] ** 2 * body.axes[0], 0, 0)) @ body.rotation)
    return np.asarray(points).reshape(-1, 3) + body.center_xyz
