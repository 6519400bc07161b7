"""One slice through the volume, drawn by vispy: greys, classes over them, and the crosshair."""

from __future__ import annotations

import numpy as np
import vispy
from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QLabel, QSlider, QVBoxLayout, QWidget
from vispy import scene
from vispy.scene.visuals import Image, Line
from vispy.visuals.transforms import STTransform

from volviz.core.grid import Grid, Region, Triple
from volviz.gui import under
from volviz.gui.document import Document, State
from volviz.gui.latest import Latest
from volviz.gui.painted import slice_canvas
from volviz.gui.panes import Follow
from volviz.gui.planes import AXES, Part, Plane, Slice, binned, doubtful, overlay, read_slice
from volviz.gui.sharpening import Sharpening
from volviz.gui.slice_hands import SliceHands
from volviz.gui.widgets.scale_bar import ScaleBar
from volviz.gui.widgets.title import Title

GROUND = (0.055, 0.058, 0.065, 1.0)
CROSSHAIR = (1.0, 0.80, 0.25, 0.75)
GAP = 0.02  # of the shown width, left free around the crosshair's centre


class SliceView(QWidget):
    """A slice under its title. What hands do in it is `SliceHands`'."""

    hovered = Signal(str)

    def __init__(self, plane: Plane, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self._document = document
        self._slice: Slice | None = None
        self._binned = 0  # voxels to a side that were averaged for what is shown
        self._latest = Latest(self)
        self._part: Part | None = None  # of a slice that came coarsely, in full resolution
        self.shown = 0  # how many slices have been shown: what a test of laziness counts

        vispy.use("pyside6")
        self.canvas: QWidget
        self._canvas, self.canvas = slice_canvas(GROUND, self)
        self._view = self._canvas.central_widget.add_view()
        self._camera = scene.PanZoomCamera(aspect=1)
        self._camera.interactive = False  # the gestures are ours
        self._view.camera = self._camera
        self._grey = Image(np.zeros((1, 1), np.float32), cmap="grays", clim=(0, 1), parent=self._view.scene)
        self._sharp = Image(np.zeros((1, 1), np.float32), cmap="grays", clim=(0, 1), parent=self._view.scene)
        self._sharp.set_gl_state("translucent", depth_test=False)
        self._sharp.order = 0.5
        self._color = Image(np.zeros((1, 1, 4), np.uint8), parent=self._view.scene)
        self._color.set_gl_state("translucent", depth_test=False)
        self._color.order = 1
        self._cross = Line(np.zeros((8, 2), np.float32), color=CROSSHAIR, connect="segments", method="gl", parent=self._view.scene)
        self._cross.set_gl_state("translucent", depth_test=False)
        self._cross.order = 2
        for visual in (self._grey, self._sharp, self._color, self._cross):
            visual.visible = False
        # vispy draws; what the mouse means is decided elsewhere.
        self.canvas.setAccessibleName(f"{plane.name} slice")
        self.bar = ScaleBar(self.canvas)
        self._camera.transform.changed.connect(self._show_bar)
        self._build()
        self._hands = SliceHands(self, document)
        self.sharpening = Sharpening(self, document)
        document.changed.connect(self._look)
        document.brick_arrived.connect(self._brick)

    def _build(self) -> None:
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setToolTip(f"Step through the {self.plane.name} slices (mouse wheel over the slice)")
        self._slider.setAccessibleName(f"Slice of {self.plane.name}")
        self._slider.valueChanged.connect(self.step_to)
        self._number = QLabel("")
        self._number.setToolTip("Slice, and where it lies in the tomogram")
        self._number.setMinimumWidth(self._number.fontMetrics().horizontalAdvance("z 888 / 888   88888 Å"))
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.title = Title(self.plane.name)
        self.title.add(self._slider, 1)
        self.title.add(self._number)
        Follow(self.canvas, self.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.title)
        layout.addWidget(self.canvas, 1)
        self._slider.setEnabled(False)

    @property
    def grid(self) -> Grid | None:
        """The grid that is stepped through."""
        state = self._document.state
        value = state.volume or state.classes
        return None if value is None else value.grid

    @property
    def vispy_canvas(self) -> scene.SceneCanvas:
        """What vispy draws on, for what is laid over the slice."""
        return self._canvas

    def pan_from(self, position: QPointF) -> None:
        """Pan from here until the button is released."""
        self._hands.pan_from(position)

    def step_to(self, index: int) -> None:
        """Show another slice: the crosshair moves there."""
        if self.grid is not None:
            self._document.show(crosshair_xyz=self.plane.moved(self.grid, self._document.state.crosshair_xyz, index))

    def fit(self) -> None:
        """Show the whole slice."""
        if self.grid is not None:
            right, up = self.plane.frame(self.grid)
            self._camera.set_range(right, up, margin=0.03)
            self.show_grey()

    def close_threads(self) -> None:
        """End the reading threads."""
        self._latest.close()
        self.sharpening.close()

    def _look(self, old: State, new: State) -> None:
        other_data = new.volume is not old.volume or new.classes is not old.classes
        if other_data:
            self._meet(old, new)
        if other_data or new.scene.guides != old.scene.guides:
            self._show_bar()
        if self.grid is None:
            return
        index = self.plane.index(self.grid, new.crosshair_xyz)
        if other_data or self._slice is None or index != self.plane.index(self.grid, old.crosshair_xyz) or new.slab != old.slab:
            self._show_number(self.grid, index)
            if old.volume is not None and new.volume is not None and old.volume.data is not new.volume.data:
                self._slice, self._grey.visible, self._sharp.visible = (
                    None,
                    False,
                    False,
                )  # of another tomogram, on whose place it would lie while this is read
            self._ask()
        elif new.scene.ramps != old.scene.ramps or new.overlay != old.overlay or new.doubt != old.doubt:
            self._show_classes()
        if new.contrast != old.contrast or other_data:
            self._grey.clim = self._sharp.clim = new.contrast
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
        axis = self.plane.normal
        place = grid.origin[axis] + index * grid.voxel_size[axis]
        self._number.setText(f"{AXES[axis]} {index + 1} / {grid.shape[axis]}   {place:.0f} Å")

    def _ask(self) -> None:
        state = self._document.state
        point, volume, classes, slab = state.crosshair_xyz, state.volume, state.classes, state.slab
        overview = self.sharpening.begin()
        wanted = self._latest.wanted()
        self._latest.ask(lambda: read_slice(self.plane, point, volume, classes, slab, overview, wanted), self._show)

    def again(self) -> None:
        """Show the same slice anew: more of it is known."""
        self._ask()

    def _show(self, read: Slice) -> None:
        self._slice = read
        if self._part is not None and not self.sharpening.holds(self._part):
            self._part, self._sharp.visible = None, False
        self.shown += 1
        self._binned = 0
        self.show_grey()
        self._show_classes()
        self._canvas.update()

    @property
    def pixel(self) -> float:
        """How long a pixel of the canvas is, in angstrom; a fine screen has several dots to it."""
        return abs(self.place(QPointF(1, 0))[0] - self.place(QPointF(0, 0))[0])

    @property
    def dot(self) -> float:
        """How long a pixel of the screen is, in angstrom."""
        return self.pixel / self.canvas.devicePixelRatioF()

    def show_grey(self) -> None:
        """Show the greys as coarse as the screen needs them."""
        volume = self._document.state.volume
        if volume is None or self._slice is None or self._slice.grey is None:
            return
        self.sharpening.look()
        (left, right), (low, high) = self.plane.frame(volume.grid)
        rows, columns = self._slice.grey.shape
        across, along = (right - left) / columns, (high - low) / rows
        factor = max(1, min(round(self.dot / min(across, along)), rows, columns))
        if factor == self._binned:
            return
        self._binned = factor
        self._grey.set_data(binned(self._slice.grey, factor))
        self._grey.transform = STTransform(scale=(across * factor, along * factor), translate=(left, low))
        self._grey.clim = self._document.state.contrast
        self._grey.visible = True

    def show_part(self, part: Part) -> None:
        """Lay what is known in full resolution over a slice that came coarsely."""
        volume = self._document.state.volume
        if volume is None:
            return
        self._part = part
        across, along = volume.grid.voxel_size[self.plane.right], volume.grid.voxel_size[self.plane.up]
        (left, _), (low, _) = self.plane.frame(volume.grid)
        factor = max(1, min(round(self.dot / min(across, along)), *part.grey.shape))
        self._sharp.set_data(binned(part.grey, factor))
        place = (left + part.start[1] * across, low + part.start[0] * along)
        self._sharp.transform = STTransform(scale=(across * factor, along * factor), translate=place)
        self._sharp.clim = self._document.state.contrast
        self._sharp.visible = True
        self._canvas.update()

    @property
    def part(self) -> Part | None:
        """What is shown in full resolution over a slice that came coarsely."""
        return self._part

    def _show_classes(self) -> None:
        state = self._document.state
        if self._slice is None or self._slice.classes is None or state.classes is None:
            self._color.visible = False
            return
        names = tuple(label.name for label in state.classes.labels)
        if len(names) != len(self._slice.classes):
            return  # read from a segmentation that has been replaced: the next one is on its way
        soft = self._slice.classes
        self._color.set_data(doubtful(soft, state.overlay) if state.doubt else overlay(soft, names, state.scene.ramps, state.overlay))
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

    def _show_bar(self, _event: object = None) -> None:
        guides = self._document.state.scene.guides
        self.bar.measure(self.grid if guides.scale_bar else None, self.pixel, guides.size)

    def _brick(self, region: Region) -> None:
        classes = self._document.state.live
        if classes is None:
            return
        at = self.plane.index(classes.grid, self._document.state.crosshair_xyz)
        if region.start[self.plane.normal] <= at < region.stop[self.plane.normal]:
            self._ask()

    def place(self, position: QPointF) -> tuple[float, float]:
        """Return the coordinates (A) along the plane's axes, right and up, of a place of the canvas."""
        right, up = self._camera.transform.imap([position.x(), position.y(), 0, 1])[:2]
        return float(right), float(up)

    def pan(self, start: QPointF, stop: QPointF) -> None:
        """Move what is seen from one place of the canvas to another."""
        (x0, y0), (x1, y1) = self.place(start), self.place(stop)
        self._camera.pan((x0 - x1, y0 - y1))
        self.sharpening.look()

    def zoom(self, factor: float, position: QPointF) -> None:
        """Enlarge what is seen, keeping in place what is at a place of the canvas."""
        self._camera.zoom(1 / factor, self.place(position))
        self.show_grey()

    def reveal(self, point_xyz: Triple) -> None:
        """Move what is seen if a point (A) is not in it."""
        x, y = self.plane.place(point_xyz)
        (x0, y0), (x1, y1) = self.place(QPointF(0, 0)), self.place(QPointF(self.canvas.width(), self.canvas.height()))
        if not (min(x0, x1) < x < max(x0, x1) and min(y0, y1) < y < max(y0, y1)):
            self._camera.pan((x - (x0 + x1) / 2, y - (y0 + y1) / 2))
            self.show_grey()
            self._canvas.update()

    def step(self, steps: int) -> None:
        """Go so many slices up."""
        if steps and self.grid is not None:
            self.step_to(self.plane.index(self.grid, self._document.state.crosshair_xyz) + steps)

    def hover(self, position: QPointF) -> None:
        """Say what lies at a place of the canvas."""
        if self.grid is not None:
            self.hovered.emit(self._said(*self.place(position)))

    def point(self, position: QPointF) -> None:
        """Move the crosshair to a place of the canvas."""
        if self.grid is None:
            return
        (left, right), (low, high) = self.plane.frame(self.grid)
        x, y = self.place(position)
        inside = min(max(x, left), right), min(max(y, low), high)
        self._document.show(crosshair_xyz=self.plane.point(*inside, self._document.state.crosshair_xyz))

    def _said(self, right: float, up: float) -> str:
        """Write what lies at a place: position, density, classes. Read from what is shown, not from disk."""
        state = self._document.state
        point = self.plane.point(right, up, state.crosshair_xyz)
        density, classes = None, []
        if self._slice is None:
            return under.words(point)
        if state.volume is not None and self._slice.grey is not None:
            at = self._voxel(state.volume.grid, point)
            if at is None:
                return under.words(point)
            density = self._density(state.volume.grid, at)
        if state.classes is not None and self._slice.classes is not None:
            at = self._voxel(state.classes.grid, point)
            if at is not None and len(state.classes.labels) == len(self._slice.classes):
                soft = self._slice.classes[(slice(None), *at)]
                classes = [(label.name, float(p)) for label, p in zip(state.classes.labels, soft, strict=True)]
        return under.words(point, density, classes)

    def _density(self, grid: Grid, at: tuple[int, int]) -> float | None:
        """Return what is shown at a voxel (up, right): the mean of a box where the slice is coarse, None where nothing is known yet."""
        if self._part is not None and self._part.covers((at[0], at[0] + 1), (at[1], at[1] + 1)):
            return float(self._part.grey[at[0] - self._part.start[0], at[1] - self._part.start[1]])
        assert self._slice is not None
        assert self._slice.grey is not None
        rows, columns = self._slice.grey.shape
        value = self._slice.grey[at[0] * rows // grid.shape[self.plane.up], at[1] * columns // grid.shape[self.plane.right]]
        return float(value) if np.isfinite(value) else None

    def _voxel(self, grid: Grid, point: Triple) -> tuple[int, int] | None:
        index = under.voxel(grid, point)
        return None if index is None else (index[self.plane.up], index[self.plane.right])
