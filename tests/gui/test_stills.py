"""Stills through their dialog, pictures that open as the view they show, the view as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PIL import Image
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QMessageBox
from pytestqt.qtbot import QtBot
from test_window import drop

import volviz
from volviz.core.annotations import Stroke
from volviz.core.boxes import Box
from volviz.gui import annotation_files, files, settings, stills, videos
from volviz.gui.lost import LostDialog
from volviz.gui.opening import stored_at
from volviz.gui.stills import StillChoice, StillDialog
from volviz.gui.videos import VideoDialog
from volviz.gui.window import Window
from volviz.io import save

pytestmark = pytest.mark.gui


@pytest.fixture
def stored(shown: Window, tmp_path: Path, qtbot: QtBot) -> Window:
    """The window with classes that lie in a file, in a look of its own."""
    state = shown.document.state
    save(state.segmentation, tmp_path / "classes.zarr")
    scene = state.scene.with_ramp("membrane", low=0.3, color=(0.1, 0.8, 0.4)).set("light.size", "25").set("lumen.dust", "4")
    shown.document.open(replace(state, segmentation=stored_at(state.segmentation, tmp_path / "classes.zarr"), scene=scene))
    shown.document.show(camera=state.camera.orbited(35, 10))
    qtbot.waitUntil(lambda: not shown.cleaning.pending, timeout=PATIENCE_MS)
    rest(qtbot, shown)
    return shown


def write(window: Window, qtbot: QtBot, path: Path, choice: StillChoice) -> np.ndarray:
    job = stills.write_still(window, path, choice)
    with qtbot.waitSignal(job.succeeded, timeout=PATIENCE_MS):
        pass
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_picture_that_will_open_without_its_classes_says_so(qtbot: QtBot) -> None:
    dialog = StillDialog((800, 600))
    qtbot.addWidget(dialog)
    dialog.say_lacking(True)
    assert not dialog.lacking.isHidden()
    dialog.reopens.click()
    assert dialog.lacking.isHidden()


def test_presets_fill_the_boxes_and_boxes_can_say_something_else(qtbot: QtBot) -> None:
    dialog = StillDialog((800, 600), scale_bar=True)
    qtbot.addWidget(dialog)
    assert dialog.choice == StillChoice((1920, 1080), scale_bar=True)
    names = [dialog.preset.itemText(i) for i in range(dialog.preset.count())]
    dialog.preset.setCurrentIndex(next(i for i, name in enumerate(names) if name.startswith("8K")))
    assert dialog.choice.size == (7680, 4320)
    dialog.width_box.setValue(333)
    dialog.transparent.click()
    dialog.scale_bar.click()
    dialog.reopens.click()
    assert dialog.choice == StillChoice((333, 4320), transparent=True, scale_bar=False, reopens=False)
    assert not dialog.marks.isEnabled()  # there are none
    dialog.preset.setCurrentIndex(next(i for i, name in enumerate(names) if name.startswith("One column")))
    assert dialog.choice.size == (1063, 797)  # 90 mm at 300 dpi, in the shape of the view
    assert dialog.choice.dpi == 300
    dialog.dpi.setValue(600)
    assert dialog.choice.size == (2126, 1594)
    assert "90 × 67 mm on paper" in dialog.said.text()


@pytest.mark.display
def test_a_still_has_its_resolution_and_its_scale_bar(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    bare, barred = (write(shown, qtbot, tmp_path / f"{bar}.png", StillChoice((160, 120), dpi=300, scale_bar=bar)) for bar in (False, True))
    with Image.open(tmp_path / "True.png") as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    changed = np.argwhere((bare != barred).any(axis=2))
    assert len(changed) > 20
    assert changed[:, 0].min() > 80  # at the bottom
    assert not shown.document.state.scene.guides.scale_bar


@pytest.mark.display
@pytest.mark.parametrize(("kind", "save"), [(StillDialog, stills.save_still), (VideoDialog, videos.save_video)])
def test_a_picture_is_asked_to_show_annotations_where_the_view_does(
    kind: type[QDialog], save: Callable[[Window], None], shown: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bool, bool]] = []
    monkeypatch.setattr(kind, "exec", lambda dialog: asked.append((dialog.marks.isEnabled(), dialog.choice.marks)))
    save(shown)
    shown.document.change("Scribble", annotations=(Stroke(((0.0, 200.0, 100.0),), 25.0, "spikes"),))
    for _ in range(2):
        save(shown)
        shown.actions_by_id["annotate.visible"].trigger()
    assert asked == [(False, False), (True, True), (True, False)]
    assert shown.annotating.visible


@pytest.mark.display
def test_annotations_are_in_a_still_that_is_asked_to_show_them(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    (x, y, z), (across, _, _) = (shown.document.state.volume.grid.bounds_xyz[0], shown.document.state.volume.grid.bounds_xyz[1])
    box = Box(((float(x), float(y), float(z)), (float(x + across) / 2, float(y + across) / 2, float(z + across) / 2)), "membrane", 1)
    shown.document.change("Box", annotations=(box,))
    bare, marked = (write(shown, qtbot, tmp_path / f"{on}.png", StillChoice((160, 120), marks=on)) for on in (False, True))
    changed = (bare != marked).any(axis=2)
    assert 50 < np.count_nonzero(changed) < changed.size / 3
    state = shown.document.state
    np.testing.assert_array_equal(
        volviz.still(state.scene, state.volume, state.segmentation, (160, 120), state.camera, marks=(box,))[..., :3], marked
    )


@pytest.mark.display
@pytest.mark.parametrize("name", ["view.png", "view.jpg"])
def test_a_picture_dropped_on_the_window_brings_the_view_back(stored: Window, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    before, drawn = stored.document.state, picture(stored)
    write(stored, qtbot, tmp_path / name, StillChoice((96, 72)))
    stored.actions_by_id["view.front"].trigger()
    drop(stored, tmp_path / name)
    qtbot.waitUntil(lambda: stored.document.state.camera == before.camera, timeout=PATIENCE_MS)
    rest(qtbot, stored)
    after = stored.document.state
    assert after.scene == before.scene
    assert after.path is None
    np.testing.assert_array_equal(picture(stored), drawn)


@pytest.mark.display
def test_names_are_looked_for_among_recent_files_and_then_asked_for(stored: Window, qtbot: QtBot, tmp_path: Path) -> None:
    before = stored.document.state
    sent = tmp_path.parent / f"{tmp_path.name}_sent"
    sent.mkdir()
    write(stored, qtbot, sent / "view.png", StillChoice((96, 72)))
    assert str(tmp_path).encode() not in (sent / "view.png").read_bytes()
    stored.actions_by_id["view.front"].trigger()
    settings.remember([tmp_path / "ball.mrc"])
    settings.remember([tmp_path / "a disk that is gone" / "other.mrc"])
    stored.open_paths([sent / "view.png"])
    qtbot.waitUntil(lambda: stored.document.state.camera == before.camera, timeout=PATIENCE_MS)
    stored.actions_by_id["view.front"].trigger()
    settings.settings().setValue("recent", [])
    stored.open_paths([sent / "view.png"])
    qtbot.waitUntil(lambda: bool(stored.findChildren(LostDialog)), timeout=PATIENCE_MS)
    (dialog,) = stored.findChildren(LostDialog)
    assert any("ball.mrc" in label.text() and "beside the picture" in label.text() for label in dialog.findChildren(QLabel))
    dialog._retry({"volume": tmp_path / "ball.mrc"}, [])
    qtbot.waitUntil(lambda: stored.document.state.camera == before.camera, timeout=PATIENCE_MS)
    rest(qtbot, stored)


@pytest.mark.display
def test_a_photograph_is_refused_in_a_sentence(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    drop(shown, tmp_path / "photo.png")
    qtbot.waitUntil(lambda: bool(shown.findChildren(QMessageBox)), timeout=PATIENCE_MS)
    (box,) = shown.findChildren(QMessageBox)
    assert "without a view of volviz in it" in box.text()


@pytest.mark.display
def test_what_is_copied_draws_what_the_window_saves(stored: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    from volviz.cli import main

    expected = write(stored, qtbot, tmp_path / "window.png", StillChoice(stored.viewport.size_px()))
    texts = {}
    for name in ("python", "command"):
        QGuiApplication.clipboard().setText("")
        stored.actions_by_id[f"edit.copy_{name}"].trigger()
        qtbot.waitUntil(lambda: bool(QGuiApplication.clipboard().text()), timeout=PATIENCE_MS)
        texts[name] = QGuiApplication.clipboard().text()
        (tmp_path / name).mkdir()
    assert texts["command"].startswith("volviz render")
    monkeypatch.chdir(tmp_path / "python")
    exec(texts["python"], {})
    monkeypatch.chdir(tmp_path / "command")
    line = texts["command"].replace("volviz", "printf '%s\\0'", 1)
    words = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    assert main(words) == 0
    for name in texts:
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / name / "ball.png").convert("RGB")), expected)


def copied(window: Window, qtbot: QtBot) -> tuple[str, str]:
    """The text of the view as Python, and what the status bar says of it."""
    QGuiApplication.clipboard().setText("")
    window.actions_by_id["edit.copy_python"].trigger()
    qtbot.waitUntil(lambda: bool(QGuiApplication.clipboard().text()), timeout=PATIENCE_MS)
    return QGuiApplication.clipboard().text(), window._status.text()


@pytest.mark.display
def test_annotations_that_are_shown_are_copied_if_a_file_holds_them(stored: Window, qtbot: QtBot, tmp_path: Path) -> None:
    volume = stored.document.state.volume
    low, high = volume.grid.bounds_xyz
    box = Box((tuple(map(float, low)), tuple(map(float, (low + high) / 2))), "membrane", 1)
    stored.document.change("Box", annotations=(box,))
    text, said = copied(stored, qtbot)
    assert "marks" not in text
    assert "but not its annotations" in said
    path = tmp_path / "ball.annotations.json"
    job = annotation_files.write_marks(stored, path, annotation_files.ExportChoice(".annotations.json"))
    with qtbot.waitSignal(job.succeeded, timeout=PATIENCE_MS):
        pass
    text, said = copied(stored, qtbot)
    assert f"marks = volviz.read_annotations({str(path)!r}, vol)" in text
    assert said.endswith("draw this view")
    job = files.write_session(stored, tmp_path / "s.volviz")
    with qtbot.waitSignal(job.succeeded, timeout=PATIENCE_MS):
        pass
    assert "s.volviz" in copied(stored, qtbot)[0]
    stored.document.change("Another", annotations=(box, replace(box, object_id=2)))
    assert "but not its annotations" in copied(stored, qtbot)[1]
    stored.annotating.set(visible_in_3d=False)
    text, said = copied(stored, qtbot)
    stored.annotating.set(visible_in_3d=True)
    assert "marks" not in text
    assert said.endswith("draw this view")


@pytest.mark.display
def test_what_is_in_no_file_cannot_be_copied_as_text(shown: Window, qtbot: QtBot) -> None:
    shown.actions_by_id["edit.copy_python"].trigger()
    qtbot.waitUntil(lambda: bool(shown.findChildren(QMessageBox)), timeout=PATIENCE_MS)
    assert "not saved yet" in shown.findChildren(QMessageBox)[0].text()
