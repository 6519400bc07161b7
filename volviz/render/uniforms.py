"""From values of core to the values of uniform blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.camera import Camera
from volviz.core.cuts import MOST_PLANES, Clips
from volviz.core.grid import Floats, Grid, Shape, Triple
from volviz.core.guides import Slices
from volviz.core.scene import Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.render.blocks import GROUPS
from volviz.render.memory import light_shape
from volviz.render.parts import BRICK, Parts
from volviz.render.shaders import Variant
from volviz.render.slabs import RAW_RANGE

PROJECTIONS = ("maximum", "average")
PAPER_ORDER = ("spikes", "membrane", "lumen")  # from front to back within a sample; other classes follow as they are stored
TINT = (0.035, 0.042, 0.060)  # linear: what the deepest shadow keeps of a colour, a little blue as light from everywhere is


def linear(color: Triple) -> Floats:
    """Turn an sRGB colour in 0..1 into linear light (IEC 61966-2-1)."""
    c = np.asarray(color, dtype=np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def brick_shape(shape: Shape) -> Shape:
    """Return the number of bricks (z, y, x) of a grid."""
    z, y, x = (-(-n // BRICK) for n in shape)
    return z, y, x


def box_values(grid: Grid, parts: Parts) -> dict[str, Any]:
    """Return the values of the block `BOX`."""
    voxel = np.asarray(grid.voxel_size[::-1]) * grid.nanometres
    cells = light_shape(grid.shape)
    return {
        "extent": grid.extent_xyz * grid.nanometres,
        "cell": 2 * grid.mean_voxel_size * grid.nanometres,
        "voxel": voxel,
        "brick": BRICK,
        "shape": grid.shape[::-1],
        "bricks": brick_shape(grid.shape)[::-1],
        "light_shape": cells[::-1],
        "light_extent": np.asarray(cells[::-1]) * 2 * voxel,
        "part": parts.size[::-1],
        "parts": parts.counts[::-1],
    }


def view_values(camera: Camera, grid: Grid, size: tuple[int, int], *, step: float, termination: float) -> dict[str, Any]:
    """Return the values of the block `VIEW` for the first frame of a whole picture; ``step`` is in voxels."""
    low, _ = grid.bounds_xyz
    right, up, back = camera.axes_xyz
    return {
        "eye": (camera.eye_xyz - low) * grid.nanometres,
        "step": step * min(grid.voxel_size) * grid.nanometres,
        "across": right * camera.height * grid.nanometres,
        "termination": termination,
        "upward": up * camera.height * grid.nanometres,
        "phase": 0.0,
        "forward": -back * camera.distance * grid.nanometres,
        "orthographic": int(camera.orthographic_height is not None),
        "picture": size,
        "offset": (0, 0),
        "subpixel": (0.0, 0.0),
        "frame": 0,
    }


def look_values(scene: Scene, segmentation: Segmentation | None, camera: Camera) -> dict[str, Any]:
    """Return the values of the block `LOOK`."""
    low, scale, opacity, mirrored = (np.zeros(4 * GROUPS) for _ in range(4))
    color, negative = (np.zeros((4 * GROUPS, 4)) for _ in range(2))
    ramps = channel_ramps(scene, segmentation)
    score = segmentation is not None and segmentation.kind == "score"
    for i, ramp in enumerate(ramps):
        begin, end = (_stored_density(v) for v in (ramp.low, ramp.high)) if i == 0 else (ramp.low, ramp.high)
        if ramp.negative is not None and score and i > 0:
            mirrored[i], negative[i, :3], begin = 1.0, linear(ramp.negative), max(begin, 0.0)
        low[i], scale[i] = begin, _slope(begin, end)
        opacity[i] = ramp.opacity if ramp.visible else 0.0
        color[i, :3] = linear(ramp.color)
    black, white = (_stored_density(v) for v in scene.projected)
    return {
        "low": low.reshape(-1, 4),
        "scale": scale.reshape(-1, 4),
        "opacity": opacity.reshape(-1, 4),
        "color": color,
        "to_light": to_light(scene, camera),
        "light_slope": math.tan(math.radians(min(max(scene.light.size, 0.5), 60.0))),
        "tint": TINT,
        "intensity": scene.light.intensity,
        "occlusion_radius": scene.occlusion.radius,
        "occlusion_strength": scene.occlusion.strength if scene.occlusion.on else 0.0,
        "shadow_reach": scene.shadow.reach,
        "shadow_strength": scene.shadow.strength if scene.shadow.on else 0.0,
        "multiply": int(scene.raw.multiply and opacity[0] == 0),
        "together": int(is_together(scene, segmentation)),
        "zero": segmentation.stored(0.0) if segmentation is not None else 0.0,
        "contrast": (black, _slope(black, white)),
        "usual": _stored_density(0.0),
        "uncertainty": scene.uncertainty.amount,
        "uncertainty_scale": 1 / math.log(max(2, len(segmentation.labels) if segmentation is not None else 2)),
        "uncertainty_margin": int(scene.uncertainty.measure == "margin"),
        "order": _paper_order(segmentation).reshape(-1, 4),
        "mirrored": mirrored.reshape(-1, 4),
        "negative": negative,
    }


def is_together(scene: Scene, segmentation: Segmentation | None) -> bool:
    """Whether all classes are drawn as one, which scores have no sum for."""
    return scene.together is not None and segmentation is not None and segmentation.kind == "probability" and scene.mode != "raw"


def channel_ramps(scene: Scene, segmentation: Segmentation | None) -> list[Ramp]:
    """Return the ramps that decide the picture, one per channel; the first is of the raw density and draws it or not."""
    if segmentation is None or scene.mode == "raw":
        return [scene.density]
    if is_together(scene, segmentation) and scene.together is not None:
        drawn = [scene.together]
    else:
        drawn = [scene.ramps.get(label.name, Ramp(color=label.color)) for label in segmentation.drawn]
    return [scene.density if scene.raw.haze else Ramp(scene.raw.low, scene.raw.high, visible=False), *drawn]


def variant_of(scene: Scene, segmentation: Segmentation | None, *, exact: bool, skip: bool) -> Variant:
    """Return the kind of program that draws a scene."""
    projects = scene.mode in PROJECTIONS  # through the whole box: planes have no place in front or behind
    classes = segmentation is not None and scene.mode != "raw"
    probable = classes and segmentation is not None and segmentation.kind == "probability"
    return Variant(
        exact=exact and not projects,
        skip=skip,
        clipped=scene.clips.cuts,
        slices=scene.slices.shown and not projects,
        maximum=scene.mode == "maximum",
        average=scene.mode == "average",
        surface=scene.mode == "surface",
        paper=scene.blending == "paper" and classes and not projects,
        together=is_together(scene, segmentation),
        signed=segmentation is not None and segmentation.kind == "score",
        uncertain=scene.uncertainty.amount > 0 and probable and not projects,
    )


def shown(scene: Scene) -> Scene:
    """Return the scene as it is resolved: a projection shows values rather than light, so nothing in it glows."""
    return replace(scene, bloom=replace(scene.bloom, on=False)) if scene.mode in PROJECTIONS else scene


def _paper_order(segmentation: Segmentation | None) -> Floats:
    names = [label.name for label in segmentation.drawn] if segmentation is not None else []
    first = [names.index(name) + 1 for name in PAPER_ORDER if name in names]
    return np.asarray([*first, *(i for i in range(4 * GROUPS) if i not in first)], dtype=np.float64)


def clip_values(clips: Clips, whole: Grid, drawn: Grid) -> dict[str, Any]:
    """Return the values of the block `LOOK` that say what is cut away of a volume, drawn on perhaps coarser voxels."""
    low, _ = drawn.bounds_xyz
    corners = [(corner - low) * drawn.nanometres for corner in clips.box_xyz(whole)]
    planes = np.zeros((MOST_PLANES, 4))
    rows = clips.half_spaces
    planes[: len(rows)] = rows
    planes[:, 3] = (planes[:, 3] - planes[:, :3] @ low) * drawn.nanometres
    return {"clip_low": corners[0], "clip_high": corners[1], "clip_count": len(rows), "clip_plane": planes}


def slice_values(slices: Slices, raw: RawLook, whole: Grid, drawn: Grid) -> dict[str, Any]:
    """Return the values of the block `LOOK` that place planes of density in a volume and say how they look."""
    places = [-1.0 if place is None else place for place in (slices.x, slices.y, slices.z)]
    at = (whole.bounds_xyz[0] + np.array(places) * whole.extent_xyz - drawn.bounds_xyz[0]) * drawn.nanometres
    # A face of the whole may lie a little outside of its binned voxels; what is farther out is not in the part that is drawn.
    slack = np.asarray(drawn.voxel_size[::-1]) * drawn.nanometres
    missing = (np.array(places) < 0) | (at < -slack) | (at > drawn.extent_xyz * drawn.nanometres + slack)
    at = np.where(missing, -1e9, np.clip(at, 0.0, drawn.extent_xyz * drawn.nanometres))
    # What is stored is dense above; what is shown has the sign of the file.
    sign = -1 if raw.invert else 1
    black, white = ((sign * value - RAW_RANGE[0]) / (RAW_RANGE[1] - RAW_RANGE[0]) for value in slices.contrast)
    return {"slice_at": at, "slice_opacity": min(1.0, max(0.0, slices.opacity)), "slice_grey": (black, 1 / (white - black))}


def to_light(scene: Scene, camera: Camera) -> Floats:
    """Return the unit direction to the light, in axes of the world (x, y, z)."""
    direction: npt.NDArray[np.float64] = np.asarray(scene.light.direction_xyz, dtype=np.float64)
    if scene.light.fixed_to == "camera":
        direction = direction @ camera.axes_xyz
    norm = float(np.linalg.norm(direction))
    return direction / norm if norm > 0 else np.array([0.0, 0.0, 1.0])


# What the light volume is made from: a change of these renews it, and of nothing else.
RAMP_MEMBERS = ("low", "scale", "opacity", "multiply", "together", "mirrored", "clip_low", "clip_high", "clip_count", "clip_plane")
LIGHT_MEMBERS = (*RAMP_MEMBERS, "to_light", "light_slope", "occlusion_radius", "shadow_reach")


def key_of(look: Mapping[str, Any], members: tuple[str, ...]) -> bytes:
    """Return the bytes that some members come to, to see whether they changed."""
    return b"".join(np.asarray(look[name], dtype=np.float32).tobytes() for name in members)


def _stored_density(deviations: float) -> float:
    return (deviations - RAW_RANGE[0]) / (RAW_RANGE[1] - RAW_RANGE[0])


def _slope(low: float, high: float) -> float:
    # Ramps rise: occupancy relies on it. A ramp of no width is a step.
    return 1 / max(high - low, 1e-4)
