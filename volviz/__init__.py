"""volviz: look at virions in cryo-electron tomograms.

    import volviz

    vol = volviz.open("ts_16.mrc")
    seg = volviz.segment(vol)
    scene = volviz.Scene.of(vol, seg)
    img = volviz.still(scene, vol, seg, size=(3840, 2160))
    volviz.spin(scene, vol, seg, "turn.mp4")

Names are looked up when first used, so importing volviz costs nothing and torch is imported when a network runs.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # as in typing, whose import takes longer than that of all of this
if TYPE_CHECKING:
    from typing import Any

    from volviz.core.animation import Keyframe
    from volviz.core.arranged import arrange
    from volviz.core.camera import Camera
    from volviz.core.cleaning import Cleaning
    from volviz.core.errors import Cancelled, VolvizError
    from volviz.core.grid import Grid, Region
    from volviz.core.mesh import Mesh
    from volviz.core.motions import Peel, Rocking, Turntable
    from volviz.core.project import Project
    from volviz.core.scene import Scene
    from volviz.core.segmentation import Label, Segmentation
    from volviz.core.volume import Volume
    from volviz.io import open, open_project, save, save_project  # noqa: A004 - volviz.open is the promise
    from volviz.io.meshes import save_meshes
    from volviz.measure import evaluate
    from volviz.segment.suggest import suggest
    from volviz.tasks.annotations import read_annotations, write_annotations
    from volviz.tasks.clean import clean
    from volviz.tasks.combine import combine
    from volviz.tasks.comparison import compare
    from volviz.tasks.describe import describe
    from volviz.tasks.live import Live
    from volviz.tasks.looks import find_look
    from volviz.tasks.measure import measure
    from volviz.tasks.mesh import mesh
    from volviz.tasks.render import still
    from volviz.tasks.segment import segment
    from volviz.tasks.simulate import simulate
    from volviz.tasks.video import animate, spin

_HOMES = {
    "Camera": "core.camera",
    "Cancelled": "core.errors",
    "Cleaning": "core.cleaning",
    "Grid": "core.grid",
    "Keyframe": "core.animation",
    "Label": "core.segmentation",
    "Live": "tasks.live",
    "Mesh": "core.mesh",
    "Peel": "core.motions",
    "Project": "core.project",
    "Region": "core.grid",
    "Rocking": "core.motions",
    "Scene": "core.scene",
    "Segmentation": "core.segmentation",
    "Turntable": "core.motions",
    "Volume": "core.volume",
    "VolvizError": "core.errors",
    "animate": "tasks.video",
    "arrange": "core.arranged",
    "clean": "tasks.clean",
    "combine": "tasks.combine",
    "compare": "tasks.comparison",
    "describe": "tasks.describe",
    "evaluate": "measure",
    "measure": "tasks.measure",
    "mesh": "tasks.mesh",
    "find_look": "tasks.looks",
    "open": "io",
    "open_project": "io",
    "read_annotations": "tasks.annotations",
    "save": "io",
    "save_meshes": "io.meshes",
    "save_project": "io",
    "segment": "tasks.segment",
    "simulate": "tasks.simulate",
    "spin": "tasks.video",
    "still": "tasks.render",
    "suggest": "segment.suggest",
    "write_annotations": "tasks.annotations",
}

__all__ = [
    "Camera",
    "Cancelled",
    "Cleaning",
    "Grid",
    "Keyframe",
    "Label",
    "Live",
    "Mesh",
    "Peel",
    "Project",
    "Region",
    "Rocking",
    "Scene",
    "Segmentation",
    "Turntable",
    "Volume",
    "VolvizError",
    "animate",
    "arrange",
    "clean",
    "combine",
    "compare",
    "describe",
    "evaluate",
    "find_look",
    "measure",
    "mesh",
    "open",
    "open_project",
    "read_annotations",
    "save",
    "save_meshes",
    "save_project",
    "segment",
    "simulate",
    "spin",
    "still",
    "suggest",
    "write_annotations",
]


class _Api(ModuleType):
    """Subpackages have the names of verbs: importing them must not hide `volviz.segment`, `volviz.simulate`, `volviz.measure`."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Api


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'volviz' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"volviz.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
