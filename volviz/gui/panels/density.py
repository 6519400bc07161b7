"""The raw density: its ramp in standard deviations, its sign, its smoothing, and what it is used for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from volviz.core.scene import Ramp, RawLook, Scene
from volviz.gui.document import Document, State
from volviz.gui.histograms import Histogram
from volviz.gui.panels.rows import BOX, WIDE_BOX, small_button, stack
from volviz.gui.widgets.color import ColorButton
from volviz.gui.widgets.histogram import RampHistogram
from volviz.gui.widgets.number import Number

MULTIPLY = "Multiply every class by the ramp of the raw density, so that its texture shows"
HAZE = "Draw the density itself as a haze between the classes, which are then not multiplied by it"
NO_CLASSES = "There are no classes yet: segment the tomogram, or open a segmentation."
UNMULTIPLIED = "The density is drawn for itself now."


class DensityRow(QWidget):
    """The ramp of the raw density, in standard deviations, and what it is used for.

    It is the one by which classes are multiplied, or, where the density is drawn itself, the one that draws it.
    """

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        title = QLabel("<b>Density</b>")
        self._drawn = False
        self._estimated = document.state.estimated
        self.color = ColorButton()
        self.color.setToolTip("Colour of the density")
        self.color.color_changed.connect(lambda color: self._change("Colour of the density", color=color))
        self.opacity = Number(0, 3, unit="/ nm", slider=False, width=WIDE_BOX)
        self.opacity.setToolTip("Extinction at the top of the ramp, per nanometre")
        self.opacity.setAccessibleName("density opacity")
        self.opacity.value_changed.connect(lambda value: self._change("Opacity of the density", opacity=value))
        self.opacity.released.connect(document.settle)
        self.multiply = QCheckBox("Multiply classes")
        self.multiply.toggled.connect(lambda on: self._change("Multiply by density" if on else "Classes alone", multiply=on))
        self.haze = QCheckBox("Draw it too")
        self.haze.toggled.connect(lambda on: self._change("Density as haze" if on else "Density hidden", haze=on))
        self.invert = QCheckBox("Dense is dark")
        self.invert.setToolTip("Which sign of the density is matter, for the picture and for the network. A guess until you say otherwise")
        self.invert.toggled.connect(lambda on: self._change("Density polarity", invert=on))
        self.histogram = RampHistogram()
        self.histogram.setAccessibleName("Ramp of the density")
        self.histogram.setToolTip(
            "How often each density occurs, in standard deviations, dense to the right. Below the left handle it counts as empty, from the "
            "right one on as full. The dotted line is where the automatic ramp begins."
        )
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
        self.reset = small_button("Reset", "Back to the ramp and the opacity that were estimated from the data")
        self.reset.clicked.connect(self._reset)
        switches = [self.multiply, None, self.haze, None, self.invert]
        stack(
            self,
            [self.color, title, None, self.opacity, self.reset],
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
        self._estimated = estimated = state.estimated
        automatic = estimated.density if self._drawn else estimated.raw
        self.histogram.set_mark(automatic.low if state.volume is not None else None)
        self.reset.setEnabled(state.volume is not None and density_at_rest(state.scene, estimated, self._drawn) != state.scene)
        self.histogram.set_ramp(ramp.low, ramp.high)
        self.low.set_value(ramp.low)
        self.high.set_value(ramp.high)
        self.lowpass.set_value(raw.lowpass)
        for box, on, tip, lacks in (
            (self.multiply, not self._drawn, MULTIPLY, UNMULTIPLIED if state.scene.ramps else NO_CLASSES),
            (self.haze, bool(state.scene.ramps), HAZE, NO_CLASSES),
        ):
            box.setEnabled(on)
            box.setToolTip(tip if on else f"{tip}\n{lacks}")

    def show_counts(self, histogram: Histogram) -> None:
        """Show the histogram of the density."""
        self.histogram.set_histogram(histogram.counts, histogram.low, histogram.high)

    def _reset(self) -> None:
        self._document.settle()
        scene = density_at_rest(self._document.state.scene, self._estimated, self._drawn)
        self._document.change("Reset the density", scene=scene)

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


def density_at_rest(scene: Scene, estimated: Scene, drawn: bool) -> Scene:
    """Return a scene whose density has the ramp that was estimated, for itself if it is drawn, else for the classes it multiplies."""
    if drawn:
        new = estimated.density
        return replace(scene, density=replace(scene.density, low=new.low, high=new.high, opacity=new.opacity))
    return replace(scene, raw=replace(scene.raw, low=estimated.raw.low, high=estimated.raw.high))
