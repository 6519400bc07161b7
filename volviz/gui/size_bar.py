"""The one question that a file without a voxel size leaves open, above the views until it is answered."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from volviz.gui import sizing
from volviz.gui.document import Document, State
from volviz.gui.widgets.number import Number

USUAL = 10.0  # A: what stands in the box first


class SizeBar(QFrame):
    """Asks how large a voxel is, where neither the file nor its classes nor the person have said."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("asking")
        self._document = document
        self.question = QLabel("How large is a voxel?")
        self.question.setToolTip(
            "The file says 0 or 1 Å, as programs do that do not know: every length, and the 3D view, is a guess until then"
        )
        self.why = QLabel("The file does not say: lengths are guesses until then.")
        self.why.setObjectName("hint")
        self.number = Number(0.01, 1000, unit="Å", decimals=3, slider=False)
        self.number.setAccessibleName("voxel size that is asked for")
        self.number.setToolTip("Edge of a voxel in angstrom; for most tomograms it lies between 2 and 20")
        self.number.set_value(USUAL)
        self.number.entered.connect(lambda: sizing.give(document, self.number.value()))
        self.use = QPushButton("Set")
        self.use.setToolTip("Use this voxel size, and keep it for this file")
        self.use.clicked.connect(lambda: sizing.give(document, self.number.value()))
        self.leave = QPushButton("Leave as is")
        self.leave.setToolTip("Go on with 1 Å as a guess, and do not ask for this file again; Data has the same question")
        self.leave.clicked.connect(lambda: sizing.leave(document))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        for widget in (self.question, self.number, self.use, self.leave):
            layout.addWidget(widget)
        layout.addSpacing(6)
        layout.addWidget(self.why, 1)
        self.why.setMinimumWidth(0)
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def _look(self, old: State, new: State) -> None:
        self.setVisible(sizing.asks(new))
        if new.volume is not None and new.volume is not old.volume:
            self.question.setText(f"How large is a voxel of {new.volume.name}?" if len(new.volume.name) <= 24 else "How large is a voxel?")
            if not new.volume.grid.voxel_size_known:
                self.number.set_value(USUAL)
