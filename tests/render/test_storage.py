"""What is large is allocated all or not at all, and by whom does not matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import bare_scene, names, virion
from volviz.core.camera import Camera
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Region
from volviz.core.scene import Scene
from volviz.render.renderer import Renderer

VOXELS, BRICKS, LIGHT = 1, 3, 4  # textures of a small volume and its classes


def alive() -> int:
    """Return how many textures there are, as the driver says."""
    return len(names().get("Texture", ()))


def loaded(**rest: Any) -> tuple[Renderer, Scene]:
    volume, classes = virion(32)
    renderer = Renderer(**rest)
    renderer.load(volume, classes)
    return renderer, bare_scene(volume, classes)


def picture(renderer: Renderer, scene: Scene) -> np.ndarray:
    return renderer.image(scene, Camera.framing(virion(32)[0].grid), (64, 48), samples=1).astype(int)


def test_what_was_allocated_apart_is_drawn_with(gl: None) -> None:
    whole, scene = loaded()
    wanted = picture(whole, scene)
    renderer, _ = loaded()
    allocation = renderer.allocation(scene)
    assert allocation is not None
    assert allocation.bytes == whole.bytes
    storage = allocation.make()
    renderer.take(storage)
    assert alive() == 2 * (VOXELS + BRICKS + LIGHT)
    assert renderer.allocation(scene) is None
    assert (picture(renderer, scene) == wanted).all()
    assert alive() == 2 * (VOXELS + BRICKS + LIGHT)  # nothing was allocated again
    region = replace(scene, region=Region((0, 0, 0), (16, 32, 32)))
    of_region = renderer.allocation(region)
    assert of_region is not None
    assert of_region.bytes < allocation.bytes
    assert alive() == VOXELS + BRICKS + LIGHT  # the whole's was given back
    for each in (whole, renderer):
        each.release()
    assert alive() == 0


def test_what_was_allocated_for_other_data_is_refused(gl: None) -> None:
    renderer, scene = loaded()
    allocation = renderer.allocation(scene)
    assert allocation is not None
    storage = allocation.make()
    renderer.load(*virion(32))
    with pytest.raises(ValueError, match="other data"):
        renderer.take(storage)
    storage.delete()
    assert alive() == 0


@pytest.mark.parametrize("parts", [1, 4])
def test_an_allocation_that_is_cancelled_leaves_nothing(gl: None, parts: int) -> None:
    renderer, scene = loaded(limit=None if parts == 1 else 18)
    allocation = renderer.allocation(scene)
    assert allocation is not None
    said: list[float] = []
    allocation.make(lambda fraction, _text="", **_: said.append(fraction)).delete()
    assert said == sorted(said)
    assert said[-1] == pytest.approx(1)
    for stop in range(len(said)):
        left = list(said[:stop])

        def report(_fraction: float, _text: str = "", **_: float) -> None:
            if not left:  # noqa: B023
                raise Cancelled
            left.pop()  # noqa: B023

        with pytest.raises(Cancelled):
            allocation.make(report)
        assert alive() == 0


def test_memory_that_runs_out_anywhere_leaves_nothing_and_is_said(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer, scene = loaded()
    store, fill = GL.glTexStorage3D, GL.glBufferData
    left: list[int] = []

    def count(*args: Any) -> None:
        if not left:
            raise GL.GLError(err=GL.GL_OUT_OF_MEMORY)
        left.pop()
        (store if len(args) == 6 else fill)(*args)

    monkeypatch.setattr(GL, "glTexStorage3D", lambda *args: store(*args) if args[0] == GL.GL_PROXY_TEXTURE_3D else count(*args))
    monkeypatch.setattr(GL, "glBufferData", count)
    for enough in range(VOXELS + BRICKS + LIGHT + 1):  # and the list of cells
        left[:] = range(enough)
        with pytest.raises(VolvizError, match="graphics memory is full: the volume"):
            picture(renderer, scene)
        assert alive() == 0
    monkeypatch.undo()
    assert np.ptp(picture(renderer, scene)) > 50
    renderer.release()
