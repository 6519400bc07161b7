"""What volviz understood of the file, and what only a person can know: the voxel size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.gui import sizing
from volviz.gui.document import Document, State
from volviz.gui.histograms import Histogram, grey_histogram
from volviz.gui.latest import PICTURES_FIRST_MS, Latest
from volviz.gui.planes import contrast_from
from volviz.gui.widgets.histogram import RampHistogram
from volviz.gui.widgets.number import Number
from volviz.tasks.describe import kind_of

ALIKE = 0.002  # of their mean: edges of a voxel that differ by less are those of a cube that was rounded


class DataPanel(QWidget):
    """Facts and notes about the tomogram, its voxel size, and the contrast and thickness of the slices."""

    repair_asked = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._latest = Latest(self)
        self._automatic = document.state.contrast
        self._facts = QFormLayout()
        self._facts.setVerticalSpacing(2)
        self._labels = {name: QLabel() for name in ("File", "Voxels", "Size", "Stored as")}
        for name, label in self._labels.items():
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addRow(name, label)
        self.voxel_size = Number(0.01, 1000, unit="Å", decimals=3, slider=False)
        self.voxel_size.setToolTip("Edge of a voxel. Change it where the file does not know, or is wrong")
        self.voxel_size.setAccessibleName("voxel size")
        self.voxel_size.set_value(10.0)
        self.apply = QPushButton("Set")
        self.apply.setToolTip("Use this voxel size in place of the file's")
        self.apply.clicked.connect(lambda: sizing.give(document, self.voxel_size.value()))
        self.badge = QLabel("unknown")
        self.badge.setObjectName("badge")
        self.badge.setToolTip("The file says nothing believable about its voxel size: lengths are a guess until you set it")
        size = QHBoxLayout()
        for widget in (self.voxel_size, self.apply, self.badge):
            size.addWidget(widget)
        size.addStretch(1)
        self._facts.addRow("Voxel size", size)
        self._facts.labelForField(size).setMinimumHeight(self.apply.sizeHint().height())
        self.ask = QLabel(
            "The file does not say how large its voxels are, so every length here is a guess. Type it above and press Set; it is kept "
            "for this file."
        )
        self.ask.setWordWrap(True)
        self.ask.setObjectName("problem")
        self.slab = Number(0, 100, unit="nm", decimals=1)
        self.slab.setToolTip("Thickness, in nanometres, that the slices show the mean of: thicker is less noisy. 0 is a single voxel")
        self.slab.setAccessibleName("slice thickness")
        self.slab.value_changed.connect(lambda value: document.show(slab=value))
        self.contrast = RampHistogram()
        self.contrast.setToolTip("Grey values shown black (left handle) and white (right handle) on the slices")
        self.contrast.setAccessibleName("Contrast of the slices")
        self.contrast.ramp_changed.connect(lambda low, high: document.show(contrast=(low, high)))
        self.low, self.high = (Number(-1e9, 1e9, decimals=4, slider=False, width=104) for _ in range(2))
        self.low.setToolTip("Grey value shown black")
        self.high.setToolTip("Grey value shown white")
        self.low.value_changed.connect(lambda value: self._set_contrast(value, document.state.contrast[1]))
        self.high.value_changed.connect(lambda value: self._set_contrast(document.state.contrast[0], value))
        auto = QToolButton()
        auto.setText("Auto")
        auto.setToolTip("Black at the 1st and white at the 99th percentile (Shift+C)")
        auto.clicked.connect(self.auto_contrast)
        boxes = QHBoxLayout()
        boxes.addWidget(self.low)
        boxes.addWidget(self.high)
        boxes.addStretch(1)
        boxes.addWidget(auto)
        self.repair = QPushButton("Save a repaired copy…")
        self.repair.setToolTip("Write the tomogram into a new file whose header says what volviz understood, the voxel size included")
        self.repair.clicked.connect(self.repair_asked)
        self._notes = QLabel()
        self._notes.setWordWrap(True)
        self._notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._notes.setObjectName("notes")
        layout = QVBoxLayout(self)
        layout.addLayout(self._facts)
        layout.addWidget(self.ask)
        layout.addWidget(self._notes)
        layout.addWidget(self.repair, 0, Qt.AlignmentFlag.AlignLeft)
        thickness = QHBoxLayout()
        thickness.addWidget(QLabel("Slice thickness"))
        thickness.addWidget(self.slab, 1)
        layout.addLayout(thickness)
        layout.addWidget(QLabel("Contrast of the slices"))
        layout.addWidget(self.contrast)
        layout.addLayout(boxes)
        layout.addStretch(1)
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def close_threads(self) -> None:
        """End the counting thread."""
        self._latest.close()

    def auto_contrast(self) -> None:
        """Go back to the percentiles."""
        volume = self._document.state.volume
        if volume is not None:
            self._latest.ask(lambda: contrast_from(volume.sample(500_000)), lambda contrast: self._document.show(contrast=contrast))

    def _look(self, old: State, new: State) -> None:
        self.setEnabled(new.volume is not None)
        self.contrast.set_ramp(*new.contrast)
        self.low.set_value(new.contrast[0])
        self.high.set_value(new.contrast[1])
        volume = new.volume
        self.slab.set_value(new.slab)
        unknown = volume is not None and not volume.grid.voxel_size_known
        self.badge.setVisible(unknown)
        self.ask.setVisible(unknown)
        if volume is old.volume:
            return
        if volume is None:
            for label in self._labels.values():
                label.setText("")
            self._notes.setText("")
            return
        self._show_facts(volume)
        if old.volume is None or volume.data is not old.volume.data:
            self._latest.ask(lambda: grey_histogram(volume), self._show_counts, wait_ms=PICTURES_FIRST_MS)

    def _show_facts(self, volume: Volume) -> None:
        z, y, x = volume.grid.shape
        wide, high, deep = volume.grid.extent_xyz / 10
        file = str(volume.source or volume.name)
        self._labels["File"].setText(_shortened(volume.name or file, 34))
        self._labels["File"].setToolTip(file)
        self._labels["Voxels"].setText(f"{x} × {y} × {z}   (x, y, z)")
        self._labels["Size"].setText(f"{wide:.0f} × {high:.0f} × {deep:.0f} nm")
        megabytes = np.prod(volume.grid.shape, dtype=np.float64) * np.dtype(volume.data.dtype).itemsize / 1e6
        self._labels["Stored as"].setText(f"{kind_of(np.dtype(volume.data.dtype))}, {megabytes:,.0f} MB")
        self.voxel_size.set_value(volume.grid.mean_voxel_size)
        self._show_notes(volume.notes)

    def show_drawing_notes(self, notes: Sequence[str]) -> None:
        """Say what had to be done to the data to draw them."""
        volume = self._document.state.volume
        self._show_notes((*(volume.notes if volume is not None else ()), *notes))

    def _show_notes(self, notes: Sequence[str]) -> None:
        volume = self._document.state.volume
        edges = () if volume is None else _edges(volume.grid)
        self._notes.setText("\n".join((*edges, *notes)))
        self._notes.setVisible(bool(edges or notes))
        self.repair.setVisible(bool(notes))

    def _show_counts(self, histogram: Histogram) -> None:
        self.contrast.set_histogram(histogram.counts, histogram.low, histogram.high)

    def _set_contrast(self, low: float, high: float) -> None:
        self._document.show(contrast=(low, max(high, low + 1e-6)))


def _edges(grid: Grid) -> tuple[str, ...]:
    """Return a sentence where the edges of a voxel differ: the box holds one number."""
    z, y, x = grid.voxel_size
    if max(x, y, z) - min(x, y, z) <= ALIKE * grid.mean_voxel_size:
        return ()
    return (f"A voxel is {x:.4g} × {y:.4g} × {z:.4g} Å (x, y, z). The box shows the mean; Set makes all edges alike.",)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length // 2 - 1]}…{text[-length // 2 :]}"
