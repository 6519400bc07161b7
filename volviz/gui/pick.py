"""What lies under the pointer in the 3D view: the first thing along a line of sight that is not transparent."""

from __future__ import annotations

import numpy as np

from volviz.core.camera import Camera
from volviz.core.grid import Triple
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation

SAMPLES = 1500
OPAQUE = 0.5


def pick(camera: Camera, scene: Scene, classes: Segmentation, right: float, up: float) -> Triple | None:
    """Return the point (A) where the picture is half opaque at (right, up), or None if one looks right through.

    ``right`` and ``up`` are as in `Camera.ray`. It looks at what is not cut away of the classes
    alone, without the raw density's ramp.
    """
    start, direction = camera.ray(right, up)
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
    x, y, z = (float(v) for v in points[int(np.argmax(opacity >= OPAQUE))])
    return x, y, z
