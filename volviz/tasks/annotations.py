"""Annotations in and out of files: their own JSON, sessions, label volumes, and points as CSV and STAR."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from volviz.core.annotations import Annotation, Dense, Mark, Stroke, SurfacePoints, Tag, labels_of
from volviz.core.errors import VolvizError, check_choice
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import VIRION_LABELS, Label
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.annotations import open_annotations, save_annotations
from volviz.io.lazy import ZARR_FILES
from volviz.io.project import read_project
from volviz.tasks.labels import hard_segmentation
from volviz.tasks.session import is_session

if TYPE_CHECKING:
    from volviz.io.star import Version

POINTS_LABEL = "spikes"  # of points that name no class


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """Annotations from a file. ``labels`` are the classes and their colours if it says them; ``notes`` how it was understood."""

    annotations: tuple[Annotation, ...]
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Those that a session can hold: all but dense labellings."""
        return tuple(a for a in self.annotations if not isinstance(a, Dense))


def read_annotations(
    path: str | Path, tomogram: Volume | None = None, *, label: str = POINTS_LABEL, pixel_size: float | None = None
) -> Annotated:
    """Read annotations from any file that holds some: ``.annotations.json``, a session, a picture, points, a label volume.

    A label volume becomes one `Dense`, read in place. ``tomogram`` is what they lie on: STAR files and tables of Dynamo mean nothing
    without it. ``label`` is the class of points that name none, ``pixel_size`` (A) that of coordinates which count pixels.

    Raises:
        VolvizError: the file is something else, or lies on other voxels than the tomogram.
    """
    path = Path(path).expanduser()
    if path.name in ZARR_FILES:  # what a dialog for files gives for a folder
        path = path.absolute().parent
    name = path.name.lower()
    if is_session(path):
        project, _ = read_project(path)
        return Annotated(project.annotations, project.annotation_labels)
    if name.endswith(".json") and not name.endswith("_segmentation.json"):
        held = open_annotations(path)
        return Annotated(held.annotations, held.labels)
    if name.endswith((".csv", ".tsv", ".txt", ".star", ".tbl")):
        return _points(path, tomogram, label, pixel_size)
    value = open_path(path)
    if isinstance(value, Volume):
        value = hard_segmentation(value, any_class=True)
    if tomogram is not None:
        if value.shape != tomogram.grid.shape:
            raise VolvizError(f"{path} has {value.shape} voxels (z, y, x), the tomogram {tomogram.grid.shape}; it belongs to another one.")
        value = replace(value, grid=tomogram.grid)
    return Annotated((Dense(value),), value.labels)


def read_marks(
    path: Path,
    tomogram: Volume | None = None,
    *,
    label: str = POINTS_LABEL,
    pixel_size: float | None = None,
    report: Report = silent,
) -> Annotated:
    """Read annotations as `read_annotations` does, but a label volume as an object for each of its pieces.

    Raises:
        VolvizError: as `read_annotations`, or a label volume is too rich in detail.
        Cancelled: by ``report``.
    """
    found = read_annotations(path, tomogram, label=label, pixel_size=pixel_size)
    return replace(found, annotations=tuple(_as_marks(found.annotations, report)))


def joined(marks: Sequence[Mark], others: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return marks and after them others, whose objects get new numbers if theirs are taken."""
    taken, new = _objects(marks), _objects(others)
    shift = max(taken, default=0) if taken & new else 0
    moved = (
        replace(mark, object_id=mark.object_id + shift) if shift and not isinstance(mark, Stroke | Tag) and mark.object_id else mark
        for mark in others
    )
    return (*marks, *moved)


def write_annotations(
    annotations: Sequence[Annotation] | Annotated,
    path: str | Path,
    tomogram: Volume | None = None,
    *,
    labels: Sequence[Label] = (),
    relion: Version = 5,
    pixel_size: float | None = None,
    overwrite: bool = False,
    report: Report = silent,
) -> tuple[str, ...]:
    """Write annotations; the suffix decides as what, and what that cannot hold is said in the sentences that are returned.

    ``.annotations.json`` holds all but dense labellings. ``.mrc`` and ``.zarr`` are label volumes on the tomogram's grid, made
    brick by brick: 0 background, 1 membrane, 2 spikes, 3 lumen, other classes from 4 up in the order of ``labels``, and
    unlabelled -1 in MRC, 255 in Zarr; ``volviz train --data TOMO:LABELS`` takes both. ``.csv``, ``.star`` and ``.tbl`` hold points:
    RELION 5 as ``relion`` says, or 4; that and Dynamo's table in pixels of ``pixel_size`` (A) or the tomogram's voxels.
    What `read_annotations` returned brings its own ``labels``.

    Raises:
        VolvizError: there is nothing to write, no such RELION, no tomogram where one is needed, or the file cannot be written.
        Cancelled: by ``report``.
    """
    path = Path(path).expanduser()
    check_choice("The RELION that a STAR file is for", relion, (4, 5))
    if isinstance(annotations, Annotated):
        labels = labels or annotations.labels
        annotations = annotations.annotations
    name = path.name.lower()
    if name.endswith(".json"):
        marks = tuple(a for a in annotations if not isinstance(a, Dense))
        _need(marks, "annotations that JSON holds")
        said = tomogram.name if tomogram is not None else ""
        save_annotations(marks, path, labels=labels, tomogram=said, overwrite=overwrite)
        return _left(len(annotations) - len(marks), "dense labellings are not in it; a label volume holds them.")
    if name.endswith((".csv", ".star", ".tbl")):
        points = [a for a in annotations if isinstance(a, SurfacePoints) and a.points_xyz]
        _need(points, "points")
        if name.endswith(".csv"):
            from volviz.io.points import save_points

            save_points(points, path, overwrite=overwrite)
        elif name.endswith(".tbl"):
            from volviz.io.dynamo import save_dynamo

            numbers = {label.name: i for i, label in enumerate(_by_number(labels or _named(points)))}
            save_dynamo(points, path, _needed(tomogram, path).grid, numbers, pixel_size=pixel_size, overwrite=overwrite)
        else:
            from volviz.io.star import save_star

            on = _needed(tomogram, path)
            save_star(points, path, on.grid, on.name, version=relion, pixel_size=pixel_size, overwrite=overwrite)
        return _left(len(annotations) - len(points), "annotations that are no points are not in it; JSON holds all.")
    from volviz.io.labels import check_labels_name, save_labels
    from volviz.segment.rasterize import classes_of, rasterized

    check_labels_name(path)
    _need([a for a in annotations if isinstance(a, Dense) or labels_of(a)], "annotations that mark voxels")
    on = _needed(tomogram, path)
    classes = classes_of(annotations, _by_number(labels))
    save_labels(rasterized(annotations, on.grid, classes), path, on, classes, overwrite=overwrite, report=report)
    named = ", ".join(f"{i} {one.name}" for i, one in enumerate(classes))
    return (f"The numbers stand for {named}; {-1 if name.endswith('.mrc') else 255} is unlabelled.",)


def convert_annotations(
    path: Path,
    out: Path,
    tomogram: Path | None = None,
    *,
    label: str = POINTS_LABEL,
    relion: Version = 5,
    pixel_size: float | None = None,
    voxel_size: float | None = None,
    overwrite: bool = False,
    report: Report = silent,
) -> tuple[int, tuple[str, ...]]:
    """Read annotations from one file and write them as another; return how many, and what should be known.

    ``tomogram`` is what they lie on; of a session it is known. ``pixel_size`` (A) is that of the STAR file or the table of the two.

    Raises:
        VolvizError: as `read_annotations` and `write_annotations`.
    """
    volume: Volume | None = None
    if tomogram is None and is_session(path) and not out.name.lower().endswith((".json", ".csv")):
        source = read_project(path)[0].volume
        tomogram, voxel_size = (None, voxel_size) if source is None else (Path(source.path), voxel_size or source.voxel_size)
    if tomogram is not None:
        opened = open_path(tomogram, voxel_size=voxel_size)
        volume = opened if isinstance(opened, Volume) else Volume(opened.grid, _Nothing(opened.shape), opened.name, header=opened.header)
    counts_pixels = path.suffix.lower() in {".star", ".tbl"}
    read = partial(read_marks, report=part(report, 0.0, 0.8)) if out.name.lower().endswith(".json") else read_annotations
    found = read(path, volume, label=label, pixel_size=pixel_size if counts_pixels else None)
    said = write_annotations(
        found.annotations,
        out,
        volume,
        labels=found.labels,
        relion=relion,
        pixel_size=None if counts_pixels else pixel_size,
        overwrite=overwrite,
        report=report,
    )
    return len(found.annotations), (*found.notes, *said)


def _as_marks(annotations: Sequence[Annotation], report: Report) -> Iterator[Mark]:
    from volviz.tasks.masks import boxes_of

    for annotation in annotations:
        if isinstance(annotation, Dense):
            yield from boxes_of(annotation, report=report)
        else:
            yield annotation


def _objects(marks: Sequence[Mark]) -> set[int]:
    return {mark.object_id for mark in marks if not isinstance(mark, Stroke | Tag) and mark.object_id}


def _points(path: Path, tomogram: Volume | None, label: str, pixel_size: float | None) -> Annotated:
    from volviz.io.points import open_points, surface_points

    if path.suffix.lower() == ".star":
        from volviz.io.star import open_star

        grid, name = (None, "") if tomogram is None else (tomogram.grid, tomogram.name)
        found = open_star(path, grid, name, pixel_size=pixel_size, label=label)
    elif path.suffix.lower() == ".tbl":
        from volviz.io.dynamo import open_dynamo

        found = open_dynamo(path, None if tomogram is None else tomogram.grid, pixel_size=pixel_size, label=label)
    else:
        found = open_points(path, label=label)
    notes = list(found.notes)
    if tomogram is not None:
        low, high = tomogram.grid.bounds_xyz
        outside = int(((found.positions_xyz < low) | (found.positions_xyz > high)).any(axis=1).sum())
        if outside:
            notes.append(
                f"{outside} of {len(found.positions_xyz)} points lie outside the tomogram: is it another one, or another voxel size?"
            )
    return Annotated(surface_points(found, label), notes=tuple(notes))


def _named(points: Sequence[SurfacePoints]) -> tuple[Label, ...]:
    return tuple(Label(name) for name in dict.fromkeys(one.label for one in points))


def _by_number(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Return classes in the order of label files, then others, in the colours they were given."""
    given = {label.name: label for label in labels}
    return (*(given.pop(label.name, label) for label in VIRION_LABELS), *given.values())


def _need(found: Sequence[object], what: str) -> None:
    if not found:
        raise VolvizError(f"There are no {what} to write.")


def _needed(tomogram: Volume | None, path: Path) -> Volume:
    if tomogram is None:
        raise VolvizError(f"{path.name} needs the tomogram that the annotations lie on; name it (--tomogram).")
    return tomogram


def _left(count: int, why: str) -> tuple[str, ...]:
    return (f"{count} {why}",) if count else ()


class _Nothing:
    """Stands for the density of a tomogram of which only the segmentation is at hand."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.dtype = shape, np.dtype(np.float32)

    def __getitem__(self, key: Any) -> Any:
        raise VolvizError("This is a segmentation, not a tomogram; name the tomogram.")
