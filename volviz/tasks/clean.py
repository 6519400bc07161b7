"""Classes cleaned as a scene says: for pictures, for the window, for files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from volviz.core.atomic import remove
from volviz.core.cleaning import Cleaning
from volviz.core.errors import VolvizError
from volviz.core.estimate import automatic_low
from volviz.core.report import Report, part, silent
from volviz.core.room import check_memory, check_room
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.sink import OnDisk
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.tasks.segment import aborting
from volviz.tasks.session import find_project, is_session

if TYPE_CHECKING:
    from volviz.measure.cleaning import Prepared


WHILE_TELLING = 7  # bytes a voxel that it takes to tell objects apart


class Cleaner:
    """Cleans one segmentation again and again: of every class it keeps what the next time can use.

    A change of ``dust`` or ``hysteresis`` alone only looks up what stays, and a class that is cleaned as before is not
    touched. It keeps 5 bytes for every voxel of every class whose objects were told apart, and a byte for every class that
    is cleaned (of 16 bits: 6 and 2).
    """

    def __init__(self, segmentation: Segmentation) -> None:
        self.segmentation = segmentation
        self._prepared: dict[str, tuple[Cleaning, Prepared]] = {}
        self._finished: dict[str, tuple[Cleaning, npt.NDArray[Any]]] = {}

    def clean(self, wanted: Mapping[str, Cleaning], report: Report = silent) -> Segmentation:
        """Return the segmentation with these classes cleaned, every one at its level; classes that it lacks are passed over.

        Raises:
            Cancelled: by ``report``; what was found out till then is kept.
        """
        from volviz.measure.cleaned import assemble

        wanted = wanted_of(self.segmentation, wanted)
        _check_memory(self.segmentation, {name: wanted[name] for name in wanted.keys() - self._prepared.keys()})
        for name in self._finished.keys() - wanted.keys():
            del self._finished[name]
        for i, (name, cleaning) in enumerate(wanted.items()):
            told = part(report, i / len(wanted), (i + 1) / len(wanted))
            if self._finished.get(name, (None,))[0] != cleaning:
                prepared = self._prepare(name, cleaning, part(told, 0.0, 0.9))
                self._finished[name] = cleaning, prepared.finished(cleaning, part(told, 0.9, 1.0))
        if not wanted:
            return self.segmentation
        index = self.segmentation.index
        return assemble(self.segmentation, wanted, {index(name): self._finished[name][1] for name in wanted})

    def serves(self, wanted: Mapping[str, Cleaning], other: Mapping[str, Cleaning]) -> bool:
        """Tell whether the slow part of a cleaning is of use for another one too."""
        from volviz.measure.cleaning import prepared_by

        return all(name in other and prepared_by(other[name]) == prepared_by(cleaning) for name, cleaning in wanted.items())

    def counts(self, name: str, cleaning: Cleaning) -> tuple[int, int] | None:
        """Return how many objects of a class would stay, and how many there are; None if that is not known yet."""
        from volviz.measure.cleaning import prepared_by

        key, prepared = self._prepared.get(name, (None, None))
        return prepared.counts(cleaning) if prepared is not None and prepared.objects is not None and key == prepared_by(cleaning) else None

    def _prepare(self, name: str, cleaning: Cleaning, report: Report) -> Prepared:
        from volviz.measure.cleaning import prepare, prepared_by

        key = prepared_by(cleaning)
        if self._prepared.get(name, (None,))[0] != key:
            self._prepared.pop(name, None)  # before the new one takes its memory
            self._prepared[name] = key, prepare(self.segmentation, name, cleaning, report)
        return self._prepared[name][1]


def wanted_of(segmentation: Segmentation, cleaning: Mapping[str, Cleaning]) -> dict[str, Cleaning]:
    """Return what of a cleaning applies to a segmentation: that of the classes it draws."""
    return {label.name: cleaning[label.name] for label in segmentation.drawn if label.name in cleaning}


def clean(segmentation: Segmentation, cleaning: Scene | Mapping[str, Cleaning], report: Report = silent) -> Segmentation:
    """Return a segmentation with some classes cleaned; the one given is not changed, and stays on disk if it lies there.

    ``cleaning`` is a scene, or `Cleaning` by the name of a class. One without a ``level`` takes the beginning of the ramp
    of its class: the scene's, or the one that `Scene.of` would estimate. What is removed becomes background. A segmentation
    that was cleaned in just this way already, in memory, is returned as it is.

    While it works it takes about 7 bytes a voxel beside a byte for every class that is cleaned.

    Raises:
        VolvizError: there is no such class.
        Cancelled: by ``report``.
    """
    from volviz.measure.cleaned import cleaning_of

    if isinstance(cleaning, Scene):
        wanted = wanted_of(segmentation, cleaning.cleans)
    else:
        names = [label.name for label in segmentation.drawn]
        unknown = [name for name in cleaning if name not in names]
        if unknown:
            raise VolvizError(f"There is no class called '{unknown[0]}' to clean; choose among: {', '.join(names)}.")
        wanted = {name: _levelled(segmentation, name, how) for name, how in cleaning.items() if how.on}
    if not wanted or wanted == cleaning_of(segmentation):
        return segmentation
    return Cleaner(segmentation).clean(wanted, report)


def clean_file(
    path: Path,
    out: Path,
    settings: Sequence[str] = (),
    *,
    find: Sequence[Path] = (),
    overwrite: bool = False,
    report: Report = silent,
) -> dict[str, tuple[int, int] | None]:
    """Clean a segmentation on disk, or that of a session, into ``out``: an OME-Zarr if it ends in ``.zarr``, else a folder.

    ``settings`` are as `Scene.set` takes them: ``membrane.dust=20``, ``cleaning.trim=10,10`` for all classes. Files
    of a session that have moved are looked for in the folders of ``find``. Returns how many objects of every cleaned class
    stayed, and how many there were; None where they were not told apart.

    With ``overwrite`` the uncertainty of an older result goes with it, but not that of the segmentation which is cleaned in its place.

    Raises:
        VolvizError: it cannot be opened, a setting is none, nothing is to be cleaned, there is no room for it, or the result cannot be
            written.
    """
    from volviz.core.stages import apply
    from volviz.io.values import pour
    from volviz.io.volume_file import VolumeFile, uncertainty_of
    from volviz.io.writing import segmentation_sink

    segmentation, scene = segmentation_of(path, find)
    for setting in settings:
        scene = apply(scene, setting)
    wanted = wanted_of(segmentation, scene.cleans)
    if not wanted:
        raise VolvizError("Nothing is asked to be cleaned; add for example --set membrane.dust=20 (nanometres).")
    sink = segmentation_sink(segmentation, out, overwrite=overwrite)
    place, beside = _place(path, find)[0].resolve(), uncertainty_of(sink.result)
    older = place not in {out.resolve(), sink.result.resolve()} and "uncertainty" not in (label.name for label in segmentation.labels)
    if older:
        VolumeFile(beside, segmentation, overwrite=overwrite)  # refuses what is in the way and may not go
    if isinstance(sink, OnDisk):
        check_room(sink, segmentation.grid, segmentation.labels)
    cleaner = Cleaner(segmentation)
    with aborting(sink):
        pour(cleaner.clean(wanted, part(report, 0.0, 0.7)), sink, part(report, 0.7, 1.0))
    if older:
        remove(beside)  # it would pass for the uncertainty of this one
    return {name: cleaner.counts(name, cleaning) for name, cleaning in wanted.items()}


def segmentation_of(path: Path, find: Sequence[Path] = ()) -> tuple[Segmentation, Scene]:
    """Open a segmentation, or that of a session, with the scene that says how its ramps begin and how it is cleaned.

    Raises:
        VolvizError: it cannot be opened, or there is none.
    """
    path, scene, voxel_size = _place(path, find)
    segmentation = open_path(path, voxel_size=voxel_size)
    if isinstance(segmentation, Volume):
        raise VolvizError(f"{path} is a plain volume, not a segmentation; name the _segmentation.json or .zarr that volviz segment wrote.")
    return segmentation, scene or usual_ramps(segmentation)


def _place(path: Path, find: Sequence[Path]) -> tuple[Path, Scene | None, float | None]:
    """Return where a segmentation, or that of a session, lies, with the scene and the voxel size (A) that the session has for it."""
    if not is_session(path):
        return path, None, None
    project, _ = find_project(path, find)
    if project.segmentation is None:
        raise VolvizError(f"The session {path} names no segmentation, so there is nothing to work on.")
    return Path(project.segmentation.path), project.scene, None if project.volume is None else project.volume.voxel_size


def usual_ramps(segmentation: Segmentation) -> Scene:
    """Return a scene with the ramps of a first look, as `Scene.of` gives them, where there is no tomogram for the rest."""
    return Scene(ramps={label.name: Ramp(_low(segmentation, label.name), color=label.color) for label in segmentation.drawn})


def _check_memory(segmentation: Segmentation, wanted: Mapping[str, Cleaning]) -> None:
    """Refuse what would end for want of memory: a byte or two for every voxel of a class, and where objects are told apart seven more."""
    ends = [cleaning.sections(segmentation.grid) for cleaning in wanted.values()]
    depth = max((stop - start for start, stop in ends), default=0)
    telling = any(cleaning.tells_objects for cleaning in wanted.values())
    needed = depth * math.prod(segmentation.shape[1:]) * (segmentation.bits // 8 * len(wanted) + (WHILE_TELLING if telling else 0))
    check_memory(needed, "To clean these classes", "close other programs, or take a machine that has more")


def _levelled(segmentation: Segmentation, name: str, cleaning: Cleaning) -> Cleaning:
    """Return a cleaning at its level, which is estimated only if it decides something."""
    needs = cleaning.level is None and cleaning.at(0.0).level is not None
    return cleaning.at(_low(segmentation, name) if needs else 0.0)


def _low(segmentation: Segmentation, name: str) -> float:
    """Return where the ramp of a class begins in a first look, as `Scene.of` rounds it."""
    return round(automatic_low(segmentation, name), 3)
