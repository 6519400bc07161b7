"""What lies under the pointer in the 3D view: the first thing along a line of sight that is not transparent."""

from __future__ import annotations

import numpy as np

from volviz.core.camera import Camera
from volviz.core.cuts import Clips
from volviz.core.grid import Floats, Grid, Triple
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation

SAMPLES = 1500
OPAQUE = 0.5


def pick(camera: Camera, scene: Scene, classes: Segmentation, right: float, up: float) -> Triple | None:
    """Return the point (A) where the picture is half opaque at (right, up), or None if one looks right through.

    ``right`` and ``up`` are as in `Camera.ray`. It looks at what is not cut away of the classes alone, without the raw
    density's ramp, and at planes of density that hide more than they show.
    """
    start, direction = camera.ray(right, up)
    found, plane = _matter(scene, classes, start, direction), _plane(scene, classes.grid, start, direction)
    nearest = min((along for along in (found, plane) if along is not None), default=None)
    if nearest is None:
        return None
    x, y, z = (float(v) for v in start + nearest * direction)
    return x, y, z


def _plane(scene: Scene, grid: Grid, start: Floats, direction: Floats) -> float | None:
    """Return how far along a ray the first plane of density is met."""
    span = Clips().span(grid, start, direction)
    if span is None or scene.slices.opacity < OPAQUE:
        return None
    low, high = grid.bounds_xyz
    met = []
    for axis, place in enumerate((scene.slices.x, scene.slices.y, scene.slices.z)):
        if place is not None and abs(direction[axis]) > 1e-9:
            along = float((low[axis] + place * (high[axis] - low[axis]) - start[axis]) / direction[axis])
            if span[0] <= along <= span[1]:
                met.append(along)
    return min(met, default=None)


def _matter(scene: Scene, classes: Segmentation, start: Floats, direction: Floats) -> float | None:
    """Return how far along a ray what is left of the classes comes to be half opaque."""
    span = scene.clips.span(classes.grid, start, direction)
    if span is None:
        return None
    near, far = span
    along = np.linspace(near, far, SAMPLES)
    points = start + along[:, None] * direction
    index = np.rint(classes.grid.to_index(points)).astype(int)
    index = np.clip(index, 0, np.asarray(classes.grid.shape) - 1)
    extinction = np.zeros(SAMPLES)
    for name, ramp in scene.ramps.items():
        if not ramp.visible or name not in [label.name for label in classes.labels]:
            continue
        soft = classes.values(classes.data[classes.index(name)][index[:, 0], index[:, 1], index[:, 2]])
        extinction += ramp.opacity * np.clip((soft - ramp.low) / max(ramp.high - ramp.low, 1e-6), 0, 1)
    step_nm = (far - near) / SAMPLES / 10
    opacity = 1 - np.exp(-np.cumsum(extinction) * step_nm)
    if opacity[-1] < OPAQUE:
        return None
    return float(along[int(np.argmax(opacity >= OPAQUE))])
