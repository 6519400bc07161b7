"""From paths to what the window shows. Runs in a job's thread: no window in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from volviz.core.alone import is_alone
from volviz.core.arranged import ARRANGED, kept_of
from volviz.core.errors import VolvizError
from volviz.core.estimate import first_camera
from volviz.core.project import Project, Source
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.sizing import laid, with_size
from volviz.core.volume import Volume
from volviz.gui import settings
from volviz.gui.choosing import Picked
from volviz.gui.document import State
from volviz.gui.overview import Overview
from volviz.gui.planes import contrast_from
from volviz.gui.sizing import resized
from volviz.io import open as open_path
from volviz.io.embedded import is_picture
from volviz.tasks.clean import clean
from volviz.tasks.session import is_session, open_session, tomogram_of

CONTRAST_SAMPLE = 500_000
KEPT = ("light", "occlusion", "shadow", "bloom", "clips", "slices", "guides")  # of the look, when classes are added
# Of a State, what a session file holds under the same name.
STORED = tuple(sorted({f.name for f in fields(Project)} & {f.name for f in fields(State)} - {"volume", "segmentation"}))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    volume: Volume | None = None
    segmentation: Segmentation | None = None
    project: Project | None = None
    path: Path | None = None


def open_state(
    paths: Sequence[Path],
    current: State,
    aspect: float = 1.0,
    report: Report = silent,
    find: Sequence[Path] = (),
    chosen: Mapping[str, Path | None] | None = None,
    picked: Picked | None = None,
) -> State:
    """Open a tomogram, a segmentation that belongs to it, both, or a session, and estimate how to show it.

    A segmentation alone goes to the tomogram that is open, or to the one it was made from. Files of a session that have
    moved are looked for in the folders of ``find``; ``chosen`` are those a person has pointed to, by their role. ``picked`` is
    what a person said of several volumes, in place of ``paths``.

    Raises:
        LostSources: a file of a session was not found.
        VolvizError: something cannot be opened, or does not belong together.
    """
    found = _Found() if picked is None else _Found(*picked.opened(current.volume))
    for i, path in enumerate(paths if picked is None else ()):
        report(0.4 * i / len(paths), f"Opening {path.name}")
        found = _session(path, find, chosen) if is_session(path) else _add(found, path, current)
    volume, segmentation = found.volume, found.segmentation
    if volume is None:
        volume = _tomogram_of(segmentation, current)
    source = None
    if found.project is None and volume is not current.volume and volume.source is not None:
        source = Source.of(volume.source, volume)  # as the file says it, before anybody says otherwise
        volume, source = _remembered(volume, source)
    if segmentation is not None:
        volume, segmentation = laid(volume, segmentation)
    estimated = Scene.of(volume, segmentation, part(report, 0.4, 0.9))
    report(0.9, "Estimating the contrast")
    if current.volume is not None and volume.data is current.volume.data:
        now = replace(current, **resized(current, volume))
        scene = replace(estimated, **{name: getattr(now.scene, name) for name in KEPT})
        return replace(now, segmentation=segmentation, scene=scene, estimated=estimated, live=None)
    x, y, z = (float(v) for v in volume.grid.center_xyz)
    shown = State(
        volume,
        segmentation,
        estimated,
        estimated,
        crosshair_xyz=(x, y, z),
        overlay=current.overlay,
        slab=current.slab,
        path=found.path,
        overview=Overview.of(volume, lambda: report(0.9, "Reading the slices coarsely")),
    )
    project = found.project or Project()
    if found.project is not None:
        shown = replace(shown, **stored_in(project), project=project)
    elif source is not None:
        shown = replace(shown, project=Project(volume=source))
    cleaned = segmentation and clean(segmentation, shown.scene, part(report, 0.9, 1.0))
    return replace(
        shown,
        cleaned=None if cleaned is segmentation else cleaned,
        camera=project.camera
        or first_camera(volume, cleaned, aspect, shown.scene.region, lambda: report(0.9, "Looking where the classes are")),
        contrast=project.contrast or contrast_from(volume.sample(CONTRAST_SAMPLE, check=lambda: report(0.95, "Estimating the contrast"))),
    )


def stored_in(project: Project) -> dict[str, Any]:
    """Return what a session says of the fields of a `State` that have the same names."""
    return {name: value for name in STORED if (value := getattr(project, name)) is not None}


def project_of(state: State) -> Project:
    """Return the session file's contents for a state.

    Raises:
        VolvizError: something shown is not in any file yet.
    """
    volume, segmentation = state.volume, state.segmentation
    if volume is None or (volume.source is None and not is_alone(volume)):
        raise VolvizError("There is no tomogram from a file to save a session of; open one first.")
    project = state.project or Project()
    source = project.volume
    if volume.source is None:  # classes that are shown alone
        source = None
    elif source is None or Path(source.path) != volume.source:
        source = Source(str(volume.source), shape=volume.grid.shape)
    classes = None
    if segmentation is not None:
        origin = segmentation.provenance.get("file")
        if origin is None:
            raise VolvizError("The segmentation is not saved yet; save it first, so that the session can find it again.")
        classes = Source(str(origin), shape=segmentation.grid.shape)
    kept = {name: getattr(state, name) for name in STORED}
    arranged = kept_of(segmentation) if segmentation is not None else ()
    return replace(project, volume=source and source.seen_as(volume.grid), segmentation=classes, classes=arranged, **kept)


def stored_at(segmentation: Segmentation, path: Path, names: Sequence[str] | None = None) -> Segmentation:
    """Return a segmentation that knows in which file it is, and what its classes are called there, unless as they are called now."""
    said = {key: value for key, value in segmentation.provenance.items() if key != ARRANGED}
    arranged = {} if names is None or list(names) == [label.name for label in segmentation.drawn] else {ARRANGED: list(names)}
    return replace(segmentation, provenance={**said, **arranged, "file": str(path)})


def _add(found: _Found, path: Path, current: State) -> _Found:
    value = open_path(path)
    if isinstance(value, Segmentation):
        return replace(found, segmentation=stored_at(value, path))
    return replace(found, volume=value)


def _session(path: Path, find: Sequence[Path], chosen: Mapping[str, Path | None] | None) -> _Found:
    if is_picture(path):  # which knows names alone
        known = dict.fromkeys(path.parent for entry in settings.recent() for path in entry)
        find = [*find, *(folder for folder in known if folder.is_dir())]  # what was open last may have lain on a disk that is gone
    session = open_session(path, find=find, chosen=chosen)
    segmentation, project = session.segmentation, session.project
    if segmentation is not None and project.segmentation is not None:
        names = [one.of for one in kept_of(segmentation)] or None
        segmentation = stored_at(segmentation, Path(project.segmentation.path), names)
    # What could not be used is said where the notes about the file are.
    volume = replace(session.volume, notes=(*session.volume.notes, *session.notes))
    # A picture is not where the session is saved when one saves it.
    return _Found(volume, segmentation, project, None if is_picture(path) else path)


def _tomogram_of(segmentation: Segmentation | None, current: State) -> Volume:
    if segmentation is None:
        raise VolvizError("Nothing was opened; choose a tomogram.")
    if current.volume is not None and current.volume.grid.shape == segmentation.shape:
        return current.volume
    return tomogram_of(segmentation)


def _remembered(volume: Volume, source: Source) -> tuple[Volume, Source]:
    """Return a tomogram with the voxel size that a person gave it before, or what is to be remembered of it: that they did not know."""
    if volume.grid.voxel_size_known or volume.source is None:
        return volume, source
    size = settings.voxel_size(volume.source)
    if size is None:
        return volume, replace(source, unsized=settings.unsized(volume.source))
    return with_size(volume, size, f"The file does not know its voxel size; {size:g} Å is what you said when it was open before."), source
