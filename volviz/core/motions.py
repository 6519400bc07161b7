"""Videos that have a name: each makes the keyframes of one from a view."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal, Protocol

import numpy as np

from volviz.core.animation import Keyframe, Keyframes
from volviz.core.between import Bounds
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Part, Plane
from volviz.core.errors import VolvizError
from volviz.core.grid import Floats, Triple
from volviz.core.scene import Scene

Axis = Literal["vertical", "horizontal", "x", "y", "z"]
MOST_DEGREES = 36_000  # a hundred turns
LARGEST_ARC = 120.0  # degrees between keyframes of a turn: half a turn would have two shortest ways
LEAST = 0.02  # of the volume is left where a cut has gone farthest


class Motion(Protocol):
    """Something that makes the keyframes of a video."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""

    def keyframes(self, scene: Scene, camera: Camera, bounds_xyz: Bounds | None = None) -> Keyframes:
        """Return the video that begins with a view of a volume whose two extreme corners (A) are these."""


@dataclass(frozen=True, slots=True)
class Turntable:
    """The object turns at even speed, by ``degrees`` in all; whole turns loop without a seam.

    ``axis`` is the picture's ``vertical`` or ``horizontal``, or one of the tomogram's. Seen against it, positive degrees carry
    the camera counter-clockwise, so that the front of what is seen goes to the left; negative ones turn the other way.
    """

    degrees: float = 360.0
    seconds: float = 10.0
    axis: Axis = "vertical"

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)
        _check_degrees(self.degrees)

    def keyframes(self, scene: Scene, camera: Camera, bounds_xyz: Bounds | None = None) -> Keyframes:
        """Return keyframes at even speed, close enough together that each way is the shortest."""
        about = _axis_xyz(self.axis, camera)
        arcs = max(1, math.ceil(abs(self.degrees) / LARGEST_ARC))
        turns = [self.degrees * i / arcs for i in range(arcs + 1)]
        cameras = [camera if turn % 360 == 0 else camera.turned(about, turn) for turn in turns]
        return tuple(Keyframe(self.seconds * i / arcs, view, scene, "linear") for i, view in enumerate(cameras))


@dataclass(frozen=True, slots=True)
class Rocking:
    """The object swings to both sides by ``amplitude`` degrees, as a pendulum does, and loops without a seam.

    ``period`` is how many seconds there and back take; it gives way a little, so that ``seconds`` hold whole swings.
    """

    amplitude: float = 20.0
    period: float = 4.0
    seconds: float = 8.0
    axis: Axis = "vertical"

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)
        _check_seconds(self.period)
        if not 0 < self.amplitude <= 89:
            raise VolvizError(f"Rocking takes an amplitude from 0 to 89 degrees, not {self.amplitude:g}; take a turntable for more.")

    def keyframes(self, scene: Scene, camera: Camera, bounds_xyz: Bounds | None = None) -> Keyframes:
        """Return keyframes where the swing turns round; the easing between them makes a sine of it."""
        about = _axis_xyz(self.axis, camera)
        sides = [camera.turned(about, self.amplitude), camera.turned(about, -self.amplitude)]
        swings = 2 * max(1, round(self.seconds / self.period))
        half = self.seconds / swings
        turning = [Keyframe(half * (i + 0.5), sides[i % 2], scene, "ease" if i + 1 < swings else "ease-in") for i in range(swings)]
        return (Keyframe(0.0, camera, scene, "ease-out"), *turning, Keyframe(self.seconds, camera, scene, "linear"))


@dataclass(frozen=True, slots=True)
class Peel:
    """A cut travels through what is left of the volume, along ``axis``, from its high end or, ``upward``, from its low one.

    Along the ``view`` it is a plane that faces the camera, which comes nearest first: ``upward`` begins at the far end.
    Without a ``thickness`` it takes away ever more. With one, only a slab travels, that fraction of the volume thick.
    ``back`` lets it come back, so that the video loops.
    """

    axis: Literal["x", "y", "z", "view"] = "z"
    seconds: float = 8.0
    upward: bool = False
    thickness: float | None = None
    back: bool = True

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)
        if self.thickness is not None and not 0 < self.thickness < 1:
            raise VolvizError(f"A slab is a fraction of the volume thick, between 0 and 1, not {self.thickness:g}.")

    def keyframes(self, scene: Scene, camera: Camera, bounds_xyz: Bounds | None = None) -> Keyframes:
        """Return keyframes of the same camera with the cut at both ends of its way.

        Where nobody says how large the volume is, a cut along the view goes through what the picture's height spans.
        """
        clips = scene.clips if scene.clips.on else Clips()
        if self.axis == "view":
            return self._timed(scene, camera, self._facing(clips, camera, bounds_xyz))
        low, high = getattr(clips, self.axis)
        thin = LEAST * (high - low) if self.thickness is None else min(self.thickness, high - low)
        at_low, at_high = (low, low + thin), (high - thin, high)
        first, last = (at_low, at_high) if self.upward else (at_high, at_low)
        if self.thickness is None:
            first = (low, high)
        parts: list[Part] = [first, last]
        return self._timed(scene, camera, [_opened(clips, self.axis, part) for part in parts])

    def _facing(self, clips: Clips, camera: Camera, bounds_xyz: Bounds | None) -> list[Clips]:
        """Return the cuts at both ends of a way along the line of sight."""
        target, towards = np.asarray(camera.target_xyz, np.float64), camera.axes_xyz[2]
        half = camera.height / 2
        low, high = (target - half, target + half) if bounds_xyz is None else bounds_xyz
        corners = np.array(list(product(*zip(low + (high - low) * _lows(clips), low + (high - low) * _highs(clips), strict=True))))
        far, near = float(((corners - target) @ towards).min()), float(((corners - target) @ towards).max())
        thin = (LEAST if self.thickness is None else self.thickness) * (near - far)

        def cut(back: float, front: float) -> Clips:
            # The one in front cuts away what is nearer, the one behind what is farther. What is missing at one end is there
            # at both, where it cuts nothing: planes must not come and go on the way.
            planes = [_plane(target + front * towards, towards)]
            if self.thickness is not None or self.upward:
                planes.append(_plane(target + back * towards, -towards))
            return replace(clips, planes=(*clips.planes, *planes))

        if self.thickness is not None:
            ends = [cut(near - thin, near), cut(far, far + thin)]
            return ends[::-1] if self.upward else ends
        return [cut(far, near), cut(near - thin, near)] if self.upward else [cut(far, near), cut(far, far + thin)]

    def _timed(self, scene: Scene, camera: Camera, cuts: list[Clips]) -> Keyframes:
        ways = [cuts[0], cuts[1], cuts[0]] if self.back else cuts
        step = self.seconds / (len(ways) - 1)
        return tuple(Keyframe(i * step, camera, replace(scene, clips=cut)) for i, cut in enumerate(ways))


MOTIONS: dict[str, type[Turntable] | type[Rocking] | type[Peel]] = {"turntable": Turntable, "rocking": Rocking, "peel": Peel}


def _axis_xyz(axis: Axis, camera: Camera) -> Triple:
    if axis in {"vertical", "horizontal"}:
        x, y, z = (float(v) for v in camera.axes_xyz[1 if axis == "vertical" else 0])
        return x, y, z
    x, y, z = (float(axis == name) for name in "xyz")
    return x, y, z


def _plane(point: Floats, normal: Floats) -> Plane:
    (px, py, pz), (nx, ny, nz) = point.tolist(), normal.tolist()
    return Plane((px, py, pz), (nx, ny, nz))


def _lows(clips: Clips) -> Floats:
    return np.array([clips.x[0], clips.y[0], clips.z[0]])


def _highs(clips: Clips) -> Floats:
    return np.array([clips.x[1], clips.y[1], clips.z[1]])


def _opened(clips: Clips, axis: str, part: Part) -> Clips:
    fields: dict[str, Any] = {axis: part}
    return replace(clips, **fields)


def _check_seconds(seconds: float) -> None:
    if not 0 < seconds < math.inf:
        raise VolvizError(f"A video lasts a positive number of seconds, not {seconds:g}.")


def _check_degrees(degrees: float) -> None:
    if not abs(degrees) <= MOST_DEGREES:
        raise VolvizError(f"A video turns by up to {MOST_DEGREES} degrees, not by {degrees:g}.")
