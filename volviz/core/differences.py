"""What has to be set in one scene to make it another: as a person would write it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from volviz.core.cleaning import Cleaning
from volviz.core.cuts import Plane
from volviz.core.grid import Region
from volviz.core.scene import Ramp, Scene

Settings = tuple[tuple[str, str], ...]


def differences(base: Scene, scene: Scene) -> Settings:
    """Return what `Scene.set` has to be given, in this order, to turn ``base`` into a scene that draws the same pixels.

    Classes that only ``scene`` knows are left out, as nothing of them can be drawn where ``base`` was estimated; those that
    only ``base`` knows are hidden. Planes that cut nothing are left out.
    """
    found: list[tuple[str, str]] = []
    for name, ramp in base.ramps.items():
        if name in scene.ramps:
            found += _parts(name, ramp, scene.ramps[name])
        else:
            found.append((f"{name}.visible", "off"))
        found += _parts(name, base.cleaning.get(name, Cleaning()), scene.cleaning.get(name, Cleaning()))
    for field in fields(Scene):
        if field.name in {"ramps", "cleaning"}:
            continue
        before, after = getattr(base, field.name), getattr(scene, field.name)
        if field.name == "together" and after is not None and before is None:
            found.append(("together", "on"))
            found += _parts("together", Ramp(), after)
        elif is_dataclass(after) and is_dataclass(before) and not isinstance(after, Region):
            found += _parts(field.name, before, after)
        elif before != after:
            found.append((field.name, text_of(after)))
    return tuple(found)


def applied(base: Scene, settings: Settings) -> Scene:
    """Return a scene with settings made, one after the other."""
    for path, text in settings:
        base = base.set(path, text)
    return base


def text_of(value: Any) -> str:
    """Return a value as `Scene.set` reads it, to the last digit."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Region):
        return ",".join(f"{start}:{stop}" for start, stop in zip(value.start, value.stop, strict=True))
    if isinstance(value, tuple) and all(isinstance(v, Plane) for v in value):
        return "; ".join(" ".join(repr(float(v)) for v in (*p.point_xyz, *p.normal_xyz)) for p in value if p.on) or "none"
    if isinstance(value, tuple):
        return ",".join(text_of(v) for v in value)
    return repr(float(value)) if isinstance(value, float) else str(value)


def _parts(head: str, before: Any, after: Any) -> list[tuple[str, str]]:
    said = [(f.name, text_of(getattr(before, f.name)), text_of(getattr(after, f.name))) for f in fields(after)]
    return [(f"{head}.{name}", new) for name, old, new in said if new != old]
