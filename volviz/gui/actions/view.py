"""View: from where, and what is shown beside the object."""

from __future__ import annotations

from volviz.gui import looking
from volviz.gui.actions.entry import VOLUME, Entry


def _view(name: str, key: str) -> Entry:
    text, tip = name.capitalize(), f"Look from the {name}" if name not in {"left", "right"} else f"Look from the {name} side"
    return Entry(f"view.{name}", "View", text, tip, lambda w: looking.look_from(w, name), key, needs=VOLUME, separator=name == "front")


def _guide(name: str, text: str, tip: str, key: str) -> Entry:
    return Entry(
        f"view.{name}",
        "View",
        text,
        tip,
        lambda w: looking.toggle_guide(w, name),
        key,
        needs=VOLUME,
        checkable=True,
        separator=name == "axes",
    )


def _alone(name: str, key: str) -> Entry:
    return Entry(
        f"view.alone_{name.lower()}",
        "View/One view",
        f"{name} alone",
        f"Give {name} all the room, and the same key gives it back to all views",
        lambda w: looking.maximise(w, name),
        key,
        needs=VOLUME,
        checkable=True,
    )


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "view.reset",
        "View",
        "Show everything",
        "Bring the whole volume back into all views",
        looking.reset_view,
        "R",
        "reset",
        VOLUME,
    ),
    _view("front", "1"),
    _view("back", "2"),
    _view("left", "3"),
    _view("right", "4"),
    _view("top", "5"),
    _view("bottom", "6"),
    Entry(
        "view.orthographic",
        "View",
        "Orthographic",
        "No perspective: far things look as large as near ones",
        looking.toggle_orthographic,
        "O",
        needs=VOLUME,
        checkable=True,
        separator=True,
    ),
    Entry(
        "view.region",
        "View",
        "Full resolution here",
        "Draw what the clipping box leaves, else as much around the crosshair as fits, alone and in full resolution",
        looking.full_resolution_here,
        "F",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "view.whole",
        "View",
        "Draw the whole volume",
        "Draw everything again, binned if it must be",
        looking.draw_whole,
        "Shift+F",
        needs=VOLUME,
    ),
    _alone("3D", "Ctrl+1"),
    _alone("XY", "Ctrl+2"),
    _alone("XZ", "Ctrl+3"),
    _alone("YZ", "Ctrl+4"),
    Entry("view.slices", "View", "Slices", "Show or hide the three slices", looking.toggle_slices, "S", checkable=True),
    Entry(
        "view.planes",
        "View",
        "Density in 3D",
        "Show the density on three planes through the crosshair in the 3D view",
        looking.toggle_planes,
        "D",
        needs=VOLUME,
        checkable=True,
    ),
    Entry("view.cut", "View", "Cut here", "Cut away what is before the crosshair, along the screen", looking.cut_here, "C", needs=VOLUME),
    _guide("axes", "Axes", "Show x, y and z in a corner of the 3D view", "A"),
    _guide("box", "Bounding box", "Show the edges of the volume", "B"),
    _guide("scale_bar", "Scale bar", "Show a length in nanometres", "L"),
    Entry("view.jobs", "View", "Jobs", "List what is running, and where finished files are", looking.toggle_jobs, "Ctrl+J"),
    Entry(
        "view.frame_time",
        "View",
        "Frame time",
        "Show what pictures cost while something moves, and what draws them",
        looking.toggle_frame_time,
        checkable=True,
        separator=True,
    ),
    Entry(
        "view.full_screen",
        "View",
        "Full screen",
        "Use the whole screen",
        looking.toggle_full_screen,
        "F11",
        checkable=True,
        separator=True,
    ),
)
