"""Files that are dragged onto the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDropEvent


def takes(event: QDropEvent) -> bool:
    """Accept files of this computer, and say whether that is what is dragged."""
    urls = event.mimeData().urls()
    # Never a move, which many file managers propose: they would take the file away that volviz has just opened. Some offer nothing else
    # while Shift is held, and are not to be told that it went well.
    if not urls or not all(url.isLocalFile() for url in urls) or not event.possibleActions() & Qt.DropAction.CopyAction:
        event.ignore()
        return False
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    return True


def dropped(event: QDropEvent) -> list[Path]:
    """Accept what was dropped, and return it."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls()] if takes(event) else []
