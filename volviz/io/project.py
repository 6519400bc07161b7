"""Session files: ``.volviz`` JSON, with the sources seen from where the file lies; and the sessions inside pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.json import from_json, to_json
from volviz.core.project import VERSION, Project, Source
from volviz.io.description import relative, resolved
from volviz.io.sources import located

SUFFIX = ".volviz"
FORMAT = "volviz session"


def save_project(project: Project, path: str | Path, *, overwrite: bool = False, about: Mapping[str, Any] | None = None) -> None:
    """Write a session. Paths of sources are stored as seen from the file's folder, so that both can move together.

    ``about`` is put beside the session, for whoever writes it; whoever opens it does not look there.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    path = Path(path).expanduser()
    folder = path.absolute().parent
    stored = replace(project, version=VERSION, volume=_stored(project.volume, folder), segmentation=_stored(project.segmentation, folder))
    text = json.dumps({"format": FORMAT, **({"about": about} if about else {}), "project": to_json(stored)}, indent=2, ensure_ascii=False)
    with replacing(path, overwrite=overwrite) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def open_project(path: str | Path, find: Sequence[Path] = ()) -> Project:
    """Read a session, or the one in a picture that volviz saved. The paths of its sources come back whole; open them with
    `volviz.io.open`. Those of a picture are looked for beside it.

    Sources that have moved are looked for in the folders of ``find``.

    Raises:
        VolvizError: the file is no session, of a newer volviz, or one of its sources is not there any more (`LostSources`).
    """
    path = Path(path).expanduser()
    return located(read_project(path)[0], path, find)


def read_project(path: Path) -> tuple[Project, tuple[str, ...]]:
    """Read a session without looking for its sources, whose paths come back whole; and sentences on what was left out.

    Raises:
        VolvizError: the file is no session, or of a newer volviz.
    """
    data = _read(path)
    version = data["project"].get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise VolvizError(f"{path} was written by a newer volviz; update volviz to open it.")
    unknown: list[str] = []
    try:
        project = from_json(Project, data["project"], unknown)
        for camera in project.cameras:
            camera.checked()
    except VolvizError as error:
        raise VolvizError(f"{path} is damaged or of another version of volviz: {error}") from error
    folder = path.absolute().parent
    whole = replace(project, volume=_whole(project.volume, folder), segmentation=_whole(project.segmentation, folder))
    said = ", ".join(unknown)
    return whole, ((f"{path.name} holds what this volviz does not know and leaves out: {said}.",) if unknown else ())


def read_about(path: Path) -> dict[str, Any]:
    """Return what `save_project` was told about a session.

    Raises:
        VolvizError: the file is no session.
    """
    about = _read(path).get("about")
    return about if isinstance(about, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    from volviz.io.embedded import is_picture, read_session  # which needs what reads pictures

    if is_picture(path):
        return read_session(path)
    try:
        data = json.loads(read_text(path))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except ValueError as error:
        raise VolvizError(f"{path} is not a session that volviz wrote; check what the file is.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("project"), dict):
        raise VolvizError(f"{path} is not a session that volviz wrote; check what the file is.")
    return data


def _stored(source: Source | None, folder: Path) -> Source | None:
    return source and replace(source, path=relative(Path(source.path), folder))


def _whole(source: Source | None, folder: Path) -> Source | None:
    return source and replace(source, path=str(resolved(source.path, folder)))
