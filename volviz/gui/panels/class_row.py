"""One class: visibility, colour, ramp over its histogram, opacity, and on demand the threshold of every slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QFileDialog, QInputDialog, QLabel, QMenu, QToolButton, QWidget

from volviz.core.errors import VolvizError
from volviz.core.scene import Ramp, Scene
from volviz.gui import arranging
from volviz.gui.dialogs import show_error
from volviz.gui.document import Document
from volviz.gui.histograms import Histogram
from volviz.gui.panels.rows import BOX, WIDE_BOX, small_button, stack
from volviz.gui.planes import XY
from volviz.gui.widgets.color import ColorButton
from volviz.gui.widgets.histogram import RampHistogram
from volviz.gui.widgets.number import Number
from volviz.gui.widgets.slice_curve import SliceCurve

BELOW = (0.20, 0.45, 0.85)  # the first colour of scores below zero: blue, as in the diverging maps of papers
LONGEST = 13  # letters of a class's name that a narrow panel has room for
FOLD = 16  # pixels
ONE = "all classes"


class ClassRow(QWidget):
    """Everything about how one class looks. The class None is all of them but the background, drawn as one."""

    solo_asked = Signal(bool)
    curve_asked = Signal()

    def __init__(self, name: str | None, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._document = name, document
        said = name or ONE
        self._estimated: Ramp | None = None
        self.fold = small_button("", f"Fold {said} up to one line")
        self.fold.setArrowType(Qt.ArrowType.DownArrow)
        self.fold.setFixedWidth(FOLD)
        self.fold.setAccessibleName(f"Fold {said}")
        self.fold.clicked.connect(lambda: self.set_folded(not self.folded))
        title = "All as one" if name is None else name[:1].upper() + name[1:]
        self.visible = QCheckBox(title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…")
        self.visible.setToolTip(f"Show {said} in 3D and on the slices. Drag it up or down to put the classes in another order")
        self.visible.toggled.connect(lambda on: self._change("Show" if on else "Hide", visible=on))
        self.title = QLabel(title)  # all of them as one are shown or are not one
        self.title.setVisible(name is None)
        self.visible.setVisible(name is not None)
        self.color = ColorButton()
        self.color.setToolTip(f"Colour of {said}")
        self.color.setAccessibleName(f"Colour of {said}")
        self.color.color_changed.connect(lambda color: self._change("Colour of", color=color))
        self.below = QCheckBox("Below zero")
        self.below.setToolTip(f"Show where {said} scores below zero too, by the mirror image of its ramp, in this colour")
        self.below.toggled.connect(lambda on: self._change("Show" if on else "Hide", negative=BELOW if on else None))
        self.below_color = ColorButton()
        self.below_color.setToolTip(f"Colour of {said} below zero")
        self.below_color.color_changed.connect(lambda color: self._change("Colour of", negative=color))
        self.solo = small_button("Solo", f"Show {said} alone; again: what was shown before", checkable=True)
        self.solo.clicked.connect(self.solo_asked)
        self.reset = small_button("Reset", "Back to the ramp that was estimated from the data")
        self.reset.clicked.connect(self._reset)
        self.more = self._menu_button(said)
        self.histogram = RampHistogram()
        self.histogram.setAccessibleName(f"Ramp of {said}")
        self.histogram.setToolTip(
            "How often each probability occurs. Below the left handle the class is transparent, at the right one it is opaque. The dotted "
            "line is the automatic threshold."
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
            box.setAccessibleName(f"{field} of {said}")
            box.value_changed.connect(lambda value, field=field: self._change("Ramp of", **{field: value}))
            box.released.connect(document.settle)
        self.curve = SliceCurve()
        self.curve.setAccessibleName(f"Threshold of {said} in every slice")
        self.curve.setToolTip("The automatic threshold of every XY slice; the ramp begins at their mean, dotted. Click to go to a slice")
        self.curve.slice_chosen.connect(self._go_to)
        self.curve.hide()
        self._body = QWidget()
        stack(self._body, self.histogram, [self.low, self.high, None, QLabel("Opacity"), self.opacity], self.curve)
        stack(
            self,
            [self.fold, self.color, self.visible, self.title, None, self.below_color, self.below, self.solo, self.reset, self.more],
            self._body,
        )

    def _menu_button(self, said: str) -> QToolButton:
        button = small_button("⋯", f"More for {said}: thresholds by slice, copy, paste, import, rename, move, remove")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        self.curve_action = menu.addAction("Threshold of every slice")
        self.curve_action.setCheckable(True)
        self.curve_action.setToolTip("Show the automatic threshold over the depth, and where the present slice lies")
        self.curve_action.toggled.connect(self._show_curve)
        menu.addSeparator()
        self.copy = menu.addAction("Copy this look", self._copy)
        self.copy.setToolTip("Copy ramp, colour and opacity, for another class or another window")
        self.paste = menu.addAction("Paste a look", self._paste)
        self.paste.setToolTip("Take over the ramp, the colour and the opacity that were copied")
        self.load = menu.addAction("Import a ramp of Nano-Oetzi…", self._import)
        self.load.setToolTip("Take over ramp and colour from a preset file (tf-*.json)")
        menu.addSeparator()
        if self._name is not None:
            self._arranging(menu, self._name)
        button.setMenu(menu)
        return button

    def _arranging(self, menu: QMenu, name: str) -> None:
        document = self._document
        self.rename = menu.addAction("Rename…", self._ask_name)
        self.rename.setToolTip("Call this class otherwise, in files and on the command line too")
        self.up = menu.addAction("Move up", lambda: arranging.move(document, name, -1))
        self.up.setToolTip("Put this class before the one above it")
        self.down = menu.addAction("Move down", lambda: arranging.move(document, name, 1))
        self.down.setToolTip("Put this class behind the one below it")
        self.remove = menu.addAction("Remove", self._remove)
        self.remove.setToolTip("Let this class become background; the file it is from stays as it is")
        menu.aboutToShow.connect(self._look_at_order)

    def _look_at_order(self) -> None:
        names, can = list(self._document.state.scene.ramps), arranging.possible(self._document.state)
        self.rename.setEnabled(can)
        self.up.setEnabled(can and names[:1] != [self._name])
        self.down.setEnabled(can and names[-1:] != [self._name])
        self.remove.setEnabled(can and len(names) > 1)

    def _ask_name(self) -> None:
        dialog = QInputDialog(self.window())
        dialog.setWindowTitle(f"Rename {self._name}")
        dialog.setLabelText("What this class is called:")
        dialog.setTextValue(self._name or "")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(self._rename)
        dialog.open()

    def _rename(self, text: str) -> None:
        self._try(lambda: arranging.rename(self._document, self._name or "", text.strip()))

    def _remove(self) -> None:
        self._try(lambda: arranging.remove(self._document, self._name or ""))

    def _try(self, do: Callable[[], None]) -> None:
        window = self.window()  # this row is not there any more when it is done
        try:
            do()
        except VolvizError as error:
            show_error(window, "Classes", error)

    @property
    def handles(self) -> tuple[QWidget, ...]:
        """What the row can be dragged at: its name, and what is free of its line."""
        return self, self.visible

    @property
    def folded(self) -> bool:
        """Whether only its line is shown."""
        return self._body.isHidden()

    def set_folded(self, folded: bool) -> None:
        """Show the line alone, or all."""
        self._body.setHidden(folded)
        self.fold.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)

    def look(self, ramp: Ramp, estimated: Ramp | None, *, signed: bool = False, alone: bool | None = None, slice_index: int = 0) -> None:
        """Show a ramp and, marked, the estimated one.

        ``signed`` scores have one below zero. ``alone`` says whether it is the only class that is shown, None that there is no other.
        """
        self.below.setVisible(signed)
        self.below_color.setVisible(signed and ramp.negative is not None)
        self.below_color.set_color(ramp.negative or BELOW)
        with QSignalBlocker(self.below):
            self.below.setChecked(ramp.negative is not None)
        self._estimated = estimated
        with QSignalBlocker(self.visible):
            self.visible.setChecked(ramp.visible)
        self.solo.setVisible(alone is not None)
        self.solo.setChecked(bool(alone))
        self.color.set_color(ramp.color)
        self.histogram.set_color(self.color.color())
        self.histogram.set_ramp(ramp.low, ramp.high)
        self.histogram.set_mark(estimated.low if estimated else None)
        self.curve.set_color(self.color.color())
        self.curve.set_level(estimated.low if estimated else None)
        self.curve.set_slice(slice_index)
        self.curve_action.setEnabled(not signed)
        self.low.set_value(ramp.low)
        self.high.set_value(ramp.high)
        self.opacity.set_value(ramp.opacity)
        self.reset.setEnabled(estimated is not None and at_rest(ramp, estimated) != ramp)

    def show_counts(self, histogram: Histogram) -> None:
        """Show the histogram of the class."""
        self.histogram.set_histogram(histogram.counts, histogram.low, histogram.high)

    def show_curve(self, curve: npt.NDArray[np.float64]) -> None:
        """Show the threshold of every slice."""
        self.curve.set_curve(curve)

    def _ramp(self) -> Ramp:
        scene = self._document.state.scene
        return (scene.together or Ramp()) if self._name is None else scene.ramps[self._name]

    def _change(self, what: str, **fields: Any) -> None:
        said = self._name or ONE
        merge = f"{said}.{'.'.join(fields)}" if fields.keys() & {"low", "high", "opacity"} else ""
        self._document.change(f"{what} {said}", merge=merge, scene=self._with(self._document.state.scene, **fields))

    def _with(self, scene: Scene, **fields: Any) -> Scene:
        if self._name is None:
            return replace(scene, together=replace(self._ramp(), **fields))
        return scene.with_ramp(self._name, **fields)

    def _put(self, what: str, ramp: Ramp) -> None:
        """Replace the whole ramp, but for whether it is shown, as a step of its own."""
        self._document.settle()
        fields = {"low": ramp.low, "high": ramp.high, "color": ramp.color, "opacity": ramp.opacity, "negative": ramp.negative}
        self._change(what, **fields)
        self._document.settle()

    def _reset(self) -> None:
        if self._estimated is not None:
            self._put("Reset", at_rest(self._ramp(), self._estimated))

    def _copy(self) -> None:
        from volviz.tasks.looks import ramp_to_text

        QGuiApplication.clipboard().setText(ramp_to_text(self._ramp()))

    def _paste(self) -> None:
        self._take("Paste the look of", QGuiApplication.clipboard().text())

    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import a ramp of Nano-Oetzi", "", "Presets (*.json)")
        if path:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
            self._take("Import the ramp of", text, "This file holds no ramp of Nano-Oetzi; such files are called tf-*.json.")

    def _take(self, what: str, text: str, otherwise: str = "") -> None:
        from volviz.tasks.looks import ramp_from_text

        try:
            self._put(what, ramp_from_text(text, self._ramp()))
        except VolvizError as error:
            show_error(self.window(), "Classes", VolvizError(otherwise) if otherwise else error)

    def _show_curve(self, on: bool) -> None:
        self.curve.setVisible(on)
        if on:
            self.set_folded(False)
            self.curve_asked.emit()

    def _go_to(self, index: int) -> None:
        state = self._document.state
        if state.classes is not None:
            self._document.show(crosshair_xyz=XY.moved(state.classes.grid, state.crosshair_xyz, index))


def at_rest(ramp: Ramp, estimated: Ramp) -> Ramp:
    """Return a ramp with the ends and the opacity that were estimated; the colour stays a person's own."""
    return replace(ramp, low=estimated.low, high=estimated.high, opacity=estimated.opacity)
