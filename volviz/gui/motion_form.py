"""Asks which of the motions that have a name, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from volviz.core.motions import Axis, Motion, Peel, Rocking, Turntable
from volviz.gui.dialogs import buttons, lined_up

AXES = (
    ("Upright in the picture", "vertical"),
    ("Level in the picture", "horizontal"),
    ("x of the tomogram", "x"),
    ("y of the tomogram", "y"),
    ("z of the tomogram", "z"),
)
TITLES = ("Turntable", "Rocking", "A cut that travels")
ABOUT = (
    "Turns at even speed; whole turns loop without a seam.",
    "Swings to both sides and back, as a pendulum; it loops.",
    "Opens the volume from one end, or sends a slab through it.",
)


class MotionForm(QWidget):
    """The parameters of every motion; ``extra`` are further titles of the first box, for which there is nothing to fill in."""

    changed = Signal()

    def __init__(self, extra: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._extra = len(extra)
        self.kind = QComboBox()
        self.kind.addItems([*extra, *TITLES])
        self.kind.setToolTip("What moves in the video")
        self.pages = QStackedWidget()
        self.turntable, self.rocking, self.peel = _Turntable(), _Rocking(), _Peel()
        for page in (self.turntable, self.rocking, self.peel):
            self.pages.addWidget(page)
            page.changed.connect(self.changed)
        self.about = QLabel()
        self.about.setObjectName("hint")
        self.about.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._head = QFormLayout()
        self._head.addRow("Motion", self.kind)
        layout.addLayout(self._head)
        layout.addWidget(self.about)
        layout.addWidget(self.pages)
        self.kind.currentIndexChanged.connect(self._turn)
        self._turn()

    @property
    def forms(self) -> tuple[QFormLayout, ...]:
        """The form above, and those of all motions."""
        return self._head, self.turntable.form, self.rocking.form, self.peel.form

    @property
    def motion(self) -> Motion | None:
        """What was chosen; None for what is extra."""
        index = self.kind.currentIndex() - self._extra
        return None if index < 0 else (self.turntable, self.rocking, self.peel)[index].motion

    def _turn(self) -> None:
        index = self.kind.currentIndex() - self._extra
        self.pages.setCurrentIndex(max(0, index))
        self.pages.setVisible(index >= 0)
        self.about.setText(ABOUT[index] if index >= 0 else "The keyframes of the Animation panel.")
        self.changed.emit()


class _Page(QWidget):
    changed = Signal()

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 4, 0, 0)
        self.seconds = self.number(0.2, 600, seconds, " s", "Length of the video, in seconds")

    def number(self, low: float, high: float, value: float, unit: str, tip: str, decimals: int = 1) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setDecimals(decimals)
        box.setValue(value)
        box.setSuffix(unit)
        box.setToolTip(tip)
        box.valueChanged.connect(self.changed)
        return box

    def choice(self, items: Sequence[tuple[str, object]], tip: str) -> QComboBox:
        box = QComboBox()
        for title, value in items:
            box.addItem(title, value)
        box.setToolTip(tip)
        box.currentIndexChanged.connect(self.changed)
        return box

    def finish(self) -> None:
        self.form.addRow("Length", self.seconds)


class _Turntable(_Page):
    def __init__(self) -> None:
        super().__init__(10.0)
        self.degrees = self.number(1, 36000, 360, "°", "How far it turns in all, in degrees; multiples of 360 loop", 0)
        self.direction = self.choice((("To the left", 1), ("To the right", -1)), "Where the near side of the object goes")
        self.axis = self.choice(AXES, "What it turns about")
        self.form.addRow("Turn", self.degrees)
        self.form.addRow("Direction", self.direction)
        self.form.addRow("Axis", self.axis)
        self.finish()

    @property
    def motion(self) -> Turntable:
        turn = self.degrees.value() * cast("int", self.direction.currentData())
        return Turntable(turn, self.seconds.value(), cast("Axis", self.axis.currentData()))


class _Rocking(_Page):
    def __init__(self) -> None:
        super().__init__(8.0)
        self.amplitude = self.number(1, 89, 20, "°", "How far it swings to either side, in degrees", 0)
        self.period = self.number(0.2, 120, 4, " s", "How long it swings there and back; a little more or less, so that whole swings fit")
        self.axis = self.choice(AXES, "What it swings about")
        self.form.addRow("To each side", self.amplitude)
        self.form.addRow("There and back", self.period)
        self.form.addRow("Axis", self.axis)
        self.finish()

    @property
    def motion(self) -> Rocking:
        axis = cast("Axis", self.axis.currentData())
        return Rocking(self.amplitude.value(), self.period.value(), self.seconds.value(), axis)


class _Peel(_Page):
    def __init__(self) -> None:
        super().__init__(8.0)
        ways = (("z", "z"), ("y", "y"), ("x", "x"), ("The line of sight", "view"))
        self.axis = self.choice(ways, "The axis of the tomogram along which the cut travels, or away from you as you look now")
        self.end = self.choice((("High end", False), ("Low end", True)), "Where on that axis it begins")
        self.axis.currentIndexChanged.connect(self._name_ends)
        self.slab = QCheckBox("Only a slab")
        self.slab.setToolTip("Off: ever more is cut away. On: a slab travels through, and the rest is cut away")
        self.slab.toggled.connect(self.changed)
        self.thickness = self.number(1, 99, 10, " %", "How thick the slab is, of the volume", 0)
        self.thickness.setEnabled(False)
        self.slab.toggled.connect(self.thickness.setEnabled)
        self.back = QCheckBox("And back again")
        self.back.setToolTip("On: the cut comes back, so that the video loops")
        self.back.setChecked(True)
        self.back.toggled.connect(self.changed)
        self.form.addRow("Along", self.axis)
        self.form.addRow("From the", self.end)
        self.form.addRow(self.slab, self.thickness)
        self.form.addRow("", self.back)
        self.finish()

    @property
    def motion(self) -> Peel:
        thickness = self.thickness.value() / 100 if self.slab.isChecked() else None
        axis, upward = self.axis.currentData(), bool(self.end.currentData())
        return Peel(axis, self.seconds.value(), upward, thickness, self.back.isChecked())

    def _name_ends(self) -> None:
        along_view = self.axis.currentData() == "view"
        for row, (there, here) in enumerate((("High end", "Near side"), ("Low end", "Far side"))):
            self.end.setItemText(row, here if along_view else there)


class FillDialog(QDialog):
    """Asks for a motion to fill an animation with."""

    def __init__(self, replaces: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Fill in an animation")
        self.form = MotionForm()
        lined_up(*self.form.forms)
        layout = QVBoxLayout(self)
        layout.addWidget(self.form)
        said = QLabel("It begins with the present view" + (" and replaces the keyframes there are." if replaces else "."))
        said.setObjectName("hint")
        layout.addWidget(said)
        layout.addWidget(buttons(self, "Fill in")[0])
