"""The views beside one another: the 3D view, the three slices, and any of them alone."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from volviz.gui.widgets.title import Title

SOLID = "3D"


class Pane(QWidget):
    """A view under its title."""

    def __init__(self, title: Title, view: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(title)
        layout.addWidget(view, 1)


class Panes(QObject):
    """Gives one view all the room, and gives it back to all of them."""

    changed = Signal()

    def __init__(self, solid: Pane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.alone: str | None = None
        self._solid = solid
        self._slices: QWidget | None = None
        self._views: dict[str, tuple[QWidget, Title]] = {SOLID: (solid, solid.title)}
        self._with_slices = True  # what comes back with all views
        solid.title.maximise_asked.connect(lambda: self.toggle(SOLID))

    def add_slices(self, slices: QWidget, views: Mapping[str, tuple[QWidget, Title]]) -> None:
        """Take in the slices: the widget that holds them all, and each with its title by the name of its plane."""
        self._slices = slices
        for name, (_, title) in views.items():
            title.maximise_asked.connect(lambda name=name: self.toggle(name))
        self._views |= views

    def toggle(self, name: str) -> None:
        """Give a view all the room, or all views theirs if it has it."""
        if self.alone is None and self._slices is not None:
            self._with_slices = not self._slices.isHidden()
        self.alone = None if self.alone == name else name
        for view_name, (view, title) in self._views.items():
            view.setVisible(self.alone in {None, view_name})
            title.show_alone(self.alone == view_name)
        if self._slices is not None:
            self._slices.setVisible(self._with_slices if self.alone is None else self.alone != SOLID)
        self.changed.emit()

    @property
    def with_slices(self) -> bool:
        """Whether the slices lie beside the 3D view, or will as soon as no view is alone."""
        return self._with_slices if self.alone is not None or self._slices is None else not self._slices.isHidden()

    def show_all(self) -> None:
        """Show the 3D view and all slices."""
        if self.alone is not None:
            self.toggle(self.alone)
        if not self.with_slices:
            self.toggle_slices()

    def toggle_slices(self) -> None:
        """Show or hide the slices beside the 3D view."""
        if self._slices is None:
            return
        shown = not self._slices.isHidden()
        if self.alone is not None:
            self.toggle(self.alone)
        self._slices.setVisible(not shown)
        self.changed.emit()


class Follow(QObject):
    """Marks the title of the view that has the keyboard."""

    def __init__(self, view: QWidget, title: Title) -> None:
        super().__init__(view)
        self._title = title
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self._title.set_active(event.type() == QEvent.Type.FocusIn)
        return super().eventFilter(watched, event)


def stacked(*widgets: QWidget) -> QWidget:
    """Return widgets one above the other; the last of them has the room that is left."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget, int(widget is widgets[-1]))
    return holder


def solid_pane(stage: QWidget) -> Pane:
    """Return the pane of the 3D view, which lies on a stage with what stands in for it."""
    title = Title(SOLID)
    hint = QLabel("drag to turn, wheel to zoom")
    hint.setObjectName("hint")
    hint.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    title.add(hint, 1)
    return Pane(title, stage)
