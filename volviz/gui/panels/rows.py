"""How the rows of the classes and of the density are laid out."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

BOX, WIDE_BOX = 66, 80  # pixels: a row has to fit a narrow panel beside its scroll bar


def stack(parent: QWidget, *rows: QWidget | list[Any]) -> None:
    """Lay widgets out below one another; a list is one line, in which None takes what room is left."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3)
    for row in rows:
        if isinstance(row, QWidget):
            layout.addWidget(row)
        else:
            layout.addLayout(line_of(row))


def line_of(widgets: list[Any]) -> QHBoxLayout:
    """Return widgets beside one another; None takes what room is left."""
    line = QHBoxLayout()
    line.setSpacing(4)
    for widget in widgets:
        if widget is None:
            line.addStretch(1)
        else:
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    return line


def rule() -> QFrame:
    """Return a line between two sections."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line


def small_button(text: str, tip: str, *, checkable: bool = False) -> QToolButton:
    """Return a flat button for a line of a row."""
    button = QToolButton()
    button.setText(text)
    button.setAutoRaise(True)
    button.setCheckable(checkable)
    button.setToolTip(tip)
    # As wide as its word: Fusion leaves half as much again, and a line of a narrow panel holds four of them.
    button.setStyleSheet("QToolButton { padding: 2px 3px; margin: 0; } QToolButton::menu-indicator { image: none; }")
    return button
