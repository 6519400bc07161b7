"""Annotate: tools in the hand, and what they left behind."""

from __future__ import annotations

from volviz.gui.actions.entry import MARKS, VOLUME, Entry, later
from volviz.gui.annotate.tools import TIPS, TITLES, TOOL_KEYS, TOOLS, Tool


def _tool(tool: Tool) -> Entry:
    return Entry(
        f"annotate.{tool}",
        "Annotate",
        TITLES[tool],
        TIPS[tool],
        later("annotate.joined:take", tool),
        TOOL_KEYS[tool],
        tool,
        VOLUME,
        checked=lambda w: not w.lacks("annotating") and w.annotating.tool == tool,
    )


ENTRIES: tuple[Entry, ...] = (
    *map(_tool, TOOLS),
    Entry(
        "annotate.leave",
        "Annotate",
        "Lay down the tool",
        "Drop what is being drawn, or go back to moving the crosshair",
        lambda w: w.annotating.leave(),
        "Esc",
        needs=VOLUME,
    ),
    Entry(
        "annotate.smaller",
        "Annotate",
        "Smaller brush",
        "Make the brush of Scribble and Erase smaller",
        lambda w: w.annotating.grow(-1),
        "[",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "annotate.larger",
        "Annotate",
        "Larger brush",
        "Make the brush of Scribble and Erase larger",
        lambda w: w.annotating.grow(1),
        "]",
        needs=VOLUME,
    ),
    Entry(
        "annotate.swap",
        "Annotate",
        "Background and back",
        "Annotate the background, or again the class before it",
        lambda w: w.annotating.swap(),
        "X",
        needs=VOLUME,
    ),
    Entry("annotate.new_label", "Annotate", "New class", "Add a class to annotate", lambda w: w.annotating.add_label(), "M", needs=VOLUME),
    Entry(
        "annotate.next",
        "Annotate",
        "Next object",
        "Points and boxes belong to another object from now on",
        lambda w: w.annotating.next_object(),
        "N",
        needs=VOLUME,
    ),
    Entry(
        "annotate.visible",
        "Annotate",
        "Show annotations",
        "Show or hide annotations on the slices and in 3D",
        lambda w: w.annotating.set(visible=not w.annotating.visible),
        "V",
        needs=VOLUME,
        checked=lambda w: w.lacks("annotating") or w.annotating.visible,
        separator=True,
    ),
    Entry(
        "annotate.delete",
        "Annotate",
        "Delete annotation",
        "Delete the annotation that is selected in the list",
        lambda w: w.annotating.delete(),
        "Del",
        needs=MARKS,
    ),
    Entry("annotate.clear", "Annotate", "Clear all annotations", "Delete all annotations", lambda w: w.annotating.clear(), needs=MARKS),
)
