"""The files that a session needs: where they are now, and whether they are still the same."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.core.project import Project, Source
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io.reading import open as open_path

ROLES = ("volume", "segmentation")
DEPTH, ENTRIES = 4, 20_000  # how far below a folder, and among how many names, a file is looked for


@dataclass(frozen=True, slots=True)
class Lost:
    """A file that is not where it was: which it is of the session, its last whole path, and what is wrong in words."""

    role: str
    source: Source
    why: str

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.source.path).name


class LostSources(VolvizError):  # noqa: N818 - a question rather than an error
    """Files of a session are missing, or are others by now."""

    def __init__(self, project: Path, lost: Sequence[Lost]) -> None:
        said = " and ".join(f"{one.source.path} {one.why}" for one in lost)
        which = "which" if len(lost) == 1 else "both of which"
        super().__init__(
            f"{said}, {which} the session {project.name} needs; put {'it' if len(lost) == 1 else 'them'} back, or name the folder "
            "where to look with --find FOLDER."
        )
        self.project, self.lost = project, tuple(lost)


def located(project: Project, path: Path, find: Sequence[Path] = (), chosen: Mapping[str, Path | None] | None = None) -> Project:
    """Return a project whose sources are all there.

    What is not at its place is looked for in the folders of ``find`` and below them; ``chosen`` are files that a person
    has pointed to, by role, beside which the others are looked for too, or None for what
    is to be done without.

    Raises:
        LostSources: one of them was not found, or a file of its name is another.
    """
    chosen = chosen or {}
    found: dict[str, Source] = {}
    lost = []
    for role in ROLES:
        source: Source | None = getattr(project, role)
        if source is None:
            continue
        if role in chosen:
            if (at := chosen[role]) is not None:
                found[role] = replace(source, path=str(at))
        elif os.path.exists(source.path):
            found[role] = source
        else:
            places = [*_beside(Path(source.path), project, chosen), *_within(Path(source.path), find)]
            at, why = _first_same(source, places)
            if at is None:
                lost.append(Lost(role, source, why))
            else:
                found[role] = replace(source, path=str(at))
    if lost:
        raise LostSources(path, lost)
    return replace(project, volume=found.get("volume"), segmentation=found.get("segmentation"))


def check_same(role: str, source: Source, value: Volume | Segmentation, project: Path) -> None:
    """Refuse a file that has another shape than the one the session was made with.

    Raises:
        LostSources: it has.
    """
    if why := _difference(source, value):
        raise LostSources(project, [Lost(role, source, why)])


def _difference(source: Source, value: Volume | Segmentation) -> str:
    if source.shape is None or source.shape == value.grid.shape:
        return ""
    now, then = ("x".join(map(str, reversed(shape))) for shape in (value.grid.shape, source.shape))
    return f"is another file by now, with {now} voxels (x, y, z) instead of {then}"


def _first_same(source: Source, places: Iterator[Path] | Sequence[Path]) -> tuple[Path | None, str]:
    """Return the first place that holds the file, or why none does."""
    why = "is missing"
    for place in places:
        if source.shape is None:
            return place, ""
        try:
            difference = _difference(source, open_path(place))
        except VolvizError:
            continue
        if not difference:
            return place, ""
        why = f"is missing (the file of that name in {place.parent} {difference})"
    return None, why


def _beside(path: Path, project: Project, chosen: Mapping[str, Path | None]) -> list[Path]:
    """Return where a file is if it has moved together with one that a person has pointed to."""
    places = []
    for role, now in chosen.items():
        before: Source | None = getattr(project, role)
        if before is not None and now is not None:
            try:
                step = os.path.relpath(path, Path(before.path).parent)
            except ValueError:  # on another drive
                step = path.name
            places += [Path(os.path.normpath(now.parent / step)), now.parent / path.name]
    return [place for place in places if place.exists()]


def _within(path: Path, folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the places in and below folders where a file of this name lies, the likeliest first."""
    for folder in folders:
        for n in range(min(4, len(path.parts) - 1), 0, -1):
            place = folder.joinpath(*path.parts[-n:])
            if place.exists():
                yield place
        seen = 0
        for root, below, files in os.walk(folder):
            seen += len(below) + len(files)
            if path.name in files or path.name in below:
                yield Path(root) / path.name
            # A Zarr may hold a hundred thousand chunks, none of which is what is looked for.
            below[:] = sorted(n for n in below if not n.startswith(".") and not n.endswith(".zarr"))
            if len(Path(root).relative_to(folder).parts) >= DEPTH:
                below.clear()
            if seen > ENTRIES:
                break
