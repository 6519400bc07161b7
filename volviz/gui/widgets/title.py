"""The strip above a view: what it shows, and a way to give it all the room."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

ALONE, AMONG = "⤢", "⤡"


class Title(QFrame):
    """The name, whatever else is put in, and a button. A double click beside the controls does what the button does."""

    maximise_asked = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.name = QLabel(name)
        self.name.setObjectName("strip-name")
        self.name.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.button = QToolButton()
        self.button.setAutoRaise(True)
        self.button.setAccessibleName(f"Maximise {name}")
        self.button.clicked.connect(self.maximise_asked)
        self._middle = QHBoxLayout()
        self._middle.setSpacing(6)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 1, 2, 1)
        layout.setSpacing(8)
        layout.addWidget(self.name)
        layout.addLayout(self._middle, 1)
        layout.addWidget(self.button)
        self.show_alone(False)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a control between the name and the button."""
        self._middle.addWidget(widget, stretch)

    def show_alone(self, alone: bool) -> None:
        """Show whether its view has all the room."""
        self.button.setText(AMONG if alone else ALONE)
        tip = "Back to all views" if alone else "Give this view all the room"
        self.button.setToolTip(f"{tip} (or double-click this strip)")

    def set_active(self, active: bool) -> None:
        """Show whether keys go to its view."""
        self.setProperty("active", active)
        for widget in (self, self.name):  # the sheet looks at the property only when told to
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.maximise_asked.emit()
