"""What segmentation and session files say in JSON about classes and about other files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from volviz.core.segmentation import Label


def label_to_json(label: Label) -> dict[str, Any]:
    """Return a class as plain values."""
    return {"name": label.name, "color": list(label.color), "identifier": label.identifier}


def label_from_json(fields: Mapping[str, Any]) -> Label:
    """Return the class that `label_to_json` wrote."""
    r, g, b = (float(v) for v in fields["color"])
    return Label(str(fields["name"]), (r, g, b), str(fields["identifier"]))


def source_to_json(source: Path | None, folder: Path) -> dict[str, str] | None:
    """Return the name of a file and its path as seen from a folder."""
    return None if source is None else {"name": source.name, "path": relative(source, folder)}


def source_from_json(fields: Mapping[str, Any] | None, folder: Path) -> Path | None:
    """Return the whole path that `source_to_json` wrote; nothing may be there any more."""
    return resolved(str(fields["path"]), folder) if fields else None


def relative(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with forward slashes, so that both can move together; whole on another drive."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def resolved(path: str, folder: Path) -> Path:
    """Return the whole path of what `relative` wrote."""
    return Path(os.path.normpath(folder.absolute() / path))
