"""Pictures of several looks side by side."""

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import front, virion
from volviz.core.errors import VolvizError
from volviz.core.scene import Scene
from volviz.core.stages import Panel, stages
from volviz.render.renderer import SAMPLES
from volviz.tasks.comparison import compare, layout, lettered
from volviz.tasks.render import View, still, write_picture

SIZE = (200, 150)


@pytest.fixture(scope="module")
def view():
    volume, classes = virion(24)
    return View(volume, classes, Scene.of(volume, classes), front(volume.grid, aspect=4 / 3))


def panel_of(picture, i, columns=2):
    rows = 2
    height, width = (SIZE[1] - 1) // rows, (SIZE[0] - 1) // columns
    top, left = i // columns * (height + 1), i % columns * (width + 1)
    return picture[top : top + height, left : left + width].astype(int)


def test_the_stages_of_a_scene_are_its_stills(view):
    picture = compare(view.scene, view.volume, view.segmentation, SIZE, view.camera)
    assert picture.shape == (150, 200, 4)
    assert (picture[..., 3] == 255).all()
    bright = []
    for i, stage in enumerate(stages(view.scene)):
        alone = still(stage.scene, view.volume, view.segmentation, (99, 74), view.camera).astype(int)
        shown = panel_of(picture, i)
        assert (shown[20:] == alone[20:]).all()  # below the title
        assert (shown[:15] != alone[:15]).any()
        bright.append(shown[20:, :, :3].mean())
    assert bright[0] > bright[1] > bright[2] < bright[3]  # occlusion and shadow take light away, bloom adds some


def test_a_comparison_can_be_transparent_and_small_ones_are_refused(view):
    panels = [Panel("one", view.scene), Panel("two", replace(view.scene, mode="surface"))]
    picture = compare(panels, view.volume, view.segmentation, SIZE, transparent=True)
    assert set(np.unique(picture[:, 99:101, 3])) == {0}  # the gap
    assert picture[..., 3].max() == 255
    with pytest.raises(VolvizError, match="too small for 2 panels"):
        compare(panels, view.volume, view.segmentation, (20, 20))
    with pytest.raises(VolvizError, match="at least one panel"):
        compare([], view.volume, view.segmentation, SIZE)


def test_an_artist_draws_the_panels_and_a_video_has_none(view, tmp_path):
    asked = []

    def artist(scene, camera, size, *, samples, quality="cached", transparent=False, sketch=None, report=None):
        asked.append((scene, camera, size, samples))
        return np.full((size[1], size[0], 4), 255, np.uint8)

    panels = stages(view.scene)
    write_picture(view, tmp_path / "x.png", size=SIZE, panels=panels, artist=artist)
    assert [scene for scene, *_ in asked] == [panel.scene for panel in panels]
    assert {tuple(rest) for _, *rest in asked} == {(view.camera, (99, 74), SAMPLES)}
    with pytest.raises(VolvizError, match="of one look"):
        write_picture(view, tmp_path / "x.mp4", panels=panels)


@pytest.mark.parametrize(
    ("count", "size", "wanted"),
    [
        (1, (16, 9), (1, 1)),
        (2, (16, 9), (2, 1)),
        (2, (9, 16), (1, 2)),
        (3, (16, 9), (3, 1)),
        (4, (16, 9), (2, 2)),
        (4, (40, 9), (4, 1)),
        (6, (16, 9), (3, 2)),
    ],
)
def test_panels_are_laid_out_large(count, size, wanted):
    assert layout(count, size) == wanted


@pytest.mark.parametrize(("background", "letters"), [((0.0, 0.0, 0.0), 255), ((1.0, 1.0, 1.0), 0)])
def test_titles_can_be_read_on_any_background(background, letters):
    picture = np.full((60, 80, 4), 255, np.uint8)
    picture[..., :3] = round(255 * background[0])
    title = lettered(picture, "a  A very long title that has to shrink", background)[..., 0]
    rows, _ = np.nonzero(np.abs(title.astype(int) - letters) < 60)
    assert len(rows) > 20
    assert rows.max() < 30
    assert lettered(picture, "", background)[..., :3].std() == 0
