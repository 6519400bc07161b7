"""The voxel size that a person gives, or classes bring along: all that is said in angstrom goes with the voxels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from volviz.core.rescaled import Rescaled
from volviz.core.sizing import with_size
from volviz.core.volume import Volume
from volviz.gui import settings
from volviz.gui.document import Document, State


def resized(state: State, volume: Volume) -> dict[str, Any]:
    """Return the fields of a state whose volume becomes this one: the same voxels, of another size."""
    if state.volume is None or state.volume.grid == volume.grid:
        return {"volume": volume}
    grid, to = volume.grid, Rescaled(state.volume.grid, volume.grid)
    return {
        "volume": volume,
        "segmentation": state.segmentation and replace(state.segmentation, grid=grid),
        "scene": to.scene(state.scene),
        "camera": to.camera(state.camera),
        "annotations": tuple(map(to.mark, state.annotations)),
        "animation": tuple(replace(k, camera=to.camera(k.camera), scene=to.scene(k.scene)) for k in state.animation),
        "bookmarks": tuple(replace(b, camera=to.camera(b.camera)) for b in state.bookmarks),
        "crosshair_xyz": to.point(state.crosshair_xyz),
    }


def give(document: Document, size: float) -> None:
    """Take the voxel size (A) that a person gives, as a step to undo, and keep it for a file that does not know its own."""
    state = document.state
    volume = state.volume
    if volume is None:
        return
    if volume.source is not None and (not volume.grid.voxel_size_known or settings.voxel_size(volume.source)):
        settings.remember_voxel_size(volume.source, size)
    document.change("Voxel size", **resized(state, with_size(volume, size, f"The voxel size, {size:g} Å, is what you said.")))


def asks(state: State) -> bool:
    """Whether a person is to be asked for the voxel size: the file does not know it, and nobody said to leave it at that."""
    volume, source = state.volume, None if state.project is None else state.project.volume
    return volume is not None and not volume.grid.voxel_size_known and not (source is not None and source.unsized)


def leave(document: Document) -> None:
    """Leave the voxel size unknown, and do not ask for this file again."""
    state = document.state
    if state.volume is None:
        return
    if state.volume.source is not None:
        settings.leave_voxel_size(state.volume.source)
    if state.project is not None and state.project.volume is not None:
        document.show(project=replace(state.project, volume=replace(state.project.volume, unsized=True)))
