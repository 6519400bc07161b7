"""A simulated tomogram, and one as files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from volviz.core.atomic import check_folder, reason
from volviz.core.errors import VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.room import PLAIN, lack_on
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.writing import check_volume_file, save_together

if TYPE_CHECKING:
    from volviz.simulate import Difficulty, Scene, Spec

BYTES_PER_VOXEL = 5  # of the tomogram in single precision, and of the labels
_MAPS = {".mrc", ".map", ".rec", ".ccp4"}


class SimulatedFiles(NamedTuple):
    """Where a simulated tomogram and its labels are, and what should be said about them."""

    tomogram: Path
    labels: Path
    notes: tuple[str, ...]


def simulate(spec: Spec, report: Report = silent) -> tuple[Volume, Segmentation]:
    """Return a tomogram, float32 with mean 0 and standard deviation 1, and its soft labels, both on the recipe's grid.

    The same recipe gives the same tomogram. The density maps that it names are opened.

    Raises:
        VolvizError: a structure that the recipe names cannot be used.
        Cancelled: ``report`` said so.
    """
    from volviz.simulate import is_atomic_model
    from volviz.simulate import simulate as make

    maps: dict[str, Volume] = {}
    for name in {*spec.spike_densities, *spec.debris_densities}:
        if not is_atomic_model(name):
            opened = open_path(Path(name))
            if not isinstance(opened, Volume):
                raise VolvizError(f"{name} holds a segmentation, not a density map of a protein.")
            maps[name] = opened
    return make(spec, report, maps=maps)


def densities_in(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the structures in a folder as fields of a recipe: atomic models for the heads of spikes, density maps for free proteins.

    Raises:
        VolvizError: the folder holds neither.
    """
    from volviz.simulate import is_atomic_model

    files = sorted(folder.iterdir()) if folder.is_dir() else []
    models = tuple(str(path) for path in files if is_atomic_model(path.name))
    maps = tuple(str(path) for path in files if path.suffix.lower() in _MAPS)
    if not models and not maps:
        raise VolvizError(f"{folder} holds no atomic model (.pdb) and no density map (.mrc, .map): name a folder that does.")
    return {"spike_densities": models, "debris_densities": maps}


def simulate_file(
    out: Path,
    given: Mapping[str, Any],
    *,
    randomise: bool = False,
    difficulty: Difficulty = "mixed",
    scene: Scene | None = None,
    densities: Path | None = None,
    overwrite: bool = False,
    report: Report = silent,
) -> SimulatedFiles:
    """Simulate a tomogram and write it beside its hard labels (``OUT_labels.mrc``, int8).

    Args:
        out: a volume file; its suffix decides the format of both.
        given: fields of `volviz.simulate.Spec`; the others keep their defaults.
        randomise: draw the other fields from the ranges that the bundled model learnt from, by the seed.
        difficulty: how noisy and crowded, when drawn.
        scene: what is there, when drawn.
        densities: a folder of atomic models and density maps to take spikes and free proteins from.
        overwrite: replace what is there already.
        report: hears of the progress, and may raise `Cancelled`.

    Raises:
        VolvizError: a value makes no sense, or the files cannot be written.
    """
    from volviz.simulate import Spec, checked, random_spec

    ending = "".join(out.suffixes[-2:]) if out.suffix.lower() == ".gz" else out.suffix
    labels_out = out.with_name(f"{out.name.removesuffix(ending)}_labels{ending}")
    for path in (out, labels_out):
        check_volume_file(path, overwrite=overwrite)
    check_folder(out.parent)
    values = {name: checked(name, value) for name, value in given.items()}
    structures = densities_in(densities) if densities is not None else {}
    if randomise:
        field: dict[str, Any] = {name: values[name] for name in ("shape", "voxel_size") if name in values}
        start = random_spec(values.pop("seed", 1), difficulty=difficulty, scene=scene, **(field | structures))
    else:
        start = Spec()
        values = {**structures, **values}
    spec = replace(start, **values)
    if out.suffix.lower() != ".zarr" and (lack := lack_on(out, BYTES_PER_VOXEL * math.prod(spec.shape))):
        raise VolvizError(f"There is no room for {out} and its labels: {lack}; {PLAIN}.")
    volume, truth = simulate(spec, part(report, 0.0, 0.9))
    report(0.9, "Writing")
    made = [(replace(volume, name=out.stem), out), (labels_volume(truth, volume), labels_out)]
    save_together(made, overwrite=overwrite, report=part(report, 0.9, 1.0))
    return SimulatedFiles(out, labels_out, volume.notes)


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the fields of a recipe in a JSON file, or in what a pool writes beside its volumes.

    Raises:
        VolvizError: it is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read as a recipe ({reason(error)}); check the name.") from error
    except ValueError as error:
        raise VolvizError(f"{path} cannot be read as a recipe: give a JSON file of NAME: VALUE, such as radius: [400, 480].") from error
    content = content.get("simulation", content) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        raise VolvizError(f"{path} is no recipe: give a JSON file of NAME: VALUE, such as radius: [400, 480].")
    return content


def labels_volume(segmentation: Segmentation, volume: Volume) -> Volume:
    """Return the hard classes of a segmentation as an int8 volume that lies on its tomogram."""
    return Volume(segmentation.grid, segmentation.hard().astype(np.int8), name=f"{volume.name}_labels", header=volume.header)
