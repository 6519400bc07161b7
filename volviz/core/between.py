"""What lies between two views: cameras and looks mixed, for videos and flights.

Numbers are mixed evenly, colours as their sRGB numbers, directions and turns along the shortest arc of the sphere, lengths
that are zoomed (distance, height) by equal factors. What can be there or not fades. What has no middle stays as it was, and
is the other only at the very end: modes, tied classes, and everything that decides what lies in the graphics memory. A cutting
plane that is at one of the two only comes in from outside the volume, or goes out there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np

from volviz.core.camera import Camera, Quaternion
from volviz.core.cuts import Clips, Plane
from volviz.core.grid import Floats, Triple
from volviz.core.guides import Slices
from volviz.core.scene import Light, Ramp, Scene

T = TypeVar("T")
Bounds = tuple[Floats, Floats]  # the two extreme corners of a volume, (x, y, z) in angstrom
NARROWEST = 0.002  # half the height over the distance of a perspective that is about to be orthographic


def camera_between(a: Camera, b: Camera, t: float) -> Camera:
    """Return the camera that is ``t`` (0..1) of the way from one to another; 0 and 1 are the two themselves.

    It turns the shortest way. From perspective to parallel rays the lens narrows while the camera backs away, so that what is
    at the target keeps its size.
    """
    if t <= 0 or a == b:
        return a
    if t >= 1:
        return b
    target = mixed(a.target_xyz, b.target_xyz, t)
    orientation = slerp(a.orientation, b.orientation, t)
    if a.orthographic_height is not None and b.orthographic_height is not None:
        height = _scaled(a.orthographic_height, b.orthographic_height, t)
        lens = mixed(a.field_of_view, b.field_of_view, t)
        return Camera(target, _scaled(a.distance, b.distance, t), orientation, lens, height)
    slopes = [NARROWEST if c.orthographic_height is not None else math.tan(math.radians(c.field_of_view) / 2) for c in (a, b)]
    same = a.orthographic_height is None and b.orthographic_height is None
    slope = _scaled(slopes[0], slopes[1], t) if same else mixed(slopes[0], slopes[1], t)
    height = _scaled(a.height, b.height, t)
    return Camera(target, height / (2 * slope), orientation, math.degrees(2 * math.atan(slope)))


def scene_between(a: Scene, b: Scene, t: float, cameras: tuple[Camera, Camera], bounds_xyz: Bounds | None = None) -> Scene:
    """Return the look that is ``t`` (0..1) of the way from one to another, which are seen by these cameras.

    ``bounds_xyz`` are the two extreme corners (A) of the volume: without them a cutting plane that is at one end only switches.
    """
    if t <= 0 or a == b:
        return a
    if t >= 1:
        return b
    # What is not mixed number by number is taken out first: the mean of two regions or of two planes need not be one.
    # Objects are told apart at the level where the ramp began, or every picture would have to be cleaned by itself.
    cleaning = {name: how.at(a.ramps.get(name, Ramp()).low) for name, how in a.cleaning.items()}
    raw = replace(b.raw, lowpass=a.raw.lowpass)
    plain = replace(b, light=a.light, clips=a.clips, slices=a.slices, region=a.region, cleaning=a.cleaning, raw=raw)
    return replace(
        mixed(a, plain, t),
        ramps=_ramps(a.ramps, b.ramps, t),
        light=_light(a.light, b.light, t, cameras[1]),
        occlusion=_fading(a.occlusion, b.occlusion, t, "on", "strength"),
        shadow=_fading(a.shadow, b.shadow, t, "on", "strength"),
        bloom=_fading(a.bloom, b.bloom, t, "on", "strength"),
        clips=_clips(a.clips, b.clips, t, bounds_xyz),
        slices=_slices(a.slices, b.slices, t),
        cleaning=cleaning,
        background_top=_top(a, b, t),
    )


def _top(a: Scene, b: Scene, t: float) -> Triple | None:
    """Return the background at the top: an even one fades into two colours."""
    if a.background_top is None and b.background_top is None:
        return None
    return mixed(a.background_top or a.background, b.background_top or b.background, t)


def mixed(a: T, b: T, t: float) -> T:
    """Return the mean of two values, of the second as much as ``t``: of numbers, tuples of them, and values that hold them.

    What has no mean is the first.
    """
    if a is b or a == b:
        return a
    return _mean(a, b, t)  # type: ignore[no-any-return]


def _mean(a: Any, b: Any, t: float) -> Any:
    if isinstance(a, int | float) and isinstance(b, int | float) and not isinstance(a, bool):
        return min(max(a, b), max(min(a, b), a + t * (b - a)))  # rounding must not carry it out of a range
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(mixed(x, y, t) for x, y in zip(a, b, strict=True))
    if is_dataclass(a) and not isinstance(a, type) and type(a) is type(b):
        return replace(a, **{f.name: mixed(getattr(a, f.name), getattr(b, f.name), t) for f in fields(a)})
    return a


def slerp(a: Quaternion, b: Quaternion, t: float) -> Quaternion:
    """Return the unit quaternion that is ``t`` of the way from one to another, turning evenly and the shortest way."""
    start, stop = np.asarray(a, np.float64), np.asarray(b, np.float64)
    w, x, y, z = (float(v) for v in _arc(start, stop if start @ stop >= 0 else -stop, t))
    return w, x, y, z


def _arc(a: Any, b: Any, t: float) -> Any:
    """Return the unit vector ``t`` of the way along the great circle from one to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    angle = math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b))) * 2  # exact where arc cosine is not
    if math.pi - angle < 1e-6:  # there are as many shortest ways as one likes: take one
        aside = np.eye(len(a))[int(np.argmin(np.abs(a)))]
        b = aside - (aside @ a) * a
        b, angle, t = b / np.linalg.norm(b), math.pi / 2, 2 * t
    if angle < 1e-9:
        return a
    way = (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)
    return way / np.linalg.norm(way)


def _direction(a: Triple, b: Triple, t: float) -> Triple:
    if a == b:
        return a
    x, y, z = (float(v) for v in _arc(np.asarray(a, np.float64), np.asarray(b, np.float64), t))
    return x, y, z


def _scaled(a: float, b: float, t: float) -> float:
    """Return the geometric mean: a zoom at even speed."""
    return a if a == b else float(a ** (1 - t) * b**t)


def _fading(a: Any, b: Any, t: float, switch: str, amount: str) -> Any:
    """Mix two values of which one may be switched off: that one is the other with nothing of its amount."""
    if getattr(a, switch) == getattr(b, switch):
        return mixed(a, b, t)
    off = {amount: 0.0, switch: True}
    return mixed(a, replace(a, **off), t) if getattr(a, switch) else mixed(replace(b, **off), b, t)


def _ramps(a: Mapping[str, Ramp], b: Mapping[str, Ramp], t: float) -> dict[str, Ramp]:
    out = {}
    for name in {**a, **b}:
        one = a[name] if name in a else replace(b[name], visible=False)
        other = b[name] if name in b else replace(a[name], visible=False)
        out[name] = _fading(one, other, t, "visible", "opacity")
    return out


def _light(a: Light, b: Light, t: float, last: Camera) -> Light:
    there = np.asarray(b.direction_xyz, np.float64)
    if a.fixed_to != b.fixed_to:  # where the later light will be, told in the axes of the earlier one
        there = last.axes_xyz @ there if a.fixed_to == "camera" else last.axes_xyz.T @ there
    x, y, z = (float(v) for v in there)
    way = _direction(a.direction_xyz, b.direction_xyz if a.fixed_to == b.fixed_to else (x, y, z), t)
    return replace(mixed(a, b, t), direction_xyz=way)


def _clips(a: Clips, b: Clips, t: float, bounds_xyz: Bounds | None) -> Clips:
    if not (a.on or b.on):
        return a
    a, b = (clips if clips.on else Clips() for clips in (a, b))
    if bounds_xyz is not None:
        ways = zip_longest(a.planes, b.planes)
        a, b = (replace(clips, planes=planes) for clips, planes in zip((a, b), _parked(ways, bounds_xyz), strict=True))
    pairs = [_plane(p, q, t) for p, q in zip(a.planes, b.planes, strict=False)]
    return replace(mixed(a, replace(b, planes=a.planes), t), planes=(*pairs, *a.planes[len(pairs) :]))


def _parked(ways: Iterable[tuple[Plane | None, Plane | None]], bounds_xyz: Bounds) -> tuple[tuple[Plane, ...], tuple[Plane, ...]]:
    """Return where planes come from and where they go: what is not there, or off, waits where it just cuts nothing away."""
    pairs = []
    for one, other in ways:
        known = one or other
        if known is None:
            continue
        first, last = one or replace(known, on=False), other or replace(known, on=False)
        if first.on != last.on:
            cuts = first if first.on else last
            normal = np.asarray(cuts.normal_xyz) / np.linalg.norm(cuts.normal_xyz)
            farthest = np.where(normal > 0, bounds_xyz[1], bounds_xyz[0])
            x, y, z = (float(v) for v in np.asarray(cuts.point_xyz) + normal * max(0.0, normal @ (farthest - cuts.point_xyz)))
            outside = replace(cuts, point_xyz=(x, y, z))
            first, last = (first, outside) if first.on else (outside, last)
        pairs.append((first, last))
    return tuple(first for first, _ in pairs), tuple(last for _, last in pairs)


def _plane(a: Plane, b: Plane, t: float) -> Plane:
    if a.on != b.on:
        return a
    return replace(a, point_xyz=mixed(a.point_xyz, b.point_xyz, t), normal_xyz=_direction(a.normal_xyz, b.normal_xyz, t))


def _slices(a: Slices, b: Slices, t: float) -> Slices:
    if a.shown == b.shown:
        return mixed(a, b, t)
    return mixed(a, replace(a, opacity=0.0), t) if a.shown else mixed(replace(b, opacity=0.0), b, t)
