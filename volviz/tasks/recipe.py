"""A view as text that draws it again: a script, or a line for the terminal."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from volviz.core.arranged import Kept, as_arranged
from volviz.core.camera import Camera
from volviz.core.differences import Settings, differences
from volviz.core.errors import VolvizError
from volviz.core.json import to_json
from volviz.core.project import Project
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.io import open as open_path
from volviz.tasks.render import open_classes


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a picture is made from: files, what is set beyond the first look at them, and from where it is seen.

    ``index`` is the number of the volume in a file of several. ``classes`` are those of its segmentation, as they were arranged.
    ``marks`` is the file of the annotations that are drawn over it, None without any.
    """

    volume: Path
    segmentation: Path | None
    voxel_size: float | None
    settings: Settings
    camera: Camera
    size: tuple[int, int]
    index: int | None = None
    classes: tuple[Kept, ...] = ()
    marks: Path | None = None

    @classmethod
    def of(cls, project: Project, size: tuple[int, int], marks: Path | None = None) -> Recipe:
        """Return how to draw what a project shows in this size (width, height), with what differs from a first look.

        The files are opened to take that first look. ``marks`` is a file of annotations to draw over it.

        Raises:
            VolvizError: something shown is in no file, or a file cannot be opened.
        """
        if project.volume is None or project.camera is None:
            raise VolvizError("There is nothing to draw; open a tomogram first.")
        path = Path(project.volume.path)
        volume = open_path(path, voxel_size=project.volume.voxel_size, index=project.volume.index)
        if isinstance(volume, Segmentation):
            raise VolvizError(f"{path} holds a segmentation, not a tomogram; name the tomogram it was made from.")
        file = None if project.segmentation is None else Path(project.segmentation.path)
        first = Scene.of(volume)
        if file is not None:
            volume, found = open_classes(file, volume)
            first = Scene.of(volume, as_arranged(found, project.classes) if project.classes else found)
        settings = differences(first, project.scene)
        return cls(path, file, project.volume.voxel_size, settings, project.camera, size, project.volume.index, project.classes, marks)

    def python(self) -> str:
        """Return a script that draws it and saves a PNG beside itself."""
        size = "" if self.voxel_size is None else f", voxel_size={self.voxel_size!r}"
        index = "" if self.index is None else f", index={self.index}"
        lines = ["import volviz", "from PIL import Image", "", f"vol = volviz.open({str(self.volume)!r}{size}{index})"]
        lines.append("seg = None" if self.segmentation is None else f"seg = volviz.open({str(self.segmentation)!r}{size})")
        if self.classes:
            lines.append(f"seg = volviz.arrange(seg, {[(one.of, one.label.name) for one in self.classes]!r})")
        lines.append("scene = volviz.Scene.of(vol, seg)")
        lines += [f"scene = scene.set({path!r}, {text!r})" for path, text in self.settings]
        lines.append(f"camera = volviz.{self.camera!r}")
        marks = ""
        if self.marks is not None:
            lines.append(f"marks = volviz.read_annotations({str(self.marks)!r}, vol)")
            marks = ", marks=marks"
        lines.append(f"img = volviz.still(scene, vol, seg, size={self.size}, camera=camera{marks})")
        return "\n".join([*lines, f"Image.fromarray(img).save({self._out!r})", ""])

    def command(self) -> str:
        """Return a line that draws it in a terminal, into a PNG in the folder one is in.

        Raises:
            VolvizError: the tomogram is one of several volumes of a file, which a terminal has no words for.
        """
        if self.index is not None:
            raise VolvizError(f"{self.volume} holds several volumes, of which a terminal opens the first; copy the view as Python instead.")
        parts = [f"volviz render {shlex.quote(str(self.volume))}"]
        parts.append(f"--segmentation {shlex.quote(str(self.segmentation)) if self.segmentation else 'none'}")
        if self.classes:
            named = ",".join(one.of if one.of == one.label.name else f"{one.label.name}={one.of}" for one in self.classes)
            parts.append(f"--classes {shlex.quote(named)}")
        if self.voxel_size is not None:
            parts.append(f"--voxel-size {self.voxel_size!r}")
        parts += [f"--set {shlex.quote(f'{path}={text}')}" for path, text in self.settings]
        parts += [f"--camera {shlex.quote(json.dumps(to_json(self.camera)))}", f"--size {self.size[0]}x{self.size[1]}"]
        if self.marks is not None:
            parts.append(f"--marks {shlex.quote(str(self.marks))}")
        return " \\\n  ".join([*parts, f"--out {shlex.quote(self._out)}"]) + "\n"

    @property
    def _out(self) -> str:
        return f"{self.volume.stem}.png"
