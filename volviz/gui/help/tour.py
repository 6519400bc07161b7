"""A first tour of the window: five small notes beside the real things, which one can skip, and use meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolBar, QVBoxLayout, QWidget

from volviz.gui import settings

if TYPE_CHECKING:
    from volviz.gui.window import Window

WIDTH = 300
GAP = 14  # pixels between a note and what it is about
SEEN = "toured"


@dataclass(frozen=True, slots=True)
class Step:
    """A note, and what it is about."""

    title: str
    text: str
    about: Callable[[Window], QWidget]


def _panel(window: Window, name: str) -> QWidget:
    window.docks[name].show()
    window.docks[name].raise_()
    return window.docks[name]


def _tool(window: Window, name: str) -> QWidget:
    bar = cast("QToolBar", window.findChild(QToolBar, "toolbar"))
    return bar.widgetForAction(window.actions_by_id[name])


START = Step(
    "Nothing is open yet",
    "Open a tomogram, drop one on the window, or try the demo. The tour goes on as soon as there is something to see.",
    lambda window: window.welcome.open,
)
STEPS = (
    Step(
        "The object in 3D",
        "Drag to turn, drag with the right button to move, turn the wheel (or pinch) to zoom to the pointer. A double click brings what "
        "is there to the middle.",
        lambda window: window.stage,
    ),
    Step(
        "Slices through it",
        "Click to move the crosshair, which goes through all views; the wheel steps through the slices. Double-click a title to give one "
        "view all the room.",
        lambda window: window.slices.views[0],
    ),
    Step(
        "Find the classes",
        "<b>Segment</b> tells membrane, spikes and lumen apart, in the background. You can go on looking meanwhile, and cancel.",
        lambda window: _panel(window, "Segment"),
    ),
    Step(
        "How classes look",
        "Each class has a colour and a ramp: drag its handles over the histogram. What is left of the left one is transparent. Every "
        "change can be undone (Ctrl+Z).",
        lambda window: _panel(window, "Classes"),
    ),
    Step(
        "Take it with you",
        "Save a still or a video of what you see. For all else, <b>Ctrl+Shift+P</b> finds any command by its name; <b>F1</b> lists keys.",
        lambda window: _tool(window, "file.still"),
    ),
)


class Tour(QObject):
    """Goes from note to note; one at a time in a window."""

    @classmethod
    def start(cls, window: Window) -> Tour:
        """Begin, anew if one was under way."""
        for running in window.findChildren(Tour):
            running.end()
        return cls(window)

    @classmethod
    def offer(cls, window: Window) -> None:
        """Begin if this person has not seen it, or was told that it goes on."""
        waiting = any(not tour.done and tour.steps == (START,) for tour in window.findChildren(Tour))
        if waiting or settings.settings().value(SEEN) is None:
            cls.start(window)

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        settings.settings().setValue(SEEN, "yes")
        self._window = window
        self.done = False
        self.steps = STEPS if window.document.state.volume is not None else (START,)
        self.at = 0
        self.ring = Ring(window)
        self.note = Note(window)
        self.note.next.clicked.connect(self.forward)
        self.note.back.clicked.connect(lambda: self._go(self.at - 1))
        self.note.skip.clicked.connect(self.end)
        window.installEventFilter(self)
        self.note.installEventFilter(self)
        self._go(0)

    def forward(self) -> None:
        """Show the next note, or end after the last one."""
        if self.at + 1 < len(self.steps):
            self._go(self.at + 1)
        else:
            self.end()

    def end(self) -> None:
        """Take everything away."""
        if not self.done:
            self.done = True
            for widget in (self.ring, self.note):
                widget.hide()
                widget.deleteLater()
            self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.done:
            return False
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest} and watched is self._window:
            self._place()
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            # Esc is also the shortcut that lays a tool down, which would take the key before it is pressed.
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self.end()
                return True
        return False

    def _go(self, at: int) -> None:
        self.at = at
        step = self.steps[at]
        self.note.say(step, at, len(self.steps))
        self._place()
        self.note.show()
        self.note.raise_()
        self.note.next.setFocus()

    def _place(self) -> None:
        about = self.steps[self.at].about(self._window)
        if not about.isVisible():
            about = self._window.views.parentWidget() or self._window
        area = QRect(about.mapTo(self._window, QPoint()), about.size())
        self.ring.setGeometry(area.adjusted(-3, -3, 3, 3) & self._window.rect())
        self.ring.show()
        self.ring.raise_()
        self.note.adjustSize()
        self.note.move(beside(area, self.note.rect(), self._window.rect()))
        self.note.raise_()


def beside(area: QRect, note: QRect, room: QRect) -> QPoint:
    """Return where a note goes: left of what it is about, else right, below or above; where none fits, into its corner."""
    room = room.adjusted(GAP, GAP, -GAP, -GAP)
    places = (
        QPoint(area.left() - note.width() - GAP, area.top() + GAP),
        QPoint(area.right() + GAP, area.top() + GAP),
        QPoint(area.left(), area.bottom() + GAP),
        QPoint(area.left(), area.top() - note.height() - GAP),
    )
    for place in places:
        if room.contains(QRect(place, note.size())):
            return place
    return QPoint(
        max(room.left(), min(area.left() + 2 * GAP, room.right() - note.width())),
        max(room.top(), min(area.bottom() - note.height() - 2 * GAP, room.bottom() - note.height())),
    )


class Ring(QWidget):
    """A frame around what a note is about; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(255, 204, 64), 2))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)


class Note(QFrame):
    """A title, a few sentences, and the way on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("note")
        self.setFixedWidth(WIDTH)
        self._title, self._text, self._count = QLabel(), QLabel(), QLabel()
        self._title.setObjectName("note-title")
        self._text.setWordWrap(True)
        self._count.setObjectName("hint")
        self.skip, self.back, self.next = QPushButton("Skip"), QPushButton("Back"), QPushButton("Next")
        self.skip.setToolTip("End the tour (Esc); Help brings it back")
        self.skip.setFlat(True)
        self.next.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self._count)
        row.addStretch(1)
        for button in (self.skip, self.back, self.next):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        for widget in (self._title, self._text):
            layout.addWidget(widget)
        layout.addLayout(row)

    def say(self, step: Step, at: int, count: int) -> None:
        """Show a step."""
        self._title.setText(step.title)
        self._text.setText(step.text)
        self._count.setText(f"{at + 1} of {count}" if count > 1 else "")
        self.back.setVisible(at > 0)
        self.skip.setVisible(at + 1 < count)
        self.next.setText("Next" if at + 1 < count else "Done")
