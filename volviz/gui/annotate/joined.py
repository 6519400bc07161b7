"""Puts the annotation tools into a window: on its slices, in its 3D view, its actions, its status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volviz.core.annotations import Mark
from volviz.core.grid import Triple
from volviz.gui.annotate.annotating import Annotating

if TYPE_CHECKING:
    from volviz.gui.annotate.tools import Tool
    from volviz.gui.slices import Slices
    from volviz.gui.window import Window

Drawn = tuple[tuple[Mark, ...], dict[str, Triple], int | None]
NOTHING: Drawn = (), {}, None


def tools_of(window: Window) -> Annotating:
    """Return the tools of a window, which its actions and its 3D view follow."""
    from volviz.gui import actions
    from volviz.render.marked import sketch_of

    tools = Annotating(window.document, window)
    sketched = [NOTHING]

    def follow() -> None:
        actions.refresh(window)
        colors = {label.name: label.color for label in tools.labels}
        drawn = (tools.marks, colors, tools.selected) if tools.drawn_in_3d and tools.marks else NOTHING
        if drawn != sketched[0]:
            sketched[0] = drawn
            window.viewport.lay(sketch_of(*drawn))

    tools.said.connect(window.say)
    tools.changed.connect(follow)
    return tools


def lay_over(window: Window, slices: Slices) -> None:
    """Lay the annotations over the slices of a window."""
    from volviz.gui.annotate.layer import AnnotationLayer

    for view in slices.views:
        AnnotationLayer(view, window.annotating)


def take(window: Window, tool: Tool) -> None:
    """Take a tool, or lay it down, and bring its settings to the front."""
    window.annotating.toggle(tool)
    if window.annotating.tool is not None:
        window.docks["Annotate"].raise_()
        window.slices.show()
