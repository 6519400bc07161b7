"""Animations from files: those of sessions, and short ones that a person writes."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from volviz.core.animation import EASINGS, Keyframe, Keyframes, in_order
from volviz.core.camera import VIEWS, Camera
from volviz.core.errors import VolvizError
from volviz.core.estimate import first_camera
from volviz.core.json import from_json
from volviz.core.scene import Scene
from volviz.io.project import read_project
from volviz.tasks.render import View
from volviz.tasks.session import is_session

KNOWN = ("seconds", "easing", "camera", "turn", "tilt", "zoom", "scene", "set")


def read_animation(path: Path, view: View, aspect: float = 16 / 9) -> Keyframes:
    """Return the keyframes of a session, or of JSON: ``{"keyframes": [{"seconds": 0}, {"seconds": 4, "turn": 90}, ...]}``.

    In JSON each keyframe goes on from the one before it, the first from the view: ``camera`` is a whole camera or the name of
    a side; ``turn`` and ``tilt`` are degrees about the picture's vertical and horizontal, ``zoom`` a factor; ``scene`` is a
    whole look; ``set`` are settings as `Scene.set` takes them; ``easing`` is how it goes on to the next.

    Raises:
        VolvizError: the file cannot be read, or is no animation.
    """
    if is_session(path):
        stored = read_project(path)[0].animation
        if not stored:
            raise VolvizError(f"The session {path.name} holds no animation; make one in the window, or give --spin or --rock.")
        return stored
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        items = data["keyframes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VolvizError(f"{path} is no animation; it should be a .volviz session or JSON with 'keyframes' (docs/videos.md).") from error
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise VolvizError(f"{path} lists no keyframes; each is written in braces, for example {{'seconds': 0}} (docs/videos.md).")
    keyframes: list[Keyframe] = []
    last = Keyframe(0.0, view.camera or first_camera(view.volume, view.segmentation, aspect, view.scene.region), view.scene)
    for number, item in enumerate(items, 1):
        last = _next(item, last, f"Keyframe {number} of {path.name}")
        keyframes.append(last)
    return in_order(keyframes)


def _next(item: dict[str, Any], last: Keyframe, where: str) -> Keyframe:
    unknown = set(item) - set(KNOWN)
    if unknown:
        raise VolvizError(f"{where} says '{min(unknown)}', which means nothing there; it may say {', '.join(KNOWN)}.")
    seconds, easing = item.get("seconds", last.seconds), item.get("easing", "ease")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds < 1e5:
        raise VolvizError(f"{where} should say in 'seconds' when it is, from 0, not {seconds!r}.")
    if easing not in EASINGS:
        raise VolvizError(f"{where} cannot go on by '{easing}'; choose one of {', '.join(EASINGS)}.")
    scene = from_json(Scene, item["scene"]) if "scene" in item else last.scene
    settings = item.get("set", {})
    if not isinstance(settings, dict):
        raise VolvizError(f"{where}: 'set' should hold settings in braces, for example {{'membrane.low': 0.3}}.")
    for name, value in settings.items():
        scene = scene.set(name, _written(value))
    return Keyframe(float(seconds), _moved(item, last.camera, where), scene, easing)


def _moved(item: dict[str, Any], camera: Camera, where: str) -> Camera:
    given = item.get("camera")
    if isinstance(given, dict):
        # What a camera does not say is as it was: "a little nearer" is one number.
        old = {f.name: getattr(camera, f.name) for f in fields(Camera)}
        camera = from_json(Camera, json.loads(json.dumps({**old, **given}))).checked()
    elif given is not None:
        if given not in VIEWS:
            raise VolvizError(f"{where} cannot look from '{given}'; give a whole camera, or one of {', '.join(VIEWS)}.")
        camera = camera.seen_from(given)
    turns = []
    for name, default in (("turn", 0.0), ("tilt", 0.0), ("zoom", 1.0)):
        value = item.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or (name == "zoom" and not value > 0):
            raise VolvizError(f"{where}: '{name}' takes a number, not {value!r}.")
        turns.append(float(value))
    for degrees, axis in zip(turns, (1, 0), strict=False):
        x, y, z = (float(v) for v in camera.axes_xyz[axis])
        camera = camera.turned((x, y, z), degrees) if degrees else camera
    return camera if turns[2] == 1.0 else camera.zoomed(turns[2])


def _written(value: Any) -> str:
    """Return a value of JSON as a person would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "none" if value is None else str(value)
