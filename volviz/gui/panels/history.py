"""Every change since something was opened: a click goes back to it, or forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QUndoView, QVBoxLayout, QWidget

from volviz.gui import docks
from volviz.gui import document as documents
from volviz.gui.document import Document
from volviz.gui.machine import gigabytes

if TYPE_CHECKING:
    from volviz.gui.window import Window


def switch(window: Window) -> None:
    """Show the panel, made when it is first asked for: most people never do. Hide it if it is seen."""
    dock = window.docks.get("History")
    if dock is None:
        dock = window.docks["History"] = docks.dock(window, "History", HistoryPanel(window.document))
        window.tabifyDockWidget(window.docks["Data"], dock)
        titles = window.findChild(docks.Titles)
        if titles is not None:
            titles.add(dock)
    elif not dock.visibleRegion().isEmpty():
        dock.hide()
        return
    dock.show()
    dock.raise_()


class HistoryPanel(QWidget):
    """The undo stack as a list, and what it takes."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.steps = QUndoView(document.undo_stack)
        self.steps.setEmptyLabel("As opened")
        self.steps.setToolTip("Click a line to go back to it, or forward again. Camera and crosshair stay where they are")
        self.steps.setAccessibleName("Changes")
        self.memory = QLabel()
        self.memory.setWordWrap(True)
        self.memory.setObjectName("hint")
        self.memory.setToolTip(
            "Changes of looks and annotations are kept without limit. Of segmentations that only undo needs, the newest are kept"
        )
        layout = QVBoxLayout(self)
        layout.addWidget(self.steps, 1)
        layout.addWidget(self.memory)
        document.undo_stack.indexChanged.connect(self._count)
        self._count()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._count()

    def _count(self) -> None:
        if not self.isVisible():
            return
        kept, most = gigabytes(self._document.kept_bytes), gigabytes(documents.UNDO_BYTES)
        self.memory.setText(f"Earlier segmentations: {kept} of at most {most} of memory")
