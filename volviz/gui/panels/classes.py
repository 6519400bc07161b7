"""The classes: colour, visibility and ramp of each, and the raw density's ramp by which they are multiplied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QFormLayout, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from volviz.core.scene import Ramp, RawLook
from volviz.gui.document import Document, State
from volviz.gui.histograms import Histogram, class_histograms, density_histogram
from volviz.gui.latest import PICTURES_FIRST_MS, Latest
from volviz.gui.widgets.color import ColorButton
from volviz.gui.widgets.histogram import RampHistogram
from volviz.gui.widgets.number import Number

BELOW = (0.20, 0.45, 0.85)  # the first colour of scores below zero: blue, as in the diverging maps of papers
BOX, WIDE_BOX = 66, 80  # pixels: a row has to fit a narrow panel beside its scroll bar


class ClassesPanel(QWidget):
    """One row for each class of the segmentation, and one for the density."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._latest = Latest(self)
        self._latest_raw = Latest(self)
        self.rows: dict[str, ClassRow] = {}
        self._empty = QLabel("Classes appear here after <b>Segment</b>, or when you open a segmentation.")
        self._empty.setWordWrap(True)
        self._overlay = Number(0, 1)
        self._overlay.setToolTip("How strongly the classes are painted over the slices, 0 to 1")
        self._overlay.value_changed.connect(lambda value: document.show(overlay=value))
        self._overlay.set_value(document.state.overlay)
        self.density = DensityRow(document)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        over = QFormLayout()
        over.addRow("On the slices", self._overlay)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self._empty)
        layout.addLayout(self._rows)
        layout.addLayout(over)
        layout.addWidget(_line())
        layout.addWidget(self.density)
        layout.addStretch(1)
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def close_threads(self) -> None:
        """End the counting threads."""
        self._latest.close()
        self._latest_raw.close()

    def _look(self, old: State, new: State) -> None:
        names = list(new.scene.ramps)
        if names != list(self.rows):
            self._make_rows(names)
        for name, row in self.rows.items():
            row.look(new.scene.ramps[name], new.estimated.ramps.get(name), signed=new.classes is not None and new.classes.kind == "score")
        self._empty.setVisible(not names)
        self._overlay.setEnabled(bool(names))
        self._overlay.set_value(new.overlay)
        self.density.look(new)
        segmentation = new.segmentation
        if segmentation is not None and segmentation is not old.segmentation:
            self._latest.ask(lambda: class_histograms(segmentation), self._show_counts, wait_ms=PICTURES_FIRST_MS)
        volume, raw = new.volume, new.scene.raw
        if volume is not None and (volume is not old.volume or (raw.invert, raw.lowpass) != (old.scene.raw.invert, old.scene.raw.lowpass)):
            self._latest_raw.ask(lambda: density_histogram(volume, raw), self.density.show_counts, wait_ms=PICTURES_FIRST_MS)

    def _make_rows(self, names: list[str]) -> None:
        for row in self.rows.values():
            self._rows.removeWidget(row)
            row.deleteLater()
        self.rows = {name: ClassRow(name, self._document) for name in names}
        for row in self.rows.values():
            self._rows.addWidget(row)

    def _show_counts(self, found: dict[str, Histogram]) -> None:
        for name, histogram in found.items():
            if name in self.rows:
                self.rows[name].histogram.set_histogram(histogram.counts, histogram.low, histogram.high)


class ClassRow(QWidget):
    """Visibility, colour, ramp and opacity of one class."""

    def __init__(self, name: str, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._document = name, document
        self._estimated: Ramp | None = None
        self.visible = QCheckBox(name.capitalize())
        self.visible.setToolTip(f"Show {name} in 3D and on the slices")
        self.visible.toggled.connect(lambda on: self._change("Show" if on else "Hide", visible=on))
        self.color = ColorButton()
        self.color.setToolTip(f"Colour of {name}")
        self.color.color_changed.connect(lambda color: self._change("Colour of", color=color))
        self.below = QCheckBox("Below zero")
        self.below.setToolTip(f"Show where {name} scores below zero too, by the mirror image of its ramp, in this colour")
        self.below.toggled.connect(lambda on: self._change("Show" if on else "Hide", negative=BELOW if on else None))
        self.below_color = ColorButton()
        self.below_color.setToolTip(f"Colour of {name} below zero")
        self.below_color.color_changed.connect(lambda color: self._change("Colour of", negative=color))
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setAutoRaise(True)
        self.reset.setToolTip("Back to the ramp that was estimated from the data")
        self.reset.clicked.connect(self._reset)
        self.histogram = RampHistogram()
        self.histogram.setAccessibleName(f"Ramp of {name}")
        self.histogram.setToolTip(
            "How often each probability occurs (log scale). Below the left handle the class is transparent, at the right one it is "
            "opaque. The dotted line is the automatic threshold."
        )
        self.histogram.ramp_changed.connect(lambda low, high: self._change("Ramp of", low=round(low, 4), high=round(high, 4)))
        self.histogram.released.connect(document.settle)
        self.low, self.high = (Number(-1, 1.5, decimals=3, slider=False, width=BOX) for _ in range(2))
        self.opacity = Number(0, 3, unit="/ nm", slider=False, width=WIDE_BOX)
        for box, field, tip in (
            (self.low, "low", "Probability below which the class is transparent"),
            (self.high, "high", "Probability from which on the class is as opaque as it gets"),
            (self.opacity, "opacity", "Extinction at the top of the ramp, per nanometre"),
        ):
            box.setToolTip(tip)
            box.setAccessibleName(f"{field} of {name}")
            box.value_changed.connect(lambda value, field=field: self._change("Ramp of", **{field: value}))
            box.released.connect(document.settle)
        _stack(
            self,
            [self.color, self.visible, None, self.below_color, self.below, self.reset],
            self.histogram,
            [self.low, self.high, None, QLabel("Opacity"), self.opacity],
        )

    def look(self, ramp: Ramp, estimated: Ramp | None, *, signed: bool = False) -> None:
        """Show a ramp and, marked, the estimated one; ``signed`` scores have one below zero."""
        self.below.setVisible(signed)
        self.below_color.setVisible(signed and ramp.negative is not None)
        self.below_color.set_color(ramp.negative or BELOW)
        with QSignalBlocker(self.below):
            self.below.setChecked(ramp.negative is not None)
        self._estimated = estimated
        with QSignalBlocker(self.visible):
            self.visible.setChecked(ramp.visible)
        self.color.set_color(ramp.color)
        self.histogram.set_color(self.color.color())
        self.histogram.set_ramp(ramp.low, ramp.high)
        self.histogram.set_mark(estimated.low if estimated else None)
        self.low.set_value(ramp.low)
        self.high.set_value(ramp.high)
        self.opacity.set_value(ramp.opacity)
        self.reset.setEnabled(
            estimated is not None and (ramp.low, ramp.high, ramp.opacity) != (estimated.low, estimated.high, estimated.opacity)
        )

    def _change(self, what: str, **fields: Any) -> None:
        merge = f"{self._name}.{'.'.join(fields)}" if fields.keys() & {"low", "high", "opacity"} else ""
        scene = self._document.state.scene.with_ramp(self._name, **fields)
        self._document.change(f"{what} {self._name}", merge=merge, scene=scene)

    def _reset(self) -> None:
        if self._estimated is not None:
            estimated = self._estimated
            self._change("Reset", low=estimated.low, high=estimated.high, opacity=estimated.opacity)
            self._document.settle()


class DensityRow(QWidget):
    """The ramp of the raw density, in standard deviations, and what it is used for.

    It is the one by which classes are multiplied, or, where the density is drawn itself, the one that draws it.
    """

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        title = QLabel("<b>Density</b>")
        self._drawn = False
        self.color = ColorButton()
        self.color.setToolTip("Colour of the density")
        self.color.color_changed.connect(lambda color: self._change("Colour of the density", color=color))
        self.opacity = Number(0, 3, unit="/ nm", slider=False, width=WIDE_BOX)
        self.opacity.setToolTip("Extinction at the top of the ramp, per nanometre")
        self.opacity.setAccessibleName("density opacity")
        self.opacity.value_changed.connect(lambda value: self._change("Opacity of the density", opacity=value))
        self.opacity.released.connect(document.settle)
        self.multiply = QCheckBox("Multiply classes")
        self.multiply.setToolTip("Multiply every class by the ramp of the raw density, so that its texture shows")
        self.multiply.toggled.connect(lambda on: self._change("Multiply by density" if on else "Classes alone", multiply=on))
        self.haze = QCheckBox("Draw it too")
        self.haze.setToolTip("Draw the density itself as a haze between the classes, which are then not multiplied by it")
        self.haze.toggled.connect(lambda on: self._change("Density as haze" if on else "Density hidden", haze=on))
        self.invert = QCheckBox("Dense is dark")
        self.invert.setToolTip("Which sign of the density is matter, for the picture and for the network. A guess until you say otherwise")
        self.invert.toggled.connect(lambda on: self._change("Density polarity", invert=on))
        self.histogram = RampHistogram()
        self.histogram.setAccessibleName("Ramp of the density")
        self.histogram.setToolTip("The density in standard deviations, dense to the right. Below the left handle it counts as empty")
        self.histogram.ramp_changed.connect(lambda low, high: self._change("Density ramp", low=round(low, 3), high=round(high, 3)))
        self.histogram.released.connect(document.settle)
        self.low, self.high = (Number(-20, 20, unit="σ", slider=False, width=WIDE_BOX) for _ in range(2))
        self.lowpass = Number(0, 300, unit="Å", decimals=0, slider=False, width=BOX)
        for box, field, tip in (
            (self.low, "low", "Density that counts as empty, in standard deviations"),
            (self.high, "high", "Density that counts as full, in standard deviations"),
            (self.lowpass, "lowpass", "Width of the mean by which the density is smoothed before its ramp, in angstrom"),
        ):
            box.setToolTip(tip)
            box.setAccessibleName(f"density {field}")
            box.value_changed.connect(lambda value, field=field: self._change("Density ramp", **{field: value}))
            box.released.connect(document.settle)
        switches = [self.multiply, self.haze, None, self.invert]
        _stack(
            self,
            [self.color, title, None, self.opacity],
            self.histogram,
            [self.low, self.high, None, QLabel("Smooth"), self.lowpass],
            switches,
        )

    def look(self, state: State) -> None:
        """Show the ramp of a state."""
        raw, density = state.scene.raw, state.scene.density
        self._drawn = not state.scene.ramps or state.scene.mode == "raw" or raw.haze
        ramp = density if self._drawn else raw
        self.color.setVisible(self._drawn)
        self.opacity.setVisible(self._drawn)
        self.color.set_color(density.color)
        self.opacity.set_value(density.opacity)
        self.setEnabled(state.volume is not None)
        for box, on in ((self.multiply, raw.multiply), (self.haze, raw.haze), (self.invert, raw.invert)):
            with QSignalBlocker(box):
                box.setChecked(on)
        self.histogram.set_ramp(ramp.low, ramp.high)
        self.low.set_value(ramp.low)
        self.high.set_value(ramp.high)
        self.lowpass.set_value(raw.lowpass)
        self.multiply.setEnabled(not self._drawn)
        self.haze.setEnabled(bool(state.scene.ramps))

    def show_counts(self, histogram: Histogram) -> None:
        """Show the histogram of the density."""
        self.histogram.set_histogram(histogram.counts, histogram.low, histogram.high)

    def _change(self, what: str, **fields: Any) -> None:
        scene = self._document.state.scene
        merge = f"density.{'.'.join(fields)}" if fields.keys() & {"low", "high", "lowpass", "opacity"} else ""
        if self._drawn and fields.keys() <= {"low", "high", "color", "opacity"}:
            ramp: Ramp = replace(scene.density, **fields)
            scene = replace(scene, density=replace(ramp, high=max(ramp.high, ramp.low + 0.01)))
        else:
            raw: RawLook = replace(scene.raw, **fields)
            scene = replace(scene, raw=replace(raw, high=max(raw.high, raw.low + 0.01)))
        self._document.change(what, merge=merge, scene=scene)


def _line() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line


def _stack(parent: QWidget, *rows: QWidget | list[Any]) -> None:
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3)
    for row in rows:
        if isinstance(row, QWidget):
            layout.addWidget(row)
            continue
        line = QHBoxLayout()
        line.setSpacing(6)
        for widget in row:
            if widget is None:
                line.addStretch(1)
            else:
                line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(line)
