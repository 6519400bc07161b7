"""Cuts, planes of density and guides in the window: set by hand, undone, saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import picture, rest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from volviz.core.camera import Camera
from volviz.core.cuts import MOST_PLANES, Clips, Plane
from volviz.core.guides import Slices
from volviz.gui.cutting import at_depth, depth_of, facing, flipped
from volviz.gui.document import Document, State
from volviz.gui.panels.cuts import CutsPanel
from volviz.gui.window import Window

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(document: Document, qtbot: QtBot) -> CutsPanel:
    panel = CutsPanel(document)
    qtbot.addWidget(panel)
    return panel


def test_a_plane_that_faces_the_viewer_cuts_away_what_is_nearer(state: State) -> None:
    camera = Camera.framing(state.volume.grid)
    plane = facing(camera, (10.0, 20.0, 30.0))
    away = np.asarray(plane.point_xyz) + 5 * camera.axes_xyz[2]
    row = Clips(planes=(plane,)).half_spaces[0]
    assert row[:3] @ away > row[3]
    back = Clips(planes=(flipped(plane),)).half_spaces[0]
    assert back[:3] @ away < back[3]


@pytest.mark.parametrize("depth", [-12.0, 0.0, 7.5])
def test_a_plane_is_moved_along_its_normal(state: State, depth: float) -> None:
    plane = Plane((100.0, 150.0, 20.0), (1.0, -2.0, 0.5))
    moved = at_depth(plane, state.volume.grid, depth)
    assert depth_of(moved, state.volume.grid) == pytest.approx(depth)
    shift = np.subtract(moved.point_xyz, plane.point_xyz)
    assert np.abs(np.cross(shift, plane.normal_xyz)).max() < 1e-6


def test_dragging_a_face_is_one_step_that_undo_takes_back(document: Document, panel: CutsPanel) -> None:
    span = panel.spans["x"]
    for low in (0.1, 0.2, 0.3):
        span.slider.setValue((low, 1.0))
    span.released.emit()
    assert document.state.scene.clips.x == pytest.approx((0.3, 1.0))
    span.boxes[1].setValue(0.7)
    assert document.state.scene.clips.x == pytest.approx((0.3, 0.7))
    document.undo_stack.undo()
    assert document.state.scene.clips.x == pytest.approx((0.3, 1.0))
    assert span.boxes[1].value() == 1.0
    document.undo_stack.undo()
    assert document.state.scene.clips == Clips()
    assert span.value() == (0.0, 1.0)


def test_the_faces_of_a_span_never_meet(document: Document, panel: CutsPanel) -> None:
    span = panel.spans["z"]
    span.boxes[0].setValue(0.6)
    span.boxes[1].setValue(0.2)
    low, high = document.state.scene.clips.z
    assert low == pytest.approx(0.6)
    assert low < high < 0.62
    span.boxes[0].setValue(1.0)
    assert document.state.scene.clips.z[0] < document.state.scene.clips.z[1]
    span.boxes[1].setValue(1.0)
    span.boxes[0].setValue(1.0)
    assert document.state.scene.clips.z[0] < document.state.scene.clips.z[1] == 1.0


def test_a_plane_is_added_moved_turned_switched_and_taken_away(document: Document, panel: CutsPanel) -> None:
    document.show(crosshair_xyz=(100.0, 180.0, 60.0))
    panel.add.click()
    (plane,) = document.state.scene.clips.planes
    assert plane == facing(document.state.camera, (100.0, 180.0, 60.0))
    row = panel.planes[0]
    assert row.deep.value() == pytest.approx(depth_of(plane, document.state.volume.grid), abs=0.06)
    steps = document.undo_stack.count()
    for depth in (1.0, 2.0, 3.0):
        row.deep.set_value(depth)
        row.deep.value_changed.emit(depth)
    assert document.undo_stack.count() == steps + 1
    assert depth_of(document.state.scene.clips.planes[0], document.state.volume.grid) == pytest.approx(3.0)
    row.turn.click()
    assert np.dot(document.state.scene.clips.planes[0].normal_xyz, plane.normal_xyz) == pytest.approx(-1.0)
    row.on.click()
    assert not document.state.scene.clips.planes[0].on
    row.remove.click()
    assert document.state.scene.clips.planes == ()
    assert panel.planes == []
    document.undo_stack.undo()
    assert len(panel.planes) == 1
    for _ in range(MOST_PLANES + 2):
        panel.add.click()
    assert len(document.state.scene.clips.planes) == MOST_PLANES
    assert not panel.add.isEnabled()


def test_planes_of_density_follow_the_crosshair(document: Document, panel: CutsPanel) -> None:
    grid = document.state.volume.grid
    panel.slices["x"].click()
    low, high = grid.bounds_xyz
    place = (np.asarray(document.state.crosshair_xyz) - low) / (high - low)
    assert document.state.scene.slices.x == pytest.approx(place[0])
    assert document.state.scene.slices.y is None
    seen: list[State] = []
    document.changed.connect(lambda _old, new: seen.append(new))
    steps = document.undo_stack.count()
    document.show(crosshair_xyz=tuple(low + (high - low) * [0.2, 0.5, 0.5]))
    assert seen[-1].scene.slices.x == pytest.approx(0.2)
    assert len(seen) == 1
    assert document.undo_stack.count() == steps
    panel.slices["x"].click()
    assert document.state.scene.slices.x is None
    document.undo_stack.undo()
    assert document.state.scene.slices.x == pytest.approx(0.2)


def test_a_session_opens_with_its_planes_where_they_were(document: Document, state: State) -> None:
    document.open(replace(state, scene=replace(state.scene, slices=Slices(x=0.3, z=0.8))))
    slices = document.state.scene.slices
    assert (slices.x, slices.y, slices.z) == (pytest.approx(0.3), None, pytest.approx(0.8))
    low, high = state.volume.grid.bounds_xyz
    assert document.state.crosshair_xyz == pytest.approx(tuple(low + (high - low) * [0.3, 0.5, 0.8]))


def test_guides_and_contrast_are_set(document: Document, panel: CutsPanel) -> None:
    panel.guides["scale_bar"].click()
    panel.guide_size.value_changed.emit(2.0)
    assert document.state.scene.guides.scale_bar
    assert document.state.scene.guides.size == 2.0
    panel.black.value_changed.emit(5.0)  # not beyond white
    black, white = document.state.scene.slices.contrast
    assert black < white == 3.0
    document.open(State())
    assert not panel.isEnabled()


@pytest.mark.gui
@pytest.mark.display
def test_the_window_cuts_and_shows_guides_and_saves_them(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    whole = picture(shown).astype(int)
    for name in ("axes", "box", "scale_bar", "planes", "cut"):
        shown.actions_by_id[f"view.{name}"].trigger()
    scene = shown.document.state.scene
    assert scene.guides.axes
    assert scene.guides.box
    assert scene.guides.scale_bar
    assert scene.slices.shown
    assert len(scene.clips.planes) == 1
    for name in ("axes", "box", "scale_bar", "planes"):
        assert shown.actions_by_id[f"view.{name}"].isChecked()
    rest(qtbot, shown)
    cut = picture(shown).astype(int)
    assert np.abs(cut - whole).mean() > 5
    from volviz.core.json import from_json, to_json
    from volviz.core.scene import Scene

    assert from_json(Scene, to_json(scene)) == scene
    for _ in range(5):
        shown.undo()
    rest(qtbot, shown)
    assert np.abs(picture(shown).astype(int) - whole).max() <= 2
