"""What is tidied away of every class before it is shown: dust, holes, grain, the ends of z."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from volviz.core.cleaning import Cleaning
from volviz.gui.cleaning import LiveCleaning
from volviz.gui.document import Document, State
from volviz.gui.widgets.number import Number

BOX, TRIM_BOX = 84, 76  # pixels; wider rows would widen all panels when the first classes come
WAITING = "What is being found or learnt is shown as it comes. It is cleaned when it is all there, or learning is switched off."


@dataclass(frozen=True, slots=True)
class _Control:
    field: str
    title: str
    high: float
    unit: str
    tip: str


CONTROLS = (
    _Control("dust", "Dust", 60.0, "nm", "Remove objects smaller than a sphere of this diameter, in nanometres. 0 removes none"),
    _Control("hysteresis", "Must reach", 1.0, "", "Remove objects that are nowhere as probable as this, 0 to 1. 0 removes none"),
    _Control("holes", "Holes", 60.0, "nm", "Fill cavities smaller than a sphere of this diameter, in nanometres. 0 fills none"),
    _Control("smooth", "Smooth", 10.0, "nm", "Smooth by a Gaussian of this sigma, in nanometres. 0 leaves the class as it is"),
)
TRIM_TIPS = (
    "Empty the class up to this depth from the first section along z, in nanometres: the air-water interface",
    "Empty the class up to this depth from the last section along z, in nanometres: the air-water interface",
)


class CleanPanel(QWidget):
    """A group of controls for each class. Nothing here changes the segmentation: 0 everywhere brings it back."""

    def __init__(self, document: Document, cleaning: LiveCleaning, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._cleaning = document, cleaning
        self.rows: dict[str, CleanRow] = {}
        self._empty = QLabel("Classes can be cleaned here once there are any; the panel <b>Classes</b> says how to come by them.")
        self._empty.setWordWrap(True)
        self.status = QLabel()
        self.status.setObjectName("hint")
        self.waiting = QLabel(WAITING)
        self.waiting.setWordWrap(True)
        self.waiting.setObjectName("hint")
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setToolTip("Clean nothing: all classes as they were segmented")
        self.reset.clicked.connect(self._reset)
        top = QHBoxLayout()
        top.addWidget(self.status, 1)
        top.addWidget(self.reset)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.addWidget(self._empty)
        layout.addLayout(top)
        layout.addWidget(self.waiting)
        layout.addLayout(self._rows)
        layout.addStretch(1)
        document.changed.connect(lambda _old, new: self._look(new))
        cleaning.looked.connect(lambda: self._look(document.state))
        self._look(document.state)

    def _look(self, state: State) -> None:
        names = [] if state.segmentation is None else [label.name for label in state.segmentation.drawn if label.name in state.scene.ramps]
        if names != list(self.rows):
            self._make_rows(names)
        cleans = state.scene.cleans
        for name, row in self.rows.items():
            row.look(state.scene.cleaning.get(name, Cleaning()), cleans.get(name))
            row.count.setVisible(state.live is None)
        self._empty.setVisible(not names)
        self.waiting.setVisible(bool(names) and state.live is not None)
        self.reset.setVisible(bool(names))
        self.reset.setEnabled(bool(state.scene.cleaning))
        fraction = self._cleaning.fraction
        self.status.setText("" if fraction is None else f"Cleaning: {100 * fraction:.0f} %")

    def _make_rows(self, names: list[str]) -> None:
        for row in self.rows.values():
            self._rows.removeWidget(row)
            row.deleteLater()
        self.rows = {name: CleanRow(name, self._document, self._cleaning) for name in names}
        for row in self.rows.values():
            self._rows.addWidget(row)

    def _reset(self) -> None:
        self._document.change("Clean nothing", scene=replace(self._document.state.scene, cleaning={}))


class CleanRow(QWidget):
    """How one class is cleaned, and how many of its objects that leaves."""

    def __init__(self, name: str, document: Document, cleaning: LiveCleaning, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._document, self._cleaning = name, document, cleaning
        self.count = QLabel()
        self.count.setObjectName("hint")
        self.count.setToolTip("An object is what hangs together where the class is at least as probable as its ramp begins")
        self.numbers = {control.field: self._number(control) for control in CONTROLS}
        self.trim = tuple(Number(0, 500, unit="nm", decimals=1, slider=False, width=TRIM_BOX) for _ in TRIM_TIPS)
        for end, (box, tip) in enumerate(zip(self.trim, TRIM_TIPS, strict=True)):
            box.setToolTip(tip)
            box.setAccessibleName(f"trim {('first', 'last')[end]} sections of {name}")
            box.value_changed.connect(lambda value, end=end: self._trim(end, value))
            box.released.connect(document.settle)
        ends = QHBoxLayout()
        for text, box in zip(("below", "above"), self.trim, strict=True):
            ends.addWidget(QLabel(text))
            ends.addWidget(box)
        ends.addStretch(1)
        form = QFormLayout()
        form.setVerticalSpacing(3)
        form.setContentsMargins(0, 0, 0, 0)
        for control in CONTROLS:
            form.addRow(control.title, self.numbers[control.field])
        form.addRow("Trim z", ends)
        self.level = Number(0, 1, slider=False, width=BOX)
        self.level.setToolTip("Probability from which on voxels belong to an object, for dust, holes and what must be reached")
        self.level.setAccessibleName(f"level of {name}")
        self.level.value_changed.connect(lambda value: self._change("level", level=value))
        self.level.released.connect(document.settle)
        self.automatic = QCheckBox("at its ramp's start")
        self.automatic.setToolTip("An object ends where the class becomes transparent: what is counted is what is seen")
        self.automatic.toggled.connect(self._level)
        level = QHBoxLayout()
        level.addWidget(self.level)
        level.addWidget(self.automatic)
        level.addStretch(1)
        form.addRow("Objects end", level)
        title = QHBoxLayout()
        title.addWidget(QLabel(f"<b>{name.capitalize()}</b>"))
        title.addWidget(self.count, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(title)
        layout.addLayout(form)

    def look(self, cleaning: Cleaning, levelled: Cleaning | None) -> None:
        """Show how the class is cleaned; ``levelled`` is the same with its level, None if nothing is cleaned."""
        for field, number in self.numbers.items():
            number.set_value(getattr(cleaning, field))
        for box, depth in zip(self.trim, cleaning.trim, strict=True):
            box.set_value(depth)
        ramp = self._document.state.scene.ramps.get(self._name)
        begins = min(1.0, max(0.0, ramp.low)) if ramp is not None else 0.5
        self.level.set_value(begins if cleaning.level is None else cleaning.level)
        self.level.setEnabled(cleaning.level is not None)
        with QSignalBlocker(self.automatic):
            self.automatic.setChecked(cleaning.level is None)
        self.count.setText(self._counted(levelled))

    def _counted(self, cleaning: Cleaning | None) -> str:
        if cleaning is None or not cleaning.tells_objects or cleaning.level is None:
            return ""
        found = self._cleaning.counts(self._name, cleaning)
        if found is None:
            return "counting objects"
        stay, before = found
        return f"{stay:,} objects stay, {before - stay:,} removed"

    def _number(self, control: _Control) -> Number:
        number = Number(0, control.high, unit=control.unit, decimals=2 if control.high <= 1 else 1, width=BOX)
        number.setToolTip(control.tip)
        number.setAccessibleName(f"{control.title} of {self._name}")
        number.value_changed.connect(lambda value: self._change(control.field, **{control.field: value}))
        number.released.connect(self._document.settle)
        return number

    def _level(self, automatic: bool) -> None:
        self._document.settle()
        self._change("level", level=None if automatic else round(self.level.value(), 2))

    def _trim(self, end: int, value: float) -> None:
        first, last = self._document.state.scene.cleaning.get(self._name, Cleaning()).trim
        self._change("trim", trim=(value, last) if end == 0 else (first, value))

    def _change(self, field: str, **fields: Any) -> None:
        scene = self._document.state.scene.with_cleaning(self._name, **fields)
        self._document.change(f"Clean {self._name}", merge=f"clean.{self._name}.{field}", scene=scene)
