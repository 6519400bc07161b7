"""View: from where, how much of it, and what is shown beside the object."""

from __future__ import annotations

from PySide6.QtCore import Qt

from volviz.gui import settings, theme
from volviz.gui.actions.entry import VOLUME, Entry, later
from volviz.gui.panes import SOLID

FROM, ALONE, THEME = "View/Look from", "View/One view", "View/Theme"
NAMES = (SOLID, "XY", "XZ", "YZ")


def _from(name: str, key: str) -> Entry:
    side = f"{name} side" if name in {"left", "right"} else name
    return Entry(f"view.{name}", FROM, name.capitalize(), f"Look from the {side}", later("looking:look_from", name), key, needs=VOLUME)


def _guide(name: str, text: str, tip: str, key: str) -> Entry:
    return Entry(
        f"view.{name}",
        "View",
        text,
        tip,
        later("looking:toggle_guide", name),
        key,
        needs=VOLUME,
        checked=lambda w: getattr(w.document.state.scene.guides, name),
        separator=name == "axes",
    )


def _alone(name: str, key: str) -> Entry:
    return Entry(
        f"view.alone_{name.lower()}",
        ALONE,
        f"{name} alone",
        f"Give the {name} view all the room; the same again gives it back to all views",
        lambda w: w.panes.toggle(name),
        key,
        needs=VOLUME,
        checked=lambda w: w.panes.alone == name,
    )


def _theme(name: str, tip: str) -> Entry:
    text = "As the system" if name == "system" else name.capitalize()
    return Entry(f"view.theme_{name}", THEME, text, tip, later("looking:wear", name), checked=lambda _: theme.chosen() == name)


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "view.reset",
        "View",
        "Show everything",
        "Bring the whole volume back into all views",
        later("looking:reset_view"),
        "R",
        "reset",
        VOLUME,
    ),
    _from("front", "1"),
    _from("back", "2"),
    _from("left", "3"),
    _from("right", "4"),
    _from("top", "5"),
    _from("bottom", "6"),
    Entry(
        "view.orthographic",
        "View",
        "Orthographic",
        "No perspective: far things look as large as near ones",
        later("looking:toggle_orthographic"),
        "O",
        needs=VOLUME,
        checked=lambda w: w.document.state.camera.orthographic_height is not None,
    ),
    Entry(
        "view.turntable",
        "View",
        "Turntable",
        "Turn as on a table, with z always upright, instead of freely as with a ball in the hand",
        later("looking:toggle_turntable"),
        "T",
        checked=lambda _: settings.turntable(),
    ),
    Entry(
        "view.auto_contrast",
        "View",
        "Automatic contrast",
        "Show the slices black at the 1st and white at the 99th percentile",
        lambda w: w.data_panel.auto_contrast(),
        "Shift+C",
        needs=VOLUME,
    ),
    Entry(
        "view.region",
        "View",
        "Full resolution here",
        "Draw what the clipping box leaves, else as much around the crosshair as fits, alone and in full resolution",
        later("looking:full_resolution_here"),
        "F",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "view.whole",
        "View",
        "Draw the whole volume",
        "Draw everything again, binned if it must be",
        later("looking:draw_whole"),
        "Shift+F",
        needs=VOLUME,
    ),
    _alone(NAMES[0], "Ctrl+1"),
    _alone(NAMES[1], "Ctrl+2"),
    _alone(NAMES[2], "Ctrl+3"),
    _alone(NAMES[3], "Ctrl+4"),
    Entry(
        "view.slices",
        "View",
        "Slices",
        "Show or hide the three slices",
        lambda w: w.panes.toggle_slices(),
        "S",
        checked=lambda w: w.panes.with_slices,
    ),
    Entry(
        "view.planes",
        "View",
        "Density in 3D",
        "Show the density on three planes through the crosshair in the 3D view",
        later("looking:toggle_planes"),
        "D",
        needs=VOLUME,
        checked=lambda w: w.document.state.scene.slices.shown,
    ),
    Entry(
        "view.cut",
        "View",
        "Cut here",
        "Cut away what is before the crosshair, along the screen",
        later("looking:cut_here"),
        "C",
        needs=VOLUME,
    ),
    _guide("axes", "Axes", "Show x, y and z in a corner of the 3D view", "A"),
    _guide("box", "Bounding box", "Show the edges of the volume", "B"),
    _guide("scale_bar", "Scale bar", "Show a length in nanometres, in 3D and on the slices", "L"),
)
"""What one looks at. Looks, bookmarks and the animation follow, and then `LAST`."""

LAST: tuple[Entry, ...] = (
    Entry(
        "view.jobs",
        "View",
        "Jobs",
        "List what is running, and where finished files are",
        later("looking:toggle_jobs"),
        "Ctrl+J",
        separator=True,
    ),
    Entry(
        "view.layout",
        "View/Panels",
        "Reset layout",
        "Put all panels and views back to where they were at first",
        later("looking:reset_layout"),
        separator=True,
    ),
    _theme("system", "Dark or light, as the system is"),
    _theme("dark", "Light text on dark"),
    _theme("light", "Dark text on light"),
    Entry(
        "view.frame_time",
        "View",
        "Frame time",
        "Show what pictures cost while something moves (milliseconds), and what draws them",
        later("looking:toggle_frame_time"),
        checkable=True,
        separator=True,
    ),
    Entry(
        "view.full_screen",
        "View",
        "Full screen",
        "Use the whole screen",
        later("looking:toggle_full_screen"),
        "F11",
        checked=lambda w: bool(w.windowState() & Qt.WindowState.WindowFullScreen),
    ),
)
