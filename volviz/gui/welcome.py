"""What the window shows while nothing is open: what to do."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from volviz.gui.jobs import duration
from volviz.gui.recent import Recent

SHOWN = 6
WIDTH = 470  # pixels
LEAST_SECONDS = 3.0  # of work from which the rest is guessed


class Place(QFrame):
    """Where to drop: an outline of dashes, which lights up while something is held over the window."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._lit = False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Drop files here, anywhere on the window, or click to choose them")
        title = QLabel("Drop a tomogram here")
        title.setObjectName("drop-title")
        kinds = QLabel("MRC, REC, MAP, TIFF or OME-Zarr; with it, or later, its segmentation; or a session")
        kinds.setObjectName("hint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 26, 24, 26)
        for label in (title, kinds):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setWordWrap(True)
            layout.addWidget(label)

    def light(self, lit: bool) -> None:
        """Show that something is held over the window."""
        self._lit = lit
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self.palette().highlight().color() if self._lit else self.palette().mid().color())
        painter.setPen(QPen(color, 1.5, Qt.PenStyle.DashLine))
        if self._lit:
            color.setAlpha(40)
            painter.setBrush(color)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 8, 8)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class Welcome(QFrame):
    """Drop, open, the demo, and what was open last."""

    open_asked = Signal()
    demo_asked = Signal()
    recent_chosen = Signal(object)  # the paths that were open together

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel("volviz")
        title.setObjectName("title")
        about = QLabel("Virions in cryo-electron tomograms: segmented softly, drawn in real time.")
        about.setObjectName("hint")
        self.place = Place()
        self.place.clicked.connect(self.open_asked)
        self.open = QPushButton("Open a tomogram…")
        self.open.setDefault(True)
        self.open.setToolTip("Choose a tomogram, a segmentation or a session (Ctrl+O)")
        self.open.clicked.connect(self.open_asked)
        self.demo = QPushButton("Try the demo")
        self.demo.setToolTip("Simulate a small tomogram of virions, segment it and show it: a minute or two")
        self.demo.clicked.connect(self.demo_asked)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open)
        buttons.addWidget(self.demo)
        buttons.addStretch(1)
        self.links: list[Link] = []
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inside = QWidget()
        inside.setFixedWidth(WIDTH)
        inner = self._inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(12)
        for widget in (title, about, self.place):
            inner.addWidget(widget)
        inner.addLayout(buttons)
        inner.addLayout(self._recent)
        middle = QHBoxLayout(self)
        middle.addStretch(1)
        column = QVBoxLayout()
        column.addStretch(2)
        column.addWidget(inside)
        column.addStretch(3)
        middle.addLayout(column)
        middle.addStretch(1)

    def offer(self, widget: QWidget) -> None:
        """Put something more urgent above all else."""
        self._inner.insertWidget(0, widget)

    def set_recent(self, found: Sequence[Recent]) -> None:
        """List what was open last; what is no longer there is grey."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.links = [Link(recent) for recent in found[:SHOWN]]
        if self.links:
            hint = QLabel("Opened last")
            hint.setObjectName("hint")
            hint.setContentsMargins(0, 8, 0, 4)
            self._recent.addWidget(hint)
        for link in self.links:
            link.clicked.connect(lambda _checked=False, paths=link.recent.paths: self.recent_chosen.emit(paths))
            self._recent.addWidget(link)


class Link(QToolButton):
    """A path in two lines: its name, and what it is."""

    def __init__(self, recent: Recent) -> None:
        super().__init__()
        self.recent = recent
        folder = str(recent.path.parent)
        name, about = QLabel(recent.title), QLabel(recent.about)
        about.setObjectName("hint")
        name.setEnabled(recent.there)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.addWidget(name)
        layout.addStretch(1)
        layout.addWidget(about)
        for label in (name, about):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoRaise(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(name.sizeHint().height() + 10)
        self.setAccessibleName(f"Open {recent.path.name}")
        self.setEnabled(recent.there)
        others = "".join(f"\nwith {path.name}" for path in recent.others)
        there = f"{recent.path.name} in {folder}{others}"
        self.setToolTip(there if recent.there else f"{recent.path.name} is no longer in {folder}" if not others else recent.about)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class Preparing(QLabel):
    """What stands in for the 3D view while a large volume goes to the graphics memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setObjectName("hint")
        self._began: float | None = None

    def show_fraction(self, fraction: float) -> None:
        """Say how much of it is there, and how long the rest will take once that can be guessed."""
        now = time.monotonic()
        if fraction <= 0 or self._began is None:
            self._began = now
        took, left = now - self._began, ""
        if took > LEAST_SECONDS and 0.01 < fraction < 1:
            left = f", {duration(took * (1 - fraction) / fraction)} left"
        self.setText(f"Reading the volume for the 3D view… {100 * fraction:.0f} %{left}")
