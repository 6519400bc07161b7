"""Surfaces from the window, through its dialog."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from conftest import PATIENCE_MS
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from volviz.core.cleaning import Cleaning
from volviz.core.cuts import Clips
from volviz.gui import exporting
from volviz.gui.document import State
from volviz.gui.exporting import MeshChoice, MeshDialog
from volviz.gui.window import Window
from volviz.tasks.mesh import mesh

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


def test_the_dialog_offers_what_is_shown(qtbot: QtBot, state: State) -> None:
    scene = state.scene.with_ramp("spikes", visible=False)
    dialog = MeshDialog(replace(state, scene=scene))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.choice == MeshChoice(("membrane", "lumen"))
    assert "0.65" in dialog.classes["membrane"].text()
    assert not dialog.region.isVisible()
    assert not dialog.level.isEnabled()
    dialog.own_level.click()
    assert dialog.choice.level == 0.5
    for box in dialog.classes.values():
        box.setChecked(False)
    assert not dialog._save.isEnabled()
    cut = MeshDialog(replace(state, scene=replace(scene, clips=Clips(z=(0.5, 1.0)))))
    qtbot.addWidget(cut)
    assert cut.choice.region is not None
    assert cut.choice.region.start == (12, 0, 0)


def test_the_dialog_says_how_many_triangles_there_will_be(qtbot: QtBot, state: State) -> None:
    dialog = MeshDialog(state)
    qtbot.addWidget(dialog)
    made = sum(len(one.faces) for one in mesh(state.segmentation, state.scene))

    def said() -> int:
        found = re.search(r"About ([\d,]+) triangles, [\d.,]+ MB", dialog.expected.text())
        return int(found[1].replace(",", "")) if found else 0

    qtbot.waitUntil(lambda: said() == pytest.approx(made, rel=0.06))
    dialog.keep.set_value(25)
    dialog.keep.value_changed.emit(25.0)
    qtbot.waitUntil(lambda: said() == pytest.approx(made / 4, rel=0.06))
    assert dialog.choice.keep == 0.25
    dialog.reject()


@pytest.mark.display
def test_a_surface_of_fewer_triangles_is_written_where_the_object_is(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    state = shown.document.state
    job = exporting.write_meshes(shown, tmp_path / "few.stl", MeshChoice(("membrane",), ".stl", closed=True, keep=0.2))
    with qtbot.waitSignal(job.succeeded, timeout=PATIENCE_MS):
        pass
    (whole,) = mesh(state.segmentation, state.scene, classes=["membrane"], closed=True)
    found = trimesh.load_mesh(tmp_path / "few.stl")
    assert len(found.faces) <= 0.2 * len(whole.faces) + 8
    ends = [whole.vertices_xyz.min(axis=0), whole.vertices_xyz.max(axis=0)]
    np.testing.assert_allclose(found.bounds, ends, atol=1.5 * max(state.segmentation.grid.voxel_size))


@pytest.mark.display
def test_meshes_are_what_is_shown_and_where_it_is(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ball.glb"

    def accept(dialog: MeshDialog) -> int:
        dialog.show()
        qtbot.mouseClick(dialog._save, LEFT)
        return dialog.result()

    monkeypatch.setattr(MeshDialog, "exec", accept)
    monkeypatch.setattr(exporting, "ask_path", lambda *_: path)
    shown.classes_panel.rows["membrane"].visible.click()
    cleaned = replace(shown.document.state.scene, cleaning={"lumen": Cleaning(dust=60)})  # the core is smaller than that
    shown.document.change("Clean", scene=cleaned)
    shown.actions_by_id["file.meshes"].trigger()
    (job,) = shown.jobs.running
    with qtbot.waitSignal(job.failed, timeout=60_000) as why:
        pass
    assert "no voxel of spikes or lumen reaches the level" in str(why.args[0])
    for _ in range(2):
        shown.actions_by_id["edit.undo"].trigger()
    qtbot.waitUntil(lambda: not shown.cleaning.pending and not shown.jobs.running, timeout=60_000)
    shown.actions_by_id["file.meshes"].trigger()
    qtbot.waitUntil(lambda: path.exists() and not shown.jobs.running, timeout=60_000)
    assert shown.jobs.ended[-1].files == (path,)
    found = trimesh.load_scene(path)
    assert set(found.geometry) == {"membrane", "lumen"}
    assert "no voxel of spikes reaches the level" in shown._status.text()
    grid = shown.document.state.volume.grid
    middle = grid.to_world((11.5, 15, 16))
    core = found.geometry["lumen"]
    np.testing.assert_allclose(core.bounds.mean(axis=0), middle, atol=1)
    assert core.is_watertight
    shell = found.geometry["membrane"]
    np.testing.assert_allclose(np.sort(np.unique(np.round(np.linalg.norm(shell.vertices - middle, axis=1) / 12)))[[0, -1]], [8, 10], atol=1)
