"""What a hand does on the slices of a window with a volume of bricks: every kind of mark, and the drags they are made by."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from volviz.core.grid import Grid, Triple
from volviz.gui.annotate.lists import PresentDialog
from volviz.gui.planes import XY, XZ, YZ, Plane
from volviz.gui.slice_view import SliceView
from volviz.gui.window import Window

GRID = Grid((24, 32, 40), (20.0, 12.0, 8.0), (-300.0, 100.0, 1000.0))
LEFT, CONTROL, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
Index = tuple[int, int, int]


def view_of(window: Window, plane: Plane) -> SliceView:
    return next(view for view in window.slices.views if view.plane is plane)


def at(view: SliceView, point_xyz: Triple) -> QPointF:
    """Where a point is on a slice's canvas."""
    (x0, y0), (x1, y1) = view.place(QPointF(0, 0)), view.place(QPointF(1000, 1000))
    x, y = view.plane.place(tuple(point_xyz))
    return QPointF(1000 * (x - x0) / (x1 - x0), 1000 * (y - y0) / (y1 - y0))


def send(view: SliceView, kind: QEvent.Type, place: QPointF, modifiers: Qt.KeyboardModifier = NONE) -> None:
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
    buttons = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
    QApplication.sendEvent(view.canvas, QMouseEvent(kind, place, view.canvas.mapToGlobal(place), button, buttons, modifiers))


def drag(view: SliceView, *indices: Index, modifiers: Qt.KeyboardModifier = NONE, release: bool = True) -> None:
    """Drag the left button over the middles of voxels."""
    places = [at(view, tuple(GRID.to_world(index))) for index in indices]
    send(view, QEvent.Type.MouseButtonPress, places[0], modifiers)
    for place in places[1:]:
        send(view, QEvent.Type.MouseMove, place, modifiers)
    if release:
        send(view, QEvent.Type.MouseButtonRelease, places[-1], modifiers)


def take(window: Window, tool: str, label: str = "membrane") -> None:
    if window.annotating.tool != tool:
        window.actions_by_id[f"annotate.{tool}"].trigger()
    window.annotating.choose(label)


def color_at(view: SliceView, index: Index) -> np.ndarray:
    """What is seen at a voxel's middle: (r, g, b)."""
    image = view.canvas.grabFramebuffer()
    place = at(view, tuple(GRID.to_world(index))) * view.canvas.devicePixelRatioF()
    color = image.pixelColor(round(place.x()), round(place.y()))
    return np.array([color.red(), color.green(), color.blue()])


def stroke(window: Window) -> None:
    take(window, "scribble", "spikes")
    drag(view_of(window, XY), (11, 5, 6), (11, 9, 20), (11, 20, 30))


def erasing(window: Window) -> None:
    take(window, "erase")
    drag(view_of(window, YZ), (5, 5, 20), (15, 20, 20))


def box(window: Window) -> None:
    take(window, "box")
    drag(view_of(window, XY), (11, 5, 6), (11, 20, 30))


def points(window: Window) -> None:
    take(window, "points")
    drag(view_of(window, XZ), (5, 16, 10))


def lasso(window: Window) -> None:
    take(window, "lasso", "lumen")
    drag(view_of(window, XZ), (5, 16, 10), (5, 16, 30), (18, 16, 30), (18, 16, 10))


def tag(window: Window) -> None:
    take(window, "tag")
    drag(view_of(window, YZ), (5, 5, 20), (15, 20, 20))


def volume_tag(window: Window) -> None:
    take(window, "tag")
    window.annotate_panel.tag_volume.click()
    dialog = window.annotate_panel.findChild(PresentDialog)
    dialog.boxes["spikes"].click()
    dialog.boxes["lumen"].click()
    dialog.accept()
    dialog.deleteLater()
