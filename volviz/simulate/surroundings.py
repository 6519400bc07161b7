"""Everything around virions that is not to be found: ice, free protein, filaments, gold, carbon, dirt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from volviz.core.grid import Floats
from volviz.simulate.bodies import Array, Body, coordinates_xyz, random_body, random_rotation, region_around
from volviz.simulate.canvas import Canvas, below, texture
from volviz.simulate.particles import Particle, globule
from volviz.simulate.spec import Spec

Mask = npt.NDArray[np.bool_]
Models = tuple[Particle, ...]


def draw_ice(canvas: Canvas, spec: Spec, rng: np.random.Generator) -> None:
    """Draw the fine unevenness of vitreous ice and what little is dissolved in it."""
    if spec.ice_texture:
        film = canvas.density[canvas.film.slices]
        film += np.float32(spec.ice_texture) * texture(canvas.film.shape, 25 / spec.voxel_size, rng)


def draw_debris(canvas: Canvas, spec: Spec, models: Models, rng: np.random.Generator) -> None:
    """Draw free proteins between the envelopes, from a bank of particles that are already turned and lie on the grid."""
    count = int(rng.poisson(spec.debris * float(np.prod(canvas.film.shape)) * (spec.voxel_size / 1000) ** 3))
    if count:
        _stamp(canvas, _bank(spec, spec.debris_size, rng, models), canvas.grid.to_index(canvas.scatter(count, rng)), _outside(canvas), rng)


def draw_contents(canvas: Canvas, spec: Spec, models: Models, rng: np.random.Generator) -> None:
    """Draw the proteins inside vesicles: everywhere in the lumina that are there."""
    inside = canvas.lumen > 0.98
    count = int(rng.poisson(spec.vesicle_contents * float(inside.sum()) * (spec.voxel_size / 1000) ** 3))
    if count:
        voxels = np.flatnonzero(inside)
        places = np.stack(np.unravel_index(voxels[rng.integers(len(voxels), size=count)], inside.shape), axis=1)
        _stamp(canvas, _bank(spec, spec.debris_size, rng, models), places, inside, rng)


def draw_peripheral(canvas: Canvas, bodies: list[Body], spec: Spec, rng: np.random.Generator) -> None:
    """Draw small proteins that lie on the faces of envelopes, outside and inside."""
    if not spec.peripheral:
        return
    bank = _bank(spec, (25.0, 65.0), rng)
    everywhere = np.ones(canvas.grid.shape, dtype=bool)
    for body in bodies:
        count = int(rng.poisson(2 * spec.peripheral * _surface_area(body) / 1e6))
        points, normals = body.scatter(min(count, 5000), rng)
        height = rng.uniform(25, 55, len(points)) * rng.choice([-1.0, 1.0], len(points))
        _stamp(canvas, bank, canvas.grid.to_index(points + normals * height[:, None]), everywhere, rng)


def draw_nearby(canvas: Canvas, bodies: list[Body], spec: Spec, rng: np.random.Generator) -> None:
    """Draw proteins of the size of a spike's head that hover over envelopes without a stalk."""
    if not spec.nearby:
        return
    bank = _bank(spec, (70.0, 150.0), rng)
    free = _outside(canvas)
    for body in bodies:
        count = int(rng.poisson(spec.nearby * _surface_area(body) / 1e6))
        points, normals = body.scatter(min(count, 2000), rng)
        places = points + normals * rng.uniform(110, 300, (len(points), 1))
        _stamp(canvas, bank, canvas.grid.to_index(places), free, rng)


def draw_adsorbed(canvas: Canvas, spec: Spec, models: Models, rng: np.random.Generator) -> None:
    """Draw proteins that stick to the two surfaces of the film."""
    _, ny, nx = canvas.grid.shape
    count = int(rng.poisson(2 * spec.adsorbed * ny * nx * (spec.voxel_size / 1000) ** 2))
    if count:
        z = rng.choice([canvas.film.start[0], canvas.film.stop[0] - 1], count) + rng.normal(0, 30 / spec.voxel_size, count)
        places = np.stack([z, rng.uniform(0, ny, count), rng.uniform(0, nx, count)], axis=1)
        _stamp(canvas, _bank(spec, spec.debris_size, rng, models), places, _outside(canvas), rng)


def draw_filaments(canvas: Canvas, spec: Spec, rng: np.random.Generator) -> None:
    """Draw long, gently bent strands of protein: actin, microtubules, loose genomes."""
    extent = np.asarray(canvas.grid.shape) * spec.voxel_size
    for _ in range(spec.filaments):
        size = float(rng.uniform(40, 180))
        bank = [_on_grid(globule(size, spec.voxel_size, rng), spec.voxel_size, rng) for _ in range(3)]
        step = 0.35 * size
        heading = rng.normal(size=3) * (0.3, 1, 1)
        place = rng.uniform(0, 1, 3) * extent
        bend = rng.normal(size=3) * 0.01
        places: list[Floats] = []
        for sign in (-1.0, 1.0):
            point, direction = place.copy(), sign * heading / np.linalg.norm(heading)
            while ((point > -size) & (point < extent + size)).all() and len(places) < 2000:
                places.append(point / spec.voxel_size)
                direction = direction + bend + rng.normal(size=3) * 0.01
                direction /= np.linalg.norm(direction)
                point = point + step * direction
        _stamp(canvas, bank, np.asarray(places), _outside(canvas), rng)


def draw_gold(canvas: Canvas, spec: Spec, rng: np.random.Generator) -> None:
    """Draw gold beads, ten times as dense as protein."""
    for place in canvas.scatter(spec.gold, rng):
        bead = random_body(place, spec.gold_radius * float(rng.uniform(0.85, 1.15)), 0.05, 0.0, rng)
        region = region_around(canvas.grid, place, bead.reach + 2 * spec.voxel_size)
        if region is not None:
            canvas.heavy[region.slices] += np.float32(10) * below(bead.distance(canvas.grid.crop(region)), 0, spec.voxel_size)


def draw_carbon(canvas: Canvas, spec: Spec, rng: np.random.Generator) -> None:
    """Draw a grainy film with a round edge over part of the field."""
    if not spec.carbon:
        return
    low, high = canvas.grid.bounds_xyz
    extent = high - low
    angle = rng.uniform(0, 2 * np.pi)
    outward = np.array([np.cos(angle), np.sin(angle)])
    radius = float(rng.uniform(5000, 12000))
    # The edge of the hole passes where the wanted fraction of the field's width is covered.
    edge = (0.5 - spec.carbon) * float(np.abs(outward) @ extent[:2])
    center = np.append(canvas.grid.center_xyz[:2] + outward * (edge - radius), canvas.grid.center_xyz[2])
    x, y, z = coordinates_xyz(canvas.grid, center)
    level = (rng.uniform(-0.4, 0.4)) * extent[2]
    thickness = float(rng.uniform(120, 300))
    outside = below(radius - np.sqrt(x**2 + y**2), 0, 3 * spec.voxel_size)
    slab = below(np.abs(z - np.float32(level)) - thickness / 2, 0, 2 * spec.voxel_size)
    grain = texture(canvas.grid.shape, 16 / spec.voxel_size, rng)
    canvas.heavy[...] += np.float32(1.1) * outside * slab * (1 + np.float32(0.5) * grain)


def draw_contamination(canvas: Canvas, spec: Spec, rng: np.random.Generator) -> None:
    """Draw ice crystals on the two surfaces of the film: lumps as dense as protein and larger than it."""
    for _ in range(spec.contamination):
        at = rng.uniform(0, 1, 3) * canvas.grid.shape
        at[0] = rng.choice([canvas.film.start[0], canvas.film.stop[0]])
        place: Floats = canvas.grid.to_world(at)
        lump = random_body(place, float(rng.uniform(150, 500)), 0.3, 0.15, rng)
        region = region_around(canvas.grid, place, lump.reach + 2 * spec.voxel_size)
        if region is not None:
            inside = below(lump.distance(canvas.grid.crop(region)), 0, 2 * spec.voxel_size)
            canvas.heavy[region.slices] += np.float32(rng.uniform(0.4, 1.2)) * inside


def _surface_area(body: Body) -> float:
    """Return about how large a body's surface is, in square A."""
    a, b, c = body.axes**1.6075
    return float(4 * np.pi * ((a * b + a * c + b * c) / 3) ** (1 / 1.6075))


def _outside(canvas: Canvas) -> Mask:
    """Return where no envelope is."""
    return np.asarray(canvas.membrane + canvas.lumen < 0.02)


def _bank(spec: Spec, sizes: tuple[float, float], rng: np.random.Generator, models: Models = ()) -> list[Array]:
    """Return proteins that are already turned and lie on the grid: to draw thousands is to add them.

    They are of random sizes (A), or, every other one, one of the models there may be, as large as it is.
    """
    bank: list[Array] = []
    for i in range(24):
        particle = models[int(rng.integers(len(models)))] if models and i % 2 else globule(float(rng.uniform(*sizes)), spec.voxel_size, rng)
        bank.append(_on_grid(particle, spec.voxel_size, rng) * np.float32(spec.debris_contrast * rng.uniform(0.6, 1.2)))
    return bank


def _on_grid(particle: Particle, voxel_size: float, rng: np.random.Generator) -> Array:
    """Return a particle turned at random, on voxels of the specimen's size."""
    half = int(np.ceil(particle.reach / voxel_size))
    matrix = random_rotation(rng) * (voxel_size / particle.voxel_size)
    offset = particle.anchor - matrix @ np.full(3, half)
    stamp: Array = ndimage.affine_transform(particle.density, matrix, offset, (2 * half + 1,) * 3, np.float32, order=1)
    solid = np.argwhere(stamp > 0.01)
    if len(solid) == 0:
        return stamp
    low, high = solid.min(axis=0), solid.max(axis=0) + 1
    return stamp[low[0] : high[0], low[1] : high[1], low[2] : high[2]]


def _stamp(canvas: Canvas, bank: list[Array], places: npt.ArrayLike, free: Mask, rng: np.random.Generator) -> None:
    """Add particles of a bank at places (n, 3), (z, y, x) in voxels, as far as they lie in the free part of the canvas."""
    shape = np.asarray(canvas.grid.shape)
    nearest = np.rint(places).astype(int)
    for place, which in zip(nearest, rng.integers(len(bank), size=len(nearest)), strict=True):
        stamp = bank[which]
        start = place - np.asarray(stamp.shape) // 2
        a, b = np.maximum(start, 0), np.minimum(start + stamp.shape, shape)
        if (a >= b).any():
            continue
        box = tuple(slice(i, j) for i, j in zip(a, b, strict=True))
        piece = tuple(slice(i, j) for i, j in zip(a - start, b - start, strict=True))
        canvas.density[box] += stamp[piece] * free[box]
