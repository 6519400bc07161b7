"""Everything that can be asked of the window, once: menus, toolbar, tooltips and shortcuts are made from these tables.

A menu, or what belongs together of one, is a module with its ``ENTRIES``, and one line in `ENTRIES` here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from volviz.gui.actions import edit, export, file, guidance, segment, view
from volviz.gui.actions.entry import Entry, Needs
from volviz.gui.icons import icon

if TYPE_CHECKING:
    from volviz.gui.window import Window

TOOLBAR = ("file.open", "segment.run", "", "edit.undo", "edit.redo", "", "view.reset", "", "file.still", "file.video")
ICON_ALONE = frozenset({"edit.undo", "edit.redo"})
ENTRIES: tuple[Entry, ...] = (
    *file.ENTRIES,
    *export.ENTRIES,
    *file.LAST,
    *edit.ENTRIES,
    *segment.ENTRIES,
    *view.ENTRIES,
    *guidance.ENTRIES,
)


def build(window: Window) -> dict[str, QAction]:
    """Put the table into a window's menus and toolbar, and return its actions by id."""
    menus: dict[str, QMenu] = {}
    bar = QToolBar("Tools", window)
    bar.setObjectName("toolbar")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    actions: dict[str, QAction] = {}
    for entry in ENTRIES:
        menu = _menu(window, menus, entry.menu)
        action = QAction(entry.text, window)
        action.setIconText(entry.text.removesuffix("…"))
        action.setObjectName(entry.id)
        action.setShortcut(QKeySequence(entry.keys))
        action.setToolTip(f"{entry.tip} ({entry.keys})" if entry.keys else entry.tip)
        action.setStatusTip(entry.tip)
        action.setCheckable(entry.checkable)
        action.triggered.connect(lambda _checked=False, do=entry.do: do(window))
        if entry.separator:
            menu.addSeparator()
        menu.addAction(action)
        if entry.icon:
            action.setIcon(icon(entry.icon, window.palette()))
        actions[entry.id] = action
    for name in TOOLBAR:
        if not name:
            bar.addSeparator()
            continue
        bar.addAction(actions[name])
        if name not in ICON_ALONE and isinstance(button := bar.widgetForAction(actions[name]), QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.addToolBar(bar)
    return actions


def _menu(window: Window, menus: dict[str, QMenu], path: str) -> QMenu:
    """Return a menu by its path, made where its first entry stands."""
    if path not in menus:
        above, _, name = path.rpartition("/")
        if above:
            outer = _menu(window, menus, above)
            outer.addSeparator()
            menus[path] = outer.addMenu(f"&{name}")
        else:
            menus[path] = window.menuBar().addMenu(f"&{name}")
    return menus[path]


def enable(actions: dict[str, QAction], present: Needs) -> None:
    """Grey out what lacks something."""
    for entry in ENTRIES:
        actions[entry.id].setEnabled(entry.needs <= present)
