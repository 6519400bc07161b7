"""Looks with a name: a few settings laid over whatever view there is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volviz.assets import asset
from volviz.core.errors import VolvizError
from volviz.core.scene import Scene


@dataclass(frozen=True, slots=True)
class Look:
    """A preset: ``settings`` are those of `Scene.set`, by their path."""

    title: str
    settings: dict[str, Any]
    about: str = ""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene in this look. What it says of a class that the scene does not have is left out."""
        for path, value in self.settings.items():
            part, dot, _ = path.partition(".")
            if not dot or part in scene.ramps or hasattr(scene, part):
                scene = scene.set(path, " ".join(map(str, value)) if isinstance(value, list) else str(value))
        return scene


def looks() -> dict[str, Look]:
    """Return the bundled looks by name."""
    return {path.stem: _read(path) for path in sorted(asset("resources/presets").glob("*.json"))}


def find_look(name: str) -> Look:
    """Return a bundled look by name, or one from a JSON file.

    Raises:
        VolvizError: there is no such look.
    """
    bundled = looks()
    if name in bundled:
        return bundled[name]
    if not Path(name).is_file():
        raise VolvizError(f"There is no look called '{name}'; choose one of {', '.join(bundled)}, or name a JSON file.")
    return _read(Path(name))


def _read(path: Path) -> Look:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        settings = data["settings"]
        if not isinstance(settings, dict):
            raise TypeError
        return Look(str(data.get("title", path.stem)), settings, str(data.get("about", "")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise VolvizError(f"{path} is not a look: it should be JSON with 'settings' such as \"membrane.low\": 0.3.") from None
