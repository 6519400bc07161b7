"""The annotation tools on one slice: what the mouse means while a tool is in the hand, and the marks laid over the slice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QPlainTextEdit
from vispy.scene.visuals import Image
from vispy.visuals.transforms import STTransform

from volviz.core.annotations import ERASED, Box, SurfacePoints
from volviz.core.boxes import AXES
from volviz.core.grid import Triple
from volviz.gui.annotate import painting
from volviz.gui.annotate.annotating import Annotating
from volviz.gui.annotate.gestures import Boxing, Gesture, Handle, Outlining, Pulling, Scribbling, Tagging, pointing
from volviz.gui.annotate.gestures import Pointing as Carrying
from volviz.gui.annotate.painting import Pictures, View, box_at, handle_places
from volviz.gui.annotate.sections import outline_of
from volviz.gui.annotate.tools import PAINTING

if TYPE_CHECKING:
    from volviz.gui.slice_view import SliceView

REACH = 8.0  # pixels from a handle or a point within which the pointer has it
SLIP = 3.0  # pixels: a smaller box or region is a slip of the hand
SPACING = 0.25  # of the brush's radius, between points of a stroke; at least a pixel
SLOW_SECONDS = 0.015  # a picture that takes longer is not painted anew at every move of a pan
REST_MS = 90
Left = Qt.MouseButton.LeftButton


class AnnotationLayer(QObject):
    """Marks are painted as the screen needs them into one picture, which vispy lays over the slice.

    Left drag does what the tool does; with Space held, or another button, it pans as ever. The wheel steps as ever.
    """

    def __init__(self, view: SliceView, annotating: Annotating) -> None:
        super().__init__(view)
        self._view, self._annotating = view, annotating
        self._gesture: Gesture | None = None
        self._pointer: QPointF | None = None
        self._hovered: int | None = None
        self._space = False
        self._pictures = Pictures()
        self._shown: View | None = None
        self._stale = True
        self._seconds = 0.0  # what the last picture took
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.touch)
        self.painted = 0  # how many pictures have been painted: what a test of laziness counts
        self._image = Image(np.zeros((1, 1, 4), np.uint8), parent=view.vispy_canvas.scene)
        self._image.set_gl_state("translucent", depth_test=False)
        self._image.order = 10
        self._image.visible = False
        view.vispy_canvas.events.draw.connect(self._before_drawing, position="first")
        view.canvas.installEventFilter(self)  # before the view's own, which sees what is left over
        annotating.changed.connect(self._set)
        annotating.drafted.connect(self.touch)
        annotating.aborted.connect(self._drop)

    def touch(self) -> None:
        """Paint anew when the slice is next drawn."""
        self._stale = True
        self._view.vispy_canvas.update()

    def _set(self) -> None:
        tool = self._annotating.tool
        self._view.canvas.setCursor(Qt.CursorShape.ArrowCursor if tool is None else Qt.CursorShape.CrossCursor)
        self.touch()

    # The mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QMouseEvent) and kind == QEvent.Type.MouseMove:
            self._hover(event.position())
        elif kind == QEvent.Type.Leave:
            self._hover(None)
        if self._annotating.tool is None or self._view.grid is None:
            return False
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space:
            self._space = kind == QEvent.Type.KeyPress or (event.isAutoRepeat() and self._space)
            self._view.canvas.setCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.CrossCursor)
            self.touch()
            return kind in {QEvent.Type.KeyPress, QEvent.Type.KeyRelease}
        if kind == QEvent.Type.Enter and not isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox | QPlainTextEdit):
            self._view.canvas.setFocus(Qt.FocusReason.MouseFocusReason)  # for the space bar
        elif kind in {QEvent.Type.Leave, QEvent.Type.FocusOut}:
            self._space = False
            self._pointer = None if kind == QEvent.Type.Leave else self._pointer
            self.touch()
        return False

    def _hover(self, place: QPointF | None) -> None:
        """Name the box under the pointer, whatever lies over its name."""
        marks = self._annotating.marks if self._annotating.visible and self._view.grid is not None else ()
        found = None if place is None or not marks else box_at(self._view_now(), marks, place)
        if found != self._hovered:
            self._hovered = found
            self.touch()

    def _mouse(self, event: QMouseEvent) -> bool:
        """Return whether the event was the tool's: the view pans and says what lies under the pointer itself."""
        self._pointer = event.position()
        if event.type() == QEvent.Type.MouseMove:
            if self._gesture is not None:
                self._gesture.move(self._point(event.position()))
                self._annotating.hold(self._gesture.draft)
            elif self._annotating.tool in PAINTING or self._annotating.tool == "box":
                self._feel(event.position())
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            if event.button() != Left or self._gesture is None:
                return False
            gesture, self._gesture = self._gesture, None
            gesture.move(self._point(event.position()))
            draft = gesture.draft
            self._annotating.hold(None)
            if draft is not None and (draft.index is None or draft.mark != self._annotating.marks[draft.index]):
                self._annotating.finish(draft)
            return True
        if self._gesture is not None:
            return True  # a second button while drawing means nothing
        if self._space and event.button() == Left:
            self._view.pan_from(event.position())
            return True
        if event.button() != Left or event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            return False  # pans, or changes the contrast
        if event.type() == QEvent.Type.MouseButtonPress or self._annotating.tool in PAINTING | {"points"}:
            self._press(event.position(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        return True

    def _press(self, position: QPointF, control: bool) -> None:
        tools, plane, grid, point = self._annotating, self._view.plane, self._view.grid, self._point(position)
        if grid is None:
            return
        pixel = self._pixel()
        if tools.tool in PAINTING:
            label = ERASED if tools.tool == "erase" else tools.label
            self._gesture = Scribbling([point], tools.radius, label, max(pixel, SPACING * tools.radius))
        elif tools.tool == "lasso":
            box = tools.selected_box
            label, inside = (tools.label, None) if box is None else (box.label, box.object_id)
            self._gesture = Outlining([point], plane, tools.depths["lasso"], label, 2 * pixel, inside)
        elif tools.tool == "tag":
            self._gesture = Tagging(point, plane, grid, tools.depths["tag"], frozenset({tools.label}), SLIP * pixel)
        elif tools.tool == "box":
            self._gesture = self._pulling(position, point) or Boxing(point, plane, grid, tools.label, tools.free_box(), SLIP * pixel)
        elif tools.tool == "points":
            found = self._point_at(position)
            if found is not None and control:
                tools.delete_point(*found)
                return
            self._gesture = self._carrying(found) or pointing(tools.marks, point, tools.object_id, tools.label)
        if self._gesture is not None:
            tools.hold(self._gesture.draft)

    def _pulling(self, position: QPointF, point: Triple) -> Pulling | None:
        found = self._handle_at(position)
        if found is None:
            return None
        index, handle = found
        self._annotating.select(index)
        box = self._annotating.marks[index]
        normal = 2 - self._view.plane.normal
        section = (AXES[normal], point[normal]) if self._annotating.section_only else None
        return Pulling(box, index, handle, point, section) if isinstance(box, Box) else None

    def _handle_at(self, position: QPointF) -> tuple[int, Handle] | None:
        """Return the box and its handle under the pointer, that of the selected box first."""
        view = self._view_now()
        order = sorted(enumerate(self._annotating.marks), key=lambda entry: entry[0] != self._annotating.selected)
        for index, box in order:
            outline = outline_of(box, view.plane, view.depth) if isinstance(box, Box) else None
            if outline is None:
                continue
            bounds = painting.polygon(view.to_pixels(outline)).boundingRect()
            for (right, up), place in handle_places(bounds):
                if (place - position).manhattanLength() < REACH:
                    handle = [0, 0, 0]
                    handle[2 - view.plane.right], handle[2 - view.plane.up] = right, up
                    return index, (handle[0], handle[1], handle[2])  # type: ignore[return-value]
        return None

    def _point_at(self, position: QPointF) -> tuple[int, int] | None:
        """Return the object and which of its points is under the pointer."""
        view = self._view_now()
        for index, mark in enumerate(self._annotating.marks):
            if isinstance(mark, SurfacePoints):
                xyz = np.asarray(mark.points_xyz)
                near = np.abs(xyz[:, 2 - view.plane.normal] - view.depth) < painting.NEAR / 2
                places = view.to_pixels(xyz[:, [2 - view.plane.right, 2 - view.plane.up]])
                far = np.where(near, np.hypot(*(places - (position.x(), position.y())).T), np.inf)
                if len(far) and far.min() < REACH:
                    return index, int(far.argmin())
        return None

    def _carrying(self, found: tuple[int, int] | None) -> Carrying | None:
        mark = None if found is None else self._annotating.marks[found[0]]
        return Carrying(mark, found[1], found[0], "Move point") if found and isinstance(mark, SurfacePoints) else None

    def _feel(self, position: QPointF) -> None:
        """Follow the pointer with the brush, or say by its shape what it would pull."""
        if self._annotating.tool in PAINTING:
            self.touch()
            return
        found = self._handle_at(position)
        shape = Qt.CursorShape.CrossCursor
        if found is not None:
            right, up = (found[1][2 - axis] for axis in (self._view.plane.right, self._view.plane.up))
            shape = {
                (0, 0): Qt.CursorShape.SizeAllCursor,
                (1, 0): Qt.CursorShape.SizeHorCursor,
                (0, 1): Qt.CursorShape.SizeVerCursor,
                (1, 1): Qt.CursorShape.SizeBDiagCursor,
                (1, -1): Qt.CursorShape.SizeFDiagCursor,
            }[(right, up) if (right, up) >= (0, 0) else (-right, -up)]
        self._view.canvas.setCursor(shape)

    def _drop(self) -> None:
        if self._gesture is not None:
            self._gesture = None
            self._annotating.hold(None)

    def _point(self, position: QPointF) -> Triple:
        """Return the point under the pointer, in the middle of the slice that is shown and within the volume."""
        view, grid = self._view, self._view.grid
        if grid is None:
            raise RuntimeError("there is no slice to point at")
        state = self._annotating.document.state
        (left, right), (low, high) = view.plane.frame(grid)
        x, y = view.place(position)
        there = view.plane.moved(grid, state.crosshair_xyz, view.plane.index(grid, state.crosshair_xyz))
        return view.plane.point(min(max(x, left), right), min(max(y, low), high), there)

    def _pixel(self) -> float:
        """Return how many angstrom a pixel is."""
        return abs(self._view.place(QPointF(1, 0))[0] - self._view.place(QPointF(0, 0))[0])

    # The picture

    def _view_now(self) -> View:
        view, grid = self._view, self._view.grid
        (x0, y0), (x1, y1) = view.place(QPointF(0, 0)), view.place(QPointF(100, 100))
        scale = 100 / (x1 - x0), 100 / (y1 - y0)
        at = self._annotating.document.state.crosshair_xyz
        depth = 0.0 if grid is None else view.plane.moved(grid, at, view.plane.index(grid, at))[2 - view.plane.normal]
        ratio = view.canvas.devicePixelRatioF()
        size = max(1, round(view.canvas.width() * ratio)), max(1, round(view.canvas.height() * ratio))
        return View(view.plane, depth, scale, (-x0 * scale[0], -y0 * scale[1]), size, ratio)

    def _before_drawing(self, event: object) -> None:
        tools = self._annotating
        anything = self._view.grid is not None and ((tools.visible and tools.shown) or tools.tool is not None or tools.asked is not None)
        if not anything:
            if self._image.visible:  # to say it again would ask for another drawing, after every drawing
                self._image.visible = False
            return
        view, shown = self._view_now(), self._shown
        if not self._stale and view == shown:
            return
        same = shown is not None and (shown.plane, shown.depth, shown.ratio) == (view.plane, view.depth, view.ratio)
        if shown is not None and same and not self._stale and self._seconds > SLOW_SECONDS and self._image.visible:
            self._carry(shown, view)
            self._rest.start()
            return
        self._stale, self._shown = False, view
        self.painted += 1
        began = time.perf_counter()
        self._show(self._picture(view), view)
        self._seconds = time.perf_counter() - began

    def _carry(self, shown: View, view: View) -> None:
        """Lay the last picture where its places are now, until the hand that pans or zooms rests."""
        scale = view.scale[0] / shown.scale[0], view.scale[1] / shown.scale[1]
        shift = [b - k * a for a, b, k in zip(shown.offset, view.offset, scale, strict=True)]
        self._image.transform = STTransform(scale=(scale[0] / view.ratio, scale[1] / view.ratio), translate=shift)

    def _picture(self, view: View) -> QImage:
        tools = self._annotating
        colors = {label.name: label.color for label in tools.labels}
        marks = tools.marks if tools.visible else ()
        draft = tools.draft
        image = painting.overlay(view, self._pictures.painted(view, marks, colors, None if draft is None else draft.mark))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = marks if draft is None else draft.among(marks)
        painting.lines(painter, view, shown, colors, tools.selected, handles=tools.tool == "box", hovered=self._hovered)
        if tools.asked is not None:
            painting.asked(painter, view, *tools.asked)
        if tools.tool in PAINTING and self._pointer is not None and not self._space:
            color = None if tools.tool == "erase" else painting.color_in(colors, tools.label)
            painting.brush(painter, self._pointer, tools.radius * abs(view.scale[0]), color)
        painter.end()
        return image

    def _show(self, image: QImage, view: View) -> None:
        image = image.convertToFormat(QImage.Format.Format_RGBA8888)  # straight alpha, as images of vispy have it
        width, height = image.width(), image.height()
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine() // 4, 4)[:, :width]
        self._image.set_data(pixels.copy())
        self._image.transform = STTransform(scale=(1 / view.ratio, 1 / view.ratio))
        self._image.visible = True
