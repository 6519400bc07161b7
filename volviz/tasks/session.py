"""A session with its files open: what the window, `volviz render` and `volviz clean` start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from volviz.core.alone import density_of
from volviz.core.arranged import as_arranged
from volviz.core.errors import VolvizError
from volviz.core.project import Project, Source
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.project import SUFFIX, read_project
from volviz.io.reading import sized
from volviz.io.sources import check_same, located


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What a session file and the files it names hold. ``notes`` are sentences on what could not be used."""

    project: Project
    volume: Volume
    segmentation: Segmentation | None
    notes: tuple[str, ...]


def is_session(path: Path) -> bool:
    """Whether a path is that of a session file, by its name, or of a picture."""
    from volviz.io.embedded import is_picture

    return path.suffix.lower() == SUFFIX or (path.is_file() and is_picture(path))


def find_project(path: Path, find: Sequence[Path] = (), chosen: Mapping[str, Path | None] | None = None) -> tuple[Project, tuple[str, ...]]:
    """Read a session file and find its files, in the folders of ``find`` too; return it and sentences on what was left out.

    Raises:
        LostSources: one of them was not found.
        VolvizError: there is no such folder, or the file is no session.
    """
    for folder in find:
        if not folder.is_dir():
            raise VolvizError(f"{folder} is no folder to find files in; name one that is there.")
    project, notes = read_project(path)
    return located(project, path, find, chosen), notes


def open_session(
    path: Path,
    *,
    find: Sequence[Path] = (),
    chosen: Mapping[str, Path | None] | None = None,
    voxel_size: float | None = None,
    classes: bool = True,
) -> Session:
    """Open a session file and what it names; ``chosen`` are files that a person has pointed to, by their role in it.

    ``voxel_size`` (A) is used instead of the session's. Without ``classes`` its segmentation is left alone.

    Raises:
        LostSources: a file was not found, or is another by now.
        VolvizError: the session names no tomogram, or a file cannot be opened.
    """
    project, notes = find_project(path, find, chosen)
    if project.volume is None and project.segmentation is not None:
        return _alone(project, notes, voxel_size)
    if project.volume is None:
        raise VolvizError(f"The session {path} names no tomogram, so there is nothing to show.")
    opened = open_path(project.volume.path, index=project.volume.index)
    check_same("volume", project.volume, opened, path)
    size = voxel_size or project.volume.voxel_size
    kept = replace(Source.of(project.volume.path, opened), voxel_size=size, unsized=project.volume.unsized)
    volume = opened if size is None else sized(opened, size)
    if isinstance(volume, Segmentation):
        raise VolvizError(f"{project.volume.path} holds a segmentation, not a tomogram; name the tomogram it was made from.")
    segmentation = None
    if classes and project.segmentation is not None:
        from volviz.tasks.render import open_classes

        volume, segmentation = open_classes(Path(project.segmentation.path), volume)
        if project.classes:
            segmentation = as_arranged(segmentation, project.classes)
    elif classes and project.scene.ramps:
        notes += (f"The classes of {path.name} were in no file; segment the tomogram to see them.",)
    return Session(replace(project, volume=kept), volume, segmentation, notes)


def _alone(project: Project, notes: tuple[str, ...], voxel_size: float | None) -> Session:
    """Open the session of classes that were shown without a tomogram."""
    assert project.segmentation is not None
    found = open_path(project.segmentation.path, voxel_size=voxel_size)
    if not isinstance(found, Segmentation):
        raise VolvizError(f"{project.segmentation.path} holds no segmentation; put back the file that the session names.")
    if project.classes:
        found = as_arranged(found, project.classes)
    return Session(project, density_of(found), found, notes)


def tomogram_of(segmentation: Segmentation) -> Volume:
    """Return the tomogram that a segmentation was made from, or, where that is not there any more, what stands in for it."""
    source = segmentation.source
    if source is not None and source.exists():
        value = open_path(source)
        if isinstance(value, Volume) and value.grid.shape == segmentation.shape:
            return value
    alone = density_of(segmentation)
    why = "" if source is None else f" {source.name}, from which the classes were made, is not in {source.parent} any more."
    return replace(alone, notes=(*(f"{note}{why}" for note in alone.notes),))
