"""The 3D view at rest: it becomes the still, the event loop lives on, and then nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import picture, rest
from PIL import Image
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.motions import Turntable
from volviz.core.segmentation import Segmentation
from volviz.gui import stills, studio, videos
from volviz.gui.stills import StillChoice
from volviz.gui.videos import VideoChoice
from volviz.gui.window import Window
from volviz.render.renderer import REFINED
from volviz.render.still import still

pytestmark = [pytest.mark.gui, pytest.mark.display]


@pytest.fixture
def beats(shown: Window) -> Iterator[list[int]]:
    """A timer that fires as often as the event loop lets it; its one number counts."""
    count = [0]

    def beat() -> None:
        count[0] += 1

    timer = QTimer(shown)
    timer.timeout.connect(beat)
    timer.start(0)
    yield count
    timer.stop()
    timer.deleteLater()


def test_the_picture_at_rest_is_a_still_that_is_drawn_without_a_window(shown: Window) -> None:
    state = shown.document.state
    wanted = still(state.scene, state.volume, state.classes, size=shown.viewport.size_px(), camera=state.camera)[..., :3]
    assert wanted.max() > 100
    assert np.abs(picture(shown).astype(int) - wanted).max() <= 1


def test_to_draw_a_slice_asks_for_no_other_drawing(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    rest(qtbot, shown)
    view = shown.slices.views[0]
    view.canvas.grabFramebuffer()
    asked: list[object] = []

    def ask(node: object = None) -> None:
        asked.append(node)

    with monkeypatch.context() as patch:
        patch.setattr(view.vispy_canvas, "update", ask)
        view.canvas.grabFramebuffer()
    assert asked == []


def test_a_heavy_picture_leaves_the_event_loop_alone(
    shown: Window, qtbot: QtBot, beats: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from volviz.render import pace

    monkeypatch.setattr(pace.Pieces, "rows", lambda self, width, seconds=None: 8)  # as on a slow device
    shown.document.show(camera=shown.document.state.camera.orbited(20, 0))
    qtbot.waitUntil(lambda: shown.viewport._work.isActive(), timeout=10_000)
    before = shown.viewport.draws
    at = beats[0]
    rest(qtbot, shown)
    drawn = shown.viewport.draws - before
    assert drawn >= REFINED
    assert beats[0] - at >= drawn // 2


def test_what_changes_while_it_sharpens_is_drawn_at_once(shown: Window, qtbot: QtBot) -> None:
    for _ in range(3):
        shown.document.show(camera=shown.document.state.camera.orbited(15, 0))
        qtbot.waitUntil(lambda: 0 < shown.viewport._whole < REFINED, timeout=10_000)
        assert not shown.viewport.resting
    rest(qtbot, shown)
    assert shown.viewport._frames == REFINED


def test_a_sharp_picture_comes_before_the_final_one(shown: Window, qtbot: QtBot) -> None:
    seen: list[int] = []
    shown.viewport.frameSwapped.connect(lambda: seen.append(shown.viewport._frames))
    shown.document.show(camera=shown.document.state.camera.orbited(15, 0))
    rest(qtbot, shown)
    qtbot.wait(50)
    assert [n for i, n in enumerate(seen) if i == 0 or n != seen[i - 1]][-5:] == [1, 2, 4, 8, 16]


def test_a_still_far_larger_than_the_window_is_drawn_while_the_window_lives(
    shown: Window, qtbot: QtBot, beats: list[int], tmp_path: Path
) -> None:
    at = beats[0]
    job = stills.write_still(shown, tmp_path / "wide.png", StillChoice((7680, 96), transparent=False))
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=20_000)
    turned = shown.document.state.camera.orbited(30, 0)
    drawn = shown.document.state
    shown.document.show(camera=turned)
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=60_000)
    assert beats[0] - at > 8  # as many tiles lie beside one another
    wanted = still(drawn.scene, drawn.volume, drawn.classes, size=(7680, 96), camera=drawn.camera)
    got = np.asarray(Image.open(tmp_path / "wide.png").convert("RGB")).astype(int)
    assert np.abs(got - wanted[..., :3]).max() <= 1
    rest(qtbot, shown)


def test_no_second_context_is_made_for_stills_and_videos(
    shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from volviz.render.gl.context import Headless

    monkeypatch.setattr(Headless, "__init__", lambda self: pytest.fail("a second context"))
    stills.write_still(shown, tmp_path / "still.png", StillChoice((64, 48), transparent=True))
    videos.write_video(shown, tmp_path / "turn.mp4", VideoChoice((64, 48), 8, Turntable(seconds=0.5)))
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=60_000)
    assert (tmp_path / "still.png").exists()
    assert (tmp_path / "turn.mp4").exists()


def test_a_cancelled_still_leaves_nothing_and_the_next_is_drawn(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    job = stills.write_still(shown, tmp_path / "large.png", StillChoice((8000, 4000), transparent=False))
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=30_000)
    job.cancel()
    qtbot.waitUntil(lambda: not shown.jobs.running and not shown.viewport.studio.busy, timeout=10_000)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ball.mrc"]
    stills.write_still(shown, tmp_path / "small.png", StillChoice((64, 48), transparent=False))
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=30_000)
    assert (tmp_path / "small.png").exists()


def test_a_still_of_data_that_were_replaced_says_so(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []
    monkeypatch.setattr("volviz.gui.dialogs.show_error", lambda _parent, _title, error: told.append(error))
    job = stills.write_still(shown, tmp_path / "large.png", StillChoice((8000, 4000), transparent=False))
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=30_000)
    state = shown.document.state
    shown.document.open(replace(state, volume=replace(state.volume)))
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=10_000)
    assert [str(error) for error in told] == [studio.OTHER_DATA]
    assert isinstance(told[0], VolvizError)
    rest(qtbot, shown)


def test_bricks_that_come_during_a_still_are_in_the_window_after_it(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    state = shown.document.state
    data = np.zeros_like(state.segmentation.data)
    live = Segmentation(state.segmentation.grid, data, state.segmentation.labels)
    shown.document.show(live=live)
    rest(qtbot, shown)
    assert np.ptp(picture(shown)) < 30
    stills.write_still(shown, tmp_path / "still.png", StillChoice((800, 600), transparent=False))
    qtbot.waitUntil(lambda: shown.viewport.studio.busy, timeout=10_000)
    data[:] = state.segmentation.data
    shown.document.brick(Region.whole(live.shape))
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=60_000)
    assert np.ptp(np.asarray(Image.open(tmp_path / "still.png").convert("RGB"))) < 30
    rest(qtbot, shown)
    assert np.ptp(picture(shown)) > 50


def test_closing_the_window_ends_a_still(shown: Window, qtbot: QtBot, tmp_path: Path) -> None:
    job = stills.write_still(shown, tmp_path / "large.png", StillChoice((8000, 4000), transparent=False))
    qtbot.waitUntil(lambda: job.fraction > 0, timeout=30_000)
    assert shown.jobs.cancel_all()
    assert not job.running
