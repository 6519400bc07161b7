"""What the panel of classes offers while there are none: the ways to come by them, a button each."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget


class NoClasses(QWidget):
    """Three ways to classes."""

    segment_asked = Signal()
    scribble_asked = Signal()
    volumes_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.segment = QPushButton("Segment")
        self.segment.setToolTip("Find the classes with the model that the panel Segment shows (Ctrl+R)")
        self.scribble = QPushButton("Scribble")
        self.scribble.setToolTip("Take the brush and switch on Learn while I scribble: a forest learns from a few strokes of every class")
        self.volumes = QPushButton("Open…")
        self.volumes.setToolTip("Open volumes of probabilities, scores, masks or labels that another program made of this tomogram")
        ways = (
            (self.segment, "A network finds them", self.segment_asked),
            (self.scribble, "They are learnt from your strokes", self.scribble_asked),
            (self.volumes, "Another program found them", self.volumes_asked),
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(6)
        layout.addWidget(QLabel("There are no classes yet."), 0, 0, 1, 2)
        for row, (button, text, asked) in enumerate(ways, 1):
            button.clicked.connect(asked)
            said = QLabel(text)
            said.setObjectName("hint")
            layout.addWidget(button, row, 0)
            layout.addWidget(said, row, 1)
        layout.setColumnStretch(1, 1)
