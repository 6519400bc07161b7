"""A sketch over the picture: where its lines are in space, faint where the object is before them; in a still only if asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import of_classes, plain
from volviz.core.annotations import SurfacePoints
from volviz.core.camera import Camera
from volviz.core.segmentation import Label
from volviz.render.gl.target import Target
from volviz.render.renderer import Renderer
from volviz.render.sketch import HEIGHT, Sketch
from volviz.tasks.annotations import Annotated
from volviz.tasks.marked import sketched

SIZE = (120, 90)
GREEN = (0.0, 1.0, 0.0)


class Screen:
    """A wall across half of the volume, looked at from the front, and what a window shows of it."""

    def __init__(self, renderer: Renderer, orthographic: bool) -> None:
        wall = np.zeros((40, 40, 40), np.float32)
        wall[18:22, :, 20:] = 1.0
        volume, classes = of_classes(wall)
        renderer.load(volume, classes)
        self.renderer, self.scene, self.classes = renderer, plain(classes, opacity=1.0), classes
        self.grid = classes.grid
        camera = Camera.framing(self.grid, aspect=4 / 3, view="front")
        self.camera = (
            Camera(camera.target_xyz, camera.distance, camera.orientation, orthographic_height=camera.height) if orthographic else camera
        )
        self.target = Target(SIZE, GL.GL_RGBA8)

    def drawn(self, sketch: Sketch | None, *, moving: bool = False) -> np.ndarray:
        self.renderer.sketch = sketch
        self.renderer.draw(self.scene, self.camera, SIZE, self.target.framebuffer, moving=moving)
        return self.target.read()[..., :3].astype(int)

    def pixel_of(self, point_xyz: np.ndarray) -> tuple[int, int]:
        right, up, _ = self.camera.project(np.asarray([point_xyz], np.float64))[0]
        return round(up * SIZE[1] + SIZE[1] / 2 - 0.5), round(right * SIZE[1] + SIZE[0] / 2 - 0.5)


@pytest.fixture(params=[False, True], ids=["perspective", "orthographic"])
def screen(renderer: Renderer, request: pytest.FixtureRequest) -> Iterator[Screen]:
    made = Screen(renderer, request.param)
    yield made
    made.target.delete()


def dot(point_xyz: np.ndarray) -> Sketch:
    return Sketch.of([([*point_xyz, *point_xyz], GREEN, 7.0)])


@pytest.mark.parametrize("moving", [False, True])
def test_a_mark_is_at_its_place_and_faint_behind_the_object(screen: Screen, moving: bool) -> None:
    towards = screen.camera.axes_xyz[2]
    wall = screen.grid.to_world((19.5, 14, 30))
    bare = screen.drawn(None, moving=moving)
    green = {}
    for name, away in (("before", 80.0), ("behind", -80.0)):
        point = wall + away * towards
        picture = screen.drawn(dot(point), moving=moving)
        changed = np.argwhere(np.abs(picture - bare).max(axis=-1) > 8)
        at = screen.pixel_of(point)
        assert np.abs(changed.mean(axis=0) - at).max() < 1.0
        green[name] = picture[at][1] - picture[at][0]
    assert green["before"] > 240
    assert 20 < green["behind"] < 120


def test_a_mark_on_the_surface_is_not_hidden_by_it(screen: Screen) -> None:
    point = screen.grid.to_world((19.5, 14, 30)) + 20.0 * screen.camera.axes_xyz[2]
    picture = screen.drawn(dot(point))
    red, green, _ = picture[screen.pixel_of(point)]
    assert green - red > 200


def test_a_line_goes_from_end_to_end_and_one_behind_the_eye_nowhere(screen: Screen) -> None:
    start, end = screen.grid.to_world((35, 8, 4)), screen.grid.to_world((35, 30, 4))
    picture = screen.drawn(Sketch.of([([*start, *end], GREEN, 3.0)]))
    for share in (0.0, 0.5, 1.0):
        assert picture[screen.pixel_of(start + share * (end - start))][1] > 200
    bare = screen.drawn(None)
    if screen.camera.orthographic_height is None:
        behind = screen.camera.eye_xyz + 50 * screen.camera.axes_xyz[2]
        np.testing.assert_array_equal(screen.drawn(dot(behind)), bare)


def test_on_a_fine_screen_lines_are_as_many_pixels_wider(screen: Screen) -> None:
    bare, point = screen.drawn(None), screen.grid.to_world((35, 19.5, 8))
    wide = []
    for screen.renderer.sketch_scale in (1.0, 2.0):
        changed = np.argwhere(np.abs(screen.drawn(dot(point)) - bare).max(axis=-1) > 100)
        wide.append(np.ptp(changed[:, 0]) + 1)
    assert wide[0] == pytest.approx(7, abs=1.5)
    assert wide[1] == pytest.approx(14, abs=1.5)


def test_a_still_is_without_that_of_a_window(screen: Screen) -> None:
    before = screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1)
    screen.drawn(dot(screen.grid.center_xyz))
    np.testing.assert_array_equal(screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1), before)


def test_a_still_has_its_own_where_the_window_has_it(screen: Screen) -> None:
    """With depth, and as wide as its height says: both ends of a line through the wall are where they are in the window."""
    towards = screen.camera.axes_xyz[2]
    wall = screen.grid.to_world((19.5, 14, 30))
    bare = screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1).astype(int)
    for away, low, high in ((80.0, 200, 256), (-80.0, 15, 120)):
        point = wall + away * towards
        sketch = Sketch.of([([*point, *point], GREEN, 60.0)])
        picture = screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1, sketch=sketch).astype(int)
        at = screen.pixel_of(point)
        row, column = SIZE[1] - 1 - at[0], at[1]
        assert low < picture[row, column, 1] - picture[row, column, 0] < high
        changed = np.argwhere(np.abs(picture - bare).max(axis=-1) > 8)
        assert np.abs(changed.mean(axis=0) - (row, column)).max() < 1.0
        assert np.ptp(changed[:, 0]) == pytest.approx(60.0 * SIZE[1] / HEIGHT, abs=3)  # as many pixels of 90 as 60 of 800


@pytest.mark.parametrize("transparent", [False, True])
def test_tiles_of_a_still_have_no_seams(screen: Screen, transparent: bool) -> None:
    start, end = screen.grid.to_world((35, 8, 4)), screen.grid.to_world((5, 35, 37))
    sketch = Sketch.of([([*start, *end], GREEN, 30.0)])
    whole, tiled = (
        screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1, sketch=sketch, transparent=transparent, tile=tile)
        for tile in (512, 32)
    )
    np.testing.assert_array_equal(tiled, whole)
    bare = screen.renderer.image(screen.scene, screen.camera, SIZE, samples=1, transparent=transparent)
    assert np.count_nonzero((whole != bare).any(axis=-1)) > 100
    if transparent:  # a mark before nothing is there, whatever is laid under it
        above = whole[(whole[..., 1] > 200) & (bare[..., 3] == 0)]
        assert len(above)
        assert above[:, 3].max() > 240


def test_marks_have_the_colours_of_their_classes(screen: Screen) -> None:
    here = tuple(screen.grid.to_world((35, 8, 30)))
    told = Annotated((SurfacePoints((here,), 1, "wall"),), (Label("wall", (0.2, 0.4, 0.9)),))
    ours = sketched(told, screen.scene, screen.classes)
    assert ours is not None
    np.testing.assert_allclose(ours.colors, [(0.2, 0.4, 0.9)])
    name = screen.classes.drawn[0].name
    named = sketched((SurfacePoints((here,), 1, name),), screen.scene.with_ramp(name, color=GREEN), screen.classes)
    assert named is not None
    np.testing.assert_allclose(named.colors, [GREEN])
    assert sketched((), screen.scene, screen.classes) is None
