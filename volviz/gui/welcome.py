"""What the window shows while nothing is open: what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Welcome(QFrame):
    """Open, the demo, and what was open last."""

    open_asked = Signal()
    demo_asked = Signal()
    path_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("volviz")
        title.setObjectName("title")
        about = QLabel("Drop a tomogram here: MRC, REC, MAP, TIFF or OME-Zarr.")
        self.open = QPushButton("Open a tomogram…")
        self.open.setDefault(True)
        self.open.clicked.connect(self.open_asked)
        self.demo = QPushButton("Try the demo")
        self.demo.setToolTip("Simulate a small tomogram of virions, segment it and show it: about a minute")
        self.demo.clicked.connect(self.demo_asked)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open)
        buttons.addWidget(self.demo)
        buttons.addStretch(1)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        inner = self._inner = QVBoxLayout()
        inner.setSpacing(12)
        for widget in (title, about):
            inner.addWidget(widget)
        inner.addLayout(buttons)
        inner.addLayout(self._recent)
        middle = QHBoxLayout(self)
        middle.addStretch(1)
        column = QVBoxLayout()
        column.addStretch(2)
        column.addLayout(inner)
        column.addStretch(3)
        middle.addLayout(column)
        middle.addStretch(1)

    def offer(self, widget: QWidget) -> None:
        """Put something more urgent above all else."""
        self._inner.insertWidget(0, widget)

    def set_recent(self, paths: Sequence[Path]) -> None:
        """List what was open last."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if not paths:
            return
        hint = QLabel("Opened last")
        hint.setObjectName("hint")
        self._recent.addWidget(hint)
        for path in paths[:6]:
            link = QLabel(f'<a href="#" style="text-decoration: none">{path.name}</a>')
            link.setToolTip(str(path))
            link.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard)
            link.linkActivated.connect(lambda _href, path=path: self.path_chosen.emit(str(path)))
            self._recent.addWidget(link)


class Preparing(QLabel):
    """What stands in for the 3D view while a large volume goes to the graphics memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setObjectName("hint")

    def show_fraction(self, fraction: float) -> None:
        """Say how much of it is there."""
        self.setText(f"Bringing the volume to the graphics memory… {100 * fraction:.0f} %")
