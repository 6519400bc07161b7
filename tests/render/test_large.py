"""Volumes that no texture holds whole, or no memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.render.conftest import axes, of_classes, virion
from volviz.core.camera import Camera
from volviz.core.grid import Grid, bricks
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.texture import fits
from volviz.render.memory import affordable, bytes_of, most_parts
from volviz.render.parts import BRICK, cut
from volviz.render.passes.march import Quality
from volviz.render.renderer import Renderer

SIZE = (120, 90)


def picture(renderer: Renderer, scene: Scene, grid: Grid, quality: Quality = "cached") -> np.ndarray:
    camera = Camera.framing(grid, aspect=4 / 3).zoomed(1.3)
    return renderer.image(scene, camera, SIZE, samples=1, quality=quality).astype(int)


def many_classes(n: int) -> tuple[Volume, Segmentation]:
    z, y, x = axes(n)
    return of_classes(
        *(np.clip(4 - np.abs(np.sqrt(x**2 + y**2 + z**2) - r), 0, 1) * (z > 0.1 * r * np.sign(y)) for r in (4, 8, 12, 16, 20))
    )


@pytest.mark.parametrize("shape", [(1, 1, 1), (96, 40, 56), (97, 40, 57), (10, 300, 20), (41, 64, 2100)])
@pytest.mark.parametrize("longest", [24, 40, 64, 2048])
def test_parts_cover_a_grid_once_and_hold_what_filtering_reads(shape: tuple[int, int, int], longest: int) -> None:
    parts = cut(shape, longest, lambda _: True, 10_000)
    assert parts is not None
    owned = np.zeros(shape, int)
    for part in parts:
        owned[part.owned.slices] += 1
        assert max(part.held.shape) <= longest
        assert part.held == part.owned.grown((1, 1, 1), shape)
        assert all(a % BRICK == 0 for a in part.owned.start)
    assert (owned == 1).all()
    assert len(list(parts)) == len(parts)
    assert all(a >= b for part in parts for a, b in zip(parts.largest, part.held.shape, strict=True))
    assert (len(parts) == 1) == (max(shape) <= longest)


def test_what_does_not_fit_in_bytes_is_cut_along_z_first() -> None:
    parts = cut((360, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**27, 20)
    assert parts is not None
    assert parts.counts == (5, 1, 1)
    assert cut((360, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**27, 4) is None
    thin = cut((8, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**22, 20)
    assert thin is not None
    assert thin.counts == (1, 2, 2)
    assert cut((8, 8, 8), 2048, lambda _: False, 20) is None


@pytest.mark.parametrize("limit", [34, 60])
@pytest.mark.parametrize("quality", ["cached", "exact"])
@pytest.mark.parametrize("skip", [True, False])
def test_a_cut_volume_has_no_seam(gl: None, limit: int, quality: Quality, skip: bool) -> None:
    volume, classes = virion(61)
    scene = Scene.of(volume, classes)
    whole, split = Renderer(skip=skip), Renderer(skip=skip, limit=limit)
    pictures = []
    for renderer in (whole, split):
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, volume.grid, quality))
    assert np.ptp(pictures[0]) > 100
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert split.notes == ()
    whole.release()
    split.release()


def test_more_groups_and_axes_of_different_length_are_cut_alike(gl: None) -> None:
    volume, classes = many_classes(48)
    part = (slice(3, 40), slice(0, 48), slice(5, 38))
    grid = Grid((37, 48, 33), (10.0, 7.0, 12.0), (5.0, 50.0, -40.0))
    volume = Volume(grid, volume.data[part])
    classes = Segmentation(grid, classes.data[(slice(None), *part)], classes.labels)
    scene = Scene.of(volume, classes)
    pictures = []
    for limit, entry in ((None, "fragment"), (34, "fragment"), (26, "compute")):
        renderer = Renderer(limit=limit, entry=entry)  # type: ignore[arg-type]
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, grid))
        renderer.release()
    assert np.ptp(pictures[0]) > 60
    for a, b in pairwise(pictures):
        assert np.abs(a - b).max() <= 1


def test_bricks_written_into_a_cut_volume_come_to_the_whole(gl: None) -> None:
    volume, classes = virion(48)
    scene = Scene.of(volume, classes)
    renderer, split = Renderer(), Renderer(limit=26)
    renderer.load(volume, classes)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    split.load(volume, replace(classes, data=empty))
    picture(split, scene, volume.grid)
    for region in bricks(volume.grid.shape, (19, 48, 23)):
        split.write(region, np.asarray(classes.data[(slice(None), *region.slices)]))
    assert np.abs(picture(renderer, scene, volume.grid) - picture(split, scene, volume.grid)).max() <= 1
    renderer.release()
    split.release()


def test_what_needs_more_units_than_there_are_is_binned(gl: None) -> None:
    grid = Grid((600, 8, 8), (10.0, 10.0, 10.0))
    most = most_parts(1)
    assert most >= 4
    plan = affordable(grid, 1, memory=2**30, limit=18)  # parts of 16
    assert len(plan.parts) <= most
    assert "binned" in plan.notes[0]
    assert affordable(grid, 1, memory=2**30, limit=600 // most + 20).notes == ()


def test_the_driver_is_asked_for_what_is_wanted(gl: None) -> None:
    from OpenGL import GL

    longest = int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE))
    assert fits((8, 8, longest), GL.GL_RGBA8)
    assert not fits((8, 8, longest + 1), GL.GL_RGBA8)
    assert not fits((longest, longest, longest), GL.GL_RGBA16F)
    assert len(affordable(Grid((8, longest + 52, 16)), 1, memory=2**30).parts) == 2


def test_bytes_are_those_of_what_is_made(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.render.gl.texture import FORMATS, Texture3D

    made = []
    init = Texture3D.__init__

    def counting(self: Texture3D, shape: tuple[int, int, int], kind: int, **rest: object) -> None:
        init(self, shape, kind, **rest)  # type: ignore[arg-type]
        made.append(sum(max(1, np.prod([n >> level for n in shape])) for level in range(self.levels)) * FORMATS[kind][0])

    monkeypatch.setattr(Texture3D, "__init__", counting)
    volume, classes = virion(64)
    for limit in (None, 34):
        made.clear()
        renderer = Renderer(limit=limit)
        renderer.load(volume, classes)
        picture(renderer, Scene.of(volume, classes), volume.grid)
        counted = affordable(volume.grid, 1, limit=limit).bytes
        assert sum(made) <= counted <= 1.1 * sum(made)
        renderer.release()
    assert bytes_of((64, 64, 64), 2) - bytes_of((64, 64, 64), 1) >= 4 * 64**3
