"""A video as a value: views at moments, and how one becomes the next."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from volviz.core.between import Bounds, camera_between, scene_between
from volviz.core.camera import Camera
from volviz.core.errors import check_choice
from volviz.core.scene import Scene

Easing = Literal["linear", "ease", "ease-in", "ease-out", "hold"]
EASINGS: dict[Easing, str] = {
    "linear": "even speed",
    "ease": "start and stop gently",
    "ease-in": "start gently",
    "ease-out": "stop gently",
    "hold": "wait, then jump",
}


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The view at a moment of a video, in seconds from its start, and how it goes on from there to the next one."""

    seconds: float
    camera: Camera
    scene: Scene
    easing: Easing = "ease"

    def __post_init__(self) -> None:
        check_choice("The easing of a keyframe", self.easing, tuple(EASINGS))


Keyframes = tuple[Keyframe, ...]


def eased(t: float, easing: Easing) -> float:
    """Return how much of the way is done after ``t`` (0..1) of the time; a sine's slopes, so that swings are pendulums."""
    if t <= 0 or easing == "hold":
        return 0.0 if t < 1 else 1.0
    if t >= 1 or easing == "linear":
        return min(t, 1.0)
    if easing == "ease":
        return (1 - math.cos(math.pi * t)) / 2
    return 1 - math.cos(math.pi * t / 2) if easing == "ease-in" else math.sin(math.pi * t / 2)


def in_order(keyframes: Sequence[Keyframe]) -> Keyframes:
    """Return keyframes by time; those of one moment stay in the order they came in, and make a cut."""
    return tuple(sorted(keyframes, key=lambda keyframe: keyframe.seconds))


def view_at(keyframes: Sequence[Keyframe], seconds: float, bounds_xyz: Bounds | None = None) -> tuple[Scene, Camera]:
    """Return what is seen at a moment, and from where. Before the first and after the last keyframe it is theirs.

    ``bounds_xyz`` are those of the volume, from beyond which cutting planes come.

    Raises:
        ValueError: there are no keyframes.
    """
    after = bisect_right([keyframe.seconds for keyframe in keyframes], seconds)
    if not keyframes:
        raise ValueError("an animation has keyframes")
    a, b = keyframes[max(0, after - 1)], keyframes[min(after, len(keyframes) - 1)]
    if a is b or seconds <= a.seconds:
        return a.scene, a.camera
    t = eased((seconds - a.seconds) / (b.seconds - a.seconds), a.easing)
    return scene_between(a.scene, b.scene, t, (a.camera, b.camera), bounds_xyz), camera_between(a.camera, b.camera, t)


def completed(keyframes: Sequence[Keyframe], scene: Scene) -> Keyframes:
    """Return the keyframes with classes that they know nothing of, because they were found later, looking as in a scene."""
    return tuple(_completed(keyframe, scene) for keyframe in keyframes)


def _completed(keyframe: Keyframe, scene: Scene) -> Keyframe:
    if scene.ramps.keys() <= keyframe.scene.ramps.keys():
        return keyframe
    return replace(keyframe, scene=replace(keyframe.scene, ramps={**scene.ramps, **keyframe.scene.ramps}))


def length(keyframes: Sequence[Keyframe]) -> float:
    """Return how long it lasts, in seconds."""
    return keyframes[-1].seconds if keyframes else 0.0


def lasting(keyframes: Sequence[Keyframe], seconds: float) -> Keyframes:
    """Return the same animation slower or faster, so that it lasts this long; one of a single moment stays as it is."""
    whole = length(keyframes)
    return tuple(replace(keyframe, seconds=keyframe.seconds * seconds / whole) for keyframe in keyframes) if whole else tuple(keyframes)


def loops(keyframes: Sequence[Keyframe]) -> bool:
    """Say whether it ends as it begins, so that it can be repeated without a seam."""
    if len(keyframes) < 2 or keyframes[0].scene != keyframes[-1].scene:
        return False
    first, last = keyframes[0].camera, keyframes[-1].camera
    same_side = abs(abs(float(np.dot(first.orientation, last.orientation))) - 1) < 1e-9
    rest = [f.name for f in fields(Camera) if f.name != "orientation"]
    return same_side and all(getattr(first, name) == getattr(last, name) for name in rest)


def moments(keyframes: Sequence[Keyframe], fps: float) -> list[float]:
    """Return when the pictures of a video are, in seconds: evenly, the first keyframe to the last, ``length * fps`` of them.

    One that loops leaves its last moment out, which is its first: repeated, no picture is shown twice.
    """
    whole = length(keyframes)
    count = max(1, round(whole * fps))
    steps = count if loops(keyframes) else max(1, count - 1)
    return [whole * i / steps for i in range(count)]


def views(keyframes: Sequence[Keyframe], fps: float, bounds_xyz: Bounds | None = None) -> list[tuple[Scene, Camera]]:
    """Return what every picture of a video shows, and from where; see `view_at`."""
    return [view_at(keyframes, seconds, bounds_xyz) for seconds in moments(keyframes, fps)]
