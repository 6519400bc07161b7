"""Trainings that were stopped: one to go on with, or to delete with what it has left on the disk."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMessageBox, QPushButton, QWidget

from volviz.gui.machine import gigabytes
from volviz.gui.recent import day_said

if TYPE_CHECKING:
    from volviz.tasks.runs import TrainingRun


class StoppedRuns(QWidget):
    """A list with nothing chosen at first, and a button that deletes what is chosen."""

    chosen = Signal(object)  # TrainingRun
    deleted = Signal()  # whoever lists them looks again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs: dict[str, TrainingRun] = {}
        self.box = QComboBox()
        self.box.setToolTip("Go on with a training that was stopped, with what it was told then")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.delete = QPushButton("Delete…")
        self.delete.setToolTip("Delete the chosen training with its checkpoints and simulations; it cannot go on then")
        self.delete.setEnabled(False)
        self.delete.clicked.connect(self._ask)
        self.box.activated.connect(lambda _: self.chosen.emit(self.run) if self.run is not None else None)
        self.box.currentIndexChanged.connect(lambda _: self.delete.setEnabled(self.run is not None))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.delete)

    @property
    def run(self) -> TrainingRun | None:
        """What is chosen."""
        return self.runs.get(self.box.currentData())

    def look(self) -> None:
        """List them anew, with nothing chosen."""
        from volviz.tasks.runs import unfinished

        self.runs = unfinished()
        self.box.clear()
        self.box.addItem("nothing: a new training", None)
        for name, run in self.runs.items():
            self.box.addItem(f"{name}, {_said(run)}", name)

    def _ask(self) -> None:
        run = self.run
        if run is None:
            return
        box = QMessageBox(QMessageBox.Icon.Question, "Delete a training", f"<b>Delete the training {run.name}?</b>", parent=self)
        box.setInformativeText(f"It was stopped {_said(run)}, in {run.folder}. It cannot go on then. Models that are finished stay.")
        box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole).clicked.connect(lambda: self._delete(run))
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.open()

    def _delete(self, run: TrainingRun) -> None:
        run.forget()
        self.deleted.emit()


def _said(run: TrainingRun) -> str:
    """Return when a training was stopped, and how much of the disk it takes."""
    taken, last = run.left
    return f"{day_said(datetime.fromtimestamp(last).date(), datetime.now().date())}, {gigabytes(taken)}"
