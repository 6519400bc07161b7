"""Questions and answers: errors, text to copy; and what dialogs are made of."""

from __future__ import annotations

import platform
import sys
import traceback
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from volviz.core.errors import VolvizError
from volviz.core.failures import sentence

DETAILS = 600, 260  # pixels, of the details of an error
PACKAGES = ("volviz", "PySide6_Essentials", "vispy", "numpy", "torch", "PyOpenGL")


def show_error(parent: QWidget | None, what: str, error: BaseException) -> None:
    """Say what went wrong: a plain sentence if it is one that a person can act on, else the details to copy."""
    box = error_box(parent, what, error)
    box.open()


def error_box(parent: QWidget | None, what: str, error: BaseException) -> QMessageBox:
    """Return the dialog of `show_error`."""
    box = _ErrorBox(parent)
    box.setWindowTitle(what)
    said = sentence(error)
    if said is not None:
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(said)
        if isinstance(error, VolvizError | MemoryError | OSError):
            return box
    else:
        box.setIcon(QMessageBox.Icon.Critical)
        box.setText("Something in volviz failed. What was open is still there.")
        box.setInformativeText(f"{type(error).__name__}: {error}")
    viewport = getattr(parent, "viewport", None)
    gl = viewport.gl_strings() if viewport is not None else ()
    box.explain("".join(traceback.format_exception(error)) + "\n" + "\n".join(versions(gl)))
    return box


class _ErrorBox(QMessageBox):
    """A message whose details have room to be read in, and are copied by a button."""

    def explain(self, details: str) -> None:
        """Offer details."""
        self.setDetailedText(details)
        for edit in self.findChildren(QTextEdit):
            edit.setMinimumWidth(DETAILS[0])
            edit.setFixedHeight(DETAILS[1])  # Qt fixes it at less: a minimum alone would leave a gap above it
            edit.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        (self._more,) = (button for button in self.buttons() if self.buttonRole(button) == QMessageBox.ButtonRole.ActionRole)
        self._more.clicked.connect(self._name)
        self._name()
        copy = self.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        copy.clicked.disconnect()  # or the box would close
        copy.clicked.connect(self._copy)
        self.setDefaultButton(self.addButton(QMessageBox.StandardButton.Close))

    def _name(self) -> None:
        """Name the button of the details as the others are: Qt has capitals and dots of its own."""
        self._more.setText("Hide details" if any(edit.isVisibleTo(self) for edit in self.findChildren(QTextEdit)) else "Show details")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.detailedText())


def versions(gl: Sequence[str] = ()) -> list[str]:
    """Return the lines that belong into a report of a problem."""
    from importlib.metadata import PackageNotFoundError, version

    lines = [f"Python {platform.python_version()}, {platform.platform()}"]
    for name in PACKAGES:
        try:
            lines.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            lines.append(f"{name} not installed")
    if "torch" in sys.modules:
        lines.append(f"CUDA {'on' if sys.modules['torch'].cuda.is_available() else 'off'}")
    return lines + [f"OpenGL {text}" for text in gl]


class TextDialog(QDialog):
    """Shows lines that can be copied."""

    def __init__(self, title: str, intro: str, lines: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(520)
        self.text = text = QPlainTextEdit("\n".join(lines))
        text.setReadOnly(True)
        text.setMinimumHeight(220)
        layout = QVBoxLayout(self)
        if intro:
            label = QLabel(intro)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(text)
        copy = QPushButton("Copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text.toPlainText()))
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        layout.addLayout(row)


def pixels() -> QSpinBox:
    """Return a box for a side of a picture."""
    box = QSpinBox()
    box.setRange(16, 32768)
    return box


def beside(*widgets: QWidget) -> QWidget:
    """Return widgets in a row."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder


def lined_up(*forms: QFormLayout) -> None:
    """Give the labels of forms above one another the same width, so that their fields begin at one line."""
    found = [form.itemAt(row, QFormLayout.ItemRole.LabelRole) for form in forms for row in range(form.rowCount())]
    labels = [label for item in found if item is not None and (label := item.widget()) is not None]
    widest = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(widest)


def top_label(form: QFormLayout, text: str, rows: QLayout) -> None:
    """Add a label beside several lines, on the level of the first of them."""
    rows.setContentsMargins(0, 0, 0, 0)
    form.addRow(text, rows)
    if isinstance(label := form.labelForField(rows), QLabel):
        label.setAlignment(Qt.AlignmentFlag.AlignTop)


def buttons(dialog: QDialog, accept: str) -> tuple[QDialogButtonBox, QPushButton]:
    """Return a row of Cancel and of the button that accepts a dialog, and that button."""
    row = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    accepting = row.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
    row.accepted.connect(dialog.accept)
    row.rejected.connect(dialog.reject)
    return row, accepting
