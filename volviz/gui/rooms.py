"""What of the window takes long to build: each part is built when it is first asked for, or as soon as nothing else is to do.

A person who has just started volviz can already open something while the panels, which are empty till then, are being made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from volviz.gui import ahead, docks
from volviz.gui.actions.entry import later
from volviz.gui.graphics import graphics
from volviz.gui.widgets.hinted import Hinted

if TYPE_CHECKING:
    from volviz.gui.annotate.annotating import Annotating
    from volviz.gui.autosave import Autosave
    from volviz.gui.cleaning import LiveCleaning
    from volviz.gui.directing import Directing
    from volviz.gui.document import Document, State
    from volviz.gui.flight import Flight
    from volviz.gui.live_learning import LiveLearning
    from volviz.gui.no_view import NoView
    from volviz.gui.panels.animation import AnimationPanel
    from volviz.gui.panels.annotate import AnnotatePanel
    from volviz.gui.panels.classes import ClassesPanel
    from volviz.gui.panels.clean import CleanPanel
    from volviz.gui.panels.cuts import CutsPanel
    from volviz.gui.panels.data import DataPanel
    from volviz.gui.panels.learn import LearnPanel
    from volviz.gui.panels.light import LightPanel
    from volviz.gui.panels.segment import SegmentPanel
    from volviz.gui.size_bar import SizeBar
    from volviz.gui.slices import Slices
    from volviz.gui.viewport import Viewport
    from volviz.gui.window import Window

FOLLOWERS = ("viewport", "size_bar", "cleaning", "autosave", "directing")  # have to hear of every change, from the first one on
FREE = {"document", "no_view"}  # need none of the other parts; those that do find the document there
FIRST_MS = 150  # after the window was painted
ROOM_MS = 20  # between two parts that are built while nothing else is to do: the person's turn


def _document(window: Window) -> QObject:
    from volviz.gui.document import Document

    document = window.document = Document(window)
    window.follow(document)
    for name in FOLLOWERS:
        getattr(window, name)
    return document


def _viewport(window: Window) -> QWidget:
    from volviz.gui.viewport import Viewport

    viewport = Viewport(window.document)
    window.place_viewport(viewport)
    return viewport


def _size_bar(window: Window) -> QWidget:
    from volviz.gui.size_bar import SizeBar

    bar = SizeBar(window.document)
    if isinstance(layout := window.opened_page.layout(), QVBoxLayout):
        layout.insertWidget(0, bar)  # above the views, as wide as all of them
    return bar


def _autosave(window: Window) -> QObject:
    from volviz.gui.autosave import Autosave

    autosave = Autosave(window.document, window)
    autosave.said.connect(window.say)
    return autosave


def _cleaning(window: Window) -> QObject:
    from volviz.gui.cleaning import LiveCleaning

    cleaning = LiveCleaning(window.document, window)
    cleaning.failed.connect(lambda title, error: later("dialogs:show_error", title, error)(window))
    return cleaning


def _flight(window: Window) -> QObject:
    from volviz.gui.flight import Flight

    return Flight(window.document)


def _directing(window: Window) -> QObject:
    from volviz.gui.directing import Directing

    return Directing(window)


def _no_view(window: Window) -> QWidget:
    from volviz.gui.no_view import NoView

    view = NoView(window)
    window.stage.addWidget(view)
    return view


def _slices(window: Window) -> QWidget:
    from volviz.gui.annotate.joined import lay_over
    from volviz.gui.slices import Slices

    slices = Slices(window.document)
    slices.hovered.connect(window.say)
    window.place_slices(slices)
    lay_over(window, slices)
    return slices


def _data(window: Window) -> QWidget:
    from volviz.gui.files import save_repaired
    from volviz.gui.panels.data import DataPanel

    panel = DataPanel(window.document)
    window.viewport.notes_changed.connect(panel.show_drawing_notes)
    panel.repair_asked.connect(lambda: save_repaired(window))
    return panel


def _segment(window: Window) -> QWidget:
    from volviz.gui.actions.segment import show_training
    from volviz.gui.panels.segment import SegmentPanel

    panel = SegmentPanel(window.document)
    panel.started.connect(window.segment)
    panel.cancelled.connect(window.cancel_segmenting)
    panel.train_asked.connect(lambda: show_training(window))
    return panel


def _classes(window: Window) -> QWidget:
    from volviz.gui.panels.classes import ClassesPanel

    panel = ClassesPanel(window.document)
    panel.noted.connect(window.say)
    panel.volumes_asked.connect(lambda: later("files:ask_add_classes")(window))
    panel.label_asked.connect(lambda: _annotate_new(window))
    panel.none.segment_asked.connect(window.start_segmenting)
    panel.none.scribble_asked.connect(lambda: later("teaching:begin")(window))
    return panel


def _annotate_new(window: Window) -> None:
    window.annotating.add_label()
    window.docks["Annotate"].raise_()
    window.say(f"{window.annotating.label} is there to annotate: choose a tool, and rename it by a double click on its name")


def _clean(window: Window) -> QWidget:
    from volviz.gui.panels.clean import CleanPanel

    return CleanPanel(window.document, window.cleaning)


def _light(window: Window) -> QWidget:
    from volviz.gui.panels.light import LightPanel

    panel = LightPanel(window.document)
    panel.add_section(window.directing.bookmarks_section())
    return panel


def _cuts(window: Window) -> QWidget:
    from volviz.gui.panels.cuts import CutsPanel

    return CutsPanel(window.document)


def _animation(window: Window) -> QWidget:
    return window.directing.animation_panel()


def _annotating(window: Window) -> QObject:
    from volviz.gui.annotate.joined import tools_of

    return tools_of(window)


def _learning(window: Window) -> QObject:
    from volviz.gui import actions
    from volviz.gui.dialogs import show_error
    from volviz.gui.live_learning import LiveLearning

    learning = LiveLearning(window.document, window.annotating, window)
    learning.said.connect(window.say)
    learning.pointed.connect(window.slices.reveal)
    learning.switched.connect(lambda: actions.refresh(window))
    learning.failed.connect(lambda title, error: show_error(window, title, error))
    return learning


def _learn(window: Window) -> QWidget:
    from volviz.gui import teaching
    from volviz.gui.panels.learn import LearnPanel

    panel = LearnPanel(window.learning, window.document)
    panel.save_asked.connect(lambda: teaching.ask_model(window))
    panel.teach_asked.connect(lambda: teaching.ask_network(window))
    return panel


def _annotate(window: Window) -> QWidget:
    from volviz.gui.panels.annotate import AnnotatePanel

    return AnnotatePanel(window.annotating)


ROOMS: dict[str, Callable[[Window], Any]] = {
    "document": _document,
    "viewport": _viewport,
    "size_bar": _size_bar,
    "autosave": _autosave,
    "cleaning": _cleaning,
    "flight": _flight,
    "directing": _directing,
    "slices": _slices,
    "classes_panel": _classes,
    "data_panel": _data,
    "segment_panel": _segment,
    "clean_panel": _clean,
    "light_panel": _light,
    "cuts_panel": _cuts,
    "animation_panel": _animation,
    "annotating": _annotating,
    "annotate_panel": _annotate,
    "learning": _learning,
    "learn_panel": _learn,
    "no_view": _no_view,
}
"""How each attribute of the window is made, in the order in which they are when nobody asks."""

UPPER = {"Data": "data_panel", "Segment": "segment_panel", "Learn": "learn_panel"}
LOWER = {"Classes": "classes_panel", "Clean": "clean_panel", "Light": "light_panel", "Cuts": "cuts_panel", "Annotate": "annotate_panel"}
BELOW = {"Animation": "animation_panel"}
"""Which of them are in which group of docks, by the docks' titles."""


HINTS = {
    "Data": "What volviz understood of a file is told here.\n\nOpen a tomogram, or drop one on the window.",
    "Segment": "Finds membrane, spikes and lumen in a tomogram.\n\nOpen one first.",
    "Learn": "Learns from your strokes while you draw them.\n\nOpen a tomogram first.",
    "Classes": "Colour, ramp and opacity of every class.\n\nOpen a tomogram first; a segmentation of it can come with it.",
    "Clean": "Tidies specks, holes and grain away from classes.\n\nOpen a tomogram first.",
    "Light": "What is drawn, and how it is lit.\n\nOpen a tomogram first.",
    "Cuts": "Cuts the volume open, and lays slices into the 3D view.\n\nOpen a tomogram first.",
    "Animation": "Views along a time axis become a video.\n\nOpen a tomogram first.",
    "Annotate": "Says what is where: strokes, boxes, points, outlines and tags on the slices.\n\nOpen a tomogram first.",
}
"""What docks say while nothing is open, by their titles: what they are for, and what to do."""


class Furnished(QMainWindow):
    """A window whose attributes named in `ROOMS` are made when they are first asked for, or after it was shown."""

    document: Document
    viewport: Viewport
    size_bar: SizeBar
    autosave: Autosave
    cleaning: LiveCleaning
    flight: Flight
    directing: Directing
    no_view: NoView
    slices: Slices
    data_panel: DataPanel
    segment_panel: SegmentPanel
    classes_panel: ClassesPanel
    clean_panel: CleanPanel
    light_panel: LightPanel
    cuts_panel: CutsPanel
    animation_panel: AnimationPanel
    annotating: Annotating
    annotate_panel: AnnotatePanel
    learning: LiveLearning
    learn_panel: LearnPanel

    there = Signal()  # it was painted, and a moment has gone by: time for what is not urgent

    def __init__(self) -> None:
        super().__init__()
        self.docks: dict[str, QDockWidget] = {}
        self._missing = dict(ROOMS)
        self._painted = self._there = False
        self._furnishing = QTimer(self)
        self._furnishing.setSingleShot(True)
        self._furnishing.timeout.connect(self._furnish_one)

    def lacks(self, name: str) -> bool:
        """Whether a part has not been built yet."""
        return name in self._missing

    @property
    def lacking(self) -> bool:
        """Whether anything has not been built yet."""
        return bool(self._missing)

    def furnish(self) -> None:
        """Build at once what has not been built yet."""
        while self._missing:
            self._build_room(next(iter(self._missing)))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # When the event loop has its next turn: to paint for the first time may take longer than the wait.
            QTimer.singleShot(0, self, lambda: self._furnishing.start(FIRST_MS))

    def _furnish_one(self) -> None:
        if not self._there:
            self._there = True
            self.there.emit()
        if self._missing:
            self._build_room(next(iter(self._missing)))
            self._furnishing.start(ROOM_MS)
        elif graphics().solid:
            ahead.begin()

    def _build_room(self, name: str) -> Any:
        if name not in FREE and self.lacks("document"):
            self._build_room("document")
            if not self.lacks(name):
                return getattr(self, name)
        room = self._missing.pop(name)(cast("Window", self))
        setattr(self, name, room)
        for title, panel in {**UPPER, **LOWER}.items():
            if panel == name:
                docks.fill(self.docks[title], self._hinted(room, HINTS[title]) if title in HINTS else room)
        for title, panel in BELOW.items():
            if panel == name:
                docks.fill_below(self.docks[title], self._hinted(room, HINTS[title]) if title in HINTS else room)
        return room

    def _hinted(self, panel: QWidget, hint: str) -> Hinted:
        document, hinted = cast("Window", self).document, Hinted(panel, hint)
        hinted.show_panel(document.state.volume is not None)
        document.changed.connect(lambda old, new: self._show(hinted, new) if (old.volume is None) != (new.volume is None) else None)
        return hinted

    @staticmethod
    def _show(hinted: Hinted, state: State) -> None:
        hinted.show_panel(state.volume is not None)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in self.__dict__.get("_missing", ()):
                return self._build_room(name)
            raise AttributeError(f"the window has no attribute '{name}'")
