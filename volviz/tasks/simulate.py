"""A simulated tomogram as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import save
from volviz.io.atomic import check_absent, make_folder


class SimulatedFiles(NamedTuple):
    """Where a simulated tomogram and its labels are, and what should be said about them."""

    tomogram: Path
    labels: Path
    notes: tuple[str, ...]


def simulate_file(
    out: Path,
    given: Mapping[str, Any],
    *,
    randomise: bool = False,
    overwrite: bool = False,
    report: Report = silent,
) -> SimulatedFiles:
    """Simulate a tomogram and write it beside its hard labels (``OUT_labels.mrc``, int8).

    Args:
        out: a volume file; its suffix decides the format of both.
        given: fields of `volviz.simulate.Spec`; the others keep their defaults.
        randomise: draw the other fields from the ranges that the bundled model learnt from, by the seed.
        overwrite: replace what is there already.
        report: hears of the progress, and may raise `Cancelled`.

    Raises:
        VolvizError: a value makes no sense, or the files cannot be written.
    """
    from volviz.simulate import Spec, random_spec, simulate

    labels_out = out.with_name(f"{out.stem}_labels{out.suffix}")
    for path in (out, labels_out):
        check_absent(path, overwrite=overwrite)
    make_folder(out.parent)
    unknown = set(given) - {f.name for f in fields(Spec)}
    if unknown:
        raise VolvizError(f"A simulation has no '{min(unknown)}'; see volviz simulate --help.")
    try:
        start = random_spec(int(given.get("seed", 1))) if randomise else Spec()
        spec = replace(start, **given)
    except ValueError as error:
        raise VolvizError(f"This cannot be simulated: {error}.") from None
    volume, truth = simulate(spec, part(report, 0.0, 0.9))
    report(0.9, "Writing")
    save(replace(volume, name=out.stem), out, overwrite=overwrite)
    save(labels_volume(truth, volume), labels_out, overwrite=overwrite)
    return SimulatedFiles(out, labels_out, volume.notes)


def labels_volume(segmentation: Segmentation, volume: Volume) -> Volume:
    """Return the hard classes of a segmentation as an int8 volume that lies on its tomogram."""
    return Volume(segmentation.grid, segmentation.hard().astype(np.int8), name=f"{volume.name}_labels", header=volume.header)
