"""Classes named otherwise, moved, removed and added by hand."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from volviz.core.alone import is_alone
from volviz.core.annotations import Stroke
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.choosing import ChoosingDialog
from volviz.gui.document import Document, State
from volviz.gui.files import write_session
from volviz.gui.panels.classes import ClassesPanel
from volviz.gui.window import Window
from volviz.io import save
from volviz.tasks.render import open_view

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT = Qt.MouseButton.LeftButton


def called(window: Window, name: str, new: str) -> None:
    """Rename a class through its menu and the dialog."""
    window.classes_panel.rows[name].rename.trigger()
    dialog = next(found for found in window.findChildren(QInputDialog) if found.isVisible())
    line = dialog.findChild(QLineEdit)
    line.selectAll()
    QTest.keyClicks(line, new)
    QTest.keyClick(line, Qt.Key.Key_Return)


def names(window: Window) -> list[str]:
    assert [label.name for label in window.document.state.segmentation.drawn] == list(window.document.state.scene.ramps)
    assert list(window.classes_panel.rows) == list(window.document.state.scene.ramps)
    return list(window.classes_panel.rows)


def test_a_class_is_renamed_everywhere_and_nothing_is_uploaded(shown: Window, qtbot: QtBot) -> None:
    document = shown.document
    stroke = Stroke(((0.0, 0.0, 0.0),), 5.0, "membrane")
    document.change("Annotate", annotations=(stroke,))
    color, held = document.state.scene.ramps["membrane"].color, shown.viewport._renderer
    called(shown, "membrane", "envelope")
    assert names(shown) == ["envelope", "spikes", "lumen"]
    assert document.state.scene.ramps["envelope"].color == color
    assert document.state.annotations[0].label == "envelope"
    rest(qtbot, shown)
    assert shown.viewport._renderer is held
    called(shown, "envelope", "Lumen")
    box = next(found for found in shown.findChildren(QMessageBox) if found.isVisible())
    assert "already" in box.text()
    box.close()
    shown.undo()
    assert names(shown) == ["membrane", "spikes", "lumen"]
    assert document.state.annotations == (stroke,)
    rest(qtbot, shown)


def test_classes_are_moved_and_removed_and_a_session_keeps_that(shown: Window, qtbot: QtBot, ball, tmp_path: Path) -> None:
    save(ball[1], tmp_path / "classes.zarr")
    shown.open_paths([tmp_path / "classes.zarr"])
    qtbot.waitUntil(lambda: "file" in shown.document.state.segmentation.provenance, timeout=PATIENCE_MS)
    rest(qtbot, shown)
    rows = shown.classes_panel.rows
    rows["membrane"]._look_at_order()
    assert not rows["membrane"].up.isEnabled()
    rows["lumen"].up.trigger()
    shown.classes_panel.rows["spikes"].remove.trigger()
    called(shown, "membrane", "coat")
    assert names(shown) == ["coat", "lumen"]
    before = shown.document.state.segmentation.probabilities()
    write_session(shown, tmp_path / "s.volviz")
    rest(qtbot, shown)
    assert sorted(path.name for path in tmp_path.glob("*.zarr")) == ["classes.zarr"]  # nothing had to be written anew
    shown.document.open(State())
    shown.open_paths([tmp_path / "s.volviz"])
    qtbot.waitUntil(lambda: shown.document.state.segmentation is not None, timeout=PATIENCE_MS)
    assert names(shown) == ["coat", "lumen"]
    np.testing.assert_array_equal(shown.document.state.segmentation.probabilities(), before)
    assert open_view(tmp_path / "s.volviz").scene == shown.document.state.scene
    rest(qtbot, shown)


def send(widget: QWidget, kind: QEvent.Type, at: QPoint, buttons: Qt.MouseButton = LEFT) -> None:
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
    event = QMouseEvent(kind, QPointF(at), QPointF(widget.mapToGlobal(at)), button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def drag(widget: QWidget, onto: QWidget) -> None:
    """Carry a widget by its middle to the lower edge of another."""
    start = widget.rect().center()
    stop = widget.mapFromGlobal(onto.mapToGlobal(onto.rect().bottomLeft()))
    send(widget, QEvent.Type.MouseButtonPress, start)
    for share in (0.1, 0.5, 1.0):
        send(widget, QEvent.Type.MouseMove, start + (stop - start) * share)
    send(widget, QEvent.Type.MouseButtonRelease, stop, Qt.MouseButton.NoButton)


def test_classes_are_dragged_into_another_order_as_one_step(shown: Window) -> None:
    shown.docks["Classes"].raise_()
    panel, steps = shown.classes_panel, shown.document.undo_stack.count()
    drag(panel.rows["membrane"].visible, panel.rows["spikes"])
    assert names(shown) == ["spikes", "membrane", "lumen"]
    assert shown.document.undo_stack.count() == steps + 1
    assert shown.document.state.scene.ramps["membrane"].visible  # it was carried, not clicked
    drag(panel.rows["spikes"], panel.rows["lumen"])
    assert names(shown) == ["membrane", "lumen", "spikes"]
    shown.undo()
    shown.undo()
    assert names(shown) == ["membrane", "spikes", "lumen"]
    drag(panel.rows["lumen"].visible, panel.rows["lumen"])  # to where it is
    assert names(shown) == ["membrane", "spikes", "lumen"]
    QTest.mouseClick(panel.rows["lumen"].visible, LEFT, pos=QPoint(8, panel.rows["lumen"].visible.height() // 2))
    assert not shown.document.state.scene.ramps["lumen"].visible


def test_a_class_is_added_from_a_volume_and_an_empty_one_to_annotate(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch) -> None:
    shape = shown.document.state.volume.grid.shape
    values = np.zeros(shape, np.float32)
    values[:4] = 1
    with mrcfile.new(tmp_path / "ball_actin.mrc") as mrc:
        mrc.set_data(values)
        mrc.voxel_size = 12.0
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "ball_actin.mrc")], ""))
    shown.classes_panel.add_volumes.trigger()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in shown.findChildren(ChoosingDialog)), timeout=PATIENCE_MS)
    dialog = next(d for d in shown.findChildren(ChoosingDialog) if d.isVisible())
    assert dialog.keep.isChecked()
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(shown.document.state.segmentation.labels) == 5, timeout=PATIENCE_MS)
    assert names(shown) == ["membrane", "spikes", "lumen", "actin"]
    assert shown.document.state.segmentation.probabilities()[4, :4].mean() > 0.9  # less where the ball claims its part
    rest(qtbot, shown)
    shown.classes_panel.add_label.trigger()
    assert shown.document.state.annotation_labels[-1].name == shown.annotating.label == "class 1"
    shown.undo()
    shown.undo()
    assert names(shown) == ["membrane", "spikes", "lumen"]
    rest(qtbot, shown)


def test_class_files_are_shown_without_a_tomogram(window: Window, qtbot: QtBot, ball: tuple[Volume, Segmentation], tmp_path: Path) -> None:
    for name in ("membrane", "lumen"):
        with mrcfile.new(tmp_path / f"ball_{name}.mrc") as mrc:
            mrc.set_data(ball[1].probabilities()[ball[1].index(name)])
            mrc.voxel_size = 12.0
    window.open_asking([tmp_path / "ball_membrane.mrc", tmp_path / "ball_lumen.mrc"])
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(ChoosingDialog)), timeout=PATIENCE_MS)
    dialog = next(d for d in window.findChildren(ChoosingDialog) if d.isVisible())
    assert "shown alone" in dialog.problem.text()
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    assert is_alone(window.document.state.volume)
    assert set(window.classes_panel.rows) == {"membrane", "lumen"}
    rest(qtbot, window)
    write_session(window, tmp_path / "s.volviz")
    rest(qtbot, window)
    window.document.open(State())
    window.open_paths([tmp_path / "s.volviz"])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    assert is_alone(window.document.state.volume)
    assert window.document.state.path == tmp_path / "s.volviz"
    rest(qtbot, window)


def test_the_keyboard_goes_through_the_classes_from_top_to_bottom(document: Document, qtbot: QtBot) -> None:
    panel = ClassesPanel(document)
    qtbot.addWidget(panel)
    panel.rows["lumen"].up.trigger()  # which makes the rows anew
    names, widget = [], panel.nextInFocusChain()
    while widget is not panel:
        names.append(widget.accessibleName() or getattr(widget, "text", str)())
        widget = widget.nextInFocusChain()
    places = [names.index(f"Colour of {name}") for name in ("membrane", "lumen", "spikes")]
    places += [names.index("Add a class"), names.index("opacity of the classes on the slices"), names.index("density low")]
    assert places == sorted(places)
    panel.close_threads()
