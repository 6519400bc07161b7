"""What keys and hands do, from the table of actions and from what is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from volviz.gui.actions import ENTRIES
from volviz.gui.help.fuzzy import fit

Rows = Sequence[tuple[str, str]]

HANDS: dict[str, Rows] = {
    "3D view": (
        ("Left drag, arrow keys", "Turn"),
        ("Right, middle or Shift+left drag, Shift+arrow keys", "Move"),
        ("Wheel, + and -", "Zoom to the pointer"),
        ("Ctrl+left drag", "Move the light"),
        ("Alt+left drag", "Roll about the line of sight"),
        ("Double click", "Bring what is there to the middle, and the slices to it"),
        ("Ctrl+wheel", "Step the XY slice"),
        ("Shift+wheel", "Move"),
        ("Pointer at rest", "Tell what lies there: position, density, classes"),
    ),
    "Slices": (
        ("Left drag", "Move the crosshair"),
        ("Wheel, arrow keys", "Step through the slices"),
        ("Page up, Page down", "Step by ten slices"),
        ("Home, End", "First and last slice"),
        ("Ctrl+wheel", "Zoom at the pointer"),
        ("Right, middle or Shift+left drag, Shift+wheel", "Move"),
        ("Alt+left drag", "Contrast: sideways how much of the greys, up and down how bright"),
        ("Alt+wheel", "Contrast: how much of the greys"),
    ),
    "Slices, with a tool in the hand": (
        ("Left drag", "Annotate"),
        ("Space+left drag", "Move"),
        ("Ctrl+click on a point", "Remove it"),
    ),
    "Trackpad": (
        ("Pinch", "Zoom at the fingers"),
        ("Two fingers", "What the wheel does"),
        ("Shift+two fingers", "Move"),
        ("Turn two fingers", "Roll the 3D view"),
        ("Double tap with two fingers", "3D: bring what is there to the middle; slices: show everything"),
    ),
    "Everywhere": (
        ("Double click on a view's title", "Give it all the room, or all views theirs"),
        ("Double click on a slider, right click on its box", "Back to the value it had at first"),
        ("Tab, Shift+Tab", "To the next control, to the one before"),
    ),
}


def all_keys() -> Mapping[str, Rows]:
    """Return keys and gestures, grouped by where they work."""
    menus: dict[str, list[tuple[str, str]]] = {}
    for entry in ENTRIES:
        if entry.keys:
            menus.setdefault(entry.menu.split("/")[0], []).append((entry.keys, f"{entry.text.removesuffix('…')}: {_lower(entry.tip)}"))
    return {**HANDS, **menus}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


class KeysDialog(QDialog):
    """Lists keys and gestures, narrowed by typing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(900, 600)
        self.line = QLineEdit()
        self.line.setPlaceholderText("Narrow the list: zoom, crosshair, Ctrl…")
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._narrow)
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderLabels(["Keys and mouse", "What they do"])
        self.list.setRootIsDecorated(False)
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for title, rows in all_keys().items():
            group = QTreeWidgetItem([title])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = self.font()
            font.setBold(True)
            group.setFont(0, font)
            self.list.addTopLevelItem(group)
            group.addChildren([QTreeWidgetItem(list(row)) for row in rows])
            group.setExpanded(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self.line, self.list, buttons):
            layout.addWidget(widget)

    def _narrow(self, typed: str) -> None:
        for i in range(self.list.topLevelItemCount()):
            group = cast("QTreeWidgetItem", self.list.topLevelItem(i))
            children = [cast("QTreeWidgetItem", group.child(j)) for j in range(group.childCount())]
            for row in children:
                row.setHidden(fit(typed, f"{group.text(0)} {row.text(0)} {row.text(1)}") is None)
            group.setHidden(all(row.isHidden() for row in children))
