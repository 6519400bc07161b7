"""The command palette: type a few letters of what you want, and do it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QDialog, QHeaderView, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from volviz.gui.help.commands import Command
from volviz.gui.help.fuzzy import fit

MOST = 60  # rows: what fits worse is not looked at
WIDTH, HEIGHT = 620, 380
MOVES = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


class Palette(QDialog):
    """A list that the typing narrows; what cannot be done now is grey and says why."""

    def __init__(self, commands: Sequence[Command], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName("Command palette")
        self.setObjectName("palette")
        self._commands, self._window = commands, parent
        self.line = QLineEdit()
        self.line.setPlaceholderText("Type what you are looking for: an action, a panel, a control")
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._narrow)
        self.line.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(self._choose)
        self.list.currentItemChanged.connect(self._tell)
        self.about = QLabel()
        self.about.setObjectName("hint")
        self.about.setWordWrap(True)
        self.about.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        for widget in (self.line, self.list, self.about):
            layout.addWidget(widget)
        self.setFocusProxy(self.line)
        self._narrow("")
        self.resize(min(WIDTH, parent.width() - 40), min(HEIGHT, parent.height() - 80))
        self.move(parent.mapToGlobal(parent.rect().topLeft()) + parent.rect().center() - self.rect().center())
        self.move(self.x(), parent.mapToGlobal(parent.rect().topLeft()).y() + 60)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in MOVES:
                self.list.keyPressEvent(event)
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._choose(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _narrow(self, typed: str) -> None:
        fits = [(fit(typed, command.searched), command) for command in self._commands]
        found = [(value - 5.0 * bool(command.lacks), command) for value, command in fits if value is not None]
        if typed.strip():
            found.sort(key=lambda pair: -pair[0])
        text, beside = (self.palette().color(role) for role in (QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText))
        faint = self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        self.list.clear()
        for _, command in found[:MOST]:
            item = QTreeWidgetItem([command.title, command.lacks or command.where, command.keys])
            item.setData(0, Qt.ItemDataRole.UserRole, command)
            for column in range(3):
                item.setForeground(column, faint if command.lacks else beside if column else text)
            item.setSizeHint(0, QSize(0, self.fontMetrics().lineSpacing() + 6))
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.list.addTopLevelItem(item)
        if (best := self.list.topLevelItem(0)) is not None:
            self.list.setCurrentItem(best)
        else:
            self.about.setText("Nothing is called so.")

    def _tell(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None = None) -> None:
        command = None if item is None else item.data(0, Qt.ItemDataRole.UserRole)
        if isinstance(command, Command):
            self.about.setText(f"{command.lacks}. {command.about}" if command.lacks else command.about)

    def _choose(self, item: QTreeWidgetItem | None, _column: int = 0) -> None:
        command = None if item is None else item.data(0, Qt.ItemDataRole.UserRole)
        if isinstance(command, Command) and not command.lacks:
            self.accept()
            QTimer.singleShot(0, self._window, command.run)  # when the palette is gone, and its keys with it
