"""Dialogs and jobs that write what is shown in the formats of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QLabel, QVBoxLayout, QWidget

from volviz.core.cuts import clipped
from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.report import Report, part
from volviz.gui.asking import ask_path, stem, sure
from volviz.gui.dialogs import buttons, top_label
from volviz.gui.document import State
from volviz.gui.jobs import Job
from volviz.gui.latest import Latest
from volviz.gui.widgets.number import Number

if TYPE_CHECKING:
    from volviz.gui.window import Window
    from volviz.io.meshes import Unit

KINDS = (
    ("GLB", ".glb", "for viewers, Blender, presentations: one file, in colours"),
    ("OBJ", ".obj", "for nearly everything: with a .mtl file beside it for the colours"),
    ("PLY", ".ply", "for MeshLab, CloudCompare: one file, in colours"),
    ("STL", ".stl", "for 3D printing: a file for each class, without colours"),
)
DETAILS = (("Every voxel", 1), ("2³ voxels averaged: a quarter of the triangles", 2), ("4³ voxels averaged: one in sixteen", 4))
MANY = 5_000_000  # triangles
SETTLED_MS = 150  # that a slider rests before it is counted anew
UNITS: tuple[tuple[str, Unit], ...] = (("Å, as ChimeraX reads it", "angstrom"), ("nm", "nm"))


@dataclass(frozen=True, slots=True)
class MeshChoice:
    """What surfaces should be: of which classes, at which level (None: the middle of each ramp), in which form."""

    classes: tuple[str, ...]
    suffix: str = ".glb"
    level: float | None = None
    closed: bool = False
    binning: int = 1
    region: Region | None = None
    unit: Unit = "angstrom"
    keep: float = 1.0

    def options(self) -> dict[str, Any]:
        """Return what decides the surfaces themselves, as `volviz.tasks.mesh` takes it."""
        return {
            "classes": self.classes,
            "level": self.level,
            "region": self.region,
            "closed": self.closed,
            "binning": self.binning,
            "keep": self.keep,
        }


class MeshDialog(QDialog):
    """Asks what surfaces should be, and says how many triangles that will be about."""

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export meshes")
        self._region = drawn_region(state)
        self._state = state
        self._latest = Latest(self)
        self.finished.connect(lambda _result: self._latest.close())
        ramps = state.scene.ramps
        self.classes: dict[str, QCheckBox] = {}
        boxes = QVBoxLayout()
        for name, ramp in ramps.items():
            box = self.classes[name] = QCheckBox(f"{name.capitalize()}, at {(ramp.low + ramp.high) / 2:.2f}")
            box.setChecked(ramp.visible)
            box.setToolTip("The surface is where the class rises through the middle of its ramp, as the mode Surface draws it")
            box.toggled.connect(self._look)
            boxes.addWidget(box)
        self.kind = QComboBox()
        for name, suffix, use in KINDS:
            self.kind.addItem(f"{name}, {use}", suffix)
        self.own_level = QCheckBox("Another level for all of them")
        self.own_level.setToolTip("The probability at the surface, from 0 to 1; a lower one makes the objects larger")
        self.level = Number(0.01, 0.99, decimals=2)
        self.level.set_value(0.5)
        self.level.setToolTip(self.own_level.toolTip())
        self.own_level.toggled.connect(self._look)
        self.detail = QComboBox()
        for name, number in DETAILS:
            self.detail.addItem(name, number)
        self.detail.setToolTip("How fine the surface is. Coarser ones open faster elsewhere")
        self.keep = Number(1, 100, unit="%", decimals=0)
        self.keep.set_value(100)
        self.keep.setToolTip("How many of the triangles stay, in percent; the others are taken where the surface is flattest")
        self.expected = QLabel(" ")
        self.expected.setObjectName("hint")
        self.expected.setAccessibleName("Expected triangles and size")
        self.closed = QCheckBox("Close what the border of the volume cuts open")
        self.closed.setToolTip("A 3D print, or a volume in nm³, needs surfaces without an opening")
        self.region = QCheckBox("Only the box that is drawn")
        self.region.setToolTip("The region in full resolution, or what the clipping box leaves")
        self.region.setVisible(self._region is not None)
        self.region.setChecked(self._region is not None)
        self.unit = QComboBox()
        for name, unit in UNITS:
            self.unit.addItem(name, unit)
        self.unit.setToolTip("Of the positions in the file. Only PLY and GLB say which it is")
        hint = QLabel("Cleaned as shown. Positions are those of the tomogram; nothing is turned or mirrored.")
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        form = QFormLayout(self)
        top_label(form, "Classes", boxes)
        form.addRow("Format", self.kind)
        form.addRow("Level", self.own_level)
        form.addRow("", self.level)
        form.addRow("Detail", self.detail)
        form.addRow("Triangles kept", self.keep)
        form.addRow("", self.closed)
        form.addRow("", self.region)
        form.addRow("Positions in", self.unit)
        form.addRow(hint)
        form.addRow(self.expected)
        row, self._save = buttons(self, "Save…")
        form.addRow(row)
        choices = (self.kind.currentIndexChanged, self.detail.currentIndexChanged, self.closed.toggled, self.region.toggled)
        for changed in (*choices, self.keep.value_changed, self.level.value_changed):
            changed.connect(self._look)
        self._look()

    @property
    def choice(self) -> MeshChoice:
        """What was chosen."""
        return MeshChoice(
            tuple(name for name, box in self.classes.items() if box.isChecked()),
            self.kind.currentData(),
            self.level.value() if self.own_level.isChecked() else None,
            self.closed.isChecked(),
            self.detail.currentData(),
            self._region if self.region.isChecked() else None,
            self.unit.currentData(),
            self.keep.value() / 100,
        )

    def _look(self) -> None:
        self.level.setEnabled(self.own_level.isChecked())
        choice, segmentation, scene = self.choice, self._state.classes, self._state.scene
        self._save.setEnabled(bool(choice.classes))
        if segmentation is None or not choice.classes:
            self.expected.setText("Choose one class at least.")
            return

        def work() -> tuple[int, int]:
            from volviz.io.meshes import size_of
            from volviz.tasks.mesh import expected

            count = sum(expected(segmentation, scene, **choice.options()).values())
            return count, size_of(count, choice.suffix, len(choice.classes))

        self._latest.ask(work, self._say, wait_ms=SETTLED_MS)

    def _say(self, found: tuple[int, int]) -> None:
        count, size = found
        more = "; many programs open no more than some millions: keep fewer" if count > MANY else ""
        self.expected.setText(f"About {_rounded(count):,} triangles, {size / 1e6:,.1f} MB{more}")


def _rounded(count: int) -> int:
    """Return a number with the two digits that an estimate knows."""
    return int(float(f"{count:.1e}"))


def drawn_region(state: State) -> Region | None:
    """Return the voxels that are drawn alone, if that is not all of them."""
    if state.volume is None:
        return None
    shape = state.volume.grid.shape
    box = clipped(state.scene.clips, shape)
    region = state.scene.region and state.scene.region & Region.whole(shape)
    return (box & region or region) if box is not None and region is not None else box or region


def export_meshes(window: Window) -> None:
    """Ask what and where, and write the surfaces of the classes."""
    dialog = MeshDialog(window.document.state, window)
    if not dialog.exec():
        return
    choice = dialog.choice
    kind = f"{choice.suffix[1:].upper()} (*{choice.suffix})"
    path = ask_path(window, "Export meshes", f"{stem(window)}{choice.suffix}", kind, choice.suffix)
    if path is not None and _may_replace(window, path, choice.classes):
        write_meshes(window, path, choice)


def write_meshes(window: Window, path: Path, choice: MeshChoice) -> Job:
    """Write surfaces of the classes as they are shown, in a job; what is there by their names is replaced."""
    asked = window.document.state

    def work(report: Report) -> list[Path]:
        from volviz.io.meshes import save_meshes
        from volviz.tasks.mesh import mesh

        segmentation = window.cleaning.settled(asked, part(report, 0.0, 0.0)).classes
        if segmentation is None:
            raise VolvizError("There are no classes to make surfaces of; segment the tomogram, or open a segmentation.")
        made = mesh(
            segmentation,
            asked.scene,
            **choice.options(),
            report=part(report, 0.0, 0.8),
        )
        found.update(surface.name for surface in made)
        return save_meshes(made, path, unit=choice.unit, overwrite=True, report=part(report, 0.8, 1.0))

    def done(written: list[Path]) -> None:
        without = [name for name in choice.classes if name not in found]
        more = f"; no voxel of {' or '.join(without)} reaches the level" if without else ""
        window.say(f"Saved {', '.join(str(file) for file in written)}{more}")

    found: set[str] = set()
    return window.jobs.start("Export meshes", work, done)


def _may_replace(window: Window, path: Path, names: Sequence[str]) -> bool:
    """Ask about files beside the one that was named, which the file dialog could not know of."""
    from volviz.io.meshes import mesh_files

    taken = [file.name for file in mesh_files(path, names) if file != path and file.exists()]
    return not taken or sure(window, "Export meshes", f"{', '.join(taken)} will be replaced.", "Replace")
