"""Train a segmenter: which method, what from, its parameters as a form; then its learning curve, and a model in the list."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from volviz.core.errors import VolvizError
from volviz.gui.dialogs import show_error
from volviz.gui.document import Document, State
from volviz.gui.form import Form
from volviz.gui.jobs import Jobs
from volviz.gui.latest import Latest
from volviz.gui.learn_from import LearnFrom, aligned
from volviz.gui.stopped_runs import StoppedRuns
from volviz.gui.training import Training
from volviz.gui.widgets.learning import LearningCurve
from volviz.segment.parameters import parameters

if TYPE_CHECKING:
    from volviz.tasks.runs import TrainingRun

log = logging.getLogger(__name__)

DEVICES = (("Automatic", "auto"), ("GPU (CUDA)", "cuda"), ("CPU", "cpu"))
FILLED_IN = "All is filled in: press Train. It learns{time}, or until you stop it and keep the best so far."
WITHOUT = ("checkpoints",)  # fields that the window fills in
FORM_WIDTH = 380
NEEDS = {
    "Dense": "labels of every voxel (a segmentation)",
    "Stroke": "scribbles",
    "Lasso": "outlines",
    "Tag": "tags",
    "SurfacePoints": "points on surfaces",
    "Box": "boxes",
}


class TrainWindow(QWidget):
    """Beside the window, never before it: one goes on looking while something learns."""

    finished = Signal(str)  # name of the new model

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Train a segmenter")
        self._document, self._jobs = document, jobs
        self._latest = Latest(self)
        self.methods: dict[str, type[Any]] = {}
        self.forms: dict[str, Form] = {}
        self.training: Training | None = None
        self._wanted: tuple[str, str, dict[str, Any]] | None = None  # to be filled in when the methods are known
        self._filled = ""  # the method whose form was filled in
        self._build()
        document.changed.connect(self._look)
        self._look(State(), document.state)
        # Methods bring torch with them, which takes seconds: not in the window's thread.
        self._latest.ask(_methods, self._show_methods)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(1000, 700)

    # What it is made of

    def _build(self) -> None:
        self.method = QComboBox()
        self.method.setToolTip("How it learns")
        self.method.currentIndexChanged.connect(self._choose_method)
        self.about = QLabel("Looking for methods …")
        self.about.setWordWrap(True)
        self.about.setObjectName("notes")
        self.name = QLineEdit("my_model")
        self.name.setToolTip("Under which name the model appears among the others")
        self.learns = LearnFrom()
        self.device = QComboBox()
        self.device.setToolTip("Where the network learns; automatic takes the GPU if there is one")
        for title, name in DEVICES:
            self.device.addItem(title, name)
        self.stopped = StoppedRuns()
        self.again = self.stopped.box
        self.stopped.chosen.connect(self._choose_run)
        self.stopped.deleted.connect(self._list_runs)
        self._holder = QVBoxLayout()
        left = QWidget()
        form = QFormLayout()
        form.setVerticalSpacing(4)
        form.addRow("Go on with", self.stopped)
        self._top = form
        form.addRow("Method", self.method)
        form.addRow(self.about)
        form.addRow("Name", self.name)
        form.addRow(self.learns)
        form.addRow("Device", self.device)
        aligned(form)
        layout = QVBoxLayout(left)
        layout.addLayout(form)
        layout.addWidget(QLabel("<b>Parameters</b>"))
        layout.addLayout(self._holder)
        layout.addStretch(1)
        self._asked = left
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setWidget(left)
        scrolled.setFixedWidth(FORM_WIDTH)
        self.curve = LearningCurve()
        self.state = QLabel("Nothing is being learnt.")
        self.state.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.start = QPushButton("Train")
        self.start.setToolTip("Learn in the background; you can go on looking meanwhile")
        self.start.setDefault(True)
        self.start.clicked.connect(self.ask_start)
        self.stop = QPushButton("Stop and keep the best")
        self.stop.setToolTip("End after this step with the weights that had the best scores so far, as a model")
        self.stop.clicked.connect(self._stop)
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop without a model; what it has learnt until its last scores can be taken up again")
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addStretch(1)
        row.addWidget(self.stop)
        row.addWidget(self.cancel)
        right = QVBoxLayout()
        right.addWidget(self.curve, 1)
        right.addWidget(self.state)
        right.addWidget(self.bar)
        right.addLayout(row)
        whole = QHBoxLayout(self)
        whole.addWidget(scrolled)
        whole.addLayout(right, 1)
        self._list_runs()
        self._enable()

    # Methods and their forms

    def _show_methods(self, found: tuple[dict[str, type[Any]], dict[str, str]]) -> None:
        self.methods, lost = found
        for name, method in self.methods.items():
            form = self.forms[name] = Form(method, WITHOUT)
            form.changed.connect(self._say_filled)
            form.hide()
            self._holder.addWidget(form)
            self.method.addItem(name, name)
        model = self.method.model()
        assert isinstance(model, QStandardItemModel)
        for name, sentence in lost.items():
            log.warning("%s", sentence)
            self.method.addItem(f"{name} (cannot be loaded)")
            model.item(self.method.count() - 1).setEnabled(False)
            self.method.setItemData(self.method.count() - 1, sentence, Qt.ItemDataRole.ToolTipRole)
        self._choose_method()
        if self._wanted is not None:
            self.prefill(*self._wanted)

    def prefill(self, method: str, name: str, values: dict[str, Any]) -> None:
        """Ask for a method that learns from what is open and from nothing else, with some of its parameters; now or when it is known."""
        if self.training is not None:
            return
        if method not in self.forms:
            self._wanted = method, name, values
            return
        self._wanted = None
        self.method.setCurrentIndex(self.method.findData(method))
        self.forms[method].show_values(values)
        self.name.setText(name)
        self.learns.simulated.setValue(0)
        self.learns.pairs.clear()
        self.learns.shown.setChecked(True)
        self._filled = method
        self._say_filled()

    def _say_filled(self) -> None:
        """Say that everything is filled in, and how long that will take, for as long as nothing is learnt."""
        if self.training is None and self._filled and self._filled == self.method.currentData():
            try:
                minutes = self.forms[self._filled].values().get("minutes")
            except VolvizError:  # of another box, which is told when it matters
                return
            self.state.setText(FILLED_IN.format(time=f" for {minutes:g} minutes" if minutes else " all its steps"))

    def _choose_method(self) -> None:
        name = self.method.currentData()
        for other, form in self.forms.items():
            form.setVisible(other == name)
        method = self.methods.get(name)
        if method is not None:
            needs = ", ".join(NEEDS.get(kind.__name__, kind.__name__) for kind in method.needs)
            first = (method.__doc__ or "").partition("\n\n")[0].replace("\n", " ").strip()
            self.about.setText(f"{first}\nLearns from: {needs}.")
            self.learns.fit_method(method)
        self._look(self._document.state, self._document.state)
        self._enable()

    def _look(self, _old: State, new: State) -> None:
        if self.training is None:
            self.learns.look(new, self.methods.get(self.method.currentData()))

    # What is asked for

    def wish(self) -> TrainingRun:
        """Return what is asked for.

        Raises:
            VolvizError: a parameter is none, or there is nothing to learn from.
        """
        from volviz.tasks.runs import TrainingRun

        name = self.method.currentData()
        if name is None:
            raise VolvizError("There is no method to train with yet; wait a moment.")
        values = {k: str(v) if isinstance(v, Path) else v for k, v in self.forms[name].values().items()}
        title = self.name.text().strip()
        before = self._goes_on(title)
        shown = self.learns.shown.isChecked() if before is None else before.shown  # what was open then was kept
        learns = self.learns
        run = TrainingRun(title, name, values, learns.data(), learns.simulated.value(), shown, self.device.currentData())
        run.check()
        return run

    # Going on with a run

    def _goes_on(self, name: str) -> TrainingRun | None:
        """Return the run that is to be taken up again; None for a new one.

        Raises:
            VolvizError: a new one has the name of one that was stopped.
        """
        run = self.stopped.runs.get(name)
        if run is not None and self.stopped.run is not run:
            raise VolvizError(f"A training called '{name}' was stopped and can go on (Go on with); choose another name, or delete it.")
        return run

    def _list_runs(self) -> None:
        self.stopped.look()
        self._top.setRowVisible(self.stopped, bool(self.stopped.runs))

    def _choose_run(self, run: TrainingRun) -> None:
        self.name.setText(run.name)
        self.method.setCurrentIndex(self.method.findData(run.method))
        if run.method in self.forms:
            kinds = {p.name: p.kind for p in parameters(self.methods[run.method])}
            values = {k: Path(v) if kinds.get(k) is Path and v is not None else v for k, v in run.parameters.items()}
            self.forms[run.method].show_values({k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
        self._filled = ""
        self.learns.fill(run)
        self.device.setCurrentIndex(self.device.findData(run.device))
        self._load_curve(run)
        self.state.setText(f"{run.name} goes on from its last checkpoint when you press Train.")

    def _load_curve(self, run: TrainingRun) -> None:
        from volviz.segment.nn.curve import read_curve

        self.curve.load(read_curve(run.folder / "checkpoints" / "curve.csv"))

    # Running

    def ask_start(self) -> None:
        """Begin, or say in a sentence why not."""
        try:
            run = self.wish()
            if self._goes_on(run.name) is None:
                self.curve.clear()
            method = self.methods[run.method]
            own = {"checkpoints": run.folder / "checkpoints"} if "checkpoints" in {p.name for p in parameters(method)} else {}
            segmenter = self.forms[run.method].value(**own)
        except VolvizError as error:
            show_error(self, "Train", error)
            return
        self.training = Training(self._jobs, run, segmenter, self._document.state, self)
        self.training.told.connect(self._hear)
        job = self.training.job
        job.progressed.connect(self._progress)
        job.succeeded.connect(lambda _: self._done(run.name))
        job.failed.connect(lambda error: self.state.setText(str(error) if isinstance(error, VolvizError) else "It failed."))
        job.cancelled.connect(lambda: self.state.setText("Cancelled."))
        job.ended.connect(self._ended)
        self.bar.setValue(0)
        self._filled = ""
        self.state.setText("Starting …")
        self._enable()

    def _hear(self, _fraction: float, _text: str, metrics: dict[str, float]) -> None:
        self.curve.add(metrics)

    def _progress(self, fraction: float, text: str) -> None:
        if self.training is None:
            return
        self.bar.setValue(round(1000 * fraction))
        said = "stopping, keeping the best" if self.training.stopping else text
        self.state.setText(f"{said[:1].upper()}{said[1:]}  ({self.training.job.time_said})")

    def _done(self, name: str) -> None:
        self.bar.setValue(1000)
        self.state.setText(f"Done: {name} is in the list of models now.")
        self.finished.emit(name)

    def _ended(self) -> None:
        if self.training is not None:
            self.training.deleteLater()
        self.training = None
        self._list_runs()
        self._look(self._document.state, self._document.state)
        self._enable()

    def _stop(self) -> None:
        if self.training is not None:
            self.training.stop()
            self._enable()

    def _cancel(self) -> None:
        if self.training is not None:
            self.training.job.cancel()
            self.state.setText("Stopping …")

    def _enable(self) -> None:
        running = self.training is not None
        self._asked.setEnabled(not running)
        self.bar.setVisible(running)
        self.start.setEnabled(not running and bool(self.methods))
        self.stop.setEnabled(running and self.training is not None and not self.training.stopping)
        self.cancel.setEnabled(running)

    def close_threads(self) -> None:
        """End the thread that looks for methods."""
        self._latest.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()  # a training goes on: the list of jobs has it


def _methods() -> tuple[dict[str, type[Any]], dict[str, str]]:
    """Return every method that can be loaded by name, and a sentence on each that cannot."""
    from volviz.segment.models import find_segmenter, segmenters

    found: dict[str, type[Any]] = {}
    lost: dict[str, str] = {}
    for name in segmenters():
        try:
            found[name] = find_segmenter(name)
            parameters(found[name])
        except Exception as error:  # a plug-in may be broken in any way: the others must not go with it
            found.pop(name, None)
            lost[name] = str(error) if isinstance(error, VolvizError) else f"The method {name} has no form: {error}"
    return found, lost
