"""Which model, on what, and go."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
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
from volviz.gui.document import Document, State, same_result
from volviz.gui.latest import Latest
from volviz.gui.machine import nvidia_gpu
from volviz.gui.model_text import text_of, weights_of
from volviz.gui.widgets.elided import Elided
from volviz.gui.widgets.name_box import NameBox

if TYPE_CHECKING:
    from volviz.core.segmentation import Bits, Segmentation
    from volviz.gui.jobs import Job
    from volviz.segment.protocol import Augment, Device
    from volviz.tasks.segment import Uncertainty

log = logging.getLogger(__name__)

DEVICES = (("Automatic", "auto"), ("GPU (CUDA)", "cuda"), ("CPU", "cpu"))
VIEWS = (("One", 1), ("Four, mirrored in the slice", 4), ("Eight, upside down too", 8))
BITS = (("8 bits, as fine as the eye can tell", 8), ("16 bits, twice the memory", 16))
ROW_GAP = 4  # pixels: all of it is to be seen without scrolling in a window of 1280 by 800
WEIGHTS = Qt.ItemDataRole.UserRole + 1  # of an entry of the list of models: which weights it has
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
    """A model to choose from: what is shown, what is passed on, what it says of itself, and which weights it has, if that is known."""

    title: str
    name: str
    about: str = ""
    sha256: str = ""


class SegmentPanel(QWidget):
    """Asks for a run with `started`; the window says with `set_running` whether one is under way."""

    started = Signal(object)  # Wish
    cancelled = Signal()
    train_asked = Signal()

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = NameBox("The network that tells the classes apart")
        self._latest, self._files = Latest(self), Latest(self)
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
        others = QHBoxLayout()
        others.addWidget(self.about)
        others.addStretch(1)
        others.addWidget(self._file)
        others.addWidget(self.train)
        form = QFormLayout()
        form.setVerticalSpacing(ROW_GAP)
        form.addRow("Model", self.model)
        form.addRow(others)
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
        for line in (others, slices):
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
        self._data: object = None  # of the tomogram whose slices are offered
        self._made = ""  # a sentence on what made the classes that are shown
        self._document = document
        document.changed.connect(self._follow)
        self._follow(State(), document.state)
        self._latest.ask(nvidia_gpu, self._name_devices)

    def close_threads(self) -> None:
        """End the threads that read cards."""
        self._latest.close()
        self._files.close()

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
            z = chosen if chosen != (0, self.last.maximum()) else None
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
        at = self.model.count() - 1
        self.model.setItemData(at, choice.about, Qt.ItemDataRole.ToolTipRole)
        self.model.setItemData(at, choice.sha256, WEIGHTS)

    def _choose(self) -> None:
        from volviz.segment.models import FOREIGN

        patterns = " ".join(f"*{suffix}" for suffix in (".safetensors", *FOREIGN))
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", f"Models ({patterns})")
        if path:
            if self.model.findData(path) < 0:
                self._add(chosen_file(path))
            self.model.setCurrentIndex(self.model.findData(path))

    def _follow(self, old: State, new: State) -> None:
        volume, made = new.volume, new.segmentation
        other = volume is not None and volume.data is not self._data
        if volume is not None and other:
            self._data = volume.data
            self._offer_slices(volume.grid.shape[0], None)
        if other or not same_result(made, old.segmentation):
            self._made = ""
            # A result of this panel leaves it as it is: the next run may have been prepared meanwhile.
            if made is not None and (other or "file" in made.provenance):
                self._show_making(made)
        self._look(new)

    def _show_making(self, made: Segmentation) -> None:
        """Show with which model, and how, classes were made that have just been opened; say so if the model is not here."""
        said = made.provenance
        name = said.get("model")
        if not isinstance(name, str):
            return
        file = said.get("weights")
        at = self._find(name, str(said.get("weights_sha256", "")), file)
        self._choose_maker(at, made)
        if at < 0 and isinstance(file, str):
            self._look_for(file, made)
        self.views.setCurrentIndex(max(0, self.views.findData(said.get("augment", 1))))
        self.bits.setCurrentIndex(max(0, self.bits.findData(made.bits)))
        told = said.get("told_voxel_size")
        self.voxel_size.setValue(float(told) if isinstance(told, int | float) else 0.0)
        z = said.get("z")
        self._offer_slices(made.grid.shape[0], (int(z[0]), int(z[1])) if isinstance(z, list | tuple) and len(z) == 2 else None)

    def _find(self, name: str, sha256: str, weights: object) -> int:
        """Return where in the list a model is, by its weights, its file or its name; -1 if it is not there."""
        known = [self.model.itemData(i, WEIGHTS) for i in range(self.model.count())]
        if sha256 and sha256 in known:
            return known.index(sha256)
        return self.model.findData(weights if isinstance(weights, str) else name)

    def _look_for(self, file: str, made: Segmentation) -> None:
        """Take the weights that made classes from the file they were in then, if it is still there."""
        # In a thread: a disk of the network that does not answer must not keep the window waiting.
        self._files.ask(lambda: weights_of(file), lambda found: self._take(file, found, made))

    def _take(self, file: str, found: str | None, made: Segmentation) -> None:
        if found is not None and same_result(made, self._document.state.segmentation):
            if self.model.findData(file) < 0:
                self._add(chosen_file(file, found))
            self._choose_maker(self.model.findData(file), made)
            self._look(self._document.state)

    def _choose_maker(self, at: int, made: Segmentation) -> None:
        """Choose a model of the list, if any, and say what is to be said of how it and the classes belong together."""
        name, sha256 = str(made.provenance.get("model")), made.provenance.get("weights_sha256", "")
        if at >= 0:
            self.model.setCurrentIndex(at)
            same = self.model.itemData(at, WEIGHTS) in {"", sha256}
            self._made = "" if same else f"The classes shown were made by other weights than those that are called {name} now."
        elif made.provenance.get("method") == "scribble-forest":
            self._made = "The classes shown were learnt from scribbles; the panel Learn goes on with them."
        else:
            self._made = f"The classes shown were made by {name}, which is not among the models here; File… takes its weights."

    def _offer_slices(self, depth: int, z: tuple[int, int] | None) -> None:
        """Offer the slices of a tomogram, and choose those from the first of ``z`` up to, not including, the second; all without."""
        low, high = (0, depth) if z is None else (max(0, z[0]), min(depth, z[1]))
        for box in (self.first, self.last):
            box.setRange(1, max(1, depth))
        self.last.setValue(high)
        self.first.setValue(low + 1)

    def _look(self, state: State) -> None:
        self.button.setEnabled(self._running or (state.volume is not None and self.model.count() > 0))
        said = ""
        if state.volume is None:
            said = "Open a tomogram first."
        elif self.model.count() == 0:
            said = "No model is installed; choose one from a file."
        elif state.segmentation is not None:
            notes = (self._made, *state.segmentation.provenance.get("notes", ()))
            said = "\n".join(str(note) for note in notes if note)
        self._notes.setText(said)
        self._notes.setVisible(bool(said))


def chosen_file(path: str, sha256: str = "") -> Choice:
    """Return the entry of a file of weights."""
    return Choice(Path(path).name, path, path, sha256)


def choices() -> list[Choice]:
    """Return the models that are installed, without loading any."""
    from volviz.segment.models import card, models

    found = []
    for name in models():
        try:
            known = card(name)
            found.append(Choice(name, name, "\n".join(known.limits), known.sha256))
        except VolvizError:
            log.warning("the model %s has no card that can be read", name)
    return found
