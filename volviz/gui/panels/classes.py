"""The classes and the density, row by row, and looks for all of them at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from volviz.core.estimate import low_of, threshold_curve
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation
from volviz.gui import arranging
from volviz.gui.document import Document, State
from volviz.gui.histograms import Histogram, class_histograms, density_histogram
from volviz.gui.latest import PICTURES_FIRST_MS, Latest
from volviz.gui.looks import LooksMenu
from volviz.gui.panels.class_row import ClassRow, at_rest
from volviz.gui.panels.density import DensityRow, density_at_rest
from volviz.gui.panels.no_classes import NoClasses
from volviz.gui.panels.row_order import RowOrder
from volviz.gui.panels.rows import line_of, rule, small_button
from volviz.gui.planes import XY
from volviz.gui.widgets.number import Number

AS_ONE = Ramp(color=(0.78, 0.76, 0.72), opacity=0.6)
UNITED = "together"  # what belongs to the step that makes them one
FOLDED_FROM = 7  # classes: so many rows in full are too long a way to scroll

Curves = dict[str | None, npt.NDArray[np.float64]]


class ClassesPanel(QWidget):
    """One row for each class of the segmentation, one for all of them as one, and one for the density."""

    noted = Signal(str)  # a sentence for the status bar
    volumes_asked = Signal()  # to be added as classes
    label_asked = Signal()  # an empty class, to annotate

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._latest = Latest(self)
        self._latest_raw = Latest(self)
        self._latest_curve = Latest(self)
        self._curves: Curves = {}
        self._wanted: list[str | None] = []
        self._shown_before: dict[str, bool] = {}
        self.rows: dict[str, ClassRow] = {}
        self.none = NoClasses()
        self.none.volumes_asked.connect(self.volumes_asked)
        self._overlay = Number(0, 1)
        self._overlay.setToolTip("How strongly the classes are painted over the slices, 0 to 1")
        self._overlay.setAccessibleName("opacity of the classes on the slices")
        self._overlay.value_changed.connect(lambda value: document.show(overlay=value))
        self._overlay.set_value(document.state.overlay)
        self.density = DensityRow(document)
        self.one = ClassRow(None, document)
        self.order = RowOrder(self, lambda: dict(self.rows), self._move)
        self._connect(self.one, None)
        self._build()
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def _build(self) -> None:
        self.looks = QToolButton()
        self.looks.setText("Look")
        self.looks.setToolTip("Looks for everything at once: choose one, save this one, copy and paste, open those of Nano-Oetzi")
        self.looks.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.looks_menu = LooksMenu(self._document, self.looks)
        self.looks_menu.noted.connect(self.noted)
        self.looks.setMenu(self.looks_menu)
        self.together = QCheckBox("As one")
        self.together.setToolTip("Draw everything but the background as one class, by how improbable the background is")
        self.together.toggled.connect(self._unite)
        self.log = small_button("Log", "Count on a logarithmic scale in the histograms, so that rare values show too", checkable=True)
        self.log.setChecked(True)
        self.log.toggled.connect(self._scale)
        self.reset_all = small_button("Reset all", "Bring back every ramp that was estimated from the data; colours stay")
        self.reset_all.clicked.connect(self._reset_all)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.add = QToolButton()
        self.add.setText("Add a class")
        self.add.setToolTip("Add classes from volumes of other programs, or an empty one to annotate")
        self.add.setAutoRaise(True)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.add)
        menu.setToolTipsVisible(True)
        self.add_volumes = menu.addAction("From volumes…", self.volumes_asked.emit)
        self.add_volumes.setToolTip("Probabilities, scores, masks or labels of other programs, beside the classes that are there")
        self.add_label = menu.addAction("Empty, to annotate", self.label_asked.emit)
        self.add_label.setToolTip("A class with no voxels yet, in the list of those to annotate")
        self.add.setMenu(menu)
        over = QFormLayout()
        over.addRow("On the slices", self._overlay)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(line_of([self.looks, self.together, None, self.log, self.reset_all]))
        layout.addWidget(self.none)
        layout.addWidget(self.one)
        layout.addLayout(self._rows)
        layout.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(over)
        layout.addWidget(rule())
        layout.addWidget(self.density)
        layout.addStretch(1)

    def close_threads(self) -> None:
        """End the counting threads."""
        for latest in (self._latest, self._latest_raw, self._latest_curve):
            latest.close()

    # What is shown

    def _look(self, old: State, new: State) -> None:
        scene, names = new.scene, list(new.scene.ramps)
        if names != list(self.rows):
            self._make_rows(names)
        signed = new.classes is not None and new.classes.kind == "score"
        at = 0 if new.classes is None else XY.index(new.classes.grid, new.crosshair_xyz)
        alone = [name for name, ramp in scene.ramps.items() if ramp.visible]
        for name, row in self.rows.items():
            lonely = None if len(names) < 2 else alone == [name]
            row.look(scene.ramps[name], new.estimated.ramps.get(name), signed=signed, alone=lonely, slice_index=at)
            row.setEnabled(scene.together is None)
        probable = bool(names) and not signed and scene.mode != "raw"
        with QSignalBlocker(self.together):
            self.together.setChecked(scene.together is not None)
        self.together.setEnabled(probable)
        self.one.setVisible(scene.together is not None)
        if scene.together is not None:
            low = low_of(self._curves[None]) if None in self._curves else None
            estimated = None if low is None else replace(AS_ONE, low=round(low, 3))
            self.one.look(scene.together, estimated, slice_index=at)
            if low is None:
                self._ask_curve(None)
        self.none.setVisible(not names)
        self.none.setEnabled(new.live is None)
        self.add.setEnabled(new.volume is not None and new.live is None)
        self._overlay.setEnabled(bool(names))
        self._overlay.set_value(new.overlay)
        self.density.look(new)
        self.reset_all.setEnabled(new.volume is not None and rested(new) != scene)
        self._count(old, new)

    def _count(self, old: State, new: State) -> None:
        segmentation = new.segmentation
        if segmentation is not old.segmentation:
            self._curves.clear()
            self._wanted.clear()
            self._latest_curve.forget()
            for name, row in [*self.rows.items(), (None, self.one)]:
                row.show_curve(np.zeros(0))
                if row.curve_action.isChecked() or (name is None and new.scene.together is not None):
                    self._ask_curve(name)
        if segmentation is not None and segmentation is not old.segmentation:
            self._latest.ask(lambda: class_histograms(segmentation), self._show_counts, wait_ms=PICTURES_FIRST_MS)
        volume, raw = new.volume, new.scene.raw
        if volume is not None and (volume is not old.volume or (raw.invert, raw.lowpass) != (old.scene.raw.invert, old.scene.raw.lowpass)):
            self._latest_raw.ask(lambda: density_histogram(volume, raw), self.density.show_counts, wait_ms=PICTURES_FIRST_MS)

    def _make_rows(self, names: list[str]) -> None:
        for row in self.rows.values():
            self._rows.removeWidget(row)
            row.hide()  # at once: others take its place before it is gone
            row.deleteLater()
        self.rows = {name: ClassRow(name, self._document) for name in names}
        for name, row in self.rows.items():
            self._connect(row, name)
            self.order.add(name, *row.handles)
            row.histogram.set_log(self.log.isChecked())
            row.set_folded(len(names) >= FOLDED_FROM)
            self._rows.addWidget(row)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Let the keyboard go from top to bottom: rows that are made anew would come last."""
        parts = (
            self.looks,
            self.together,
            self.log,
            self.reset_all,
            self.none,
            self.one,
            *self.rows.values(),
            self.add,
            self._overlay,
            self.density,
        )
        stops = [w for part in parts for w in (part, *part.findChildren(QWidget)) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        for first, second in pairwise(stops):
            QWidget.setTabOrder(first, second)

    def _connect(self, row: ClassRow, name: str | None) -> None:
        row.curve_asked.connect(lambda: self._ask_curve(name))
        if name is not None:
            row.solo_asked.connect(lambda on: self._solo(name, on))

    def _show_counts(self, found: dict[str | None, Histogram]) -> None:
        for name, histogram in found.items():
            row = self.one if name is None else self.rows.get(name)
            if row is not None:
                row.show_counts(histogram)

    # The threshold of every slice

    def _ask_curve(self, name: str | None) -> None:
        """Work the curve of a class out, unless it is known or on its way; one after another."""
        if name in self._curves:
            self._row(name).show_curve(self._curves[name])
        elif name not in self._wanted:
            self._wanted.append(name)
            if len(self._wanted) == 1:
                self._next_curve()

    def _next_curve(self) -> None:
        segmentation = self._document.state.segmentation
        if segmentation is None or not self._wanted:
            return
        name = self._wanted[0]
        if segmentation.kind == "score" or name not in (None, *(label.name for label in segmentation.drawn)):
            self._wanted.pop(0)
            self._next_curve()
            return
        self._latest_curve.ask(lambda: (segmentation, name, threshold_curve(segmentation, name)), self._show_curve)

    def _show_curve(self, found: tuple[Segmentation, str | None, npt.NDArray[np.float64]]) -> None:
        segmentation, name, curve = found
        if segmentation is self._document.state.segmentation:
            self._curves[name] = curve
            if name is None or name in self.rows:
                self._row(name).show_curve(curve)
            if name is None:
                self._begin_at(low_of(curve))
                self._look(self._document.state, self._document.state)
        if name in self._wanted:
            self._wanted.remove(name)
        self._next_curve()

    def _begin_at(self, low: float) -> None:
        """Let the ramp of all as one begin where it should, if nobody has touched it: the same step as making them one."""
        scene = self._document.state.scene
        if scene.together == AS_ONE:
            self._document.change("All classes as one", merge=UNITED, scene=replace(scene, together=replace(AS_ONE, low=round(low, 3))))

    def _row(self, name: str | None) -> ClassRow:
        return self.one if name is None else self.rows[name]

    # What a person does

    def _change(self, what: str, scene: Scene, merge: str = "") -> None:
        self._document.settle()
        self._document.change(what, merge=merge, scene=scene)

    def _move(self, name: str, by: int) -> None:
        if arranging.possible(self._document.state):
            arranging.move(self._document, name, by)
        else:
            self.noted.emit("Classes can be put in order when they have been found, or learning is switched off.")

    def _solo(self, name: str, on: bool) -> None:
        """Show one class alone, or again those that were shown before it."""
        scene = self._document.state.scene
        now = {n: ramp.visible for n, ramp in scene.ramps.items()}
        if on:
            if sum(now.values()) != 1:  # from one alone to another: what to come back to stays
                self._shown_before = now
            wanted = {n: n == name for n in now}
        else:
            before = {n: self._shown_before.get(n, True) for n in now}
            wanted = before if before != now and any(before.values()) else dict.fromkeys(now, True)
        ramps = {n: replace(ramp, visible=wanted[n]) for n, ramp in scene.ramps.items()}
        self._change(f"Show {name} alone" if on else "Show the others again", replace(scene, ramps=ramps))

    def _unite(self, on: bool) -> None:
        low = round(low_of(self._curves[None]), 3) if None in self._curves else AS_ONE.low
        together = replace(AS_ONE, low=low) if on else None
        scene = replace(self._document.state.scene, together=together)
        self._change("All classes as one" if on else "Classes by themselves", scene, merge=UNITED)

    def _scale(self, on: bool) -> None:
        rows: list[Any] = [*self.rows.values(), self.one, self.density]
        for row in rows:
            row.histogram.set_log(on)

    def _reset_all(self) -> None:
        self._change("Reset all ramps", rested(self._document.state))


def rested(state: State) -> Scene:
    """Return the scene with every ramp as it was estimated from the data: ends and opacities, not colours."""
    scene, estimated = state.scene, state.estimated
    ramps = {name: at_rest(ramp, estimated.ramps[name]) if name in estimated.ramps else ramp for name, ramp in scene.ramps.items()}
    scene = replace(scene, ramps=ramps)
    return density_at_rest(density_at_rest(scene, estimated, drawn=False), estimated, drawn=True)
