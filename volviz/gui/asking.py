"""Questions that everything asks which writes a file: where, and whether really."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

if TYPE_CHECKING:
    from volviz.gui.window import Window

DEMO = "volviz-demo-"  # how the folder of the demo begins, which is gone some day


def sure(window: Window, title: str, question: str, yes: str) -> bool:
    """Ask a question whose answer is a verb, or Cancel."""
    box = QMessageBox(QMessageBox.Icon.Question, title, question, parent=window)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is accept


def ask_path(window: Window, title: str, name: str, kinds: str, suffix: str) -> Path | None:
    """Ask where something goes: beside what was saved last of it, or the tomogram; None if the person thinks better of it."""
    chosen, kind = QFileDialog.getSaveFileName(window, title, str(place(window) / name), kinds)
    if not chosen:
        return None
    path = Path(chosen)
    window.saved_in = path.parent
    return path if path.suffix or kind.startswith("Folder") else path.with_suffix(suffix)


def folder(window: Window) -> Path:
    """Return the folder of what is open."""
    volume = window.document.state.volume
    return volume.source.parent if volume is not None and volume.source is not None else Path.cwd()


def place(window: Window) -> Path:
    """Return the folder in which to save: where something was saved before, or of what is open if one may and should write there."""
    for found in (window.saved_in, window.document.state.path and window.document.state.path.parent):
        if found is not None and found.is_dir():
            return found
    beside = folder(window)
    passing = beside.is_relative_to(tempfile.gettempdir()) and beside.name.startswith(DEMO)
    return Path.home() if passing or not os.access(beside, os.W_OK) else beside


def stem(window: Window) -> str:
    """Return how the names of files begin that belong to what is open."""
    from volviz.tasks.segment import stem_of

    volume = window.document.state.volume
    return "volviz" if volume is None else stem_of(volume)
