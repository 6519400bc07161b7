"""Session files: ``.volviz`` JSON, with the sources seen from where the file lies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.core.json import from_json, to_json
from volviz.core.project import VERSION, Project, Source
from volviz.io.atomic import reason, replacing
from volviz.io.description import relative, resolved

SUFFIX = ".volviz"
FORMAT = "volviz session"


def save_project(project: Project, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a session. Paths of sources are stored as seen from the file's folder, so that both can move together.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    path = Path(path).expanduser()
    folder = path.absolute().parent
    stored = replace(project, volume=_stored(project.volume, folder), segmentation=_stored(project.segmentation, folder))
    text = json.dumps({"format": FORMAT, "project": to_json(stored)}, indent=2, ensure_ascii=False)
    with replacing(path, overwrite=overwrite) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def open_project(path: str | Path) -> Project:
    """Read a session. The paths of its sources come back whole; open them with `volviz.io.open`.

    Raises:
        VolvizError: the file is no session, of a newer volviz, or one of its sources is not there any more.
    """
    path = Path(path).expanduser()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except ValueError as error:
        raise VolvizError(f"{path} is not a session that volviz wrote; check what the file is.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("project"), dict):
        raise VolvizError(f"{path} is not a session that volviz wrote; check what the file is.")
    version = data["project"].get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise VolvizError(f"{path} was written by a newer volviz; update volviz to open it.")
    try:
        project = from_json(Project, data["project"])
    except VolvizError as error:
        raise VolvizError(f"{path} is damaged or of another version of volviz: {error}") from error
    folder = path.absolute().parent
    return replace(project, volume=_found(project.volume, folder, path), segmentation=_found(project.segmentation, folder, path))


def _stored(source: Source | None, folder: Path) -> Source | None:
    return source and replace(source, path=relative(Path(source.path), folder))


def _found(source: Source | None, folder: Path, project: Path) -> Source | None:
    if source is None:
        return None
    found = resolved(source.path, folder)
    if not found.exists():
        raise VolvizError(f"{found} is missing, which the session {project.name} needs; put it back there, or start a new session.")
    return replace(source, path=str(found))
