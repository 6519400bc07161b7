"""Everything that can be asked of the window, as the palette lists it: actions, panels, and the controls of panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QScrollArea, QWidget

from volviz.gui.actions import ENTRIES, there

if TYPE_CHECKING:
    from volviz.gui.window import Window


@dataclass(frozen=True, slots=True)
class Command:
    """``lacks`` is why it cannot be done now, if it cannot. ``about`` is its tip."""

    title: str
    where: str
    about: str
    keys: str
    lacks: str
    run: Callable[[], object]

    @property
    def searched(self) -> str:
        """What typed letters are looked for in."""
        return f"{self.title} {self.where}"


def commands(window: Window) -> list[Command]:
    """Return all of them, as things are now."""
    window.furnish()
    return [*_actions(window), *_panels(window), *_controls(window)]


def _actions(window: Window) -> Iterator[Command]:
    present = there(window)
    for entry in ENTRIES:
        if entry.id == "help.palette":
            continue
        action = window.actions_by_id[entry.id]
        lacks = entry.lacks(present)
        if not lacks and not action.isEnabled():
            lacks = "Nothing to undo" if entry.id == "edit.undo" else "Nothing to do again" if entry.id == "edit.redo" else "Not now"
        where = entry.menu.replace("/", " › ")
        yield Command(action.text().removesuffix("…").replace("&", ""), where, entry.tip, entry.keys, lacks, action.trigger)


def _panels(window: Window) -> Iterator[Command]:
    for name, dock in window.docks.items():
        yield Command(name, "Panel", f"Bring the panel {name} to the front", "", "", partial(_bring, dock))


def _controls(window: Window) -> Iterator[Command]:
    for name, dock in window.docks.items():
        holder = dock.widget()
        panel = holder.widget() if isinstance(holder, QScrollArea) else holder
        if panel is None:
            continue
        for control in panel.findChildren(QWidget):
            title = _named(control)
            if not title or not control.isVisibleTo(panel):
                continue
            lacks = "" if control.isEnabled() else "Not now: see the panel"
            about = control.toolTip().split("\n")[0]
            yield Command(title[0].upper() + title[1:], name, about, "", lacks, partial(_reach, dock, control))


def _named(control: QWidget) -> str:
    """Return what a person would call a control; nothing if one cannot work with it, or if its box stands for it."""
    if control.focusPolicy() == Qt.FocusPolicy.NoFocus:
        return ""
    name = control.accessibleName()
    if not name and isinstance(control, QAbstractButton):
        name = control.text().replace("&", "").removesuffix("…")
    return "" if name.endswith(" slider") or not any(letter.isalpha() for letter in name) else name


def _bring(dock: QDockWidget) -> None:
    dock.show()
    dock.raise_()


def _reach(dock: QDockWidget, control: QWidget) -> None:
    _bring(dock)
    if isinstance(area := dock.widget(), QScrollArea):
        area.ensureWidgetVisible(control)
    control.setFocus(Qt.FocusReason.ShortcutFocusReason)
