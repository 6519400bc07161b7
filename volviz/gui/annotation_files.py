"""Dialogs and jobs that read annotations from files and write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QFormLayout, QLabel, QWidget

from volviz.core.annotations import SurfacePoints, labels_of
from volviz.core.report import Report
from volviz.gui.annotate.gestures import next_object_id
from volviz.gui.annotate.labels import labels_of_state
from volviz.gui.asking import ask_path, folder, stem
from volviz.gui.dialogs import buttons
from volviz.gui.document import State
from volviz.gui.jobs import Job
from volviz.gui.widgets.number import Number

if TYPE_CHECKING:
    from volviz.gui.window import Window
    from volviz.io.star import Version
    from volviz.tasks.annotations import Annotated

READABLE = (
    "Annotations, points, label volumes "
    "(*.annotations.json *.csv *.tsv *.star *.tbl *.volviz *.mrc *.rec *.map *.mrc.gz *.tif *.tiff zarr.json .zattrs);;All files (*)"
)
POINTS = (".csv", ".tsv", ".txt", ".star", ".tbl")


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    suffix: str
    use: str
    relion: Version = 5
    only_points: bool = False


KINDS = (
    _Kind("Annotations (JSON)", ".annotations.json", "All of them, to be imported again or read by a script. Everything is in Å."),
    _Kind(
        "Label volume (MRC)",
        ".mrc",
        "The number of a class in every voxel of the tomogram, signed bytes: 0 background, 1 membrane, 2 spikes, 3 lumen, others from 4. "
        "Unlabelled voxels are -1. For training, IMOD, ChimeraX.",
    ),
    _Kind(
        "Label volume (OME-Zarr)",
        ".zarr",
        "The number of a class in every voxel of the tomogram, with names and colours. Unlabelled voxels are 255. For training, napari.",
    ),
    _Kind("Points (CSV)", ".csv", "The points on surfaces: x, y, z in Å, class, object.", only_points=True),
    _Kind("Points (RELION 5)", ".star", "The points on surfaces, in Å from the middle of the tomogram.", only_points=True),
    _Kind(
        "Points (RELION 4)",
        ".star",
        "The points on surfaces, in pixels of the tilt series from the first voxel; give the size of its pixels, unbinned.",
        4,
        only_points=True,
    ),
    _Kind(
        "Points (Dynamo)",
        ".tbl",
        "The points on surfaces, in voxels of the tomogram from the first one; objects are regions, classes have the numbers of label "
        "volumes.",
        only_points=True,
    ),
)


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """As what annotations are written; ``pixel_size`` (A) is that of RELION 4's pixels."""

    suffix: str
    relion: Version = 5
    pixel_size: float | None = None


class ExportDialog(QDialog):
    """Asks as what annotations are written. Points are offered if there are any."""

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export annotations")
        self.setMinimumWidth(460)
        points = any(isinstance(mark, SurfacePoints) for mark in state.annotations)
        self.kind = QComboBox()
        for kind in KINDS:
            if points or not kind.only_points:
                self.kind.addItem(kind.title, kind)
        self.use = QLabel()
        self.use.setObjectName("hint")
        self.use.setWordWrap(True)
        self.use.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.use.setMinimumHeight(4 * self.use.fontMetrics().lineSpacing())  # of the longest, so that nothing moves
        self.pixel_size = _pixels(state)
        self.pixel_size.setToolTip(
            "Pixel size of the tilt series in Å: RELION 4 counts its pixels, which are smaller than those of a binned tomogram"
        )
        form = QFormLayout(self)
        form.addRow("Save as", self.kind)
        form.addRow("Pixel size", self.pixel_size)
        form.addRow(self.use)
        row, _ = buttons(self, "Save…")
        form.addRow(row)
        self._form = form
        self.kind.currentIndexChanged.connect(self._look)
        self._look()

    @property
    def choice(self) -> ExportChoice:
        """What was chosen."""
        kind: _Kind = self.kind.currentData()
        return ExportChoice(kind.suffix, kind.relion, self.pixel_size.value() if kind.relion == 4 else None)

    def _look(self) -> None:
        kind: _Kind = self.kind.currentData()
        self._form.setRowVisible(self.pixel_size, kind.relion == 4)
        self.use.setText(kind.use)


class PointsDialog(QDialog):
    """Asks what a table of points does not say: the class of points that name none, and how large the pixels are that it counts."""

    def __init__(self, path: Path, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Import {path.name}")
        self.label = QComboBox()
        self.label.setEditable(True)
        self.label.addItems([label.name for label in labels_of_state(state)[1:]])
        self.label.setCurrentText("spikes" if self.label.findText("spikes") >= 0 else self.label.itemText(0))
        self.label.setToolTip("The class of points whose row names none; choose one, or type another")
        self.counted = QCheckBox("Coordinates count pixels of another size")
        self.counted.setToolTip(
            "Coordinates of RELION 4 count pixels: those of the tilt series if the file states their size, else the tomogram's voxels. "
            "Those of RELION 5 are in Å and need nothing. A table of Dynamo counts voxels: of the size that it states, else the tomogram's"
        )
        self.pixel_size = _pixels(state)
        self.pixel_size.setToolTip("Size of the pixels that the coordinates count, in Å")
        self.pixel_size.setEnabled(False)
        self.counted.toggled.connect(self.pixel_size.setEnabled)
        form = QFormLayout(self)
        form.addRow("Class", self.label)
        form.addRow("", self.counted)
        form.addRow("Pixel size", self.pixel_size)
        star = path.suffix.lower() in {".star", ".tbl"}
        form.setRowVisible(self.counted, star)
        form.setRowVisible(self.pixel_size, star)
        row, self.accepting = buttons(self, "Import")
        form.addRow(row)
        self.label.currentTextChanged.connect(lambda text: self.accepting.setEnabled(bool(text.strip())))

    @property
    def choice(self) -> tuple[str, float | None]:
        """The class, and the pixel size (A) if another one was given."""
        return self.label.currentText().strip(), self.pixel_size.value() if self.counted.isChecked() else None


def import_annotations(window: Window) -> None:
    """Ask for a file, and what it does not say, and add the annotations in it."""
    chosen, _ = QFileDialog.getOpenFileName(window, "Import annotations", str(folder(window)), READABLE)
    if not chosen:
        return
    take(window, Path(chosen))


def take(window: Window, path: Path) -> None:
    """Add the annotations in a file, and ask what it does not say."""
    if path.suffix.lower() not in POINTS:
        read_into(window, path)
        return
    dialog = PointsDialog(path, window.document.state, window)
    if dialog.exec():
        read_into(window, path, *dialog.choice)


def takes(window: Window, paths: Sequence[Path]) -> bool:
    """Say whether files to open, or dropped, are annotations to add to the tomogram that is open."""
    names = [path.name.lower() for path in paths]
    from volviz.io.annotations import SUFFIX

    return window.document.state.volume is not None and bool(names) and all(name.endswith((SUFFIX, *POINTS)) for name in names)


def read_into(window: Window, path: Path, label: str = "spikes", pixel_size: float | None = None) -> Job:
    """Add the annotations in a file to those there are, in a job, as one step of undo."""
    from volviz.tasks.annotations import joined, read_marks

    volume = window.document.state.volume

    def work(report: Report) -> Annotated:
        return read_marks(path, volume, label=label, pixel_size=pixel_size, report=report)

    def done(found: Annotated) -> None:
        state = window.document.state
        if state.volume is not volume:
            window.say(f"{path.name} was not imported, because another tomogram is open by now; import it again.")
            return
        known = labels_of_state(state)
        used = {name for mark in found.marks for name in labels_of(mark)} - {one.name for one in known}
        new = tuple(one for one in found.labels if one.name in used)
        labels = (*known, *new) if new else state.annotation_labels
        window.document.change("Import annotations", annotations=joined(state.annotations, found.marks), annotation_labels=labels)
        window.document.settle()
        window.document.marks_file = path
        if not window.lacks("annotating"):
            window.annotating.set(object_id=next_object_id(window.document.state.annotations))
        window.say(" ".join([f"Imported {_counted(len(found.marks))} from {path.name}.", *found.notes]))

    return window.jobs.start(f"Import {path.name}", work, done)


def export_annotations(window: Window) -> None:
    """Ask as what and where, and write the annotations."""
    dialog = ExportDialog(window.document.state, window)
    if not dialog.exec():
        return
    choice = dialog.choice
    beside = "_labels" if choice.suffix in {".mrc", ".zarr"} else "_points" if choice.suffix in POINTS else ""
    kind = f"{dialog.kind.currentText()} (*{choice.suffix})"
    path = ask_path(window, "Export annotations", f"{stem(window)}{beside}{choice.suffix}", kind, choice.suffix)
    if path is not None:
        write_marks(window, path, choice)


def write_marks(window: Window, path: Path, choice: ExportChoice) -> Job:
    """Write the annotations there are, in a job."""
    state = window.document.state

    def work(report: Report) -> tuple[str, ...]:
        from volviz.tasks.annotations import write_annotations

        return write_annotations(
            state.annotations,
            path,
            state.volume,
            labels=labels_of_state(state),
            relion=choice.relion,
            pixel_size=choice.pixel_size,
            overwrite=True,
            report=report,
        )

    def done(notes: tuple[str, ...]) -> None:
        window.document.marks_file = path
        window.say(" ".join([f"Saved {path}.", *notes]))

    return window.jobs.start("Export annotations", work, done, [path])


def _counted(count: int) -> str:
    return "one annotation" if count == 1 else f"{count} annotations"


def _pixels(state: State) -> Number:
    number = Number(0.1, 100.0, unit="Å", decimals=3, slider=False)
    number.set_value(state.volume.grid.mean_voxel_size if state.volume is not None else 1.0)
    return number
