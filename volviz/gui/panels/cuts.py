"""Cutting the volume open, density on planes, and guides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from volviz.core.cuts import MOST_PLANES, Clips, Plane
from volviz.core.grid import Grid
from volviz.gui.cutting import at_depth, deepest, depth_of, facing, flipped
from volviz.gui.document import Document, State
from volviz.gui.widgets.number import Number
from volviz.gui.widgets.span import Span

SLICES = {"x": "YZ", "y": "XZ", "z": "XY"}  # as the slice views are called
GUIDES = {
    "axes": ("Axes", "x, y and z in a corner"),
    "box": ("Bounding box", "The edges of the volume"),
    "scale_bar": ("Scale bar", "A length in nm, in 3D and on the slices; in perspective it is true at the point the view turns about"),
}


class CutsPanel(QWidget):
    """Controls of the scene's clips, slices and guides."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.on = QCheckBox("Cut the volume open")
        self.on.setToolTip("Show the volume cut, or whole")
        self.on.toggled.connect(lambda on: self._clip("Cut" if on else "Do not cut", on=on))
        self.spans = {axis: self._span(axis) for axis in "xyz"}
        self.planes: list[PlaneRow] = []
        self.add = QPushButton("Cut here, facing me")
        self.add.setToolTip("Cut along the screen through the crosshair; double-click in the 3D view to put it on something (C)")
        self.add.clicked.connect(self.cut_here)
        self.slices = {axis: QCheckBox(name) for axis, name in SLICES.items()}
        for axis, box in self.slices.items():
            box.setToolTip(f"The density on the {SLICES[axis]} plane through the crosshair, in the 3D view")
            box.toggled.connect(lambda on, axis=axis: self._slice(axis, on))
        self.opacity = Number(0.0, 1.0)
        self.opacity.setToolTip("How much the planes hide of what is behind them")
        self.black = Number(-8.0, 8.0, unit="σ")
        self.black.setToolTip("Density shown black on the planes, in standard deviations from the mean")
        self.white = Number(-8.0, 8.0, unit="σ")
        self.white.setToolTip("Density shown white on the planes, in standard deviations from the mean")
        for number in (self.opacity, self.black, self.white):
            number.released.connect(document.settle)
        self.opacity.value_changed.connect(lambda value: self._slices("Fade the planes", "slices.opacity", opacity=value))
        self.black.value_changed.connect(lambda value: self._contrast(0, value))
        self.white.value_changed.connect(lambda value: self._contrast(1, value))
        self.guides = {name: QCheckBox(title) for name, (title, _) in GUIDES.items()}
        for name, box in self.guides.items():
            box.setToolTip(GUIDES[name][1])
            box.toggled.connect(lambda on, name=name: self._guide(name, on))
        self.guide_size = Number(0.5, 3.0)
        self.guide_size.setToolTip("Size of text and lines of the guides; they keep it in stills of any size")
        self.guide_size.value_changed.connect(lambda value: self._guide("size", value))
        self.guide_size.released.connect(document.settle)
        self._build()
        document.changed.connect(lambda _old, new: self._look(new))
        self._look(document.state)

    def cut_here(self) -> None:
        """Add a plane through the crosshair that cuts away what is nearer to the viewer."""
        state = self._document.state
        if len(state.scene.clips.planes) < MOST_PLANES:
            plane = facing(state.camera, state.crosshair_xyz)
            self._clip("Cut here", on=True, planes=(*state.scene.clips.planes, plane))

    def _build(self) -> None:
        spans = QFormLayout()
        for axis, span in self.spans.items():
            spans.addRow(axis, span)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(4)
        planes = QHBoxLayout()
        for box in reversed(self.slices.values()):
            planes.addWidget(box)
        planes.addStretch(1)
        greys = QFormLayout()
        greys.addRow("Opacity", self.opacity)
        greys.addRow("Black", self.black)
        greys.addRow("White", self.white)
        layout = QVBoxLayout(self)
        layout.addWidget(self.on)
        layout.addLayout(spans)
        layout.addLayout(self._rows)
        layout.addWidget(self.add)
        layout.addWidget(_title("Density on planes"))
        layout.addLayout(planes)
        layout.addLayout(greys)
        layout.addWidget(_title("Guides"))
        for box in self.guides.values():
            layout.addWidget(box)
        sizes = QFormLayout()
        sizes.addRow("Size", self.guide_size)
        layout.addLayout(sizes)
        layout.addStretch(1)

    def _span(self, axis: str) -> Span:
        span = Span(f"Cut along {axis}")
        span.setToolTip(f"What is left of the volume along {axis}, from 0 to 1")
        span.value_changed.connect(lambda low, high: self._clip(f"Cut along {axis}", f"clips.{axis}", on=True, **{axis: (low, high)}))
        span.released.connect(self._document.settle)
        return span

    def _look(self, state: State) -> None:
        scene, grid = state.scene, state.grid
        with QSignalBlocker(self.on):
            self.on.setChecked(scene.clips.on)
        for axis, span in self.spans.items():
            span.set_value(getattr(scene.clips, axis))
        self._show_planes(scene.clips, grid)
        self.add.setEnabled(grid is not None and len(scene.clips.planes) < MOST_PLANES)
        for axis, box in self.slices.items():
            with QSignalBlocker(box):
                box.setChecked(getattr(scene.slices, axis) is not None)
        self.opacity.set_value(scene.slices.opacity)
        self.black.set_value(scene.slices.contrast[0])
        self.white.set_value(scene.slices.contrast[1])
        for name, box in self.guides.items():
            with QSignalBlocker(box):
                box.setChecked(getattr(scene.guides, name))
        self.guide_size.set_value(scene.guides.size)
        self.setEnabled(grid is not None)

    def _show_planes(self, clips: Clips, grid: Grid | None) -> None:
        wanted = len(clips.planes) if grid is not None else 0
        while len(self.planes) > wanted:
            row = self.planes.pop()
            self._rows.removeWidget(row)
            row.deleteLater()
        while grid is not None and len(self.planes) < wanted:
            row = PlaneRow(self._document, len(self.planes))
            self.planes.append(row)
            self._rows.addWidget(row)
        for row, plane in zip(self.planes, clips.planes, strict=False):
            if grid is not None:
                row.look(plane, grid)

    def _clip(self, text: str, merge: str = "", **fields: Any) -> None:
        scene = self._document.state.scene
        self._document.change(text, merge=merge, scene=replace(scene, clips=replace(scene.clips, **fields)))

    def _slice(self, axis: str, on: bool) -> None:
        fields: dict[str, Any] = {axis: 0.5 if on else None}  # the document puts it where the crosshair is
        self._slices(f"{'Show' if on else 'Hide'} the {SLICES[axis]} plane", **fields)

    def _slices(self, text: str, merge: str = "", **fields: Any) -> None:
        scene = self._document.state.scene
        self._document.change(text, merge=merge, scene=replace(scene, slices=replace(scene.slices, **fields)))

    def _contrast(self, end: int, value: float) -> None:
        black, white = self._document.state.scene.slices.contrast
        pair = (min(value, white - 0.1), white) if end == 0 else (black, max(value, black + 0.1))
        self._slices("Contrast of the planes", "slices.contrast", contrast=pair)

    def _guide(self, name: str, value: bool | float) -> None:
        scene = self._document.state.scene
        merge = "guides.size" if name == "size" else ""
        fields: dict[str, Any] = {name: value}
        self._document.change("Change guides", merge=merge, scene=replace(scene, guides=replace(scene.guides, **fields)))


class PlaneRow(QWidget):
    """One oblique plane: whether it cuts, how deep, from which side."""

    def __init__(self, document: Document, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._number = document, number
        self._deepest = 0.0
        self.on = QCheckBox()
        self.on.setToolTip("Whether this plane cuts")
        self.on.setAccessibleName(f"Plane {number + 1} cuts")
        self.on.toggled.connect(lambda on: self._change("Switch a plane", lambda plane, _grid: replace(plane, on=on)))
        self.turn, self.remove = QToolButton(), QToolButton()
        self.turn.setText("⇄")
        self.turn.setToolTip("Cut away the other side")
        self.turn.clicked.connect(lambda: self._change("Turn a plane", lambda plane, _grid: flipped(plane)))
        self.remove.setText("✕")
        self.remove.setToolTip("Take this plane away")
        self.remove.clicked.connect(self._remove)
        self.deep = Number(-1.0, 1.0, unit="nm", decimals=1)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.on, self.deep, self.turn, self.remove):
            self._layout.addWidget(widget, 1 if widget is self.deep else 0)

    def look(self, plane: Plane, grid: Grid) -> None:
        """Show a plane; depths reach as far as the volume does."""
        if deepest(grid) != self._deepest:
            self._deepest = deepest(grid)
            depth = Number(-self._deepest, self._deepest, unit="nm", decimals=1)
            depth.setToolTip("Distance of the cut from the middle of the volume, towards what it cuts away")
            depth.setAccessibleName(f"Depth of plane {self._number + 1}")
            depth.value_changed.connect(self._move)
            depth.released.connect(self._document.settle)
            self._layout.replaceWidget(self.deep, depth)
            self.deep.deleteLater()
            self.deep = depth
        with QSignalBlocker(self.on):
            self.on.setChecked(plane.on)
        self.deep.set_value(depth_of(plane, grid))

    def _move(self, depth: float) -> None:
        self._change("Move a plane", lambda plane, grid: at_depth(plane, grid, depth), f"plane {self._number}")

    def _remove(self) -> None:
        scene = self._document.state.scene
        planes = tuple(plane for i, plane in enumerate(scene.clips.planes) if i != self._number)
        self._document.change("Take a plane away", scene=replace(scene, clips=replace(scene.clips, planes=planes)))

    def _change(self, text: str, how: Any, merge: str = "") -> None:
        state = self._document.state
        clips, grid = state.scene.clips, state.grid
        if grid is None or self._number >= len(clips.planes):
            return
        planes = tuple(how(plane, grid) if i == self._number else plane for i, plane in enumerate(clips.planes))
        self._document.change(text, merge=merge, scene=replace(state.scene, clips=replace(clips, planes=planes)))


def _title(text: str) -> QLabel:
    title = QLabel(f"<b>{text}</b>")
    title.setContentsMargins(0, 10, 0, 0)
    return title
