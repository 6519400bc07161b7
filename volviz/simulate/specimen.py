"""A whole field of view: what lies where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from volviz.core.grid import Floats, Grid
from volviz.core.report import Report
from volviz.simulate import surroundings
from volviz.simulate.bodies import Body, random_body, random_rotation, unit_vectors
from volviz.simulate.canvas import Canvas
from volviz.simulate.particles import Particle, nucleoprotein
from volviz.simulate.spec import Spec
from volviz.simulate.spikes import spike, spike_of_structure
from volviz.simulate.structures import Maps, structure
from volviz.simulate.virion import Bilayer, Spikes, draw_core, draw_envelope, draw_nucleoproteins, draw_spikes, stand


def prepare(spec: Spec, grid: Grid, inner: Grid, maps: Maps, *, rng: np.random.Generator, report: Report) -> tuple[Canvas, int]:
    """Return a specimen drawn on ``grid``, and how many of the envelopes asked for found room.

    They are placed in the box of ``inner``, a part of the grid. ``maps`` are the density maps that the recipe names.
    """
    canvas = Canvas.blank(grid, spec.ice_thickness, spec.grain_size, rng)
    surroundings.draw_ice(canvas, spec, rng)
    bodies = place(spec, inner, grid.crop(canvas.film), rng)
    found = len(bodies)
    # A small vesicle has no room for another.
    roomy = [body for body, has_spikes in bodies if not has_spikes and body.axes.min() > 350]
    bodies += [(_nested(body, rng), False) for body in roomy if rng.random() < spec.nested]
    # Vesicles first, so that what fills them is drawn while no other lumen is there.
    bodies.sort(key=lambda item: item[1])
    report(0.1, "placing virions")
    shapes = tuple(_spike(spec, maps, rng) for _ in range(4)) if spec.spikes[1] or spec.free_spikes else ()
    nucleoproteins = tuple(nucleoprotein(float(rng.uniform(120, 170)), spec.voxel_size, rng) for _ in range(3))
    proteins = tuple(structure(name, maps).centred().particle(spec.voxel_size) for name in spec.debris_densities)
    filled = not spec.vesicle_contents
    for i, (body, has_spikes) in enumerate(bodies):
        if has_spikes and not filled:
            surroundings.draw_contents(canvas, spec, proteins, rng)
            filled = True
        bilayer = Bilayer(
            spacing=float(rng.uniform(*spec.leaflet_spacing)),
            width=spec.leaflet_width,
            contrast=float(rng.uniform(*spec.membrane_contrast)),
            grain=spec.membrane_grain,
            protein=spec.membrane_protein * float(rng.uniform(0.5, 1.5)) * (1.0 if has_spikes else 0.5),
            patches=spec.membrane_patches,
            matrix=spec.matrix if has_spikes else 0.0,
            matrix_depth=float(rng.uniform(*spec.matrix_depth)),
        )
        hole = unit_vectors(1, rng)[0] if rng.random() < spec.broken else None
        draw_envelope(canvas, body, bilayer, spec.lumen_density if has_spikes else spec.vesicle_filling, hole, rng=rng)
        if has_spikes:
            count = int(rng.integers(spec.rnp[0], spec.rnp[1] + 1))
            if spec.core in ("rnp", "filament"):
                draw_nucleoproteins(canvas, body, nucleoproteins, count, spec.core_contrast, strung=spec.core == "filament", rng=rng)
            elif spec.core != "empty":
                draw_core(canvas, body, spec.core_contrast, walled=spec.core == "cone", rng=rng)
        report(0.1 + 0.5 * (i + 1) / len(bodies), "drawing envelopes")
    if not filled:
        surroundings.draw_contents(canvas, spec, proteins, rng)
    # All envelopes first: a spike must not stand in a neighbour.
    for body, has_spikes in bodies:
        if has_spikes and shapes:
            count = int(rng.integers(spec.spikes[0], spec.spikes[1] + 1))
            points, normals = stand(body, count, 75.0, spec.spike_clustering, rng)
            tilts = np.radians(np.clip(np.abs(rng.normal(*spec.spike_tilt, len(points))), 0, 75))
            draw_spikes(canvas, Spikes(points, normals, shapes, tilts, spec.spike_contrast), rng)
    report(0.75, "drawing what is around them")
    if shapes:
        _free_spikes(canvas, spec, shapes, rng)
    surroundings.draw_peripheral(canvas, [body for body, _ in bodies], spec, rng)
    surroundings.draw_nearby(canvas, [body for body, has_spikes in bodies if not has_spikes], spec, rng)
    surroundings.draw_debris(canvas, spec, proteins, rng)
    surroundings.draw_adsorbed(canvas, spec, proteins, rng)
    surroundings.draw_filaments(canvas, spec, rng)
    surroundings.draw_contamination(canvas, spec, rng)
    surroundings.draw_gold(canvas, spec, rng)
    surroundings.draw_carbon(canvas, spec, rng)
    report(1.0, "specimen ready")
    return canvas, found


def place(spec: Spec, grid: Grid, film: Grid, rng: np.random.Generator) -> list[tuple[Body, bool]]:
    """Return bodies that do not overlap, and for each whether it is a virion (else a bald vesicle).

    They lie in the field of ``grid`` and the depth of ``film``. What finds no room after many trials at ever smaller
    distances is left out; so is the rest when many in a row found none.
    """
    wanted = [(float(rng.uniform(*spec.radius)), True) for _ in range(spec.virions)]
    wanted += [(float(rng.uniform(*spec.vesicle_radius)), False) for _ in range(spec.vesicles)]
    low, high = grid.bounds_xyz
    bottom, top = film.bounds_xyz
    low[2], high[2] = max(low[2], bottom[2]), min(high[2], top[2])
    best: list[tuple[Body, bool]] = []
    for _ in range(8):
        placed: list[tuple[Body, bool]] = []
        outlines: list[tuple[Body, Floats]] = []
        misses = 0
        for radius, has_spikes in wanted:
            if misses == _FULL:
                break
            misses += 1
            aspect = float(rng.uniform(*spec.aspect)) if has_spikes and rng.random() < spec.filamentous else 1.0
            body = random_body(grid.center_xyz, radius, spec.elongation, spec.bumps, rng, aspect=aspect)
            centers = _centers(body, low, high, spec.cut, rng)
            gaps = np.linspace(spec.clearance[1], spec.clearance[0], len(centers))
            if placed and rng.random() < spec.touching:
                other = placed[int(rng.integers(len(placed)))][0]
                outward = (centers - other.center_xyz) / np.linalg.norm(centers - other.center_xyz, axis=1, keepdims=True)
                reach = other.radius_towards(outward) + body.radius_towards(-outward) + spec.clearance[0]
                centers = other.center_xyz + outward * (reach + rng.uniform(1, 40, len(centers)))[:, None]
                gaps = np.full(len(centers), spec.clearance[0])
            free = np.ones(len(centers), dtype=bool)
            for other, _ in placed:
                free &= _gap(body, centers, other) > gaps
            # Long and bent bodies may meet beside the line of their centres.
            outline = body.surface(_AROUND)[0] - body.center_xyz
            for center in centers[free][:20]:
                here = replace(body, center_xyz=center)
                if all(_apart(here, outline + center, *other, spec.clearance[0]) for other in outlines):
                    placed.append((here, has_spikes))
                    outlines.append((here, outline + center))
                    misses = 0
                    break
        if len(placed) > len(best) or not best:
            best = placed
        if len(best) == len(wanted):
            break
    return best


def _gap(body: Body, centers_xyz: Floats, other: Body) -> Floats:
    """Return the distance (n,) between two bodies along the line of their centres, for centres (n, 3) of the first."""
    between = centers_xyz - other.center_xyz
    distance = np.linalg.norm(between, axis=1)
    outward = between / np.maximum(distance, 1e-6)[:, None]
    return np.asarray(distance - other.radius_towards(outward) - body.radius_towards(-outward))


_FULL = 200  # so many bodies in a row that found no room: there is none
_AROUND = unit_vectors(200, np.random.default_rng(0))


def _apart(body: Body, outline: Floats, other: Body, others: Floats, gap: float) -> bool:
    """Tell whether no part of one body reaches into another, by more than a negative gap (A) allows.

    ``outline`` and ``others`` are points (n, 3) of their surfaces.
    """
    if np.linalg.norm(body.center_xyz - other.center_xyz) > body.reach + other.reach + gap:
        return True
    deepest = min(float(body.level(others).min() * body.axes.min()), float(other.level(outline).min() * other.axes.min()))
    return deepest > min(gap, 0.0) - 5.0


def _centers(body: Body, low: Floats, high: Floats, cut: float, rng: np.random.Generator) -> Floats:
    """Return candidate centres (n, 3) for a body in a box.

    A body wider than the box is placed by a point of its surface, near its equator: a field inside a vesicle shows nothing of it.
    """
    count = 600
    if 2 * body.axes.min() > (high - low)[:2].min():
        outward = unit_vectors(count, rng) * (1, 1, 0.3)
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        return np.asarray(low + (high - low) * rng.uniform(0.15, 0.85, (count, 3)) - outward * body.axes.mean())
    margin = np.minimum(body.reach * (1 - cut), (high - low) * 0.45)
    return rng.uniform(low + margin, high - margin, (count, 3))


def _nested(body: Body, rng: np.random.Generator) -> Body:
    """Return a second envelope inside a first."""
    scale = float(rng.uniform(0.4, 1)) * (1 - 120 / float(body.axes.min()))
    return replace(body, axes=body.axes * scale)


def _spike(spec: Spec, maps: Maps, rng: np.random.Generator) -> Particle:
    length = float(rng.uniform(*spec.spike_length))
    if spec.spike_densities:
        name = spec.spike_densities[int(rng.integers(len(spec.spike_densities)))]
        return spike_of_structure(structure(name, maps).upright(), length, spec.voxel_size, rng)
    kind = str(rng.choice(["closed", "closed", "open", "club", "rod"])) if spec.spike_kind == "mixed" else spec.spike_kind
    return spike(kind, length, spec.spike_width, spec.voxel_size, rng)


def _free_spikes(canvas: Canvas, spec: Spec, shapes: tuple[Particle, ...], rng: np.random.Generator) -> None:
    """Draw spikes that came off: protein like any other to the labels."""
    for position in canvas.scatter(spec.free_spikes, rng):
        drawn = shapes[int(rng.integers(len(shapes)))].render(canvas.grid, position, random_rotation(rng))
        if drawn is not None:
            region, density = drawn
            free = 1 - canvas.lumen[region.slices] - canvas.membrane[region.slices]
            canvas.density[region.slices] += np.float32(spec.spike_contrast) * density * free
