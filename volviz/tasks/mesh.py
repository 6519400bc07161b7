"""Surfaces of the classes: of values in memory, and of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volviz.core.errors import VolvizError
from volviz.core.grid import Region, Triple
from volviz.core.mesh import Mesh
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation, listed
from volviz.tasks.clean import clean, segmentation_of, usual_ramps

if TYPE_CHECKING:
    from volviz.io.meshes import Unit


def mesh(
    segmentation: Segmentation,
    scene: Scene | None = None,
    *,
    classes: Sequence[str] | None = None,
    level: float | None = None,
    region: Region | None = None,
    closed: bool = False,
    binning: int = 1,
    keep: float = 1.0,
    triangles: int | None = None,
    report: Report = silent,
) -> tuple[Mesh, ...]:
    """Return the surface of every class, in angstrom, (x, y, z); save them with `volviz.save_meshes`.

    ``scene`` says how the classes are cleaned, what colours they have, and where their ramps lie: a surface is where a class
    rises through the middle of its ramp, as the mode "surface" draws it, or through ``level``, a probability. Without a scene
    the ramps are those that `Scene.of` would estimate. ``classes`` are names, by default of all that the scene shows; one that
    reaches its level nowhere is left out. ``region`` (voxels, z, y, x), ``closed`` and ``binning`` are those of `volviz.measure.surface`.
    ``keep`` is the share of the triangles that stays, ``triangles`` how many stay at most of all surfaces together: the
    others go where the surface is flattest.

    Raises:
        VolvizError: there is no such class, none has a surface, or one of too many triangles, or the region lies outside.
        Cancelled: by ``report``.
    """
    from volviz.measure.decimation import decimated, shares
    from volviz.measure.surfaces import surface

    shares([], keep=keep, triangles=triangles)  # refused before the work and not after it
    segmentation.grid.within(region)
    scene = scene or usual_ramps(segmentation)
    wanted = _levels(segmentation, scene, classes, level, binning)
    cleaned = clean(segmentation, scene, part(report, 0.0, 0.3))
    fewer = keep < 1 or triangles is not None
    until = 0.7 if fewer else 1.0
    made = []
    for i, (name, (at, color)) in enumerate(wanted.items()):
        told = part(report, 0.3 + (until - 0.3) * i / len(wanted), 0.3 + (until - 0.3) * (i + 1) / len(wanted))
        found = surface(cleaned, name, at, region=region, closed=closed, binning=binning, report=told)
        if len(found.faces):
            made.append(replace(found, color=color))
    if not made:
        raise VolvizError(f"There is no surface: no voxel of {' or '.join(wanted)} reaches the level; choose a lower one.")
    if fewer:
        left = shares([len(one.faces) for one in made], keep=keep, triangles=triangles)
        for i, (one, count) in enumerate(zip(made, left, strict=True)):
            made[i] = decimated(one, count, part(report, until + 0.3 * i / len(made), until + 0.3 * (i + 1) / len(made)))
    return tuple(made)


def expected(
    segmentation: Segmentation,
    scene: Scene | None = None,
    *,
    classes: Sequence[str] | None = None,
    level: float | None = None,
    region: Region | None = None,
    closed: bool = False,
    binning: int = 1,
    keep: float = 1.0,
    triangles: int | None = None,
) -> dict[str, int]:
    """Return about how many triangles `mesh` would make of every class: known within a second or two, whatever the volume.

    Cleaning, which is not done for it, takes some of them away.

    Raises:
        VolvizError: as `mesh`.
    """
    from volviz.measure.decimation import shares
    from volviz.measure.surfaces import estimated

    scene = scene or usual_ramps(segmentation)
    wanted = _levels(segmentation, scene, classes, level, binning)
    counts = [estimated(segmentation, name, at, region=region, closed=closed, binning=binning) for name, (at, _) in wanted.items()]
    return dict(zip(wanted, shares(counts, keep=keep, triangles=triangles), strict=True))


def _levels(
    segmentation: Segmentation, scene: Scene, classes: Sequence[str] | None, level: float | None, binning: int
) -> dict[str, tuple[float, Triple]]:
    """Return the level and the colour of every surface that is wanted, by the name of its class."""
    if binning < 1:
        raise VolvizError(f"Voxels are binned by a whole number from 1, not by {binning}.")
    found = {}
    for name in meshed(segmentation, scene, classes):
        ramp = scene.ramps.get(name) or usual_ramps(segmentation).ramps[name]
        found[name] = ((ramp.low + ramp.high) / 2 if level is None else level, ramp.color)
    return found


def meshed(segmentation: Segmentation, scene: Scene, classes: Sequence[str] | None) -> list[str]:
    """Return the names of the classes that surfaces are made of: those asked for, else those that the scene shows.

    Raises:
        VolvizError: there is no such class, or none is shown.
    """
    known = [label.name for label in segmentation.drawn]
    classes = listed(classes or ())
    unknown = [name for name in classes if name not in known]
    if unknown:
        raise VolvizError(f"There is no class called '{unknown[0]}' to make a surface of; choose among: {', '.join(known)}.")
    wanted = list(classes or (name for name in known if name in scene.ramps and scene.ramps[name].visible))
    if not wanted:
        raise VolvizError("No class is shown to make a surface of; show one, or name it.")
    return wanted


def mesh_file(
    path: Path,
    out: Path,
    settings: Sequence[str] = (),
    *,
    classes: Sequence[str] | None = None,
    level: float | None = None,
    region: Region | None = None,
    closed: bool = False,
    binning: int = 1,
    keep: float = 1.0,
    triangles: int | None = None,
    unit: Unit = "angstrom",
    find: Sequence[Path] = (),
    overwrite: bool = False,
    report: Report = silent,
) -> tuple[tuple[Mesh, ...], list[Path]]:
    """Write the surfaces of a segmentation on disk, or of that of a session or picture, and return them and their files.

    ``settings`` are as `Scene.set` takes them: ``membrane.dust=20``, ``spikes.low=0.4``. Files of a session
    that have moved are looked for in the folders of ``find``.

    Raises:
        VolvizError: something cannot be opened or written, or as `mesh`.
    """
    from volviz.core.atomic import check_absent, check_folder
    from volviz.core.stages import apply
    from volviz.io.meshes import mesh_files, save_meshes

    segmentation, scene = segmentation_of(path, find)
    for setting in settings:
        scene = apply(scene, setting)
    for file in mesh_files(out, meshed(segmentation, scene, classes)):  # refused before the work and not after it
        check_absent(file, overwrite=overwrite)
    check_folder(out.parent)
    made = mesh(
        segmentation,
        scene,
        classes=classes,
        level=level,
        region=region,
        closed=closed,
        binning=binning,
        keep=keep,
        triangles=triangles,
        report=part(report, 0.0, 0.8),
    )
    return made, save_meshes(made, out, unit=unit, overwrite=overwrite, report=part(report, 0.8, 1.0))


def expected_file(
    path: Path, out: Path, settings: Sequence[str] = (), *, find: Sequence[Path] = (), **options: Any
) -> tuple[dict[str, int], int]:
    """Return about how many triangles `mesh_file` would write of every class, and how many bytes; ``options`` are those of `expected`.

    Raises:
        VolvizError: as `mesh_file`.
    """
    from volviz.core.stages import apply
    from volviz.io.meshes import mesh_files, size_of

    mesh_files(out, [])
    segmentation, scene = segmentation_of(path, find)
    for setting in settings:
        scene = apply(scene, setting)
    counts = expected(segmentation, scene, **options)
    return counts, size_of(sum(counts.values()), out.suffix, len(counts))
