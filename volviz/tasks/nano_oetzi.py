"""Looks of Nano-Oetzi, the viewer of the paper and its successors: their users keep their pictures.

A preset is one class: ``{"rampLow", "rampHigh", "color": {"x", "y", "z"}}``, the ramp in probabilities, the colour of 0 to 255. A
session is the rest: occlusion, shadow, bloom, background, clip plane. What has no counterpart here is left out, and said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.scene import Ramp
from volviz.tasks.looks import Look

# How its presets call the classes, in the names of their files or in their comments, and what those are here.
_CLASSES = {"memb": "membrane", "spike": "spikes", "in": "lumen", "inner": "lumen", "lumen": "lumen"}
_SKIPPED = {
    "raw": "its ramp of the raw density is in grey values of its own file; set that of the density here",
    "bg": "its ramp of the background thresholds shadows, which need none here",
    "background": "its ramp of the background thresholds shadows, which need none here",
}
_SESSION = {"ambient_occlusion", "shadows", "clear_color", "clipping"}
_SWITCHES = {"ambient_occlusion": "occlusion.on", "shadows": "shadow.on", "bloom": "bloom.on"}
_STRENGTHS = {"ao_strength": "occlusion.strength", "shadow_strength": "shadow.strength"}
_VISIBLE = {"enable_volume_a": "spikes", "enable_volume_b": "membrane", "enable_volume_c": "lumen"}
_AXES = {1: "x", 2: "y", 3: "z"}
_LEAST = 0.001


def is_ramp(content: Any) -> bool:
    """Whether this is the preset of a class."""
    return isinstance(content, dict) and {"rampLow", "rampHigh"} <= content.keys()


def is_foreign(content: Any) -> bool:
    """Whether this is a preset or a session."""
    return is_ramp(content) or (isinstance(content, dict) and len(_SESSION & content.keys()) >= 2)


def ramp_of(content: dict[str, Any], old: Ramp) -> Ramp:
    """Return the ramp and the colour of a preset, the rest as it was.

    Raises:
        VolvizError: it holds other things than numbers.
    """
    try:
        low, high = float(content["rampLow"]), float(content["rampHigh"])
        color = content.get("color")
        r, g, b = (round(min(1.0, max(0.0, float(color[axis]) / 255)), 4) for axis in "xyz") if color else old.color
    except (KeyError, TypeError, ValueError):
        raise VolvizError("This preset of Nano-Oetzi is damaged; it should hold rampLow, rampHigh and a color of x, y and z.") from None
    return replace(old, low=low, high=max(high, low + _LEAST), color=(r, g, b))


def read_foreign(path: Path) -> Look:
    """Return the look in a preset, a session, or a folder of both.

    Raises:
        VolvizError: there is none.
    """
    settings: dict[str, Any] = {}
    notes: list[str] = []
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        try:
            content = json.loads(read_text(file))
        except (OSError, ValueError):
            continue
        try:
            if is_ramp(content):
                settings |= dict(_class(file, content, notes))
            elif is_foreign(content):
                settings |= dict(_session(content, notes))
        except (TypeError, ValueError):
            raise VolvizError(f"{file} is a damaged session of Nano-Oetzi: where numbers should be there are none.") from None
    if not settings and not notes:
        raise VolvizError(f"{path} holds no look of Nano-Oetzi: neither presets with a rampLow nor a session.")
    return Look(path.stem, settings, "From Nano-Oetzi", tuple(dict.fromkeys(notes)))


def _class(file: Path, content: dict[str, Any], notes: list[str]) -> Iterator[tuple[str, Any]]:
    for name in (file.stem.lower().removeprefix("tf-"), str(content.get("comment", "")).lower()):
        if name in _SKIPPED:
            notes.append(f"{file.name}: {_SKIPPED[name]}.")
            return
        found = next((known for start, known in _CLASSES.items() if name == start or (len(start) > 2 and name.startswith(start))), None)
        if found is not None:
            ramp = ramp_of(content, Ramp())
            yield from ((f"{found}.low", ramp.low), (f"{found}.high", ramp.high), (f"{found}.color", list(ramp.color)))
            return
    notes.append(f"{file.name} does not say for which class it is; import it at that class instead (its menu, Import a ramp).")


def _session(content: dict[str, Any], notes: list[str]) -> Iterator[tuple[str, Any]]:
    for key, setting in _SWITCHES.items():
        if key in content:
            yield setting, bool(content[key])
    for key, setting in _STRENGTHS.items():
        if key in content:
            yield setting, round(min(1.0, max(0.0, float(content[key]))), 4)
    for key, name in _VISIBLE.items():
        if key in content:
            yield f"{name}.visible", bool(content[key])
    if isinstance(ground := content.get("clear_color"), dict):
        rgb = [float(ground.get(axis, 0)) for axis in "xyz"]
        yield "background", [round(v / 255, 4) for v in rgb] if max(rgb) > 1 else rgb
    if content.get("clipping") and (axis := _AXES.get(int(content.get("clip_plane", 0)))):
        at = round(min(0.99, max(0.01, 0.5 + float(content.get("clip_offset", 0)) / 2)), 4)
        yield f"clips.{axis}", [0.0, at]
        notes.append(f"The clip plane cuts at {at:g} of the edge along {axis}: the session does not say from which side.")
    elif content.get("clip_plane"):
        notes.append("The clip plane was switched off, or follows the view; it was left out.")
    if {"ao_radius", "shadow_radius"} & content.keys():
        notes.append("Radii of occlusion and shadow are in units of its shaders; those of volviz, in nanometres, stay.")
