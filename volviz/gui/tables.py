"""The dialog and the job that write the objects of the classes as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QDialog, QFormLayout, QLabel, QVBoxLayout, QWidget

from volviz.core.errors import VolvizError
from volviz.core.report import Report, part
from volviz.gui.asking import ask_path, stem
from volviz.gui.dialogs import buttons, top_label
from volviz.gui.document import State
from volviz.gui.jobs import Job
from volviz.gui.widgets.number import Number

if TYPE_CHECKING:
    from volviz.gui.window import Window

HINT = (
    "One row for each object: volume in nm³, surface in nm², diameter in nm, centre and box in Å, mean probability, and whether it touches "
    "the border. Measured as shown: cleaned, with the tomogram's own coordinates."
)
KINDS = "Table (*.csv);;Centres of the objects, for RELION 5 (*.star)"
UNKNOWN_SIZE = "The voxel size of this tomogram is not known, so the lengths will be wrong; give it in the Data panel first."


@dataclass(frozen=True, slots=True)
class TableChoice:
    """The objects of which classes, and where they end (None: where the ramp of each begins)."""

    classes: tuple[str, ...]
    threshold: float | None = None


class TableDialog(QDialog):
    """Asks what is to be measured."""

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from volviz.tasks.measure import level_of

        self.setWindowTitle("Table of objects")
        self.classes: dict[str, QCheckBox] = {}
        boxes = QVBoxLayout()
        for name, ramp in state.scene.ramps.items():
            box = self.classes[name] = QCheckBox(f"{name.capitalize()}, from {level_of(state.scene, name):.2f} up")
            box.setChecked(ramp.visible)
            box.setToolTip("An object ends where the ramp of its class begins, or at the level of its cleaning: what is seen is measured")
            box.toggled.connect(self._look)
            boxes.addWidget(box)
        self.own_threshold = QCheckBox("Another threshold for all of them")
        self.own_threshold.setToolTip("The probability at which objects end, 0 to 1; a lower one makes them larger and joins neighbours")
        self.threshold = Number(0.01, 1.0, decimals=2)
        self.threshold.set_value(0.5)
        self.threshold.setToolTip(self.own_threshold.toolTip())
        self.own_threshold.toggled.connect(self._look)
        known = state.grid is None or state.grid.voxel_size_known
        hint = QLabel(HINT if known else f"{HINT} <b>{UNKNOWN_SIZE}</b>")
        hint.setObjectName("hint")
        hint.setWordWrap(True)
        hint.setMinimumWidth(400)  # of the text, not of the dialog, which would be as high as for a narrower one
        form = QFormLayout(self)
        top_label(form, "Classes", boxes)
        form.addRow("Threshold", self.own_threshold)
        form.addRow("", self.threshold)
        form.addRow(hint)
        row, self.accepting = buttons(self, "Save…")
        form.addRow(row)
        self._look()

    @property
    def choice(self) -> TableChoice:
        """What was chosen."""
        names = tuple(name for name, box in self.classes.items() if box.isChecked())
        return TableChoice(names, self.threshold.value() if self.own_threshold.isChecked() else None)

    def _look(self) -> None:
        self.threshold.setEnabled(self.own_threshold.isChecked())
        some = any(box.isChecked() for box in self.classes.values())
        self.accepting.setEnabled(some)
        self.accepting.setToolTip("" if some else "Choose one class at least")


def export_objects(window: Window) -> None:
    """Ask what and where, and write the table."""
    dialog = TableDialog(window.document.state, window)
    if not dialog.exec():
        return
    path = ask_path(window, "Table of objects", f"{stem(window)}_objects.csv", KINDS, ".csv")
    if path is not None:
        write_objects(window, path, dialog.choice)


def write_objects(window: Window, path: Path, choice: TableChoice) -> Job:
    """Measure the objects of the classes as they are shown, and write the table, in a job."""
    asked = window.document.state

    def work(report: Report) -> int:
        from volviz.tasks.measure import measure, save_objects

        segmentation = window.cleaning.settled(asked, part(report, 0.0, 0.0)).classes
        if segmentation is None:
            raise VolvizError("There are no classes to measure; segment the tomogram, or open a segmentation.")
        found = measure(segmentation, asked.scene, classes=choice.classes, threshold=choice.threshold, report=report)
        save_objects(found, path, segmentation, overwrite=True)
        return len(found)

    def done(count: int) -> None:
        window.say(f"Saved {path}: {'one object' if count == 1 else f'{count} objects'}")

    return window.jobs.start("Table of objects", work, done, [path])
