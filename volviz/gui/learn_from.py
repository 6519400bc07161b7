"""What a segmenter learns from: simulations, what is open in the window, a person's own tomograms with their labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QFormLayout, QHBoxLayout, QListWidget, QPushButton, QSpinBox, QWidget

from volviz.core.annotations import Dense
from volviz.gui.document import State

if TYPE_CHECKING:
    from volviz.tasks.runs import TrainingRun

SIMULATED = 48  # tomograms, as the command line has it
LIST_HEIGHT = 50  # pixels
TITLES = 84  # pixels
TOMOGRAMS = "Tomograms (*.mrc *.rec *.map *.tif *.tiff *.mrc.gz);;All files (*)"
LABELS = "Labels and segmentations (*.mrc *.map *.tif *_segmentation.json zarr.json .zattrs);;All files (*)"


class LearnFrom(QWidget):
    """Three sources; any of them, or several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.simulated = QSpinBox()
        self.simulated.setRange(0, 10_000)
        self.simulated.setValue(SIMULATED)
        self.simulated.setSuffix(" tomograms")
        self.simulated.setToolTip("Simulate so many tomograms of virions, with their labels, and learn from them. 0 simulates none")
        self.shown = QCheckBox()
        self.shown.setToolTip("Learn from the tomogram in the window: its segmentation as you see it, and its annotations")
        self.pairs = QListWidget()
        self.pairs.setToolTip("Your own tomograms, each with its labels: 0 background, 1 membrane, 2 spikes, 3 lumen, or a segmentation")
        self.pairs.setMaximumHeight(LIST_HEIGHT)
        self.pairs.setTextElideMode(Qt.TextElideMode.ElideLeft)
        add, remove = QPushButton("Add…"), QPushButton("Remove")
        add.setToolTip("Choose a tomogram, then its labels or a segmentation of it")
        add.clicked.connect(self.ask_pair)
        remove.setToolTip("Take the chosen pair off the list")
        remove.clicked.connect(lambda: self.pairs.takeItem(self.pairs.currentRow()))
        buttons = QHBoxLayout()
        buttons.addWidget(add)
        buttons.addWidget(remove)
        buttons.addStretch(1)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.addRow("Simulate", self.simulated)
        form.addRow("", self.shown)
        form.addRow("Your own", self.pairs)
        form.addRow("", buttons)
        aligned(form)

    def look(self, state: State, method: type[Any] | None) -> None:
        """Offer what there is for a method: what is open only if it holds what the method needs."""
        there = {type(mark) for mark in state.annotations} | ({Dense} if state.segmentation is not None else set())
        volume = state.volume
        fits = method is not None and bool(there & set(method.needs)) and volume is not None and volume.source is not None
        self.shown.setEnabled(fits)
        if not fits:
            self.shown.setChecked(False)
        name = volume.name if volume is not None else ""
        self.shown.setText(f"What is open: {_short(name)}" if fits else "What is open (nothing in it to learn from)")

    def fit_method(self, method: type[Any]) -> None:
        """Offer simulations to methods that learn from what these have: labels of every voxel."""
        dense = Dense in method.needs
        self.simulated.setEnabled(dense)
        if not dense:
            self.simulated.setValue(0)

    def ask_pair(self) -> None:
        """Ask for a tomogram and for its labels."""
        tomogram, _ = QFileDialog.getOpenFileName(self, "Choose a tomogram", "", TOMOGRAMS)
        if not tomogram:
            return
        title = f"Choose the labels of {Path(tomogram).name}"
        labels, _ = QFileDialog.getOpenFileName(self, title, str(Path(tomogram).parent), LABELS)
        if labels:
            path = Path(labels)
            self.add_pair(Path(tomogram), path.parent if path.name in {"zarr.json", ".zattrs"} else path)

    def add_pair(self, tomogram: Path, labels: Path) -> None:
        """Learn from a tomogram and its labels too."""
        self.pairs.addItem(f"{tomogram.name}  ←  {labels.name}")
        item = self.pairs.item(self.pairs.count() - 1)
        item.setData(Qt.ItemDataRole.UserRole, (str(tomogram), str(labels)))
        item.setToolTip(f"{tomogram}\n{labels}")

    def data(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs."""
        return tuple(tuple(self.pairs.item(i).data(Qt.ItemDataRole.UserRole)) for i in range(self.pairs.count()))

    def fill(self, run: TrainingRun) -> None:
        """Show what a run learns from."""
        self.simulated.setValue(run.simulated)
        self.pairs.clear()
        for tomogram, labels in run.data:
            self.add_pair(Path(tomogram), Path(labels))


def aligned(form: QFormLayout) -> None:
    """Give the titles of a form the width that those of others above and below it have."""
    for row in range(form.rowCount()):
        item = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        title = item.widget() if item is not None else None
        if title is not None:
            title.setMinimumWidth(TITLES)


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:14]}…{name[-12:]}"
