"""What cuts and planes mean in the window: arithmetic between a view, a crosshair and the scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from volviz.core.camera import Camera
from volviz.core.cuts import Plane
from volviz.core.grid import Grid, Triple
from volviz.core.scene import Scene


def facing(camera: Camera, point_xyz: Triple) -> Plane:
    """Return the plane through a point that cuts away what is nearer to the camera."""
    x, y, z = (float(v) for v in camera.axes_xyz[2])
    return Plane(point_xyz, (x, y, z))


def depth_of(plane: Plane, grid: Grid) -> float:
    """Return how far the plane lies from the middle of a volume towards what it cuts away, in nanometres."""
    normal = np.asarray(plane.normal_xyz) / np.linalg.norm(plane.normal_xyz)
    return float(normal @ (np.asarray(plane.point_xyz) - grid.center_xyz)) / 10


def at_depth(plane: Plane, grid: Grid, depth: float) -> Plane:
    """Return the plane moved along its normal to a depth as `depth_of` tells it."""
    normal = np.asarray(plane.normal_xyz) / np.linalg.norm(plane.normal_xyz)
    x, y, z = (float(v) for v in np.asarray(plane.point_xyz) + normal * 10 * (depth - depth_of(plane, grid)))
    return replace(plane, point_xyz=(x, y, z))


def flipped(plane: Plane) -> Plane:
    """Return the plane that cuts away the other side."""
    x, y, z = plane.normal_xyz
    return replace(plane, normal_xyz=(-x, -y, -z))


def deepest(grid: Grid) -> float:
    """Return half the diagonal of a volume in nanometres: no plane farther from its middle meets it."""
    return float(np.linalg.norm(grid.extent_xyz)) / 20


def following(scene: Scene, grid: Grid, crosshair_xyz: Triple) -> Scene:
    """Return the scene with its planes of density where the crosshair is."""
    if not scene.slices.shown:
        return scene
    moved = scene.slices.through(grid, crosshair_xyz)
    # Not for less than a number's own noise: the scene must stay the same value where nothing moved.
    places = [(getattr(scene.slices, axis), getattr(moved, axis)) for axis in "xyz"]
    return scene if all(a is None or abs(a - b) < 1e-9 for a, b in places) else replace(scene, slices=moved)


def meeting(scene: Scene, grid: Grid, crosshair_xyz: Triple) -> Triple:
    """Return the crosshair moved to where the planes of a scene are: a session opens as it was saved."""
    low, high = grid.bounds_xyz
    places = (scene.slices.x, scene.slices.y, scene.slices.z)
    x, y, z = (
        old if place is None else float(a + place * (b - a)) for old, place, a, b in zip(crosshair_xyz, places, low, high, strict=True)
    )
    return x, y, z
