"""Stills and pictures of videos without a window."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from tests.render.conftest import virion
from volviz.core.animation import views
from volviz.core.camera import Camera
from volviz.core.errors import Cancelled
from volviz.core.grid import Grid
from volviz.core.motions import Turntable
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.frames import frames
from volviz.render.still import still


def turn(volume: Volume, classes: Segmentation, count: int) -> list[tuple[Scene, Camera]]:
    camera = Camera.framing(volume.grid)
    return views(Turntable(seconds=1.0).keyframes(Scene.of(volume, classes), camera), count)


def test_a_still_has_the_size_asked_for_and_shows_something() -> None:
    volume, classes = virion(32)
    picture = still(Scene.of(volume, classes), volume, classes, size=(90, 60))
    assert picture.shape == (60, 90, 4)
    assert picture.dtype == np.uint8
    assert (picture[..., 3] == 255).all()
    assert picture[30, 45, :3].max() > 80
    assert picture[0, 0, :3].max() < 30


def test_a_turn_has_its_frames_at_even_steps_and_no_frame_twice() -> None:
    volume, classes = virion(32)
    pictures = list(frames(turn(volume, classes, 8), volume, classes, size=(48, 32)))
    assert len(pictures) == 8
    assert all(p.shape == (32, 48, 3) for p in pictures)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in zip(pictures, pictures[1:] + pictures[:1], strict=True)]
    assert min(steps) > 0
    assert steps[-1] < 3 * np.median(steps)


def test_cancelling_ends_a_turn_and_the_next_still_works() -> None:
    volume, classes = virion(24)
    scene = Scene.of(volume, classes)

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if fraction > 0.6:
            raise Cancelled

    pictures = frames(turn(volume, classes, 4), volume, classes, size=(32, 32), report=report)
    assert next(pictures).shape == next(pictures).shape == (32, 32, 3)
    with pytest.raises(Cancelled):
        next(pictures)
    assert still(scene, volume, classes, size=(32, 32)).shape == (32, 32, 4)


def test_a_context_lets_the_one_before_come_back() -> None:
    from OpenGL import EGL

    from volviz.render.gl.context import Headless, headless

    def current() -> int | None:
        return ctypes.cast(EGL.eglGetCurrentContext(), ctypes.c_void_p).value

    outer = Headless()
    with outer:
        mine = current()
        with headless():
            assert current() not in {None, mine}
        assert current() == mine
    assert current() is None
    outer.close()


def test_bringing_a_volume_is_told_and_can_be_stopped() -> None:
    heard: list[tuple[float, str]] = []
    volume = Volume(Grid((64, 64, 64), (8.0,) * 3), np.zeros((64, 64, 64), np.float32), name="ts_16")
    still(Scene(), volume, size=(32, 32), report=lambda fraction, text="", **_: heard.append((fraction, text)))
    assert list(dict.fromkeys(text for _, text in heard if text in {"reading ts_16", "drawing"})) == ["reading ts_16", "drawing"]
    assert [fraction for fraction, _ in heard] == sorted(fraction for fraction, _ in heard)

    def stop(fraction: float, text: str = "", **_: float) -> None:
        if text.startswith("reading"):
            raise Cancelled

    with pytest.raises(Cancelled):
        still(Scene(), volume, size=(32, 32), report=stop)
