"""What holds for any scene: pictures are sound, no two ways of drawing disagree, and nothing is left behind."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, names, virion
from tests.render.scenes import at_random
from volviz.core.camera import VIEWS, Camera
from volviz.core.grid import Grid
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import Headless
from volviz.render.gl.target import Target
from volviz.render.memory import bytes_of
from volviz.render.renderer import Renderer

SIZE = (40, 30)


def camera_at_random(rng: np.random.Generator, grid: Grid) -> Camera:
    camera = Camera.framing(grid, view=[None, *VIEWS][rng.integers(1 + len(VIEWS))], aspect=4 / 3)
    camera = camera.orbited(*rng.uniform(-60, 60, 2)).zoomed(float(rng.uniform(0.5, 6)))
    return replace(camera, orthographic_height=camera.height) if rng.random() < 0.4 else camera


def light_of(renderer: Renderer, scene: Scene, camera: Camera, **rest) -> np.ndarray:
    """Return linear light and opacity before tone and background, float32: where what is not finite would be seen."""
    while renderer.refine(scene, camera, SIZE, samples=2, **rest) < 2:
        pass
    return renderer._rest._target.read(SIZE)


@pytest.mark.parametrize("seed", range(12))
def test_of_any_scene_every_way_of_drawing_is_sound_and_the_same(gl: None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    volume, classes = virion(24)
    loaded = None if seed % 6 == 5 else classes
    scene = at_random(rng, bare_scene(volume, loaded), volume.grid)
    camera = camera_at_random(rng, volume.grid)
    quality = "exact" if seed % 4 == 3 else "cached"
    lights, clear = {}, {}
    for way in ({}, {"skip": False}, {"entry": "compute"}):
        renderer = Renderer(**way)
        renderer.load(volume, loaded)
        key = str(way)
        lights[key] = light_of(renderer, scene, camera, quality=quality)
        clear[key] = renderer.image(scene, camera, SIZE, samples=2, quality=quality, transparent=True).astype(int)
        renderer.release()
    usual = lights["{}"]
    assert np.isfinite(usual).all()
    assert (usual >= 0).all()
    assert usual[..., 3].max() <= 1 + 1e-6
    assert (usual[..., :3][usual[..., 3] == 0] == 0).all()
    np.testing.assert_array_equal(lights["{'skip': False}"], usual)
    np.testing.assert_allclose(lights["{'entry': 'compute'}"], usual, atol=2e-3)
    assert (clear["{'skip': False}"] == clear["{}"]).all()
    assert np.abs(clear["{'entry': 'compute'}"] - clear["{}"]).max() <= 1


def test_random_scenes_are_not_all_empty_nor_all_alike() -> None:
    volume, classes = virion(24)
    start = bare_scene(volume, classes)
    made = [at_random(np.random.default_rng(seed), start, volume.grid) for seed in range(12)]
    assert len({repr(scene) for scene in made}) == 12
    assert sum(any(ramp.visible and ramp.low < 1 for ramp in scene.ramps.values()) for scene in made) > 6


def test_a_hundred_changes_leave_nothing_behind() -> None:
    """Sizes, looks, data, memory, quality and frames of the window: then as many names as before, and at the end none."""
    volume, classes = virion(16)
    start = bare_scene(volume, classes)
    other = (Volume(volume.grid, np.asarray(volume.data).copy()), None)
    counts, heaps = [], []
    with Headless():
        assert names() == {}
        renderer, small = Renderer(), Renderer(memory=bytes_of((12, 12, 12), 1))
        tracemalloc.start()
        for _ in range(3):
            for i in range(34):
                rng = np.random.default_rng(i)
                scene, camera = at_random(rng, start, volume.grid), camera_at_random(rng, volume.grid)
                size = (8 + i % 5 * 9, 8 + i % 3 * 7)
                drawing = small if i % 8 == 7 else renderer
                drawing.load(*(other if i % 10 == 9 else (volume, classes)))
                if i % 3 == 2:
                    target = Target(size)
                    drawing.draw(scene, camera, size, target.framebuffer, moving=i % 2 == 0)
                    drawing.refine(scene, camera, size, samples=2)
                    target.delete()
                else:
                    quality = "exact" if i % 11 == 0 else "cached"
                    drawing.image(scene, camera, size, samples=1 + i % 2, tile=16, quality=quality, transparent=i % 2 == 0)
            renderer.load(volume, classes)
            renderer.image(start, Camera.framing(volume.grid), SIZE)
            counts.append({kind: len(found) for kind, found in names().items()})
            gc.collect()
            heaps.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert counts[0]["Texture"] > 5  # this does look
        assert counts[1] == counts[0]
        assert counts[2] == counts[0]
        assert heaps[2] - heaps[1] < 50_000, heaps
        renderer.release()
        small.release()
        assert names() == {}


def test_a_picture_that_fails_leaves_nothing_behind(gl: None) -> None:
    from volviz.core.errors import Cancelled

    volume, classes = virion(16)
    renderer = Renderer()
    renderer.load(volume, classes)

    def stop(fraction: float, text: str = "", **metrics: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        renderer.image(bare_scene(volume, classes), Camera.framing(volume.grid), SIZE, report=stop)
    assert renderer.image(bare_scene(volume, classes), Camera.framing(volume.grid), SIZE).max() > 0
    renderer.release()


def of_one_class(volume: Volume, classes: Segmentation) -> Segmentation:
    data = np.asarray(classes.data)[:2]
    return replace(classes, data=data, labels=classes.labels[:2])


@pytest.mark.parametrize("shape", [(1, 9, 9), (2, 3, 40), (9, 1, 1), (33, 17, 8)])
def test_volumes_of_any_shape_are_drawn(renderer: Renderer, shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    grid = Grid(shape, (8.0, 10.0, 12.0))
    soft = rng.random(shape).astype(np.float32)
    classes = Segmentation.of_probabilities(grid, np.stack([1 - soft, soft]), labels=of_one_class(*virion(8)).labels)
    volume = Volume(grid, rng.normal(size=shape).astype(np.float32))
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), background=(0.0, 0.0, 0.0))
    scene = scene.with_ramp("membrane", low=0.1, opacity=2.0)
    for quality in ("cached", "exact"):
        picture = renderer.image(scene, Camera.framing(grid, view="front", aspect=4 / 3), SIZE, quality=quality)
        assert picture[..., :3].max() > 20
