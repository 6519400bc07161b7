"""Which model, on what, and go."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from volviz.core.errors import VolvizError
from volviz.gui.document import Document, State

if TYPE_CHECKING:
    from pathlib import Path

    from volviz.segment.protocol import Augment, Device
    from volviz.tasks.segment import Uncertainty

log = logging.getLogger(__name__)

DEVICES = (("Automatic", "auto"), ("GPU (CUDA)", "cuda"), ("CPU", "cpu"))
VIEWS = (("One", 1), ("Four, mirrored in the slice", 4), ("Eight, upside down too", 8))
UNCERTAINTIES = (("Not saved", None), ("Margin between the classes", "margin"), ("Spread of the views", "spread"))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run: see `volviz.segment.protocol.Run`. ``z`` is None for all slices.

    The ``uncertainty`` is written to a file ``beside`` while the run goes on.
    """

    model: str
    device: Device = "auto"
    augment: Augment = 1
    z: tuple[int, int] | None = None
    uncertainty: Uncertainty | None = None
    beside: Path | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A model to choose from: what is shown, what is passed on, what it says of itself."""

    title: str
    name: str
    about: str = ""


class SegmentPanel(QWidget):
    """Asks for a run with `started`; the window says with `set_running` whether one is under way."""

    started = Signal(object)  # Wish
    cancelled = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = QComboBox()
        self.model.setToolTip("The network that tells the classes apart")
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for choice in choices():
            self._add(choice)
        self._file = QPushButton("From a file")
        self._file.setToolTip("Choose the weights of another model: volviz's own, or a checkpoint of Nano-Oetzi or pytorch-3dunet")
        self._file.clicked.connect(self._choose)
        self.device = QComboBox()
        self.device.setToolTip("Where the network runs; automatic takes the GPU if there is one")
        for title, name in DEVICES:
            self.device.addItem(title, name)
        self.views = QComboBox()
        self.views.setToolTip("See every part from several sides and take the mean: as many times slower, a little steadier")
        for title, count in VIEWS:
            self.views.addItem(title, count)
        self.uncertainty = QComboBox()
        self.uncertainty.setToolTip(
            "Save how sure the result is as a volume: by how much the first class leads, or how far the views differ"
        )
        for title, kind in UNCERTAINTIES:
            self.uncertainty.addItem(title, kind)
        self.views.currentIndexChanged.connect(self._offer_spread)
        self._offer_spread()
        self.first, self.last = QSpinBox(), QSpinBox()
        for box, name in ((self.first, "First slice"), (self.last, "Last slice")):
            box.setToolTip("Slices that hold the specimen; beyond them, as in the films where ice meets air, all is background")
            box.setAccessibleName(name)
            box.setKeyboardTracking(False)
        self.first.valueChanged.connect(self.last.setMinimum)
        self.last.valueChanged.connect(self.first.setMaximum)
        self.button = QPushButton("Segment")
        self.button.setToolTip("Find the classes in this tomogram; you can go on looking meanwhile")
        self.button.clicked.connect(self._press)
        self._notes = QLabel()
        self._notes.setWordWrap(True)
        model = QHBoxLayout()
        model.addWidget(self.model, 1)
        model.addWidget(self._file)
        form = QFormLayout()
        form.addRow("Model", model)
        form.addRow("Device", self.device)
        form.addRow("Views", self.views)
        slices = QHBoxLayout()
        slices.addWidget(self.first, 1)
        slices.addWidget(QLabel("to"))
        slices.addWidget(self.last, 1)
        form.addRow("Slices", slices)
        form.addRow("Uncertainty", self.uncertainty)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.button)
        layout.addWidget(self._notes)
        layout.addStretch(1)
        self._running = False
        self._depth = 0
        self._document = document
        document.changed.connect(lambda _old, new: self._look(new))
        self._look(document.state)

    def set_running(self, running: bool) -> None:
        """Turn the button into Cancel and back."""
        self._running = running
        self.button.setText("Cancel" if running else "Segment")
        self._look(self._document.state)

    def start(self) -> None:
        """Ask for a run with what is chosen."""
        if self.button.isEnabled() and not self._running:
            chosen = self.first.value(), self.last.value() + 1
            z = chosen if chosen != (0, self._depth) else None
            model, device, views = self.model.currentData(), self.device.currentData(), self.views.currentData()
            self.started.emit(Wish(model, device, views, z, self.uncertainty.currentData()))

    def _press(self) -> None:
        if self._running:
            self.cancelled.emit()
        else:
            self.start()

    def _offer_spread(self) -> None:
        """One view has no spread."""
        at = self.uncertainty.findData("spread")
        model = self.uncertainty.model()
        assert isinstance(model, QStandardItemModel)
        model.item(at).setEnabled(self.views.currentData() > 1)
        if self.uncertainty.currentIndex() == at and self.views.currentData() == 1:
            self.uncertainty.setCurrentIndex(0)

    def _add(self, choice: Choice) -> None:
        self.model.addItem(choice.title, choice.name)
        self.model.setItemData(self.model.count() - 1, choice.about, Qt.ItemDataRole.ToolTipRole)

    def _choose(self) -> None:
        from volviz.segment.models import FOREIGN

        patterns = " ".join(f"*{suffix}" for suffix in (".safetensors", *FOREIGN))
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", f"Models ({patterns})")
        if path:
            self._add(Choice(path.rpartition("/")[2], path))
            self.model.setCurrentIndex(self.model.count() - 1)

    def _look(self, state: State) -> None:
        depth = state.volume.grid.shape[0] if state.volume is not None else 0
        if depth != self._depth:
            self._depth = depth
            self.first.setRange(0, max(0, depth - 1))
            self.last.setRange(0, max(0, depth - 1))
            self.first.setValue(0)
            self.last.setValue(depth - 1)
        self.button.setEnabled(self._running or (state.volume is not None and self.model.count() > 0))
        if state.volume is None:
            self._notes.setText("Open a tomogram first.")
        elif self.model.count() == 0:
            self._notes.setText("No model is installed; choose one from a file.")
        elif state.segmentation is not None:
            self._notes.setText("\n".join(str(note) for note in state.segmentation.provenance.get("notes", ())))
        else:
            self._notes.setText("")


def choices() -> list[Choice]:
    """Return the models that are installed, without loading any."""
    from volviz.segment.models import card, models

    found = []
    for name in models():
        try:
            found.append(Choice(name, name, "\n".join(card(name).limits)))
        except VolvizError:
            log.warning("the model %s has no card that can be read", name)
    return found
