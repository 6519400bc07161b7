"""Which model, on what, and go."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from volviz.core.errors import VolvizError
from volviz.gui.document import Document, State
from volviz.gui.latest import Latest
from volviz.gui.machine import nvidia_gpu
from volviz.gui.widgets.elided import Elided

if TYPE_CHECKING:
    from pathlib import Path

    from volviz.core.segmentation import Bits
    from volviz.gui.jobs import Job
    from volviz.segment.protocol import Augment, Device
    from volviz.tasks.segment import Uncertainty

log = logging.getLogger(__name__)

DEVICES = (("Automatic", "auto"), ("GPU (CUDA)", "cuda"), ("CPU", "cpu"))
VIEWS = (("One", 1), ("Four, mirrored in the slice", 4), ("Eight, upside down too", 8))
BITS = (("8 bits, as fine as the eye can tell", 8), ("16 bits, twice the memory", 16))
ROW_GAP = 4  # pixels: all of it is to be seen without scrolling in a window of 1280 by 800
AS_IN_DATA = "as in Data"
UNCERTAINTIES = (("Not saved", None), ("Margin between the classes", "margin"), ("Spread of the views", "spread"))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run: see `volviz.segment.protocol.Run`. ``z`` is None for all slices.

    The ``uncertainty`` is written to a file ``beside`` while the run goes on. With a ``voxel_size`` (A) the network sees the tomogram as
    if its voxels were so large; the result lies on the tomogram all the same.
    """

    model: str
    device: Device = "auto"
    augment: Augment = 1
    z: tuple[int, int] | None = None
    uncertainty: Uncertainty | None = None
    beside: Path | None = None
    bits: Bits = 8
    voxel_size: float | None = None


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
    train_asked = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = QComboBox()
        self.model.setToolTip("The network that tells the classes apart")
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._latest = Latest(self)
        for choice in choices():
            self._add(choice)
        self.model.currentIndexChanged.connect(self._ask_card)
        self._file = QPushButton("File…")
        self._file.setToolTip("Choose the weights of another model: volviz's own, or a checkpoint of Nano-Oetzi or pytorch-3dunet")
        self.train = QPushButton("Train…")
        self.train.setToolTip("Train a segmenter of your own, on simulations or on labelled tomograms")
        self.train.clicked.connect(self.train_asked)
        self.about = QToolButton()
        self.about.setText("About this model")
        self.about.setToolTip("What it learnt from, how well it did, where it fails")
        self.about.setCheckable(True)
        self.about.setAutoRaise(True)
        self.about.setArrowType(Qt.ArrowType.RightArrow)
        self.about.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.about.toggled.connect(self._show_about)
        self.card = QLabel()
        self.card.setWordWrap(True)
        self.card.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.card.hide()
        self.bits = QComboBox()
        self.bits.setToolTip("How finely the probabilities are kept")
        for title, count in BITS:
            self.bits.addItem(title, count)
        self.voxel_size = QDoubleSpinBox()
        self.voxel_size.setRange(0, 1000)
        self.voxel_size.setDecimals(3)
        self.voxel_size.setSpecialValueText(AS_IN_DATA)
        self.voxel_size.setSuffix(" Å")
        self.voxel_size.setToolTip(
            "The voxel size that the network is told, in angstrom, for this run alone: where objects are larger or smaller than those it "
            "learnt from. Where the file is wrong, correct it in Data instead"
        )
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
            box.setToolTip(
                "Slices that hold the specimen, by the numbers above the XY view; beyond them, as in the films where ice meets air, "
                "all is background"
            )
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
        model.addWidget(self.train)
        form = QFormLayout()
        form.setVerticalSpacing(ROW_GAP)
        form.addRow("Model", model)
        form.addRow(self.about)
        form.addRow(self.card)
        form.addRow("Device", self.device)
        form.addRow("Voxel size", self.voxel_size)
        form.addRow("Views", self.views)
        slices = QHBoxLayout()
        slices.addWidget(self.first, 1)
        slices.addWidget(QLabel("to"))
        slices.addWidget(self.last, 1)
        form.addRow("Slices", slices)
        form.addRow("Uncertainty", self.uncertainty)
        form.addRow("Keep", self.bits)
        for line in (model, slices):
            line.setSpacing(8)  # not that of the rows
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.doing = Elided()
        self.doing.setObjectName("hint")
        self.bar.hide()
        self.doing.hide()
        # Beside the button, which is in sight on the smallest screen: what is below it has to be scrolled to there.
        going = QHBoxLayout()
        going.setSpacing(8)
        going.addWidget(self.button, 1)
        going.addWidget(self.bar, 3)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(going)
        layout.addWidget(self.doing)
        layout.addWidget(self._notes)
        layout.addStretch(1)
        self._running = False
        self._depth = 0
        self._document = document
        document.changed.connect(lambda _old, new: self._look(new))
        self._look(document.state)
        self._latest.ask(nvidia_gpu, self._name_devices)

    def close_threads(self) -> None:
        """End the thread that reads cards."""
        self._latest.close()

    def set_running(self, running: bool, job: Job | None = None) -> None:
        """Turn the button into Cancel and back; a job shows how far it is."""
        self._running = running
        self.button.setText("Cancel" if running else "Segment")
        for widget in (self.bar, self.doing):
            widget.setVisible(job is not None)
        if job is not None:
            self._progress(job, 0.0, "")
            job.progressed.connect(lambda fraction, text: self._progress(job, fraction, text))
        self._look(self._document.state)

    def refresh(self, name: str) -> None:
        """List the models anew, and choose one."""
        kept = [self.model.itemData(i) for i in range(self.model.count())]
        for choice in choices():
            if choice.name not in kept:
                self._add(choice)
        self.model.setCurrentIndex(max(0, self.model.findData(name)))

    def start(self) -> None:
        """Ask for a run with what is chosen."""
        if self.button.isEnabled() and not self._running:
            chosen = self.first.value() - 1, self.last.value()  # the boxes count as the slices' titles do, from 1
            z = chosen if chosen != (0, self._depth) else None
            model, device, views = self.model.currentData(), self.device.currentData(), self.views.currentData()
            size = self.voxel_size.value() or None
            bits = self.bits.currentData()
            self.started.emit(Wish(model, device, views, z, self.uncertainty.currentData(), bits=bits, voxel_size=size))

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

    def _progress(self, job: Job, fraction: float, text: str) -> None:
        self.bar.setValue(round(1000 * fraction))
        self.bar.setFormat(f"{100 * fraction:.0f} %, {job.left_said}")
        self.bar.setToolTip(job.time_said)
        self.doing.setText(f"{text[:1].upper()}{text[1:]}" or "Working")

    def _show_about(self, on: bool) -> None:
        self.about.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.card.setVisible(on)
        self._ask_card()

    def _ask_card(self) -> None:
        name = self.model.currentData()
        if self.about.isChecked() and name is not None:
            self.card.setText("Reading its card …")
            # Another program's weights tell themselves what they are, and take seconds to read.
            self._latest.ask(lambda: text_of(name), self.card.setText)

    def _name_devices(self, gpu: str | None) -> None:
        self.device.setItemText(0, f"Automatic ({gpu or 'CPU, no NVIDIA GPU'})")
        at = self.device.findData("cuda")
        model = self.device.model()
        assert isinstance(model, QStandardItemModel)
        model.item(at).setEnabled(gpu is not None)
        self.device.setItemText(at, f"GPU ({gpu})" if gpu else "GPU (CUDA): none found")

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
            self.first.setRange(1, max(1, depth))
            self.last.setRange(1, max(1, depth))
            self.first.setValue(1)
            self.last.setValue(depth)
        self.button.setEnabled(self._running or (state.volume is not None and self.model.count() > 0))
        said = ""
        if state.volume is None:
            said = "Open a tomogram first."
        elif self.model.count() == 0:
            said = "No model is installed; choose one from a file."
        elif state.segmentation is not None:
            said = "\n".join(str(note) for note in state.segmentation.provenance.get("notes", ()))
        self._notes.setText(said)
        self._notes.setVisible(bool(said))


def text_of(name: str) -> str:
    """Return the card of a model as text, or why there is none."""
    from volviz.gui.model_text import model_text
    from volviz.segment.models import card

    try:
        return model_text(card(name))
    except VolvizError as error:
        return str(error)


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
