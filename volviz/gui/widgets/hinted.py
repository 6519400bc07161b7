"""A panel that says what to do while there is nothing for it to show."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget


class Hinted(QWidget):
    """Shows its panel, or a sentence in its place."""

    def __init__(self, panel: QWidget, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panel = panel
        self.hint = QLabel(hint)
        self.hint.setObjectName("hint")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.hint.setContentsMargins(24, 32, 24, 24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.hint)
        layout.addWidget(panel, 1)
        panel.installEventFilter(self)

    def show_panel(self, shown: bool) -> None:
        """Show the panel rather than the sentence."""
        self.hint.setVisible(not shown)
        self.panel.setVisible(shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
