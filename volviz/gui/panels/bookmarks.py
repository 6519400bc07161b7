"""The list of bookmarks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout, QWidget

from volviz.gui.bookmarks import KEYS, Bookmarks
from volviz.gui.document import Document, State
from volviz.gui.widgets.empty import WhenEmpty

ROWS = 4  # that can be seen at once


class BookmarksSection(QWidget):
    """A double click flies there, F2 renames, Delete deletes."""

    def __init__(self, document: Document, bookmarks: Bookmarks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bookmarks = bookmarks
        self.list = QListWidget()
        WhenEmpty(self.list, "No bookmarks yet: Ctrl+D keeps the present view.")
        self.list.setToolTip("Views to come back to: a double click flies there, F2 renames, Delete deletes")
        self.list.setAccessibleName("Bookmarks")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setFixedHeight(ROWS * (self.fontMetrics().height() + 4) + 6)
        self.list.itemDoubleClicked.connect(lambda item: bookmarks.go(self.list.row(item)))
        self.list.itemChanged.connect(self._renamed)
        self.list.currentRowChanged.connect(lambda _: self._enable())
        self.add = self._button("Add", "Keep the present view in the list (Ctrl+D)", bookmarks.add)
        self.go = self._button("Go", "Fly to the chosen view (Alt+1 to Alt+9)", lambda: bookmarks.go(self.list.currentRow()))
        self.rename = self._button("Rename", "Give the chosen view another name (F2)", lambda: self.list.editItem(self.list.currentItem()))
        self.delete = self._button("Delete", "Take the chosen view out of the list (Delete)", self._delete)
        key = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        key.activated.connect(self._delete)
        row = QHBoxLayout()
        for button in (self.add, self.go, self.rename, self.delete):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("<b>Bookmarks</b>"))
        layout.addWidget(self.list)
        layout.addLayout(row)
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def _button(self, text: str, tip: str, do: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: do())
        return button

    def _look(self, old: State, new: State) -> None:
        self.setEnabled(new.volume is not None)
        if old.bookmarks is not new.bookmarks:
            with QSignalBlocker(self.list):
                while self.list.count() > len(new.bookmarks):
                    self.list.takeItem(self.list.count() - 1)
                while self.list.count() < len(new.bookmarks):
                    item = QListWidgetItem()
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                    self.list.addItem(item)
                    self.list.setCurrentItem(item)
                for i, bookmark in enumerate(new.bookmarks):
                    self.list.item(i).setText(bookmark.name)
                    self.list.item(i).setToolTip(f"Alt+{i + 1}" if i < KEYS else bookmark.name)
        self._enable()

    def _enable(self) -> None:
        for button in (self.go, self.rename, self.delete):
            button.setEnabled(self.list.currentRow() >= 0)

    def _renamed(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        self._bookmarks.rename(row, item.text())
        with QSignalBlocker(self.list):
            item.setText(self._bookmarks.items[row].name)  # nothing is no name

    def _delete(self) -> None:
        if self.list.currentRow() >= 0:
            self._bookmarks.delete(self.list.currentRow())
