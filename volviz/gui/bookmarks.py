"""Views to come back to: added, named, flown to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from volviz.core.project import Bookmark
from volviz.gui.document import Document, State
from volviz.gui.flight import Flight

if TYPE_CHECKING:
    from volviz.gui.window import Window

KEYS = 9  # Alt+1 to Alt+9


class Bookmarks(QObject):
    """What is done to the bookmarks of a document; changes of the list can be undone."""

    def __init__(self, document: Document, flight: Flight, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._flight = document, flight

    @property
    def items(self) -> tuple[Bookmark, ...]:
        """The bookmarks there are."""
        return self._document.state.bookmarks

    def add(self) -> None:
        """Keep the present view, under a name that is free."""
        taken = {bookmark.name for bookmark in self.items}
        name = next(name for i in range(1, len(taken) + 2) if (name := f"View {i}") not in taken)
        self._change("Add a bookmark", (*self.items, Bookmark(name, self._document.state.camera)))

    def rename(self, index: int, name: str) -> None:
        """Give one another name; nothing is no name."""
        if name.strip():
            self._replace("Rename a bookmark", index, replace(self.items[index], name=name.strip()))

    def update(self, index: int) -> None:
        """Let one be the present view."""
        self._replace("Update a bookmark", index, replace(self.items[index], camera=self._document.state.camera))

    def delete(self, index: int) -> None:
        """Take one away."""
        self._change("Delete a bookmark", tuple(item for i, item in enumerate(self.items) if i != index))

    def go(self, index: int) -> None:
        """Fly to one; whoever takes hold of the view meanwhile has it."""
        if 0 <= index < len(self.items):
            self._flight.to(self.items[index].camera)

    def _change(self, text: str, bookmarks: tuple[Bookmark, ...]) -> None:
        self._document.change(text, bookmarks=bookmarks)

    def _replace(self, text: str, index: int, bookmark: Bookmark) -> None:
        self._change(text, tuple(bookmark if i == index else old for i, old in enumerate(self.items)))


def fill_menu(window: Window, menu: QMenu, bookmarks: Bookmarks) -> None:
    """List the bookmarks at the end of a menu, the first nine with a key, whenever they change."""
    menu.addSeparator()
    shown: list[object] = []

    def look(old: State, new: State) -> None:
        if old.bookmarks is new.bookmarks:
            return
        for action in list(menu.actions()):
            if action in shown:
                menu.removeAction(action)
                action.deleteLater()
        shown.clear()
        for i, bookmark in enumerate(new.bookmarks):
            action = menu.addAction(bookmark.name.replace("&", "&&"))
            action.setStatusTip(f"Fly to {bookmark.name}")
            if i < KEYS:
                action.setShortcut(QKeySequence(f"Alt+{i + 1}"))
            action.triggered.connect(lambda _checked=False, i=i: bookmarks.go(i))
            shown.append(action)

    window.document.changed.connect(look)
