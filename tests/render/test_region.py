"""A box of the volume alone, in full resolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, virion
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.estimate import first_camera
from volviz.core.grid import Grid, Region, bricks
from volviz.core.json import from_json, to_json
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.memory import bytes_of
from volviz.render.passes.march import Quality
from volviz.render.renderer import Renderer

SIZE = (120, 90)


def picture(renderer: Renderer, scene: Scene, grid: Grid, quality: Quality = "cached") -> np.ndarray:
    camera = Camera.framing(grid, aspect=4 / 3).zoomed(1.3)
    return renderer.image(scene, camera, SIZE, samples=1, quality=quality).astype(int)


def test_a_region_shows_the_same_voxels_as_a_cropped_volume_but_under_the_contrast_of_the_whole(renderer: Renderer) -> None:
    volume, classes = virion(56)
    region = Region((8, 4, 16), (40, 52, 56))
    scene = replace(bare_scene(volume, classes), shadow=replace(Scene().shadow, on=False))
    scene = replace(scene, raw=replace(scene.raw, multiply=False), region=region)
    renderer.load(volume, classes)
    seen = picture(renderer, scene, volume.grid)
    assert renderer.notes == ()
    grid = volume.grid.crop(region)
    part = Segmentation(grid, classes.data[(slice(None), *region.slices)], classes.labels)
    renderer.load(Volume(grid, volume.data[region.slices]), part)
    assert np.abs(seen - picture(renderer, replace(scene, region=None), volume.grid)).max() <= 1
    renderer.load(volume, classes)
    lit = replace(scene, raw=replace(scene.raw, multiply=True))
    outside = picture(renderer, replace(lit, region=None), volume.grid)
    inside = picture(renderer, replace(lit, region=Region((0, 0, 0), (56, 56, 56))), volume.grid)
    assert (inside == outside).all()
    assert np.abs(picture(renderer, lit, volume.grid) - outside).max() > 50


def test_bricks_written_into_a_region_are_seen_and_those_outside_forgotten(renderer: Renderer) -> None:
    volume, classes = virion(48)
    scene = replace(bare_scene(volume, classes), region=Region((4, 8, 0), (40, 48, 40)))
    renderer.load(volume, classes)
    wanted = picture(renderer, scene, volume.grid)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    renderer.load(volume, replace(classes, data=empty))
    assert np.ptp(picture(renderer, scene, volume.grid)[..., 0]) < 5
    for brick in bricks(volume.grid.shape, (19, 48, 23)):
        renderer.write(brick, np.asarray(classes.data[(slice(None), *brick.slices)]))
    assert (picture(renderer, scene, volume.grid) == wanted).all()


def test_a_region_is_full_resolution_where_the_whole_is_binned(gl: None) -> None:
    volume, classes = virion(64)
    scene = bare_scene(volume, classes)
    full, small = Renderer(), Renderer(memory=bytes_of((40, 40, 40), 1))
    for renderer in (full, small):
        renderer.load(volume, classes)
        picture(renderer, scene, volume.grid)
    assert (full.binning, small.binning) == (1, 2)
    assert "region" in small.notes[0]
    part = replace(scene, region=Region((16, 16, 16), (48, 48, 48)))
    assert (picture(full, part, volume.grid) == picture(small, part, volume.grid)).all()
    assert (small.binning, small.notes) == (1, ())
    full.release()
    small.release()


def test_a_region_is_part_of_the_look() -> None:
    scene = Scene().set("region", "10:20, 0:300,40:")
    assert scene.region is not None
    assert scene.region.start == (10, 0, 40)
    assert scene.region.stop[:2] == (20, 300)
    assert from_json(Scene, to_json(scene)) == scene
    assert scene.set("region", "none").region is None
    assert scene.set("region", "1:2,3:4,5:6").region == Region((1, 3, 5), (2, 4, 6))
    for wrong in ("10:20", "a:b,1:2,3:4", "9:3,1:2,3:4"):
        with pytest.raises(VolvizError, match="Z0:Z1"):
            scene.set("region", wrong)
    with pytest.raises(VolvizError, match="region=VALUE"):
        scene.set("region.start", "1")


def test_a_region_outside_is_refused_and_one_across_the_edge_is_cut(renderer: Renderer) -> None:
    volume, classes = virion(32)
    renderer.load(volume, classes)
    scene = bare_scene(volume, classes)
    with pytest.raises(VolvizError, match="outside"):
        picture(renderer, replace(scene, region=Region((40, 0, 0), (50, 9, 9))), volume.grid)
    across = picture(renderer, replace(scene, region=Region((10, 0, 0), (99, 99, 99))), volume.grid)
    assert (across == picture(renderer, replace(scene, region=Region((10, 0, 0), (32, 32, 32))), volume.grid)).all()


def test_a_region_lies_at_the_same_place_on_a_coarser_grid() -> None:
    fine = Grid((40, 40, 40), (10.0, 10.0, 10.0), (5.0, 0.0, 0.0))
    coarse = fine.resample(20.0)
    assert fine.region_on(Region((4, 8, 12), (20, 30, 40)), coarse) == Region((2, 4, 6), (10, 15, 20))
    assert fine.region_on(Region((4, 8, 12), (20, 30, 40)), fine) == Region((4, 8, 12), (20, 30, 40))
    moved = replace(coarse, origin=(5.0 + 1000, 0.0, 0.0))
    assert fine.region_on(Region.whole(fine.shape), moved) is None


def test_the_first_camera_looks_at_the_region() -> None:
    volume, classes = virion(64)
    region = Region((0, 32, 32), (32, 64, 64))
    low, high = volume.grid.crop(region).bounds_xyz
    camera = first_camera(volume, classes, region=region)
    assert all(a < v < b for a, v, b in zip(low, camera.target_xyz, high, strict=True))
    assert camera.distance < first_camera(volume, classes).distance
