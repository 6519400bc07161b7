"""Annotations as a file of their own: ``X.annotations.json``, as a session holds them, everything in angstrom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from volviz.core.annotations import Mark
from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.json import from_json, to_json
from volviz.core.segmentation import Label

SUFFIX = ".annotations.json"
FORMAT = "volviz annotations"
VERSION = 2


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """What the file holds: the marks in the order of their making, and the classes with their colours, if they were said.

    ``tomogram`` is the name of what was annotated, for people; coordinates are those of that tomogram, its origin included.
    """

    annotations: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()
    tomogram: str = ""


def save_annotations(
    marks: Sequence[Mark], path: str | Path, *, labels: Sequence[Label] = (), tomogram: str = "", overwrite: bool = False
) -> None:
    """Write annotations as JSON.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    held = to_json(AnnotationFile(tuple(marks), tuple(labels), tomogram))
    held.pop("type")
    text = json.dumps({"format": FORMAT, "version": VERSION, "unit": "angstrom", **held}, indent=1, ensure_ascii=False)
    with replacing(Path(path).expanduser(), overwrite=overwrite) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def open_annotations(path: str | Path) -> AnnotationFile:
    """Read annotations that `save_annotations` wrote.

    Raises:
        VolvizError: the file is something else, or of a newer volviz.
    """
    path = Path(path).expanduser()
    try:
        data = json.loads(read_text(path))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except ValueError as error:
        raise VolvizError(f"{path} holds no annotations that volviz wrote; check what the file is.") from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise VolvizError(f"{path} holds no annotations that volviz wrote; check what the file is.")
    version, unit = data.pop("version", 0), data.pop("unit", "angstrom")
    if not isinstance(version, int) or version > VERSION or unit != "angstrom":
        raise VolvizError(f"{path} was written by a newer volviz; update volviz to open it.")
    try:
        return from_json(AnnotationFile, data)
    except (VolvizError, ValueError) as error:
        raise VolvizError(f"{path} is damaged or of another version of volviz: {error}") from error
