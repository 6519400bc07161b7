"""One row of the table of actions.

What an action needs is imported when it is asked for: the table is read whenever the window starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volviz.gui.window import Window

Needs = frozenset[str]
NOTHING: Needs = frozenset()
VOLUME: Needs = frozenset({"volume"})
CLASSES: Needs = frozenset({"volume", "segmentation"})
MARKS: Needs = frozenset({"volume", "annotations"})
LACKING = {
    "volume": "Open a tomogram first",
    "segmentation": "Find the classes first, or open a segmentation",
    "annotations": "Annotate something first, or import annotations",
}


def later(target: str, *more: object) -> partial[object]:
    """Return what calls a function with the window, and with what is given here; ``target`` is ``module:function`` of `volviz.gui`."""
    return partial(_call, target, more)


def _call(target: str, more: tuple[object, ...], window: Window) -> object:
    module, _, function = target.partition(":")
    return getattr(import_module(f"volviz.gui.{module}"), function)(window, *more)


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. ``do`` gets the window, see `later`. ``icon`` names its drawing.

    ``needs`` are fields of the State without which it makes no sense. ``menu`` may name a menu within a menu,
    as ``File/Export``. ``checked`` says whether what it switches is on now.
    """

    id: str
    menu: str
    text: str
    tip: str
    do: Callable[[Window], object]
    keys: str = ""
    icon: str = ""
    needs: Needs = NOTHING
    checkable: bool = False
    separator: bool = False  # before it
    checked: Callable[[Window], bool] | None = None

    def lacks(self, present: Needs) -> str:
        """Return what a person has to do before this makes sense, or nothing."""
        return next((sentence for name, sentence in LACKING.items() if name in self.needs - present), "")
