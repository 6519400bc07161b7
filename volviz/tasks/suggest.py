"""Where to scribble next, from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from volviz.core.annotations import Dense
from volviz.core.atomic import check_absent
from volviz.core.errors import VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.io import open as open_path
from volviz.io import save
from volviz.io.tables import Cell, save_table
from volviz.tasks.annotations import read_annotations
from volviz.tasks.segment import open_tomogram

if TYPE_CHECKING:
    from volviz.segment.methods.scribble_forest import ScribbleForest
    from volviz.segment.protocol import Device
    from volviz.segment.suggest import Suggestions

COLUMNS = ("x", "y", "z", "uncertainty", "likely", "or")


def suggest_file(
    tomogram: Path,
    strokes: Path,
    *,
    segmentation: Path | None = None,
    out: Path | None = None,
    uncertainty: Path | None = None,
    count: int = 8,
    method: ScribbleForest | None = None,
    device: Device = "auto",
    dense_is_dark: bool | None = None,
    voxel_size: float | None = None,
    overwrite: bool = False,
    report: Report = silent,
) -> Suggestions:
    """Return where a stroke would teach most in a tomogram, and write the places if that is wanted.

    Args:
        tomogram: read block by block.
        strokes: what was marked so far, in any file that holds annotations.
        segmentation: of which the uncertainty is taken, whatever made it; without one, that of a forest which the strokes teach.
        out: a CSV table of the places, positions in angstrom.
        uncertainty: a volume of how little is known, 0 to 1, on voxels four times as large.
        count: how many places at the most.
        method: how the forest learns; None for the defaults.
        device: "auto" takes CUDA where there is one.
        dense_is_dark: which sign of the density is matter; None guesses.
        voxel_size: A, instead of what the file says.
        overwrite: replace files that are there already.
        report: hears of the progress, and may raise `Cancelled`.

    Raises:
        VolvizError: a file cannot be read or written, or too few classes are marked.
    """
    from volviz.segment.methods.scribble_forest import ScribbleForest
    from volviz.segment.protocol import Run
    from volviz.segment.scribbling import Scribbling
    from volviz.segment.suggest import suggest

    if count < 1:
        raise VolvizError(f"--count must be at least 1, not {count}.")
    if out is not None and out.suffix.lower() != ".csv":
        raise VolvizError(f"Places are written as a table, not as {out.name}; give it a name that ends in .csv.")
    for path in (out, uncertainty):
        if path is not None:
            check_absent(path, overwrite=overwrite)
    volume = open_tomogram(tomogram, voxel_size=voxel_size)
    marks = [one for one in read_annotations(strokes, volume).annotations if segmentation is None or not isinstance(one, Dense)]
    if segmentation is not None:
        held = open_path(segmentation)
        if not isinstance(held, Segmentation) or held.kind == "score":
            raise VolvizError(f"{segmentation} holds no probabilities of classes; name what volviz segment wrote.")
        found = suggest(held, marks, count)
    else:
        run = Run(device=device, dense_is_dark=dense_is_dark)
        # What is looked at once need not be kept.
        engine = Scribbling(volume, method or ScribbleForest(), run, budget=0)
        try:
            engine.mark(marks, part(report, 0.0, 0.2))
            engine.grow(part(report, 0.2, 0.5))
            found = engine.suggest(marks, count, part(report, 0.5, 1.0), everywhere=True)
        finally:
            engine.close()
    if out is not None:
        rows: list[tuple[Cell, ...]] = [
            (*(round(v, 2) for v in place.point_xyz), round(place.uncertainty, 4), *place.classes) for place in found.places
        ]
        save_table(out, COLUMNS, rows, overwrite=overwrite)
    if uncertainty is not None:
        save(found.uncertainty, uncertainty, overwrite=overwrite)
    report(1.0, "suggested")
    return found
