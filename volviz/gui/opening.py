"""From paths to what the window shows. Runs in a job's thread: no window in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.core.estimate import first_camera
from volviz.core.project import Project, Source
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.document import State
from volviz.gui.planes import contrast_from
from volviz.io import open as open_path
from volviz.io.project import SUFFIX, open_project
from volviz.tasks.clean import clean
from volviz.tasks.render import open_classes
from volviz.tasks.segment import open_tomogram

CONTRAST_SAMPLE = 500_000
KEPT = ("light", "occlusion", "shadow", "bloom", "clips", "slices", "guides")  # of the look, when classes are added


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    volume: Volume | None = None
    segmentation: Segmentation | None = None
    project: Project | None = None
    path: Path | None = None


def open_state(paths: Sequence[Path], current: State, aspect: float = 1.0, report: Report = silent) -> State:
    """Open a tomogram, a segmentation that belongs to it, both, or a session, and estimate how to show it.

    A segmentation alone goes to the tomogram that is open, or to the one it was made from.

    Raises:
        VolvizError: something cannot be opened, or does not belong together.
    """
    found = _Found()
    for i, path in enumerate(paths):
        report(0.4 * i / len(paths), f"Opening {path.name}")
        found = _session(path) if path.suffix.lower() == SUFFIX else _add(found, path, current)
    volume, segmentation = found.volume, found.segmentation
    if volume is None:
        volume = _tomogram_of(segmentation, current)
    if segmentation is not None:
        segmentation = _on(segmentation, volume)
    report(0.5, "Estimating the ramps")
    estimated = Scene.of(volume, segmentation)
    report(0.9, "Estimating the contrast")
    if volume is current.volume:
        scene = replace(estimated, **{name: getattr(current.scene, name) for name in KEPT})
        return replace(current, segmentation=segmentation, scene=scene, estimated=estimated, live=None)
    x, y, z = (float(v) for v in volume.grid.center_xyz)
    project = found.project
    scene = estimated if project is None else project.scene
    cleaned = segmentation and clean(segmentation, scene, part(report, 0.9, 1.0))
    return State(
        volume=volume,
        segmentation=segmentation,
        cleaned=None if cleaned is segmentation else cleaned,
        scene=scene,
        estimated=estimated,
        camera=(project and project.camera) or first_camera(volume, cleaned, aspect, scene.region),
        crosshair_xyz=(x, y, z),
        contrast=contrast_from(volume.sample(CONTRAST_SAMPLE)),
        overlay=current.overlay,
        annotations=project.annotations if project else (),
        annotation_labels=project.annotation_labels if project else (),
        project=project or Project(),
        path=found.path,
    )


def project_of(state: State) -> Project:
    """Return the session file's contents for a state.

    Raises:
        VolvizError: something shown is not in any file yet.
    """
    volume, segmentation = state.volume, state.segmentation
    if volume is None or volume.source is None:
        raise VolvizError("There is no tomogram from a file to save a session of; open one first.")
    size = volume.grid.voxel_size[0] if len(set(volume.grid.voxel_size)) == 1 else None
    classes = None
    if segmentation is not None:
        origin = segmentation.provenance.get("file")
        if origin is None:
            raise VolvizError("The segmentation is not saved yet; save it first, so that the session can find it again.")
        classes = Source(str(origin))
    return replace(
        state.project,
        volume=Source(str(volume.source), size),
        segmentation=classes,
        scene=state.scene,
        camera=state.camera,
        annotations=state.annotations,
        annotation_labels=state.annotation_labels,
    )


def stored_at(segmentation: Segmentation, path: Path) -> Segmentation:
    """Return a segmentation that knows in which file it is."""
    return replace(segmentation, provenance={**segmentation.provenance, "file": str(path)})


def _add(found: _Found, path: Path, current: State) -> _Found:
    value = open_path(path)
    if isinstance(value, Segmentation):
        return replace(found, segmentation=stored_at(value, path))
    return replace(found, volume=value)


def _session(path: Path) -> _Found:
    project = open_project(path)
    if project.volume is None:
        raise VolvizError(f"The session {path} names no tomogram, so there is nothing to show.")
    volume = open_tomogram(Path(project.volume.path), voxel_size=project.volume.voxel_size)
    segmentation = None
    if project.segmentation is not None:
        file = Path(project.segmentation.path)
        segmentation = stored_at(open_classes(file, volume), file)
    return _Found(volume, segmentation, project, path)


def _tomogram_of(segmentation: Segmentation | None, current: State) -> Volume:
    if segmentation is None:
        raise VolvizError("Nothing was opened; choose a tomogram.")
    if current.volume is not None and current.volume.grid.shape == segmentation.shape:
        return current.volume
    if segmentation.source is not None and segmentation.source.exists():
        return open_tomogram(segmentation.source)
    raise VolvizError("This is a segmentation, and the tomogram it was made from is not where it was; open that tomogram first.")


def _on(segmentation: Segmentation, volume: Volume) -> Segmentation:
    if segmentation.shape != volume.grid.shape:
        raise VolvizError(
            f"The segmentation has {segmentation.shape} voxels (z, y, x) and the tomogram {volume.grid.shape}; it was made from another "
            "tomogram, or another binning."
        )
    # The same voxels: a voxel size that a person corrected on the tomogram holds for both.
    return replace(segmentation, grid=volume.grid)
