"""One slice through the volume, drawn by vispy: greys, classes over them, and the crosshair."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget
from vispy import scene
from vispy.scene.visuals import Image, Line
from vispy.visuals.transforms import STTransform

from volviz.core.grid import Grid, Region, Triple
from volviz.gui.document import Document, State
from volviz.gui.latest import Latest
from volviz.gui.planes import AXES, Plane, Slice, binned, overlay, read_slice

GROUND = (0.055, 0.058, 0.065, 1.0)
CROSSHAIR = (1.0, 0.80, 0.25, 0.75)
GAP = 0.02  # of the shown width, left free around the crosshair's centre
ZOOM_PER_STEP = 1.15


class SliceView(QWidget):
    """Left drag moves the crosshair, the wheel steps, Ctrl+wheel zooms at the pointer, right or middle drag pans."""

    hovered = Signal(str)

    def __init__(self, plane: Plane, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self._document = document
        self._slice: Slice | None = None
        self._held: str | None = None
        self._from = QPointF()
        self._wheel = 0.0
        self._binned = 0  # voxels to a side that were averaged for what is shown
        self._latest = Latest(self)
        self.shown = 0  # how many slices have been shown: what a test of laziness counts

        self._canvas = scene.SceneCanvas(keys=None, bgcolor=GROUND, parent=self)
        self._view = self._canvas.central_widget.add_view()
        self._camera = scene.PanZoomCamera(aspect=1)
        self._camera.interactive = False  # the gestures are ours
        self._view.camera = self._camera
        self._grey = Image(np.zeros((1, 1), np.float32), cmap="grays", clim=(0, 1), parent=self._view.scene)
        self._color = Image(np.zeros((1, 1, 4), np.uint8), parent=self._view.scene)
        self._color.set_gl_state("translucent", depth_test=False)
        self._color.order = 1
        self._cross = Line(np.zeros((8, 2), np.float32), color=CROSSHAIR, connect="segments", method="gl", parent=self._view.scene)
        self._cross.set_gl_state("translucent", depth_test=False)
        self._cross.order = 2
        for visual in (self._grey, self._color, self._cross):
            visual.visible = False
        # vispy draws; what the mouse means is decided here.
        self.canvas: QWidget = self._canvas.native
        self.canvas.setMouseTracking(True)
        self.canvas.installEventFilter(self)
        self._build()
        document.changed.connect(self._look)
        document.brick_arrived.connect(self._brick)

    def _build(self) -> None:
        name = QLabel(f"<b>{self.plane.name}</b>")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setToolTip(f"Step through the {self.plane.name} slices (mouse wheel over the slice)")
        self._slider.setAccessibleName(f"{self.plane.name} slice")
        self._slider.valueChanged.connect(self.step_to)
        self._number = QLabel("")
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("z 8888 / 8888"))
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header = QHBoxLayout()
        header.setContentsMargins(8, 2, 8, 2)
        for widget in (name, self._slider, self._number):
            header.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addWidget(self.canvas, 1)
        self._slider.setEnabled(False)

    @property
    def grid(self) -> Grid | None:
        """The grid that is stepped through."""
        state = self._document.state
        value = state.volume or state.classes
        return None if value is None else value.grid

    def step_to(self, index: int) -> None:
        """Show another slice: the crosshair moves there."""
        if self.grid is not None:
            self._document.show(crosshair_xyz=self.plane.moved(self.grid, self._document.state.crosshair_xyz, index))

    def fit(self) -> None:
        """Show the whole slice."""
        if self.grid is not None:
            right, up = self.plane.frame(self.grid)
            self._camera.set_range(right, up, margin=0.03)
            self._show_grey()

    def close_threads(self) -> None:
        """End the reading thread."""
        self._latest.close()

    def _look(self, old: State, new: State) -> None:
        other_data = new.volume is not old.volume or new.classes is not old.classes
        if other_data:
            self._meet(old, new)
        if self.grid is None:
            return
        index = self.plane.index(self.grid, new.crosshair_xyz)
        if other_data or self._slice is None or index != self.plane.index(self.grid, old.crosshair_xyz):
            self._show_number(self.grid, index)
            self._ask()
        elif new.scene.ramps != old.scene.ramps or new.overlay != old.overlay:
            self._show_classes()
        if new.contrast != old.contrast or other_data:
            self._grey.clim = new.contrast
        if new.crosshair_xyz != old.crosshair_xyz or other_data:
            self._show_cross()
        self._canvas.update()

    def _meet(self, old: State, new: State) -> None:
        self._grey.visible = self._grey.visible and new.volume is not None
        self._color.visible = self._color.visible and new.classes is not None
        if new.classes is not None:
            (left, right), (low, high) = self.plane.frame(new.classes.grid)
            across, along = new.classes.grid.shape[self.plane.right], new.classes.grid.shape[self.plane.up]
            self._color.transform = STTransform(scale=((right - left) / across, (high - low) / along), translate=(left, low))
        self._slider.setEnabled(self.grid is not None)
        if self.grid is None:
            self._slice = None
            self._cross.visible = False
            self._number.setText("")
            return
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, self.grid.shape[self.plane.normal] - 1)
        before = old.volume or old.classes
        if before is None or before.grid != self.grid:
            self.fit()

    def _show_number(self, grid: Grid, index: int) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(index)
        self._number.setText(f"{AXES[self.plane.normal]} {index + 1} / {grid.shape[self.plane.normal]}")

    def _ask(self) -> None:
        state = self._document.state
        point, volume, classes = state.crosshair_xyz, state.volume, state.classes
        self._latest.ask(lambda: read_slice(self.plane, point, volume, classes), self._show)

    def _show(self, read: Slice) -> None:
        self._slice = read
        self.shown += 1
        self._binned = 0
        self._show_grey()
        self._show_classes()
        self._canvas.update()

    def _show_grey(self) -> None:
        """Show the greys as coarse as the screen needs them."""
        volume = self._document.state.volume
        if volume is None or self._slice is None or self._slice.grey is None:
            return
        (left, right), (low, high) = self.plane.frame(volume.grid)
        rows, columns = self._slice.grey.shape
        across, along = (right - left) / columns, (high - low) / rows
        pixel = abs(self._place(QPointF(1, 0))[0] - self._place(QPointF(0, 0))[0])
        factor = max(1, min(round(pixel / min(across, along)), rows, columns))
        if factor == self._binned:
            return
        self._binned = factor
        self._grey.set_data(binned(self._slice.grey, factor))
        self._grey.transform = STTransform(scale=(across * factor, along * factor), translate=(left, low))
        self._grey.clim = self._document.state.contrast
        self._grey.visible = True

    def _show_classes(self) -> None:
        state = self._document.state
        if self._slice is None or self._slice.classes is None or state.classes is None:
            self._color.visible = False
            return
        names = tuple(label.name for label in state.classes.labels)
        if len(names) != len(self._slice.classes):
            return  # read from a segmentation that has been replaced: the next one is on its way
        self._color.set_data(overlay(self._slice.classes, names, state.scene.ramps, state.overlay))
        self._color.visible = True

    def _show_cross(self) -> None:
        if self.grid is None:
            return
        x, y = self.plane.place(self._document.state.crosshair_xyz)
        (left, right), (low, high) = self.plane.frame(self.grid)
        gap = GAP * max(right - left, high - low)
        across = [[left, y], [x - gap, y], [x + gap, y], [right, y]]
        along = [[x, low], [x, y - gap], [x, y + gap], [x, high]]
        self._cross.set_data(np.asarray(across + along, np.float32))
        self._cross.visible = True

    def _brick(self, region: Region) -> None:
        classes = self._document.state.live
        if classes is None:
            return
        at = self.plane.index(classes.grid, self._document.state.crosshair_xyz)
        if region.start[self.plane.normal] <= at < region.stop[self.plane.normal]:
            self._ask()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent):
            self._turn(event)
        elif event.type() == QEvent.Type.Resize:
            QTimer.singleShot(0, self, self._show_grey)  # when vispy knows the new size
            return super().eventFilter(watched, event)
        elif isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseMove:
                self._move(event.position())
            elif event.type() in {QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick}:
                self._press(event)
            else:
                self._held = None
        else:
            return super().eventFilter(watched, event)
        return True

    def _place(self, position: QPointF) -> tuple[float, float]:
        right, up = self._camera.transform.imap([position.x(), position.y(), 0, 1])[:2]
        return float(right), float(up)

    def _press(self, event: QMouseEvent) -> None:
        pans = event.button() != Qt.MouseButton.LeftButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self._held = "pan" if pans else "point"
        self._from = event.position()
        if self._held == "point":
            self._point(event.position())

    def _move(self, position: QPointF) -> None:
        if self._held == "point":
            self._point(position)
        elif self._held == "pan":
            (x0, y0), (x1, y1) = self._place(self._from), self._place(position)
            self._camera.pan((x0 - x1, y0 - y1))
            self._from = position
        if self.grid is not None:
            self.hovered.emit(self._said(*self._place(position)))

    def _turn(self, event: QWheelEvent) -> None:
        if self.grid is None:
            return
        steps = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._camera.zoom(ZOOM_PER_STEP**-steps, self._place(event.position()))
            self._show_grey()
            return
        self._wheel += steps  # a trackpad sends fractions of a step
        whole = int(self._wheel)
        self._wheel -= whole
        if whole:
            self.step_to(self.plane.index(self.grid, self._document.state.crosshair_xyz) + whole)

    def _point(self, position: QPointF) -> None:
        if self.grid is None:
            return
        (left, right), (low, high) = self.plane.frame(self.grid)
        x, y = self._place(position)
        inside = min(max(x, left), right), min(max(y, low), high)
        self._document.show(crosshair_xyz=self.plane.point(*inside, self._document.state.crosshair_xyz))

    def _said(self, right: float, up: float) -> str:
        """Write what lies at a place: position, density, classes. Read from what is shown, not from disk."""
        state = self._document.state
        point = self.plane.point(right, up, state.crosshair_xyz)
        words = ["x {:.0f}   y {:.0f}   z {:.0f} Å".format(*point)]
        if self._slice is None:
            return words[0]
        if state.volume is not None and self._slice.grey is not None:
            at = self._voxel(state.volume.grid, point)
            if at is None or at[0] >= self._slice.grey.shape[0] or at[1] >= self._slice.grey.shape[1]:
                return words[0]
            words.append(f"density {self._slice.grey[at]:.4g}")
        if state.classes is not None and self._slice.classes is not None:
            at = self._voxel(state.classes.grid, point)
            if at is not None and len(state.classes.labels) == len(self._slice.classes):
                soft = self._slice.classes[(slice(None), *at)]
                words.append("  ".join(f"{label.name} {p:.2f}" for label, p in zip(state.classes.labels, soft, strict=True)))
        return "      ".join(words)

    def _voxel(self, grid: Grid, point: Triple) -> tuple[int, int] | None:
        index = np.rint(grid.to_index(point)).astype(int)
        if (index < 0).any() or (index >= grid.shape).any():
            return None
        return int(index[self.plane.up]), int(index[self.plane.right])
