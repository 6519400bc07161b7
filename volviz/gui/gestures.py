"""What a drag means, as arithmetic on values. No window in here."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from volviz.core.camera import Camera
from volviz.core.grid import Triple
from volviz.core.scene import Light


def light_dragged(light: Light, camera: Camera, right: float, up: float) -> Light:
    """Return the light carried along by a drag over the picture, in degrees: it goes where the hand goes."""
    x, y, z = light_in_camera(light, camera)
    a, b = math.radians(right), math.radians(up)
    x, z = x * math.cos(a) + z * math.sin(a), z * math.cos(a) - x * math.sin(a)
    y, z = y * math.cos(b) + z * math.sin(b), z * math.cos(b) - y * math.sin(b)
    return light_from_camera(light, camera, (x, y, z))


def light_in_camera(light: Light, camera: Camera) -> Triple:
    """Return the unit direction towards the light in the camera's axes (right, up, back)."""
    direction = np.asarray(light.direction_xyz, dtype=np.float64)
    if light.fixed_to == "world":
        direction = camera.axes_xyz @ direction
    x, y, z = (float(v) for v in direction / (np.linalg.norm(direction) or 1.0))
    return x, y, z


def light_from_camera(light: Light, camera: Camera, direction: Triple) -> Light:
    """Return the light coming from a direction in the camera's axes, kept in the axes to which it is fixed."""
    turned = np.asarray(direction, dtype=np.float64)
    if light.fixed_to == "world":
        turned = camera.axes_xyz.T @ turned
    x, y, z = (round(float(v), 4) for v in turned / (np.linalg.norm(turned) or 1.0))
    return replace(light, direction_xyz=(x, y, z))


def light_fixed_to(light: Light, camera: Camera, fixed_to: str) -> Light:
    """Return the light fixed to the camera or to the world, still shining from where it shines now."""
    direction = light_in_camera(light, camera)
    return light_from_camera(replace(light, fixed_to="world" if fixed_to == "world" else "camera"), camera, direction)


def focused(camera: Camera, point_xyz: Triple) -> Camera:
    """Return the camera that turns about a point and has it in the middle, moved sideways only."""
    along = float(np.dot(np.asarray(point_xyz) - camera.eye_xyz, -camera.axes_xyz[2]))
    return replace(camera, target_xyz=point_xyz, distance=max(along, 1.0))


def contrast_dragged(contrast: tuple[float, float], right: float, up: float) -> tuple[float, float]:
    """Return the greys shown black and white after a drag by fractions of a view's height.

    To the right shows a wider range of them, softer; up shows everything brighter. The width never vanishes.
    """
    low, high = contrast
    width = high - low
    middle = (low + high) / 2 - up * width
    width *= math.exp(right)
    return middle - width / 2, middle + width / 2
