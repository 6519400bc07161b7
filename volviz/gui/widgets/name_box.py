"""A list to choose from whose entries may be longer than it is wide."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

MARGIN = 24  # pixels beside an entry of the open list: the frame, and perhaps a scroll bar


class NameBox(QComboBox):
    """Leaves out the middle of what is chosen where there is no room for it, and says it in full in its tooltip and its open list.

    Names differ at their beginnings and, as versions do, at their ends; a plain list would cut these off.
    """

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tip = tip
        self.setToolTip(tip)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)

    @property
    def shown_text(self) -> str:
        """What is seen of what is chosen."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self).width()
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideMiddle, room - 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        self.view().setMinimumWidth(min(self.view().sizeHintForColumn(0) + MARGIN, self.screen().availableGeometry().width() // 2))
        super().showPopup()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            whole = self.shown_text == self.currentText()
            self.setToolTip(self._tip if whole else f"{self.currentText()}\n{self._tip}")
        return super().event(event)
