"""Everything that can be asked of the window, once: menus, toolbar, tooltips and shortcuts are made from these tables.

A menu, or what belongs together of one, is a module with its ``ENTRIES``, and one line in `ENTRIES` here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from volviz.gui.actions import animation, annotate, edit, export, file, guidance, learn, look, segment, view
from volviz.gui.actions.entry import LACKING, Entry, Needs
from volviz.gui.icons import put

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
    *annotate.ENTRIES,
    *learn.ENTRIES,
    *view.ENTRIES,
    *look.ENTRIES,
    *animation.ENTRIES,
    *view.LAST,
    *guidance.ENTRIES,
)


def build(window: Window) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Put the table into a window's menus and toolbar, and return its actions by id and its menus by path."""
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
        action.setStatusTip(entry.tip)
        action.setCheckable(entry.checkable or entry.checked is not None)
        action.triggered.connect(lambda _checked=False, do=entry.do: _do(window, do))
        if entry.separator:
            menu.addSeparator()
        menu.addAction(action)
        if entry.icon:
            put(action, entry.icon, window.palette())
        actions[entry.id] = action
    for name in TOOLBAR:
        if not name:
            bar.addSeparator()
            continue
        bar.addAction(actions[name])
        if name not in ICON_ALONE and isinstance(button := bar.widgetForAction(actions[name]), QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.addToolBar(bar)
    return actions, menus


def _menu(window: Window, menus: dict[str, QMenu], path: str) -> QMenu:
    """Return a menu by its path, made where its first entry stands."""
    if path not in menus:
        above, _, name = path.rpartition("/")
        if above:
            menus[path] = _menu(window, menus, above).addMenu(name)
        else:
            menus[path] = window.menuBar().addMenu(f"&{name}")
    return menus[path]


def _do(window: Window, do: Callable[[Window], object]) -> None:
    do(window)
    refresh(window)  # not all that can be switched is in the document


def there(window: Window) -> Needs:
    """Return what there is of what actions need."""
    state = None if window.lacks("document") else window.document.state
    return frozenset(name for name in LACKING if getattr(state, name, None) not in (None, ()))


def refresh(window: Window) -> None:
    """Grey out what lacks something, and say what; check what is on."""
    present = there(window)
    for entry in ENTRIES:
        action, lacks = window.actions_by_id[entry.id], entry.lacks(present)
        action.setEnabled(not lacks)
        tip = f"{entry.tip} ({entry.keys})" if entry.keys else entry.tip
        action.setToolTip(f"{tip}\n{lacks}." if lacks else tip)
        if entry.checked is not None:
            action.setChecked(not lacks and entry.checked(window))
    window.name_undo()
