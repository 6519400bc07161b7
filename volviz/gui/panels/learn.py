"""Learning from scribbles while one makes them: the switch, what it does, where to scribble next, and what to make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from volviz.core.errors import VolvizError
from volviz.gui.document import Document, State
from volviz.gui.latest import Latest
from volviz.gui.live_learning import LiveLearning

if TYPE_CHECKING:
    from volviz.gui.form import Form

DEVICES = (("Automatic", "auto"), ("GPU (CUDA)", "cuda"), ("CPU", "cpu"))
WITHOUT = ("held_back", "voxel_size")  # fields of the method that have no meaning while one scribbles
SETTLE_MS = 700  # after the last change of a box, before all is learnt anew
STOPPED = "Stopped. Strokes are still followed where you look."
SUGGEST = "Bring the crosshair to where the forest hesitates most, and so a stroke teaches most (J)"
NOTHING_LEARNT = "Draw strokes of two classes with the switch on; then it is known where to look next."
NO_FOREST = "Draw strokes of two classes with the switch on; then there is a forest to save."
NOTHING_TO_TEACH = "Draw strokes of two classes with the switch on; what is found with them is what teaches the network."
NO_RESULT = "Wait until all of the tomogram is up to date with your strokes; that is what teaches the network."


class LearnPanel(QWidget):
    """Controls of a `LiveLearning`."""

    save_asked = Signal()
    teach_asked = Signal()

    def __init__(self, learning: LiveLearning, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._learning, self._document = learning, document
        self._latest = Latest(self)
        self.form: Form | None = None
        self.on = QCheckBox("Learn while I scribble")
        self.on.setToolTip("After every stroke, teach a random forest with all of them and show what it finds, near the crosshair first")
        self.on.toggled.connect(learning.switch)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.learnt = QLabel()
        self.learnt.setObjectName("hint")
        self.learnt.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("How much of the tomogram is up to date")
        self.doing = QLabel()
        self.doing.setObjectName("hint")
        # What is being done changes all the time: the panel must not become wider for it.
        self.doing.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.stop = QPushButton("Stop")
        self.stop.clicked.connect(lambda: learning.pause(not learning.paused))
        self.suggest = QPushButton("Suggest where next")
        self.suggest.clicked.connect(learning.suggest)
        self.doubt = QCheckBox("Show doubt")
        self.doubt.setToolTip(
            "Colour the slices by how uncertain the classes are instead of by class: bright where two are about as probable (U)"
        )
        self.doubt.toggled.connect(lambda on: document.show(doubt=on))
        self.save = QPushButton("Save as a model…")
        self.save.clicked.connect(self.save_asked)
        self.teach = QPushButton("Teach a network…")
        self.teach.clicked.connect(self.teach_asked)
        self.how = QToolButton()
        self.how.setText("How it learns")
        self.how.setToolTip("Which features it looks at, how many trees vote, and where it is computed")
        self.how.setCheckable(True)
        self.how.setAutoRaise(True)
        self.how.setArrowType(Qt.ArrowType.RightArrow)
        self.how.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.how.toggled.connect(self._show_how)
        self.device = QComboBox()
        self.device.setToolTip("Where features are computed and trees vote; automatic takes the GPU if there is one")
        self.device.setAccessibleName("Device")
        for title, name in DEVICES:
            self.device.addItem(title, name)
        self._later = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._later.timeout.connect(self._learn_otherwise)
        self.device.currentIndexChanged.connect(lambda _: self._later.start())
        self.wrong = QLabel()
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self._build()
        learning.changed.connect(self._look)
        document.changed.connect(self._follow)
        self._look()

    def _build(self) -> None:
        work = QHBoxLayout()
        beside = QVBoxLayout()
        beside.setSpacing(2)
        beside.addStretch(1)
        beside.addWidget(self.doing)
        beside.addWidget(self.bar)
        beside.addStretch(1)
        work.addLayout(beside, 1)
        work.addWidget(self.stop)
        for widget in (self.bar, self.stop):  # the rest of the panel stays where it is
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
        asks = QGridLayout()
        asks.setSpacing(4)
        asks.addWidget(self.suggest, 0, 0)
        asks.addWidget(self.doubt, 0, 1)
        asks.addWidget(self.save, 1, 0)
        asks.addWidget(self.teach, 1, 1)
        self._options = QWidget()
        self._holder = QFormLayout(self._options)
        self._holder.setContentsMargins(0, 0, 0, 0)
        self._holder.addRow("Device", self.device)
        self._options.hide()
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(self.on)
        layout.addWidget(self.text)
        layout.addLayout(work)
        layout.addWidget(self.learnt)
        layout.addLayout(asks)
        layout.addWidget(self.how)
        layout.addWidget(self._options)
        layout.addWidget(self.wrong)
        layout.addStretch(1)

    def close_threads(self) -> None:
        """End the thread that looks for the method."""
        self._latest.close()

    def _look(self) -> None:
        learning = self._learning
        with QSignalBlocker(self.on):
            self.on.setChecked(learning.on)
        session = learning.session
        self.text.setText(STOPPED if learning.paused else learning.text)
        self.learnt.setText(learning.learnt)
        self.learnt.setVisible(bool(learning.learnt))
        working = learning.fraction is not None
        self.bar.setVisible(working)
        self.bar.setValue(round(1000 * (learning.fraction or 0.0)))
        self.doing.setText(f"{learning.doing}, {100 * (learning.fraction or 0.0):.0f} %" if working else "")
        self.stop.setVisible(session is not None and (working or learning.paused))
        self.stop.setText("Go on" if learning.paused else "Stop")
        self.stop.setToolTip(
            "Go on with the rest of the tomogram"
            if learning.paused
            else "Leave the rest of the tomogram, and follow strokes where you look"
        )
        self.suggest.setEnabled(bool(learning.learnt))
        self.suggest.setToolTip(SUGGEST if learning.learnt else NOTHING_LEARNT)
        grown = session is not None and session.predictor is not None
        self.save.setEnabled(grown)
        self.save.setToolTip("Keep the forest as a model in the list of models, for other tomograms" if grown else NO_FOREST)
        self.teach.setEnabled(learning.settled)
        self.teach.setToolTip(
            "Train a network on what the forest found here, judged by strokes held back; it carries over to other tomograms"
            if learning.settled
            else NO_RESULT
            if learning.learnt
            else NOTHING_TO_TEACH
        )

    def _follow(self, old: State, new: State) -> None:
        if new.doubt != old.doubt:
            with QSignalBlocker(self.doubt):
                self.doubt.setChecked(new.doubt)

    # How it learns

    def _show_how(self, on: bool) -> None:
        self.how.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._options.setVisible(on)
        if on and self.form is None:
            # The method brings torch with it, which takes seconds: not in the window's thread.
            self._latest.ask(_method, self._make_form)

    def _make_form(self, method: type[Any]) -> None:
        from volviz.gui.form import Form

        if self.form is None:
            self.form = Form(method, WITHOUT)
            self.form.changed.connect(self._later.start)
            self._holder.addRow(self.form)

    def _learn_otherwise(self) -> None:
        if self.form is None:
            return
        from volviz.segment.methods.scribble_forest import choose

        try:
            method = self.form.value()
            choose(method.features)
            self._learning.set_method(method, self.device.currentData())
            self.wrong.hide()
        except VolvizError as error:
            self.wrong.setText(str(error))
            self.wrong.show()


def _method() -> type[Any]:
    from volviz.segment.models import find_segmenter

    return find_segmenter("scribble-forest")
