"""Tables of objects and annotations as files, through the menus and dialogs of the window."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from volviz.core.annotations import ERASED, Box, Stroke, SurfacePoints
from volviz.core.cleaning import Cleaning
from volviz.core.segmentation import Label
from volviz.gui.annotation_files import ExportDialog, PointsDialog
from volviz.gui.document import State
from volviz.gui.tables import TableChoice, TableDialog
from volviz.gui.window import Window
from volviz.io.annotations import open_annotations, save_annotations
from volviz.segment.rasterize import rasterize

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
# The ball's grid begins at z 0, y 100, x -50 (A), with voxels of 12.
MARKS = (
    Stroke(((20.0, 200.0, 60.0), (150.0, 260.0, 100.0)), 30.0, "spikes"),
    Stroke(((40.0, 210.0, 66.0),), 30.0, ERASED),
    SurfacePoints(((142.0, 280.0, 138.0), (100.0, 300.0, 120.0)), 1, "membrane"),
)


def test_the_table_dialog_says_where_objects_end(qtbot: QtBot, state: State) -> None:
    scene = state.scene.with_ramp("spikes", visible=False).with_cleaning("lumen", dust=3.0, level=0.7)
    dialog = TableDialog(State(state.volume, state.segmentation, scene))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.choice == TableChoice(("membrane", "lumen"))
    assert "from 0.40 up" in dialog.classes["membrane"].text()
    assert "from 0.70 up" in dialog.classes["lumen"].text()
    qtbot.mouseClick(dialog.own_threshold, LEFT)
    assert dialog.choice.threshold == 0.5
    for box in dialog.classes.values():
        box.setChecked(False)
    assert not dialog.accepting.isEnabled()


def test_points_are_offered_only_if_there_are_any(qtbot: QtBot, state: State) -> None:
    from dataclasses import replace

    without, dialog = ExportDialog(replace(state, annotations=MARKS[:2])), ExportDialog(replace(state, annotations=MARKS))
    for one in (without, dialog):
        qtbot.addWidget(one)
        one.show()
    assert (without.kind.count(), dialog.kind.count()) == (3, 7)
    assert not dialog.pixel_size.isVisible()
    dialog.kind.setCurrentText("Points (RELION 4)")
    assert dialog.pixel_size.isVisible()
    assert (dialog.choice.suffix, dialog.choice.relion, dialog.choice.pixel_size) == (".star", 4, 12.0)


def answer(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, path: Path, kind: str = "") -> None:
    """Click through whatever dialog comes, and choose this file."""

    def accept(dialog: QDialog) -> int:
        dialog.show()
        if isinstance(dialog, ExportDialog):
            dialog.kind.setCurrentText(kind)
            assert dialog.kind.currentText() == kind
        dialog.accept()
        return dialog.result()

    for dialog in (TableDialog, ExportDialog, PointsDialog):
        monkeypatch.setattr(dialog, "exec", accept)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))


def trigger(window: Window, qtbot: QtBot, name: str) -> None:
    assert window.actions_by_id[name].isEnabled()
    window.actions_by_id[name].trigger()
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=60_000)


@pytest.mark.display
def test_the_table_is_of_what_is_shown(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, qtbot, tmp_path / "t.csv")
    trigger(shown, qtbot, "file.objects")
    with (tmp_path / "t.csv").open(newline="") as file:
        shell, core = csv.DictReader(file)
    assert (shell["class"], core["class"], core["threshold"]) == ("membrane", "lumen", "0.4")
    middle = shown.document.state.volume.grid.to_world((11.5, 15, 16))
    for row in (shell, core):
        np.testing.assert_allclose([float(row[f"centre_{a}_angstrom"]) for a in "xyz"], middle, atol=0.5)
    # The core falls to 0.4 at 7.2 voxels of 1.2 nm, less what the shell takes from it.
    assert float(core["diameter_nm"]) == pytest.approx(2 * 7.2 * 1.2, rel=0.03)
    assert float(core["surface_nm2"]) == pytest.approx(math.pi * float(core["diameter_nm"]) ** 2, rel=0.03)
    assert shown.jobs.ended[-1].files == (tmp_path / "t.csv",)

    scene = shown.document.state.scene
    shown.document.change("Clean", scene=scene.with_cleaning("lumen", dust=60.0))
    qtbot.waitUntil(lambda: not shown.cleaning.pending, timeout=60_000)
    assert scene.cleaning.get("lumen", Cleaning()) != shown.document.state.scene.cleaning["lumen"]
    trigger(shown, qtbot, "file.objects")
    with (tmp_path / "t.csv").open(newline="") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["membrane"]
    assert "1 objects" not in shown._status.text()
    assert "one object" in shown._status.text()


@pytest.mark.display
def test_annotations_go_out_and_come_back(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    action = shown.actions_by_id["file.export_annotations"]
    assert not action.isEnabled()
    assert "Annotate something first" in action.toolTip()
    path = tmp_path / "given.annotations.json"
    save_annotations((*MARKS, Stroke(MARKS[0].path_xyz, 5.0, "odd")), path, labels=(Label("odd", (0.1, 0.9, 0.1)), Label("unused")))
    answer(monkeypatch, qtbot, path)
    trigger(shown, qtbot, "file.import_annotations")
    state = shown.document.state
    assert state.annotations[:3] == MARKS
    assert [label.name for label in state.annotation_labels] == ["background", "membrane", "spikes", "lumen", "odd"]
    assert state.annotation_labels[-1].color == (0.1, 0.9, 0.1)
    assert "Imported 4 annotations" in shown._status.text()
    shown.actions_by_id["edit.undo"].trigger()
    assert (shown.document.state.annotations, shown.document.state.annotation_labels) == ((), ())
    assert not action.isEnabled()
    shown.actions_by_id["edit.redo"].trigger()

    out = tmp_path / "labels.mrc"
    answer(monkeypatch, qtbot, out, "Label volume (MRC)")
    trigger(shown, qtbot, "file.export_annotations")
    grid = shown.document.state.volume.grid
    expected = rasterize(state.annotations, grid, state.annotation_labels)
    with mrcfile.open(out) as file:
        np.testing.assert_array_equal(file.data.view(np.uint8), expected)
        assert [float(file.header.origin[a]) for a in "xyz"] == [-50.0, 100.0, 0.0]
    assert "-1 is unlabelled" in shown._status.text()

    # The label volume comes back as objects with masks, numbered after those there are.
    answer(monkeypatch, qtbot, out)
    trigger(shown, qtbot, "file.import_annotations")
    boxes = shown.document.state.annotations[4:]
    assert boxes
    assert all(isinstance(box, Box) and box.object_id > 1 for box in boxes)
    np.testing.assert_array_equal(rasterize(boxes, grid, state.annotation_labels), expected)
    again = tmp_path / "all.annotations.json"
    answer(monkeypatch, qtbot, again, "Annotations (JSON)")
    trigger(shown, qtbot, "file.export_annotations")
    assert open_annotations(again).annotations == shown.document.state.annotations


@pytest.mark.display
def test_points_go_to_relion_and_come_back(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown.document.change("Points", annotations=MARKS)
    for kind in ("Points (RELION 5)", "Points (RELION 4)", "Points (CSV)"):
        path = tmp_path / ("p.csv" if "CSV" in kind else "p.star")
        answer(monkeypatch, qtbot, path, kind)
        trigger(shown, qtbot, "file.export_annotations")
        trigger(shown, qtbot, "file.import_annotations")
        (points,) = shown.document.state.annotations[3:]
        np.testing.assert_allclose(points.points_xyz, MARKS[2].points_xyz, atol=2e-3)
        assert (points.label, points.object_id) == ("membrane", 2)  # 1 is taken
        shown.actions_by_id["edit.undo"].trigger()


@pytest.mark.display
def test_dropped_annotations_are_added(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_annotations(MARKS[:2], tmp_path / "a.annotations.json")
    (tmp_path / "p.csv").write_text("x,y,z\n1,2,3\n")
    answer(monkeypatch, qtbot, tmp_path)
    volume = shown.document.state.volume
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.annotations.json", "p.csv")])
    at, copy, none = QPoint(100, 100), Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(shown, QDragEnterEvent(at, copy, data, LEFT, none))
    QApplication.sendEvent(shown, QDropEvent(QPointF(at), copy, data, LEFT, none))
    qtbot.waitUntil(lambda: len(shown.document.state.annotations) == 3 and not shown.jobs.running, timeout=60_000)
    assert shown.document.state.volume is volume
    assert SurfacePoints(((1.0, 2.0, 3.0),), 1, "spikes") in shown.document.state.annotations
    assert shown.annotating.object_id == 2


@pytest.mark.display
def test_a_file_that_is_wrong_is_said_and_nothing_changes(
    shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.csv").write_text("a,b\n1,2\n")
    answer(monkeypatch, qtbot, tmp_path / "p.csv")
    shown.actions_by_id["file.import_annotations"].trigger()
    (job,) = shown.jobs.running
    with qtbot.waitSignal(job.failed, timeout=60_000) as why:
        pass
    assert "no columns x, y and z" in str(why.args[0])
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=60_000)
    assert shown.document.state.annotations == ()
