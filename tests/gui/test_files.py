"""What the window writes: stills, videos, segmentations, sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, picture, rest
from PIL import Image
from pytestqt.qtbot import QtBot

from volviz.core.motions import Turntable
from volviz.core.segmentation import Segmentation
from volviz.core.stages import stages
from volviz.gui import asking, files, settings, stills, videos
from volviz.gui.stills import StillChoice
from volviz.gui.videos import VideoChoice
from volviz.gui.window import Window
from volviz.io import open as open_path

pytestmark = [pytest.mark.gui, pytest.mark.display]


def finish(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=60_000)


def test_a_still_shows_what_the_window_shows(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    stills.write_still(shown, path, StillChoice(shown.viewport.size_px(), transparent=False))
    finish(qtbot, shown)
    still = np.asarray(Image.open(path).convert("RGB")).astype(int)
    window = picture(shown).astype(int)
    assert still.shape == window.shape
    assert np.abs(still - window).mean() < 3
    foreground = np.abs(window - window[0, 0]).max(axis=2) > 30
    assert np.abs(still - window).max(axis=2)[foreground].mean() < 12


def test_a_transparent_still_has_an_empty_ground(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    stills.write_still(shown, path, StillChoice((160, 120), transparent=True))
    finish(qtbot, shown)
    with Image.open(path) as image:
        assert image.mode == "RGBA"
        assert image.size == (160, 120)
        alpha = np.asarray(image)[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() > 200


def test_a_video_turns_once(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    import av

    path = tmp_path / "turn.mp4"
    videos.write_video(shown, path, VideoChoice((128, 96), 8, Turntable(seconds=1.0)))
    finish(qtbot, shown)
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(video=0)]
    assert len(frames) == 8
    assert frames[0].shape == (96, 128, 3)
    assert np.abs(frames[0] - frames[4]).mean() > 0.5


def test_a_cancelled_video_leaves_no_file(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    job = videos.write_video(shown, tmp_path / "turn.mp4", VideoChoice((640, 480), 60, Turntable(seconds=60.0)))
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=30_000)
    job.cancel()
    finish(qtbot, shown)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ball.mrc"]


def test_saved_classes_are_the_classes(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    files.write_segmentation(shown, tmp_path / "classes.zarr")
    finish(qtbot, shown)
    again = open_path(tmp_path / "classes.zarr")
    assert isinstance(again, Segmentation)
    np.testing.assert_array_equal(np.asarray(again.data[:]), shown.document.state.segmentation.data)


def test_classes_are_not_saved_over_their_tomogram(shown: Window, qtbot: QtBot, ball_file: Path) -> None:
    before = ball_file.read_bytes()
    with qtbot.waitSignal(shown.jobs.failed, timeout=PATIENCE_MS) as failed:
        files.write_segmentation(shown, ball_file)
    assert "is the tomogram itself" in str(failed.args[1])
    assert ball_file.read_bytes() == before


def test_a_session_comes_back_as_it_was(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    shown.document.show(camera=shown.document.state.camera.orbited(35, 10))
    shown.light_panel.numbers["light", "size"].value_changed.emit(25.0)
    shown.classes_panel.rows["lumen"].visible.click()
    rest(qtbot, shown)
    before, drawn = shown.document.state, picture(shown)
    files.write_session(shown, tmp_path / "view.volviz")
    finish(qtbot, shown)
    assert shown.document.undo_stack.isClean()
    assert settings.recent()[0] == (tmp_path / "view.volviz",)  # what was saved is what one goes on with
    shown.open_paths([tmp_path / "view.volviz"])
    qtbot.waitUntil(lambda: shown.document.state.path is not None and not shown.jobs.running, timeout=10_000)
    after = shown.document.state
    assert after.scene == before.scene
    assert after.camera == before.camera
    assert after.volume.source == before.volume.source
    np.testing.assert_array_equal(np.asarray(after.segmentation.data[:]), before.segmentation.data)
    rest(qtbot, shown)
    np.testing.assert_array_equal(picture(shown), drawn)


def test_files_go_where_one_was_saved_before_and_never_into_the_folder_of_the_demo(
    shown: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[Path] = []

    def answer(_parent: object, _title: str, path: str, _kinds: str) -> tuple[str, str]:
        proposed.append(Path(path))
        return str(tmp_path / "kept" / "one.png"), "PNG (*.png)"

    monkeypatch.setattr(asking.QFileDialog, "getSaveFileName", answer)
    monkeypatch.setattr(asking.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "kept").mkdir()
    passing = tmp_path / f"{asking.DEMO}1"
    passing.mkdir()
    state = shown.document.state
    shown.document.open(replace(state, volume=replace(state.volume, source=passing / "sample.mrc"), path=None))
    shown.saved_in = None
    for _ in range(2):
        asking.ask_path(shown, "Export still", "one.png", "PNG (*.png)", ".png")
    assert proposed == [Path.home() / "one.png", tmp_path / "kept" / "one.png"]


def test_the_stages_of_light_are_saved_side_by_side(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "stages.png"
    stills.write_still(shown, path, StillChoice((240, 180), transparent=False), stages(shown.document.state.scene))
    finish(qtbot, shown)
    with Image.open(path) as image:
        assert image.size == (240, 180)
        picture = np.asarray(image.convert("RGB")).astype(float)
    bright = [picture[top + 20 : top + 88, left : left + 119].mean() for top in (0, 91) for left in (0, 121)]
    assert bright[0] > bright[1] > bright[2]
