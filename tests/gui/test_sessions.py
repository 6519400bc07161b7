"""Sessions in the window: everything comes back, and what has moved is asked for."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from volviz.cli import main
from volviz.core.annotations import Stroke
from volviz.core.errors import VolvizError
from volviz.gui import files, stills
from volviz.gui.document import State
from volviz.gui.lost import LostDialog
from volviz.gui.opening import STORED
from volviz.gui.stills import StillChoice
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

NOT_STORED = {"estimated", "live", "cleaned", "doubt", "overview", "path", "project"}  # found out anew, or of the moment
LEFT = Qt.MouseButton.LeftButton


def finish(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=PATIENCE_MS)


def opened(qtbot: QtBot, window: Window, path: Path) -> State:
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.document.state.path == path and not window.jobs.running, timeout=PATIENCE_MS)
    return window.document.state


@pytest.fixture
def session(shown: Window, qtbot: QtBot, tmp_path: Path) -> Path:
    """Everything changed that can be, through the widgets where there are some, and saved as view.volviz."""
    shown.document.show(camera=shown.document.state.camera.orbited(35, 10))
    shown.data_panel.low.value_changed.emit(-1.05)
    shown.data_panel.high.value_changed.emit(0.2)
    shown.data_panel.voxel_size.set_value(13.5)
    qtbot.mouseClick(shown.data_panel.apply, LEFT)
    canvas = shown.slices.views[0].canvas
    qtbot.mouseClick(canvas, LEFT, pos=QPoint(canvas.width() // 2 + 9, canvas.height() // 2 - 7))
    shown.document.show(overlay=0.35)
    shown.light_panel.numbers["light", "size"].value_changed.emit(25.0)
    shown.classes_panel.rows["lumen"].visible.click()
    shown.document.change("Scribble", annotations=(Stroke(((100.0, 200.0, 50.0), (120.0, 220.0, 50.0)), 30.0, "spikes"),))
    rest(qtbot, shown)
    path = tmp_path / "view.volviz"
    files.write_session(shown, path)
    rest(qtbot, shown)
    return path


def test_every_field_of_the_window_is_stored_or_known_not_to_be() -> None:
    assert {f.name for f in fields(State)} == {"volume", "segmentation", *STORED} | NOT_STORED


def test_a_session_brings_everything_back(shown: Window, session: Path, qtbot: QtBot) -> None:
    before, drawn = shown.document.state, picture(shown)
    assert before.contrast == (-1.05, 0.2)
    assert before.volume.grid.voxel_size == (13.5,) * 3
    shown.document.open(State())
    after = opened(qtbot, shown, session)
    assert {name: getattr(after, name) for name in STORED} == {name: getattr(before, name) for name in STORED}
    assert after.volume.grid == before.volume.grid
    assert after.volume.source == before.volume.source
    np.testing.assert_array_equal(np.asarray(after.segmentation.data[:]), before.segmentation.data)
    assert after.segmentation.grid == before.segmentation.grid
    rest(qtbot, shown)
    np.testing.assert_array_equal(picture(shown), drawn)


def test_the_command_line_draws_a_session_as_the_window_does(shown: Window, session: Path, qtbot: QtBot, tmp_path: Path) -> None:
    stills.write_still(shown, tmp_path / "window.png", StillChoice((200, 150), transparent=False))
    finish(qtbot, shown)
    assert main(["render", str(session), "--out", str(tmp_path / "line.png"), "--size", "200x150"]) == 0
    window, line = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB")) for name in ("window", "line"))
    assert window.std() > 5
    np.testing.assert_array_equal(line, window)


def test_a_moved_file_is_asked_for_and_those_beside_it_are_found(
    shown: Window, session: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("ball.mrc", "view_segmentation.zarr"):
        (tmp_path / name).rename(moved / name)
    before = shown.document.state
    shown.open_paths([session])
    qtbot.waitUntil(lambda: bool(dialogs(shown)), timeout=PATIENCE_MS)
    dialog = dialogs(shown)[0]
    assert set(dialog.find_buttons) == {"volume", "segmentation"}
    dialog.reject()
    finish(qtbot, shown)
    assert shown.document.state is before

    shown.document.open(State())
    shown.open_paths([session])
    qtbot.waitUntil(lambda: bool(dialogs(shown)), timeout=PATIENCE_MS)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved / "ball.mrc"), ""))
    qtbot.mouseClick(dialogs(shown)[0].find_buttons["volume"], LEFT)
    qtbot.waitUntil(lambda: shown.document.state.path == session, timeout=PATIENCE_MS)
    assert shown.document.state.volume.source == moved / "ball.mrc"
    assert shown.document.state.segmentation is not None
    assert shown.document.state.scene == before.scene


def test_without_its_classes_a_session_still_opens(shown: Window, session: Path, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "view_segmentation.zarr").rename(tmp_path / "gone.zarr")
    shown.open_paths([session])
    qtbot.waitUntil(lambda: bool(dialogs(shown)), timeout=PATIENCE_MS)
    dialog = dialogs(shown)[0]
    assert dialog.without.isVisible()
    qtbot.mouseClick(dialog.without, LEFT)
    qtbot.waitUntil(lambda: shown.document.state.segmentation is None and shown.document.state.path == session, timeout=PATIENCE_MS)
    assert shown.document.state.annotations


def test_saving_again_leaves_the_classes_that_undo_may_need(shown: Window, session: Path, qtbot: QtBot, tmp_path: Path) -> None:
    again = opened(qtbot, shown, session)
    other = np.ascontiguousarray(np.asarray(again.segmentation.data[:])[:, ::-1])
    made = type(again.segmentation)(again.segmentation.grid, other, again.segmentation.labels)
    shown.document.change("Segment", segmentation=made)
    files.write_session(shown, session)
    finish(qtbot, shown)
    assert (tmp_path / "view_segmentation_2.zarr").is_dir()
    shown.document.undo_stack.undo()
    np.testing.assert_array_equal(np.asarray(shown.document.state.segmentation.data[:]), other[:, ::-1])


def dialogs(window: Window) -> list[LostDialog]:
    return [dialog for dialog in window.findChildren(LostDialog) if dialog.isVisible()]


def test_a_session_that_has_no_room_leaves_the_one_before_and_no_classes(
    shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise VolvizError("no room")

    path = tmp_path / "view.volviz"
    path.write_text("older")
    before = sorted(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr("volviz.io.project.save_project", full)
        job = files.write_session(shown, path)
        with qtbot.waitSignal(job.failed, timeout=PATIENCE_MS):
            pass
    assert sorted(tmp_path.iterdir()) == before
    assert path.read_text() == "older"
    assert "file" not in shown.document.state.segmentation.provenance
