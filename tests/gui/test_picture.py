"""Modes, blending, all classes as one, uncertainty and the density's own look, from the window."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject

from tests.render.conftest import virion
from volviz.core.grid import Grid
from volviz.core.scene import Scene
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.gui.document import Document, State
from volviz.gui.panels.classes import ClassesPanel
from volviz.gui.panels.picture import MODES, PictureSection

pytestmark = pytest.mark.gui


@pytest.fixture
def document(qapp):
    parent = QObject()
    document = Document(parent)
    volume, classes = virion(16)
    scene = Scene.of(volume, classes)
    document.open(State(volume=volume, segmentation=classes, scene=scene, estimated=scene))
    yield document
    parent.deleteLater()


@pytest.fixture
def section(qtbot, document):
    section = PictureSection(document)
    qtbot.addWidget(section)
    section.show()
    return section


def choose(box, value):
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_every_mode_can_be_chosen_and_taken_back(section, document):
    for mode in MODES:
        before = document.state.scene
        choose(section.mode, mode)
        assert document.state.scene.mode == mode
        if mode != before.mode:
            document.undo_stack.undo()
            assert document.state.scene == before
            assert section.mode.currentData() == before.mode
            document.undo_stack.redo()
        assert section._form.isRowVisible(section._levels) == (mode in {"maximum", "average"})


def test_blending_and_measure(section, document):
    choose(section.blending, "paper")
    choose(section.measure, "margin")
    section.amount._slider.setValue(250)
    assert document.state.scene.blending == "paper"
    assert document.state.scene.uncertainty.measure == "margin"
    assert document.state.scene.uncertainty.amount == pytest.approx(0.5)


def test_the_contrast_of_a_projection(section, document):
    choose(section.mode, "maximum")
    automatic = document.state.scene.projected
    assert section.white.value() == pytest.approx(automatic[1])
    assert not section.white.isEnabled()
    section.automatic.setChecked(False)
    assert document.state.scene.contrast == automatic
    section.white._box.setValue(9.0)
    assert document.state.scene.contrast == (pytest.approx(section.black.value()), 9.0)
    section.automatic.setChecked(True)
    assert document.state.scene.projected == automatic


def test_the_density_has_the_ramp_by_which_it_is_drawn(qtbot, document):
    panel = ClassesPanel(document)
    qtbot.addWidget(panel)
    row = panel.density
    before = document.state.scene
    row.low.value_changed.emit(-0.5)
    assert document.state.scene.raw.low == -0.5
    assert document.state.scene.density == before.density
    document.change("Mode", scene=replace(document.state.scene, mode="raw"))
    assert row.low.value() == pytest.approx(before.density.low)
    row.low.value_changed.emit(1.25)
    row.color.color_changed.emit((1.0, 0.0, 0.0))
    row.opacity.value_changed.emit(0.75)
    density = document.state.scene.density
    assert (density.low, density.color, density.opacity) == (1.25, (1.0, 0.0, 0.0), 0.75)
    assert document.state.scene.raw.low == -0.5
    row.high.value_changed.emit(0.0)
    assert document.state.scene.density.high > 1.25
    panel.close_threads()


def test_scores_can_be_shown_below_zero(qtbot, document):
    grid = Grid((8, 8, 8))
    heat = Segmentation(grid, np.full((1, 8, 8, 8), 128, np.uint8), (Label("heat"),), "score")
    volume = Volume(grid, np.random.default_rng(0).normal(size=grid.shape).astype(np.float32))
    panel = ClassesPanel(document)
    qtbot.addWidget(panel)
    assert all(row.below.isHidden() for row in panel.rows.values())
    document.open(State(volume=volume, segmentation=heat, scene=Scene.of(volume, heat)))
    row = panel.rows["heat"]
    assert not row.below.isHidden()
    row.below.setChecked(True)
    row.below_color.color_changed.emit((0.0, 0.0, 1.0))
    assert document.state.scene.ramps["heat"].negative == (0.0, 0.0, 1.0)
    row.below.setChecked(False)
    assert document.state.scene.ramps["heat"].negative is None
    panel.close_threads()
