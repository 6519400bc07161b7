"""Videos that have a name: each makes the keyframes of one from a view."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from volviz.core.animation import Keyframe, Keyframes
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Part
from volviz.core.errors import VolvizError
from volviz.core.grid import Triple
from volviz.core.scene import Scene

Axis = Literal["vertical", "horizontal", "x", "y", "z"]
LARGEST_ARC = 120.0  # degrees between keyframes of a turn: half a turn would have two shortest ways
LEAST = 0.02  # of the volume is left where a cut has gone farthest


class Motion(Protocol):
    """Something that makes the keyframes of a video."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""

    def keyframes(self, scene: Scene, camera: Camera) -> Keyframes:
        """Return the video that begins with a view."""


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

    def keyframes(self, scene: Scene, camera: Camera) -> Keyframes:
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

    def keyframes(self, scene: Scene, camera: Camera) -> Keyframes:
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

    Without a ``thickness`` it takes away ever more. With one, only a slab travels, that fraction of the volume thick.
    ``back`` lets it come back, so that the video loops.
    """

    axis: Literal["x", "y", "z"] = "z"
    seconds: float = 8.0
    upward: bool = False
    thickness: float | None = None
    back: bool = True

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)
        if self.thickness is not None and not 0 < self.thickness < 1:
            raise VolvizError(f"A slab is a fraction of the volume thick, between 0 and 1, not {self.thickness:g}.")

    def keyframes(self, scene: Scene, camera: Camera) -> Keyframes:
        """Return keyframes of the same camera with the cut at both ends of its way."""
        clips = scene.clips if scene.clips.on else Clips()
        low, high = getattr(clips, self.axis)
        thin = LEAST * (high - low) if self.thickness is None else min(self.thickness, high - low)
        at_low, at_high = (low, low + thin), (high - thin, high)
        first, last = (at_low, at_high) if self.upward else (at_high, at_low)
        if self.thickness is None:
            first = (low, high)
        parts: list[Part] = [first, last, first] if self.back else [first, last]
        step = self.seconds / (len(parts) - 1)
        scenes = [replace(scene, clips=_opened(clips, self.axis, part)) for part in parts]
        return tuple(Keyframe(i * step, camera, cut) for i, cut in enumerate(scenes))


MOTIONS: dict[str, type[Turntable] | type[Rocking] | type[Peel]] = {"turntable": Turntable, "rocking": Rocking, "peel": Peel}


def _axis_xyz(axis: Axis, camera: Camera) -> Triple:
    if axis in {"vertical", "horizontal"}:
        x, y, z = (float(v) for v in camera.axes_xyz[1 if axis == "vertical" else 0])
        return x, y, z
    x, y, z = (float(axis == name) for name in "xyz")
    return x, y, z


def _opened(clips: Clips, axis: str, part: Part) -> Clips:
    fields: dict[str, Any] = {axis: part}
    return replace(clips, **fields)


def _check_seconds(seconds: float) -> None:
    if not 0 < seconds < math.inf:
        raise VolvizError(f"A video lasts a positive number of seconds, not {seconds:g}.")
