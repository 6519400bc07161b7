"""Looks with a name: a few settings laid over whatever view there is. Bundled, a person's own, from a file, from Nano-Oetzi."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from volviz.assets import asset
from volviz.core.atomic import make_folders, reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.json import from_json, to_json
from volviz.core.scene import Ramp, Scene

log = logging.getLogger(__name__)

# What a saved look says of a scene: all that is a matter of taste. Not what belongs to one tomogram: its cuts, its region, how it is
# cleaned, and which sign of its density is matter.
LIT = ("light", "occlusion", "shadow", "bloom", "exposure", "background", "background_top")
SAVED = ("mode", "blending", "together", "uncertainty", "raw", "density", *LIT)
_OF_THE_DATA = {"raw.invert"}
_NAME = re.compile(r"[\w][\w .()+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Look:
    """A preset: ``settings`` are those of `Scene.set`, by their path. ``notes`` are what could not be taken over into it."""

    title: str
    settings: Mapping[str, Any]
    about: str = ""
    notes: tuple[str, ...] = ()

    def apply(self, scene: Scene) -> Scene:
        """Return the scene in this look. What it says of a class that the scene does not have is left out."""
        if "background" in self.settings:  # which is even, unless the look says more
            scene = replace(scene, background_top=None)
        for path, value in self.settings.items():
            part, dot, _ = path.partition(".")
            if not dot or part in scene.ramps or hasattr(scene, part):
                scene = scene.set(path, " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
        return scene

    def to_json(self) -> dict[str, Any]:
        """Return what a file of a look holds."""
        return {"title": self.title, "about": self.about, "settings": dict(self.settings)}


def looks() -> dict[str, Look]:
    """Return the looks with a name: the bundled ones, then a person's own, as far as they can be read."""
    found = {}
    for path in [*sorted(asset("resources/presets").glob("*.json")), *own_looks().values()]:
        try:
            found[path.stem] = _read(path)
        except VolvizError as error:
            log.warning("%s", error)
    return found


def own_looks() -> dict[str, Path]:
    """Return the files of a person's own looks by name."""
    return {path.stem: path for path in sorted(user_folder().glob("*.json"))}


def user_folder() -> Path:
    """Return the folder where a person keeps looks of their own; it need not exist."""
    return Path(platformdirs.user_data_dir("volviz", appauthor=False)) / "looks"


def find_look(name: str) -> Look:
    """Return a look by name, or one from a file: volviz's own JSON, or a preset, a session or a folder of Nano-Oetzi.

    Raises:
        VolvizError: there is no such look.
    """
    bundled, own = asset("resources/presets") / f"{name}.json", own_looks()
    if name in own or bundled.is_file():
        return _read(own.get(name, bundled))
    path = Path(name)
    if not name or not path.exists():
        known = ", ".join(looks())
        raise VolvizError(f"There is no look called '{name}'; choose one of {known}, or name a JSON file.")
    return read_look(path)


def read_look(path: Path) -> Look:
    """Return the look in a file: volviz's own JSON, or a preset (``tf-*.json``), a session or a folder of them of Nano-Oetzi.

    Raises:
        VolvizError: it holds none.
    """
    from volviz.tasks.nano_oetzi import is_foreign, read_foreign

    if path.is_dir() or is_foreign(_parsed(path)):
        return read_foreign(path)
    return _read(path)


def look_of(scene: Scene, title: str = "", about: str = "") -> Look:
    """Return all of a scene that is a matter of taste as a look, the ramps of its classes by their names."""
    settings: dict[str, Any] = {}
    for name, ramp in scene.ramps.items():
        settings |= _settings(name, ramp)
    for part in SAVED:
        settings |= _settings(part, getattr(scene, part))
    return Look(title, {path: value for path, value in settings.items() if path not in _OF_THE_DATA}, about)


def save_look(look: Look, name: str, *, overwrite: bool = False) -> Path:
    """Keep a look under a name in the person's folder, for the window and for ``--look``; return its file.

    Raises:
        VolvizError: there is one of this name already, or this can be no name.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise VolvizError(f"'{name}' cannot be the name of a look; use letters, digits, spaces and hyphens.")
    path = user_folder() / f"{name}.json"
    if (asset("resources/presets") / path.name).is_file():
        raise VolvizError(f"volviz comes with a look called '{name}'; choose another name.")
    if path.exists() and not overwrite:
        raise VolvizError(f"There is a look called '{name}' already; choose another name, or replace it.")
    make_folders(path.parent)
    content = json.dumps({**look.to_json(), "title": look.title or name}, indent=1) + "\n"
    with replacing(path, overwrite=True) as beside:
        beside.write_text(content, encoding="utf-8")
    return path


def delete_look(name: str) -> None:
    """Delete one of the person's own looks.

    Raises:
        VolvizError: there is none of this name.
    """
    if name not in own_looks():
        raise VolvizError(f"There is no look of your own called '{name}'.")
    own_looks()[name].unlink()


def look_from_text(text: str) -> Look:
    """Return the look that somebody copied as JSON.

    Raises:
        VolvizError: the text is none.
    """
    try:
        return _look(json.loads(text), "Pasted")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VolvizError("The clipboard holds no look; copy one first (Look, Copy).") from None


def ramp_to_text(ramp: Ramp) -> str:
    """Return the look of one class as JSON to copy."""
    return json.dumps(to_json(ramp), indent=1)


def ramp_from_text(text: str, old: Ramp) -> Ramp:
    """Return the look of one class that somebody copied: volviz's own, or a preset of Nano-Oetzi laid over the old one.

    Raises:
        VolvizError: the text is none.
    """
    from volviz.tasks.nano_oetzi import is_ramp, ramp_of

    try:
        content = json.loads(text)
        return ramp_of(content, old) if is_ramp(content) else from_json(Ramp, content)
    except (ValueError, VolvizError):
        raise VolvizError("The clipboard holds no look of a class; copy that of another class first.") from None


def _settings(path: str, value: Any) -> dict[str, Any]:
    if is_dataclass(value):
        parts = (_settings(f"{path}.{field.name}", getattr(value, field.name)) for field in fields(value))
        return {name: v for part in parts for name, v in part.items()}
    return {path: list(value) if isinstance(value, tuple) else value}


def _parsed(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from None
    except ValueError:
        raise _no_look(path) from None


def _read(path: Path) -> Look:
    try:
        return _look(_parsed(path), path.stem)
    except (KeyError, TypeError, AttributeError):
        raise _no_look(path) from None


def _look(data: Any, title: str) -> Look:
    settings = data["settings"]
    if not isinstance(settings, dict):
        raise TypeError
    return Look(str(data.get("title") or title), settings, str(data.get("about", "")))


def _no_look(path: Path) -> VolvizError:
    return VolvizError(f"{path} is not a look: it should be JSON with 'settings' such as \"membrane.low\": 0.3, or a preset of Nano-Oetzi.")
