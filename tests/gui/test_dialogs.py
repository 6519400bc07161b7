"""What dialogs say and how they are laid out: errors, questions, what leaves volviz."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFormLayout, QLabel, QMessageBox, QPushButton, QTextEdit
from pytestqt.qtbot import QtBot

from volviz.core.errors import VolvizError
from volviz.core.project import Source
from volviz.core.reading import Reading
from volviz.core.scene import Scene
from volviz.gui import theme
from volviz.gui.choosing import ChoosingDialog, Several
from volviz.gui.dialogs import DETAILS, error_box
from volviz.gui.document import Document, State
from volviz.gui.exporting import MeshDialog
from volviz.gui.jobs import Jobs
from volviz.gui.lost import LostDialog
from volviz.gui.panels.classes import ClassesPanel
from volviz.gui.panels.data import DataPanel
from volviz.gui.panels.density import DensityRow
from volviz.gui.tables import TableDialog
from volviz.gui.videos import VideoDialog
from volviz.gui.widgets.color import ColorButton
from volviz.io.sources import Lost, LostSources
from volviz.tasks.combine import Found

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


def test_the_details_of_an_error_can_be_read_and_enter_closes_it(qtbot: QtBot) -> None:
    box = error_box(None, "Export meshes", KeyError("membrane"))
    qtbot.addWidget(box)
    box.show()
    names = {button.text().replace("&", ""): button for button in box.findChildren(QPushButton) if button.isVisible()}
    assert set(names) == {"Show details", "Copy details", "Close"}
    assert names["Close"].isDefault()
    details = box.findChild(QTextEdit)
    assert not details.isVisible()
    qtbot.mouseClick(names["Show details"], LEFT)
    assert details.isVisible()
    assert details.width() >= DETAILS[0]
    assert details.height() >= DETAILS[1]
    qtbot.waitUntil(lambda: details.y() < 30)  # no gap under the line above them
    assert details.parentWidget().rect().contains(details.geometry())
    assert names["Show details"].text() == "Hide details"
    qtbot.mouseClick(names["Show details"], LEFT)
    assert not details.isVisible()
    assert names["Show details"].text() == "Show details"


def test_a_sentence_has_no_details(qtbot: QtBot) -> None:
    box = error_box(None, "Open", VolvizError("letter.mrc is no tomogram; choose another."))
    qtbot.addWidget(box)
    assert isinstance(box, QMessageBox)
    assert not box.detailedText()
    assert box.findChild(QTextEdit) is None


@pytest.mark.parametrize(("roles", "said"), [(("volume",), "Point to it"), (("volume", "segmentation"), "Point to one of them")])
def test_files_that_have_moved_are_asked_for_in_their_number(qtbot: QtBot, roles: tuple[str, ...], said: str) -> None:
    source = Source("/data/krios/ts_16.mrc")
    dialog = LostDialog(LostSources(Path("figure.volviz"), [Lost(role, source, "is missing") for role in roles]), lambda *_: None)
    qtbot.addWidget(dialog)
    assert any(said in label.text() for label in dialog.findChildren(QLabel))


def test_the_dialog_of_tables_is_no_higher_than_it_has_to_be(qtbot: QtBot, state: State) -> None:
    dialog = TableDialog(state)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.height() <= dialog.layout().totalHeightForWidth(dialog.width()) + 4


@pytest.mark.parametrize("kind", [TableDialog, MeshDialog])
def test_the_label_of_several_boxes_stands_beside_the_first(qtbot: QtBot, state: State, kind: type[TableDialog | MeshDialog]) -> None:
    dialog = kind(state)
    qtbot.addWidget(dialog)
    dialog.show()
    label = next(label for label in dialog.findChildren(QLabel) if label.text() == "Classes")
    first = next(iter(dialog.classes.values())).geometry()
    letters = label.geometry().top() + label.fontMetrics().height() / 2
    assert letters == pytest.approx(first.center().y(), abs=2.5)


def test_every_line_of_the_video_dialog_has_a_label_and_one_edge(qtbot: QtBot) -> None:
    dialog = VideoDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    form = dialog.motion.forms[0]
    assert isinstance(form, QFormLayout)
    assert form.labelForField(dialog.motion.kind).text() == "Motion"
    left = {box.mapTo(dialog, box.rect().topLeft()).x() for box in (dialog.motion.kind, dialog.motion.turntable.axis, dialog.format)}
    assert len(left) == 1


def test_classes_of_what_is_open_are_kept_only_with_it(qtbot: QtBot, state: State) -> None:
    assert state.volume is not None
    reading, color = Reading.parse("0..1"), (0.8, 0.2, 0.2)
    found = [
        Found(Path(f"{name}.mrc"), None, f"{name}.mrc", state.volume.grid, role, name, color, reading, "as its name says")
        for name, role in (("ball", "tomogram"), ("genome", "class"))
    ]
    dialog = ChoosingDialog(Several(tuple(found)), state, lambda _: None)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.keep.isEnabled()
    assert "another one is chosen" in dialog.keep.toolTip()
    role = dialog.rows[0].role
    role.setCurrentIndex(role.findData("nothing"))
    assert dialog.keep.isEnabled()


def test_a_colour_that_cannot_be_chosen_is_faint(qtbot: QtBot) -> None:
    button = ColorButton()
    qtbot.addWidget(button)
    button.set_color((1.0, 0.0, 0.0))
    button.show()

    def middle() -> QColor:
        return button.grab().toImage().pixelColor(button.rect().center() * button.devicePixelRatioF())

    assert middle().name() == "#ff0000"
    button.setEnabled(False)
    assert middle().red() < 200 or middle().green() > 60


def test_what_a_job_does_is_not_said_twice(qtbot: QtBot) -> None:
    jobs = Jobs()
    qtbot.addWidget(jobs)
    jobs.show()

    def work(report: object) -> None:
        while True:
            report(0.5, "segmenting")  # type: ignore[operator]
            time.sleep(0.01)

    jobs.start("Segment", work)
    qtbot.waitUntil(lambda: any(label.text() == "Segmenting" for label in jobs.findChildren(QLabel)))
    assert jobs.cancel_all()
    qtbot.waitUntil(lambda: not jobs.running)


def test_switches_of_the_density_say_why_they_are_grey(qtbot: QtBot, document: Document, state: State) -> None:
    row = DensityRow(document)
    qtbot.addWidget(row)
    row.look(replace(state, segmentation=None, scene=Scene(), estimated=Scene()))
    assert not row.multiply.isEnabled()
    assert not row.haze.isEnabled()
    assert "no classes yet" in row.multiply.toolTip()
    assert "no classes yet" in row.haze.toolTip()
    row.look(state)
    assert row.multiply.isEnabled()
    assert "no classes" not in row.multiply.toolTip()
    row.look(replace(state, scene=replace(state.scene, raw=replace(state.scene.raw, haze=True))))
    assert not row.multiply.isEnabled()
    assert "drawn for itself" in row.multiply.toolTip()


def test_a_voxel_whose_edges_differ_is_not_told_as_a_cube(qtbot: QtBot, document: Document, state: State) -> None:
    assert state.volume is not None
    panel = DataPanel(document)
    qtbot.addWidget(panel)
    panel.show()

    def said() -> str:
        return " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())

    assert "all edges alike" not in said()
    grid = replace(state.volume.grid, voxel_size=(10.0, 17.19, 14.4))
    document.open(replace(state, volume=replace(state.volume, grid=grid), segmentation=None))
    assert "14.4 × 17.19 × 10 Å (x, y, z)" in said()
    panel.close_threads()


def test_classes_of_before_are_not_seen_among_what_comes_after(qtbot: QtBot, document: Document, state: State) -> None:
    panel = ClassesPanel(document)
    qtbot.addWidget(panel)
    panel.show()
    before = list(panel.rows.values())
    assert all(row.isVisible() for row in before)
    document.open(replace(state, segmentation=None, scene=Scene(), estimated=Scene()))
    assert not any(row.isVisible() for row in before)
    panel.close_threads()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_what_a_person_should_see_to_stands_out_from_the_ground(qtbot: QtBot, name: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    label = QLabel("The file does not say how large its voxels are.")
    label.setObjectName("problem")
    qtbot.addWidget(label)
    before = theme.chosen()
    try:
        theme.wear(app, name)
        label.ensurePolished()
        ground, ink = label.palette().window().color(), label.palette().windowText().color()
        assert _contrast(ground, ink) > 4.5  # what WCAG asks for text
    finally:
        theme.wear(app, before)


def _contrast(a: QColor, b: QColor) -> float:
    def luminance(color: QColor) -> float:
        channels = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (color.redF(), color.greenF(), color.blueF()))
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
