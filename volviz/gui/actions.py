"""Everything that can be asked of the window, once: menus, toolbar, tooltips and shortcuts are made from this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar, QToolButton

from volviz.gui import files
from volviz.gui.icons import icon

if TYPE_CHECKING:
    from volviz.gui.window import Window

Needs = frozenset[str]
TOOLBAR = ("file.open", "segment.run", "", "edit.undo", "edit.redo", "", "view.reset", "", "file.still", "file.video")
ICON_ALONE = frozenset({"edit.undo", "edit.redo"})
EXPORT = "File/Export"  # everything that leaves volviz as a file, but for sessions
NOTHING: Needs = frozenset()
VOLUME: Needs = frozenset({"volume"})
CLASSES: Needs = frozenset({"volume", "segmentation"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. ``needs`` are fields of the State without which it makes no sense; ``icon`` names its drawing.

    ``menu`` may name a menu within a menu, as ``File/Export``.
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


def _view(name: str, key: str) -> Entry:
    text, tip = name.capitalize(), f"Look from the {name}" if name not in {"left", "right"} else f"Look from the {name} side"
    return Entry(f"view.{name}", "View", text, tip, lambda w: w.look_from(name), key, needs=VOLUME, separator=name == "front")


def _guide(name: str, text: str, tip: str, key: str) -> Entry:
    return Entry(
        f"view.{name}", "View", text, tip, lambda w: w.toggle_guide(name), key, needs=VOLUME, checkable=True, separator=name == "axes"
    )


ENTRIES: tuple[Entry, ...] = (
    Entry("file.open", "File", "Open…", "Open a tomogram, a segmentation or a session", files.ask_open, "Ctrl+O", "open"),
    Entry("file.demo", "File", "Open the demo", "Simulate a small tomogram of virions, segment it and show it", files.demo),
    Entry(
        "file.save",
        "File",
        "Save session",
        "Save what is open, its look and the view as a .volviz file",
        files.save,
        "Ctrl+S",
        needs=VOLUME,
        separator=True,
    ),
    Entry("file.save_as", "File", "Save session as…", "Save the session under another name", files.save_as, "Ctrl+Shift+S", needs=VOLUME),
    Entry("file.still", EXPORT, "Still…", "Save this view as a picture of any size", files.save_still, "Ctrl+E", "still", VOLUME),
    Entry(
        "file.stages",
        EXPORT,
        "Stages of light…",
        "Save this view four times in one picture: its colours, with occlusion, with shadow, with bloom",
        files.save_stages,
        needs=VOLUME,
    ),
    Entry("file.video", EXPORT, "Video…", "Save a video of the object turning once", files.save_video, "Ctrl+Shift+V", "video", VOLUME),
    Entry(
        "file.save_classes",
        EXPORT,
        "Segmentation…",
        "Save the classes as OME-Zarr or as MRC files",
        files.save_segmentation,
        "Ctrl+Shift+E",
        needs=CLASSES,
        separator=True,
    ),
    Entry("file.quit", "File", "Quit", "Close the window", lambda w: w.close(), "Ctrl+Q", separator=True),
    Entry("edit.undo", "Edit", "Undo", "Take back the last change", lambda w: w.undo(), "Ctrl+Z", "undo"),
    Entry("edit.redo", "Edit", "Redo", "Do again what was taken back", lambda w: w.redo(), "Ctrl+Shift+Z", "redo"),
    Entry(
        "segment.run",
        "Segment",
        "Segment",
        "Find the classes in this tomogram",
        lambda w: w.start_segmenting(),
        "Ctrl+R",
        "segment",
        VOLUME,
    ),
    Entry(
        "view.reset",
        "View",
        "Show everything",
        "Bring the whole volume back into all views",
        lambda w: w.reset_view(),
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
        lambda w: w.toggle_orthographic(),
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
        lambda w: w.full_resolution_here(),
        "F",
        needs=VOLUME,
        separator=True,
    ),
    Entry(
        "view.whole",
        "View",
        "Draw the whole volume",
        "Draw everything again, binned if it must be",
        lambda w: w.draw_whole(),
        "Shift+F",
        needs=VOLUME,
    ),
    Entry("view.slices", "View", "Slices", "Show or hide the three slices", lambda w: w.toggle_slices(), "S", checkable=True),
    Entry(
        "view.planes",
        "View",
        "Density in 3D",
        "Show the density on three planes through the crosshair in the 3D view",
        lambda w: w.toggle_planes(),
        "D",
        needs=VOLUME,
        checkable=True,
    ),
    Entry(
        "view.cut", "View", "Cut here", "Cut away what is before the crosshair, along the screen", lambda w: w.cut_here(), "C", needs=VOLUME
    ),
    _guide("axes", "Axes", "Show x, y and z in a corner of the 3D view", "A"),
    _guide("box", "Bounding box", "Show the edges of the volume", "B"),
    _guide("scale_bar", "Scale bar", "Show a length in nanometres", "L"),
    Entry(
        "view.frame_time",
        "View",
        "Frame time",
        "Show what pictures cost while something moves, and what draws them",
        lambda w: w.toggle_frame_time(),
        checkable=True,
        separator=True,
    ),
    Entry(
        "view.full_screen",
        "View",
        "Full screen",
        "Use the whole screen",
        lambda w: w.toggle_full_screen(),
        "F11",
        checkable=True,
        separator=True,
    ),
    Entry("help.shortcuts", "Help", "Keys and mouse", "What the keys and the mouse do", lambda w: w.show_shortcuts(), "F1"),
    Entry("help.about", "Help", "About volviz", "Versions and graphics driver, to copy into a report", lambda w: w.show_about()),
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
