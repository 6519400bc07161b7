"""What a list says while there is nothing in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel
from shiboken6 import isValid


class WhenEmpty(QObject):
    """Lays a sentence over a list for as long as it has no rows; the list must have its model."""

    def __init__(self, view: QAbstractItemView, text: str) -> None:
        super().__init__(view)
        self._view = view
        self.label = QLabel(text, view.viewport())
        self.label.setObjectName("hint")
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setContentsMargins(12, 6, 12, 6)
        self.label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        view.viewport().installEventFilter(self)
        model = view.model()
        for changed in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            changed.connect(self._look)  # a method: it ends with this, which goes with the list
        self._look()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._look()
        return False

    def _look(self, *_: object) -> None:
        if not isValid(self._view):  # its rows are removed on the way out, when it is half gone
            return
        self.label.setGeometry(self._view.viewport().rect())
        self.label.setVisible(self._view.model().rowCount() == 0)
