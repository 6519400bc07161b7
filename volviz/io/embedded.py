"""The session inside a picture: dropping the picture on volviz brings the view back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from volviz.core.errors import VolvizError
from volviz.core.json import to_json
from volviz.core.project import VERSION, Project
from volviz.io.image import FORMATS, read_metadata

KEY = "volviz.session"
FORMAT = "volviz session"
LARGEST = 16 * 2**20  # bytes; readers of PNG refuse larger texts


def session_text(project: Project) -> str:
    """Return a session as a picture holds it: with the names of its files, and without the folders that they lie in.

    Who gets the picture learns nothing of where its maker keeps what. Annotations of many megabytes are left out.
    """
    text = _dumped(project)
    if len(text) > LARGEST:
        text = _dumped(replace(project, annotations=()))
    return text


def read_session(path: Path) -> dict[str, Any]:
    """Return the session in a picture, as `session_text` wrote it.

    Raises:
        VolvizError: there is none in it, or no picture.
    """
    try:
        data = json.loads(read_metadata(path).get(KEY, ""))
    except ValueError:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("project"), dict):
        raise VolvizError(
            f"{path} is a picture without a view of volviz in it; open a picture that volviz saved and no other program has changed."
        )
    return data


def is_picture(path: Path) -> bool:
    """Whether a file is to be opened as a picture: by its name, and a TIFF, which may be a tomogram, if a session is in it."""
    suffix = path.suffix.lower()
    if FORMATS.get(suffix) != "TIFF":
        return suffix in FORMATS
    try:
        read_session(path)
    except VolvizError:
        return False
    return True


def _dumped(project: Project) -> str:
    return json.dumps({"format": FORMAT, "project": _named(to_json(replace(project, version=VERSION)))}, ensure_ascii=False)


def _named(data: Any) -> Any:
    """Return JSON in which every source, wherever it is, is a name alone."""
    if isinstance(data, dict):
        named = {key: _named(value) for key, value in data.items()}
        if data.get("type") == "Source":
            named["path"] = Path(str(data["path"])).name
        return named
    return [_named(value) for value in data] if isinstance(data, list) else data
