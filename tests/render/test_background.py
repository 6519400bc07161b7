"""Backgrounds that fade from the bottom of a picture to its top."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from volviz.core.animation import Keyframe, view_at
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.scene import Scene
from volviz.core.volume import Volume
from volviz.render.renderer import Renderer
from volviz.render.still import still
from volviz.tasks.looks import find_look, look_of

EMPTY = Volume(Grid((8, 8, 8), (10.0,) * 3), np.zeros((8, 8, 8), np.float32))
CAMERA = Camera.framing(EMPTY.grid)
FADING = Scene(background=(0.0, 0.0, 0.2), background_top=(0.8, 1.0, 0.2))


def test_it_fades_evenly_from_the_bottom_to_the_top_in_every_tile(renderer: Renderer) -> None:
    drawn = still(FADING, EMPTY, size=(40, 256), camera=CAMERA)[..., :3].astype(int)
    assert np.ptp(drawn, axis=1).max() <= 1
    column = drawn[::-1, 20]  # from the bottom
    assert (np.diff(column[:, 1]) >= -1).all()
    np.testing.assert_allclose(column[[0, -1]], [(0, 0, 51), (204, 255, 51)], atol=14)
    assert column[128, 1] == pytest.approx(128, abs=10)
    np.testing.assert_allclose(column[:, 2], 51, atol=1)
    renderer.load(EMPTY, None)
    tiled = renderer.image(FADING, CAMERA, (40, 256), tile=38)[..., :3].astype(int)
    np.testing.assert_allclose(tiled, drawn, atol=1)


def test_one_colour_is_what_it_was_and_transparency_has_none() -> None:
    even = still(Scene(background=(0.6, 0.2, 1.0)), EMPTY, size=(24, 16), camera=CAMERA)
    assert np.unique(even.reshape(-1, 4), axis=0).tolist() == [[153, 51, 255, 255]]
    clear = still(FADING, EMPTY, size=(24, 16), camera=CAMERA, transparent=True)
    assert (clear[..., 3] == 0).all()


def test_it_is_set_as_text_and_presets_have_the_ground_they_say() -> None:
    scene = Scene().set("background_top", "0.2 0.3 0.4")
    assert scene.background_top == (0.2, 0.3, 0.4)
    assert scene.set("background_top", "none").background_top is None
    with pytest.raises(VolvizError, match="it takes 3 numbers or none"):
        scene.set("background_top", "blue")
    assert find_look("print").apply(scene).background_top is None
    assert find_look("membrane").apply(scene).background_top == (0.2, 0.3, 0.4)  # which says nothing of the ground
    assert look_of(scene).apply(Scene()).background_top == (0.2, 0.3, 0.4)


def test_an_even_ground_becomes_a_fading_one_in_a_video_without_a_jump() -> None:
    even = replace(FADING, background_top=None)
    keyframes = (Keyframe(0.0, CAMERA, even, "linear"), Keyframe(1.0, CAMERA, FADING))
    tops = [view_at(keyframes, t)[0].background_top for t in (0.0, 0.5, 1.0)]
    assert tops[0] is None
    assert tops[1] == pytest.approx((0.4, 0.5, 0.2))
    assert tops[2] == FADING.background_top
