"""Tables of the objects of a segmentation: measured as they are shown, written for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from volviz.core.annotations import SurfacePoints
from volviz.core.errors import VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation, listed
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.tasks.clean import clean, segmentation_of
from volviz.tasks.labels import hard_segmentation
from volviz.tasks.session import is_session

if TYPE_CHECKING:
    from volviz.io.star import Version
    from volviz.measure.objects import MeasuredObject

THRESHOLD = 0.5


def measure(
    segmentation: Segmentation | Volume,
    scene: Scene | None = None,
    *,
    classes: Sequence[str] | None = None,
    threshold: float | None = None,
    report: Report = silent,
) -> tuple[MeasuredObject, ...]:
    """Measure the objects of every class: volume (nm^3), surface (nm^2), diameter (nm), centre and box (A), and more.

    Args:
        segmentation: soft classes, or a volume of hard labels (0 background, 1 membrane, 2 spikes, 3 lumen, 255 unknown).
            The surface of hard labels comes out some 8 % too large: what part of a voxel an object fills, they do not say.
        scene: a look, whose cleaning is applied first, unless the segmentation was cleaned in memory already. Without a
            ``threshold`` objects end where its ramps begin, or at the level of their cleaning: what is counted is what is seen.
        classes: which, by name; all that are drawn otherwise.
        threshold: the probability at which objects end; without it and a scene, 0.5.
        report: hears of the progress.

    Returns:
        The objects, class by class, the largest of each first. Lengths are true only if the voxel size is known.

    Raises:
        VolvizError: there is no such class, or the threshold is none.
        Cancelled: by ``report``.
    """
    from volviz.measure.cleaned import cleaning_of
    from volviz.measure.objects import measure_objects

    if isinstance(segmentation, Volume):
        segmentation = hard_segmentation(segmentation)
    if threshold is not None and not 0 < threshold <= 1:
        raise VolvizError(f"A threshold is a probability above 0 and up to 1, not {threshold:g}.")
    drawn = [label.name for label in segmentation.drawn]
    names = listed(classes) if classes else drawn
    unknown = [name for name in names if name not in drawn]
    if unknown:
        raise VolvizError(f"There is no class called '{unknown[0]}' to measure; choose among: {', '.join(drawn)}.")
    if scene is not None and not cleaning_of(segmentation):
        kept = {name: how for name, how in scene.cleaning.items() if name in names}
        segmentation = clean(segmentation, replace(scene, cleaning=kept), part(report, 0.0, 0.5))
    found: list[MeasuredObject] = []
    for i, name in enumerate(names):
        told = part(report, 0.5 + 0.5 * i / len(names), 0.5 + 0.5 * (i + 1) / len(names))
        found += measure_objects(segmentation, name, threshold or level_of(scene, name), told)
    return tuple(found)


def level_of(scene: Scene | None, name: str) -> float:
    """Return where the objects of a class end in a look: at its cleaning's level, else where its ramp begins."""
    if scene is None:
        return THRESHOLD
    cleaning, ramp = scene.cleaning.get(name), scene.ramps.get(name)
    if cleaning is not None and cleaning.level is not None:
        return cleaning.level
    return ramp.low if ramp is not None else THRESHOLD


def measure_file(
    path: Path,
    out: Path,
    settings: Sequence[str] = (),
    *,
    classes: Sequence[str] | None = None,
    threshold: float | None = None,
    voxel_size: float | None = None,
    relion: Version = 5,
    overwrite: bool = False,
    report: Report = silent,
) -> tuple[tuple[MeasuredObject, ...], tuple[str, ...]]:
    """Measure a segmentation on disk, hard labels, or the segmentation of a session as it is seen there, into a CSV table.

    If ``out`` ends in ``.star``, it is the centres of the objects as particles of RELION 5, or 4. ``settings`` are as
    `Scene.set` takes them: ``spikes.dust=8`` cleans before it is measured. Returns the objects, and sentences on what should
    be known of them.

    Raises:
        VolvizError: it cannot be opened, a setting is none, or the table cannot be written.
    """
    from volviz.core.atomic import check_absent, check_folder
    from volviz.core.stages import apply

    if out.suffix.lower() not in {".csv", ".star"}:
        raise VolvizError(f"A table is written as .csv, centres as .star, nothing as {out.name}; give its name such an ending.")
    check_absent(out, overwrite=overwrite)
    check_folder(out.parent)
    segmentation, scene, hard = _opened(path, voxel_size, threshold or THRESHOLD)
    for setting in settings:
        scene = apply(scene, setting)
    found = measure(segmentation, scene, classes=classes, threshold=threshold, report=report)
    save_objects(found, out, segmentation, relion=relion, overwrite=overwrite)
    notes = [HARD] if hard else []
    if not segmentation.grid.voxel_size_known:
        notes.append("The voxel size is not known, so lengths are those of voxels of 1 Å; give the true one (--voxel-size).")
    return found, tuple(notes)


HARD = "Hard labels do not say what part of a voxel is filled, so surfaces come out some 8 % too large; soft classes are better."


def save_objects(
    objects: Sequence[MeasuredObject], path: Path, segmentation: Segmentation, *, relion: Version = 5, overwrite: bool = False
) -> None:
    """Write a table of objects as CSV, its columns named with their units, or if the name ends in ``.star`` their centres.

    ``segmentation`` is what was measured: RELION counts from the first voxel or the middle of its grid, and names its tomogram.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    if path.suffix.lower() == ".star":
        from volviz.io.mrc import stem
        from volviz.io.star import save_star

        points = [SurfacePoints((one.centre_xyz,), one.id, one.label) for one in objects]
        name = stem(segmentation.source) if segmentation.source is not None else segmentation.name
        save_star(points, path, segmentation.grid, name or path.stem, version=relion, overwrite=overwrite)
        return
    from volviz.io.tables import save_table
    from volviz.measure.objects import COLUMNS

    save_table(path, COLUMNS, (one.row for one in objects), overwrite=overwrite)


def _opened(path: Path, voxel_size: float | None, low: float) -> tuple[Segmentation, Scene, bool]:
    """Open what is to be measured, with the scene that says where objects end, and whether its labels are hard."""
    if is_session(path):
        segmentation, scene = segmentation_of(path)
        grid = segmentation.grid if voxel_size is None else segmentation.grid.with_voxel_size(voxel_size)
        return replace(segmentation, grid=grid), scene, False
    value = open_path(path, voxel_size=voxel_size)
    segmentation = hard_segmentation(value) if isinstance(value, Volume) else value
    ramps = {label.name: Ramp(low=low) for label in segmentation.drawn}
    return segmentation, Scene(ramps=ramps), isinstance(value, Volume)
