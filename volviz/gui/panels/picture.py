"""What is drawn along a line of sight, and how classes that share a sample combine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QFrame, QHBoxLayout, QWidget

from volviz.gui.document import Document, State
from volviz.gui.widgets.number import Number

BOX = 66  # pixels, as in the rows of the classes
MODES = {
    "classes": ("Classes", "The soft classes, lit"),
    "raw": ("Raw density", "The density by itself, lit"),
    "maximum": ("Maximum", "The largest density along every line of sight, coloured where a class lies"),
    "average": ("Average", "The mean density along every line of sight, coloured where a class lies"),
    "surface": ("Surface", "The surface where a class rises through the middle of its ramp, lit"),
}
BLENDINGS = {
    "mixed": ("Mixed", "Classes that share a sample mix by their opacity, whatever their order"),
    "paper": ("As in the paper", "Spikes lie before membrane before lumen within a sample, each with its probability as its opacity"),
}
MEASURES = {
    "entropy": ("Entropy", "Uncertain: many classes are about as probable"),
    "margin": ("Margin", "Uncertain: the two most probable classes are about as probable"),
}


class PictureSection(QWidget):
    """Mode, blending, contrast of projections, and uncertainty."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.mode = _choice(MODES, "What is drawn")
        self.mode.activated.connect(lambda _: self._change("Mode", mode=self.mode.currentData()))
        self.blending = _choice(BLENDINGS, "Blending")
        self.blending.activated.connect(lambda _: self._change("Blending", blending=self.blending.currentData()))
        self.automatic = QCheckBox("Auto")
        self.automatic.setToolTip("Black and white of a projection fit the density")
        self.automatic.toggled.connect(self._automatic)
        self.black, self.white = (Number(-20, 20, unit="σ", slider=False, width=BOX + 8) for _ in range(2))
        for box, name in ((self.black, "black"), (self.white, "white")):
            box.setToolTip(f"Density shown {name} in a projection, in standard deviations")
            box.setAccessibleName(f"{name} of projections")
            box.value_changed.connect(self._contrast)
            box.released.connect(document.settle)
        self.amount = Number(0, 1)
        self.amount.setToolTip("How far the colours of uncertain places fade to grey")
        self.amount.setAccessibleName("Uncertainty")
        self.amount.value_changed.connect(lambda value: self._uncertain(amount=value))
        self.amount.released.connect(document.settle)
        self.measure = _choice(MEASURES, "Measure of uncertainty")
        self.measure.activated.connect(lambda _: self._uncertain(measure=self.measure.currentData()))
        self._build()
        document.changed.connect(lambda _old, new: self._look(new))
        self._look(document.state)

    def _build(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.addRow("Show", self.mode)
        self._levels = _line(self.black, self.white, self.automatic)
        form.addRow("Contrast", self._levels)
        form.addRow("Blending", self.blending)
        form.addRow("Uncertainty", self.amount)
        form.addRow("", self.measure)
        self._form = form

    def _look(self, state: State) -> None:
        scene = state.scene
        projects = scene.mode in {"maximum", "average"}
        probable = state.classes is not None and state.classes.kind == "probability" and scene.mode != "raw"
        for box, value in ((self.mode, scene.mode), (self.blending, scene.blending), (self.measure, scene.uncertainty.measure)):
            box.setCurrentIndex(box.findData(value))
        with QSignalBlocker(self.automatic):
            self.automatic.setChecked(scene.contrast is None)
        black, white = scene.projected
        self.black.set_value(black)
        self.white.set_value(white)
        self.amount.set_value(scene.uncertainty.amount)
        self._form.setRowVisible(self._levels, projects)
        self.blending.setEnabled(state.classes is not None and scene.mode in {"classes", "surface"})
        self.amount.setEnabled(probable and not projects)
        self.measure.setEnabled(probable and not projects)
        self.black.setEnabled(scene.contrast is not None)
        self.white.setEnabled(scene.contrast is not None)

    def _change(self, what: str, merge: str = "", **fields: Any) -> None:
        self._document.change(what, merge=merge, scene=replace(self._document.state.scene, **fields))

    def _automatic(self, on: bool) -> None:
        scene = self._document.state.scene
        self._change("Contrast of the projection", contrast=None if on else scene.projected)

    def _contrast(self, _: float) -> None:
        black = self.black.value()
        self._change("Contrast of the projection", merge="contrast", contrast=(black, max(self.white.value(), black + 0.05)))

    def _uncertain(self, **fields: Any) -> None:
        uncertainty = replace(self._document.state.scene.uncertainty, **fields)
        self._change("Show uncertainty", merge="uncertainty" if "amount" in fields else "", uncertainty=uncertainty)


def _choice(choices: dict[str, tuple[str, str]], name: str) -> QComboBox:
    box = QComboBox()
    for key, (title, tip) in choices.items():
        box.addItem(title, key)
        box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    box.setAccessibleName(name)
    box.setToolTip("\n".join(f"{title}: {tip[0].lower()}{tip[1:]}" for title, tip in choices.values()))
    return box


def _line(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder


def rule() -> QFrame:
    """Return a line between two sections."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setFrameShadow(QFrame.Shadow.Sunken)
    return line
