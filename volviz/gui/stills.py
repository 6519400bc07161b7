"""Stills from the window: how large, how fine, on which ground, and with the view inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDoubleSpinBox, QFormLayout, QLabel, QSpinBox, QWidget

from volviz.core.report import Report
from volviz.gui.asking import ask_path, stem
from volviz.gui.dialogs import beside, buttons, pixels
from volviz.gui.document import State
from volviz.gui.jobs import Job

if TYPE_CHECKING:
    from volviz.core.project import Project
    from volviz.core.scene import Scene
    from volviz.core.stages import Panel
    from volviz.gui.window import Window
    from volviz.tasks.annotations import Annotated
    from volviz.tasks.render import Quality

SIZES = (
    ("Full HD, 1920 × 1080", (1920, 1080)),
    ("4K, 3840 × 2160", (3840, 2160)),
    ("8K, 7680 × 4320", (7680, 4320)),
    ("Square, 2400 × 2400", (2400, 2400)),
)
KINDS = "PNG (*.png);;TIFF (*.tif);;JPEG (*.jpg)"
PRINTS = (("One column, 90 mm wide at 300 dpi", 90.0, 300), ("Two columns, 180 mm wide at 300 dpi", 180.0, 300))
QUALITIES: tuple[tuple[str, Quality], ...] = (
    ("As in the window", "cached"),
    ("Exact light: many times slower", "exact"),
)
INSIDE_TIP = (
    "Dropping the picture on volviz then brings this view back. It holds the names of the files, without their folders, the look, the "
    "camera and the annotations. PNG and TIFF keep it; JPEG only while it is short, and many programs take it out"
)


@dataclass(frozen=True, slots=True)
class StillChoice:
    """What a still should be. ``dpi`` is written into it; without ``scale_bar`` the bar is as in the view.

    ``marks`` draws the annotations over it, as the 3D view does.
    """

    size: tuple[int, int]
    transparent: bool = False
    dpi: float | None = None
    scale_bar: bool | None = None
    quality: Quality = "cached"
    reopens: bool = True
    marks: bool = False


class StillDialog(QDialog):
    """Asks what a still should be; ``marks`` says whether there are annotations, ``marks_shown`` whether the view shows them."""

    def __init__(
        self,
        window_size: tuple[int, int],
        parent: QWidget | None = None,
        *,
        scale_bar: bool = False,
        marks: bool = False,
        marks_shown: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export still")
        self._aspect = window_size[0] / window_size[1]
        self.preset = QComboBox()
        self.preset.addItem(f"As in the window, {window_size[0]} × {window_size[1]}", window_size)
        for title, size in SIZES:
            self.preset.addItem(title, size)
        for title, width, dpi in PRINTS:
            self.preset.addItem(title, (width, dpi))
        self.preset.addItem("On paper", None)
        self.preset.setCurrentIndex(1)
        self.width_box, self.height_box = pixels(), pixels()
        for box, axis in ((self.width_box, "Width"), (self.height_box, "Height")):
            box.setToolTip(f"{axis} of the picture in pixels")
        self.on_paper = QCheckBox("For print")
        self.on_paper.setToolTip("Say how wide the picture is on paper, and write its resolution into the file")
        self.paper = QDoubleSpinBox()
        self.paper.setRange(5, 2000)
        self.paper.setDecimals(1)
        self.paper.setSuffix(" mm")
        self.paper.setValue(90)
        self.paper.setToolTip("Width on paper, in millimetres")
        self.dpi = QSpinBox()
        self.dpi.setRange(30, 2400)
        self.dpi.setSuffix(" dpi")
        self.dpi.setValue(300)
        self.dpi.setToolTip("Pixels to the inch: journals ask for 300, and for 600 where there is text")
        self.quality = QComboBox()
        for title, quality in QUALITIES:
            self.quality.addItem(title, quality)
        self.quality.setToolTip("Exact lights every sample by itself instead of looking the light up on a grid")
        self.transparent = QCheckBox("Transparent background")
        self.transparent.setToolTip("For slides and figures; PNG and TIFF only")
        self.scale_bar = QCheckBox("Scale bar")
        self.scale_bar.setToolTip("A length in nanometres in the lower right corner")
        self.scale_bar.setChecked(scale_bar)
        self.marks = marks_box(marks, marks_shown)
        self.reopens = QCheckBox("Can be opened again")
        self.reopens.setToolTip(INSIDE_TIP)
        self.reopens.setChecked(True)
        self.said = QLabel()
        self.said.setObjectName("hint")
        self.lacking = QLabel("Without its classes, which are in no file\nyet: save the session first (Ctrl+S).")
        self.lacking.setObjectName("hint")
        self.lacking.hide()
        form = QFormLayout(self)
        form.addRow("Size", self.preset)
        form.addRow("", beside(self.width_box, QLabel("×"), self.height_box, QLabel("pixels")))
        form.addRow("", beside(self.on_paper, self.paper, QLabel("wide at"), self.dpi))
        form.addRow("", self.said)
        form.addRow("Light", self.quality)
        for check in (self.transparent, self.scale_bar, self.marks, self.reopens):
            form.addRow("", check)
        form.addRow("", self.lacking)
        form.addRow(buttons(self, "Save…")[0])
        self.preset.currentIndexChanged.connect(self._fill)
        for signal in (self.on_paper.toggled, self.paper.valueChanged, self.dpi.valueChanged):
            signal.connect(self._measure)
        for box in (self.width_box, self.height_box):
            box.valueChanged.connect(self._say)
        self._fill()

    @property
    def choice(self) -> StillChoice:
        """What was chosen."""
        return StillChoice(
            (self.width_box.value(), self.height_box.value()),
            self.transparent.isChecked(),
            self.dpi.value() if self.on_paper.isChecked() else None,
            self.scale_bar.isChecked(),
            self.quality.currentData(),
            self.reopens.isChecked(),
            self.marks.isChecked(),
        )

    def say_lacking(self, lacking: bool) -> None:
        """Say that the classes are in no file, so that the picture opens without them."""
        self.lacking.setVisible(lacking and self.reopens.isChecked())
        self.reopens.toggled.connect(lambda on: self.lacking.setVisible(lacking and on))

    def _fill(self) -> None:
        given = self.preset.currentData()
        if given is not None and isinstance(given[0], int):
            self.on_paper.setChecked(False)
            self.width_box.setValue(given[0])
            self.height_box.setValue(given[1])
        else:
            if given is not None:
                self.paper.setValue(given[0])
                self.dpi.setValue(given[1])
            self.on_paper.setChecked(True)
        self._measure()

    def _measure(self) -> None:
        """Let the width on paper decide the pixels, in the shape of the view."""
        printed = self.on_paper.isChecked()
        for box in (self.paper, self.dpi):
            box.setEnabled(printed)
        if printed:
            width = self.paper.value() / 25.4 * self.dpi.value()
            self.width_box.setValue(round(width))
            self.height_box.setValue(round(width / self._aspect))
        self._say()

    def _say(self) -> None:
        width, height = self.width_box.value(), self.height_box.value()
        said = f"{width * height / 1e6:.1f} megapixels"
        if self.on_paper.isChecked():
            said += f", {width / self.dpi.value() * 25.4:.0f} × {height / self.dpi.value() * 25.4:.0f} mm on paper"
        self.said.setText(said)


def save_still(window: Window) -> None:
    """Ask how large and where, and save the view."""
    _ask_and_write(window, "Export still", "")


def save_stages(window: Window) -> None:
    """Ask how large and where, and save the stages of light side by side."""
    from volviz.core.stages import stages

    _ask_and_write(window, "Export the stages of light", "_stages", stages(window.document.state.scene))


def write_still(window: Window, path: Path, choice: StillChoice, panels: Sequence[Panel] = ()) -> Job:
    """Draw the present view into a picture, or other looks from the same place side by side, in a job."""
    asked = window.document.state
    if choice.scale_bar is not None:
        asked = replace(asked, scene=_barred(asked.scene, choice.scale_bar))
        panels = [replace(panel, scene=_barred(panel.scene, choice.scale_bar)) for panel in panels]

    def work(report: Report) -> Path:
        from volviz.gui.files import shown_in
        from volviz.tasks.render import write_picture

        view, artist = shown_in(window, asked, report)
        return write_picture(
            replace(view, project=embedded(asked) if choice.reopens else None),
            path,
            marks=marks_of(asked) if choice.marks else (),
            size=choice.size,
            transparent=choice.transparent,
            quality=choice.quality,
            overwrite=True,
            panels=panels,
            artist=artist,
            dpi=choice.dpi,
            report=report,
        )

    return window.jobs.start("Export still", work, lambda written: window.say(f"Saved {written}"))


def marks_box(there: bool, shown: bool) -> QCheckBox:
    """Return a box that asks for annotations in a picture: of use if ``there`` are any, checked if they are ``shown`` in the view."""
    box = QCheckBox("Annotations")
    box.setToolTip(
        "Draw scribbles, boxes, points and tags over the picture as in the 3D view, faint where the object is before them"
        if there
        else "Nothing is annotated that could be drawn over the picture"
    )
    box.setEnabled(there)
    box.setChecked(there and shown)
    return box


def marks_of(state: State) -> Annotated:
    """Return the annotations of a state, and the classes that they name."""
    from volviz.tasks.annotations import Annotated

    return Annotated(state.annotations, state.annotation_labels)


def embedded(state: State) -> Project | None:
    """Return the session that a picture of a state holds; None where the tomogram itself is in no file.

    Classes that are in no file yet are not named in it.
    """
    from volviz.gui.opening import project_of

    if state.volume is None or state.volume.source is None:
        return None
    segmentation = state.segmentation
    if segmentation is not None and "file" not in segmentation.provenance:
        segmentation = None
    return project_of(replace(state, segmentation=segmentation, cleaned=None, live=None))


def _ask_and_write(window: Window, title: str, ending: str, panels: Sequence[Panel] = ()) -> None:
    state = window.document.state
    dialog = StillDialog(
        window.viewport.size_px(),
        window,
        scale_bar=state.scene.guides.scale_bar,
        marks=bool(state.annotations),
        marks_shown=window.lacks("annotating") or window.annotating.visible,
    )
    dialog.setWindowTitle(title)
    dialog.say_lacking(state.segmentation is not None and "file" not in state.segmentation.provenance)
    if not dialog.exec():
        return
    kinds = KINDS if not dialog.choice.transparent else KINDS.rpartition(";;")[0]
    path = ask_path(window, title, f"{stem(window)}{ending}.png", kinds, ".png")
    if path is not None:
        write_still(window, path, dialog.choice, panels)


def _barred(scene: Scene, shown: bool) -> Scene:
    return replace(scene, guides=replace(scene.guides, scale_bar=shown))
