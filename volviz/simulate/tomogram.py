"""From a recipe to a tomogram and its labels."""

from __future__ import annotations

import numpy as np

from volviz.core.grid import Grid, Region
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.simulate import denoise
from volviz.simulate.microscope import Projector, reconstruct, record, tilt_angles
from volviz.simulate.spec import Spec
from volviz.simulate.specimen import prepare
from volviz.simulate.structures import Maps
from volviz.simulate.turn import turn, turned_shape

MARGIN = 120.0
"""A of specimen beyond the faces in z and x, because tilted beams pass through it."""


def simulate(spec: Spec, report: Report = silent, *, maps: Maps | None = None) -> tuple[Volume, Segmentation]:
    """Return a tomogram, float32 with mean 0 and standard deviation 1, and its soft labels, both on the recipe's grid.

    The same recipe gives the same tomogram. ``maps`` are the density maps that it names, by their names.

    Raises:
        VolvizError: a structure that the recipe names cannot be used.
        Cancelled: ``report`` said so.
    """
    rng = np.random.default_rng(spec.seed)
    voxel = spec.voxel_size
    grid = Grid(spec.shape, (voxel, voxel, voxel))
    margin = round(MARGIN / voxel)
    nz, ny, nx = spec.shape
    padded = Grid((nz + 2 * margin, ny, nx + 2 * margin), grid.voxel_size, (-margin * voxel, 0.0, -margin * voxel))
    inner = Region((margin, 0, margin), (margin + nz, ny, margin + nx))

    canvas, found = prepare(spec, padded, grid, maps or {}, rng=rng, report=part(report, 0.0, 0.35))
    asked = spec.virions + spec.vesicles
    notes = () if found >= asked else (f"Only {found} of {asked} virions and vesicles found room in a field of this size.",)
    labels = Segmentation.of_probabilities(grid, canvas.labels(inner), provenance={"simulation": spec.to_json()}, name="labels")
    # The projector tilts about y: what is tilted about another axis is turned there and back.
    frame = turned_shape(padded.shape, spec.tilt_axis)
    projector = Projector(frame, tilt_angles(spec))
    density, heavy = (turn(array, spec.tilt_axis, frame) for array in (canvas.density, canvas.heavy))
    del canvas
    series = record(density, heavy, projector, spec, rng=rng, report=part(report, 0.35, 0.65))
    del density, heavy
    data = turn(reconstruct(series, projector, spec, part(report, 0.65, 0.9)), -spec.tilt_axis, padded.shape)
    data = np.ascontiguousarray(data[inner.slices])
    if spec.lowpass:
        data = denoise.lowpass(data, voxel, spec.lowpass)
    if spec.diffusion:
        data = denoise.diffuse(data, spec.diffusion)
    data -= data.mean(dtype=np.float64)
    data /= max(float(data.std(dtype=np.float64)), 1e-12) * (1 if spec.dark else -1)
    report(1.0, "tomogram ready")
    return Volume(grid, data, name=f"simulation {spec.seed}", notes=notes), labels
