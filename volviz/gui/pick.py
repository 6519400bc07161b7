"""What lies under the pointer in the 3D view: where along a line of sight the picture gets what it shows there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.camera import Camera
from volviz.core.cuts import Clips
from volviz.core.density import Contrast, lowpassed, lowpassed_contrast
from volviz.core.grid import Floats, Grid, Region, Triple
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

SAMPLES = 1500
PARTS = 50  # of a line that are read at a time: what lies on disk is read in boxes
OPAQUE = 0.5
SOLID = 0.5  # of its ramp: where `surface.glsl` puts the surface

Part = tuple[float, float]


def pick(
    camera: Camera,
    scene: Scene,
    volume: Volume,
    classes: Segmentation | None,
    right: float,
    up: float,
    contrast: Contrast | None = None,
) -> Triple | None:
    """Return the point (A) that is seen at (right, up), or None if one looks right through.

    ``right`` and ``up`` are as in `Camera.ray`. It is where the picture is half opaque, or the surface, or the densest
    point of a maximum projection; a mean has no depth, and is met as deep as what the camera turns about. Planes of
    density that hide more than they show are met too. ``contrast`` is that of the density, if it is known.
    """
    start, direction = camera.ray(right, up)
    grid = classes.grid if classes is not None else volume.grid
    whole = _overlap(Clips().span(grid, start, direction), _region_span(scene, volume, start, direction))
    left = _overlap(whole, scene.clips.span(grid, start, direction))
    found = [] if left is None else [_seen(camera, scene, volume, classes, contrast, start, direction, left)]
    if whole is not None and scene.mode not in {"maximum", "average"}:  # which show no planes
        found.append(_plane(scene, grid, start, direction, whole))
    nearest = min((along for along in found if along is not None), default=None)
    if nearest is None:
        return None
    x, y, z = (float(v) for v in start + nearest * direction)
    return x, y, z


def _region_span(scene: Scene, volume: Volume, start: Floats, direction: Floats) -> Part | None:
    """Return where the ray is in what of the volume is drawn."""
    region = None if scene.region is None else scene.region & Region.whole(volume.grid.shape)
    return (0.0, np.inf) if region is None else Clips().span(volume.grid.crop(region), start, direction)


def _overlap(a: Part | None, b: Part | None) -> Part | None:
    if a is None or b is None:
        return None
    near, far = max(a[0], b[0]), min(a[1], b[1])
    return (near, far) if near < far else None


def _plane(scene: Scene, grid: Grid, start: Floats, direction: Floats, span: Part) -> float | None:
    """Return how far along a ray the first plane of density is met."""
    if scene.slices.opacity < OPAQUE:
        return None
    low, high = grid.bounds_xyz
    met = []
    for axis, place in enumerate((scene.slices.x, scene.slices.y, scene.slices.z)):
        if place is not None and abs(direction[axis]) > 1e-9:
            along = float((low[axis] + place * (high[axis] - low[axis]) - start[axis]) / direction[axis])
            if span[0] <= along <= span[1]:
                met.append(along)
    return min(met, default=None)


def _seen(
    camera: Camera,
    scene: Scene,
    volume: Volume,
    classes: Segmentation | None,
    contrast: Contrast | None,
    start: Floats,
    direction: Floats,
    span: Part,
) -> float | None:
    """Return how far along a ray what is left of the matter is seen."""
    from volviz.render.uniforms import channel_ramps, is_together  # brings OpenGL, which the window does without at first

    if scene.mode == "average":
        return float(np.clip((np.asarray(camera.target_xyz) - start) @ direction, *span))
    along = np.linspace(*span, SAMPLES)
    points = start + along[:, None] * direction
    ramps = channel_ramps(scene, classes)
    strength = np.array([ramp.opacity if ramp.visible else 0.0 for ramp in ramps])
    multiply = scene.raw.multiply and strength[0] == 0
    covers = np.zeros((len(ramps), SAMPLES))
    density = np.zeros(SAMPLES)
    if multiply or strength[0] > 0 or scene.mode == "maximum":
        density = _density(scene, volume, contrast, points)
        covers[0] = _ramped(density, ramps[0])
    if classes is not None and len(ramps) > 1:
        values = classes.values(_along(classes.grid, points, lambda region: classes.data[(slice(None), *region.slices)]))
        values = 1 - values[:1] if is_together(scene, classes) else values[len(classes.labels) - len(classes.drawn) :]
        covers[1:] = [_ramped(value, ramp, signed=classes.kind == "score") for value, ramp in zip(values, ramps[1:], strict=True)]
    factor = covers[0] if multiply else np.ones(SAMPLES)
    if scene.mode == "maximum":
        shown = covers[1:][strength[1:] > 0].max(axis=0, initial=0.0)
        return float(along[np.argmax(np.where(shown > SOLID, density, -np.inf) if (shown > SOLID).any() else density)])
    if scene.mode == "surface":
        solid = covers[strength > 0].max(axis=0, initial=0.0) * factor >= SOLID
        return float(along[np.argmax(solid)]) if solid.any() else None
    opacity = 1 - np.exp(-np.cumsum(strength @ covers * factor) * (span[1] - span[0]) / SAMPLES / 10)  # per nm
    return float(along[np.argmax(opacity >= OPAQUE)]) if opacity[-1] >= OPAQUE else None


def _density(scene: Scene, volume: Volume, contrast: Contrast | None, points: Floats) -> Floats:
    """Return the density at points in standard deviations, as its ramp wants it."""
    raw = scene.raw
    known = contrast or lowpassed_contrast(volume, raw.lowpass, raw.invert)
    values = _along(volume.grid, points, lambda region: known.apply(lowpassed(volume, raw.lowpass, region))[None])
    return np.asarray(values[0], dtype=np.float64)


def _along(grid: Grid, points: Floats, read: Callable[[Region], Any]) -> npt.NDArray[Any]:
    """Return what is read, (channel, z, y, x), in the voxels in which the points of a line lie: (channel, point)."""
    index = np.clip(np.rint(grid.to_index(points)).astype(int), 0, np.asarray(grid.shape) - 1)
    found = []
    for part in np.array_split(index, PARTS):
        low, high = part.min(axis=0), part.max(axis=0) + 1
        box = np.asarray(read(Region((low[0], low[1], low[2]), (high[0], high[1], high[2]))))
        found.append(box[(slice(None), *(part - low).T)])
    return np.concatenate(found, axis=1)


def _ramped(values: npt.NDArray[Any], ramp: Ramp, *, signed: bool = False) -> Floats:
    mirrored = signed and ramp.negative is not None
    low = max(ramp.low, 0.0) if mirrored else ramp.low
    return np.asarray(np.clip(((np.abs(values) if mirrored else values) - low) / max(ramp.high - low, 1e-6), 0, 1), dtype=np.float64)
