"""What lies under the pointer."""

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, front, of_classes, plain
from volviz.core.cuts import Clips, Plane
from volviz.core.density import lowpassed_contrast
from volviz.core.grid import Region
from volviz.core.guides import Slices
from volviz.core.scene import Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.pick import pick


@pytest.mark.parametrize("orthographic", [False, True])
def test_one_picks_what_is_left_of_a_cut(orthographic: bool) -> None:
    z, _, _ = axes(40)
    volume, classes = of_classes((np.abs(z) < 15).astype(np.float32))
    camera, scene = front(volume.grid, orthographic=orthographic), plain(classes, 5.0)
    middle = volume.grid.center_xyz
    top = pick(camera, scene, volume, classes, 0.0, 0.0)
    assert top is not None
    assert abs(top[2] - middle[2] - 150) < 10
    for clips in (Clips(z=(0.0, 0.5)), Clips(planes=(Plane(tuple(middle), (0.0, 0.0, 2.0)),))):
        cut = pick(camera, replace(scene, clips=clips), volume, classes, 0.0, 0.0)
        assert cut is not None
        assert abs(cut[2] - middle[2]) < 10


def test_one_picks_a_plane_of_density_that_is_nearer() -> None:
    z, _, _ = axes(40)
    volume, classes = of_classes((np.abs(z) < 5).astype(np.float32))
    camera, scene = front(volume.grid), plain(classes, 5.0)
    low, high = volume.grid.bounds_xyz
    for place, wanted in ((0.9, low[2] + 0.9 * (high[2] - low[2])), (0.1, volume.grid.center_xyz[2] + 50)):
        point = pick(camera, replace(scene, slices=Slices(z=place)), volume, classes, 0.1, 0.0)
        assert point is not None
        assert abs(point[2] - wanted) < 10
    clear = pick(camera, replace(scene, slices=Slices(z=0.9, opacity=0.3)), volume, classes, 0.1, 0.0)
    assert clear is not None
    assert abs(clear[2] - volume.grid.center_xyz[2] - 50) < 10
    empty = replace(scene, ramps={})
    assert pick(camera, replace(empty, slices=Slices(z=0.5)), volume, classes, 0.4, 0.0) is not None
    assert pick(camera, replace(empty, slices=Slices(z=0.5)), volume, classes, 0.6, 0.0) is None


@pytest.fixture
def plates():
    """Two classes at z = 8..12 and -12..-8 voxels from the middle, and dense matter at -2..2; seen from +z."""
    z, _, _ = axes(40)
    upper, lower = (np.abs(z - 10) < 2).astype(np.float32), (np.abs(z + 10) < 2).astype(np.float32)
    volume, classes = of_classes(upper, lower)
    volume = replace(volume, data=(np.abs(z) < 2).astype(np.float32))
    raw = RawLook(low=0.5, high=1.0, invert=False, lowpass=10.0, multiply=False)
    return volume, classes, plain(classes, 5.0, raw=raw, density=Ramp(0.5, 1.0, opacity=5.0))


def depth(scene: Scene, volume: Volume, classes: Segmentation | None) -> float | None:
    """How far in front of the middle one picks, in voxels."""
    point = pick(front(volume.grid), scene, volume, classes, 0.05, 0.03)
    return None if point is None else (point[2] - float(volume.grid.center_xyz[2])) / 10


def test_one_picks_what_each_mode_shows(plates) -> None:
    volume, classes, scene = plates
    assert depth(scene, volume, classes) == pytest.approx(12, abs=1)
    assert depth(replace(scene, mode="surface"), volume, classes) == pytest.approx(12, abs=1)
    assert depth(replace(scene, mode="raw"), volume, classes) == pytest.approx(2, abs=1)
    assert depth(scene, volume, None) == pytest.approx(2, abs=1)
    assert depth(replace(scene, mode="maximum"), volume, None) == pytest.approx(0, abs=2)
    assert abs(depth(replace(scene, mode="maximum"), volume, classes)) == pytest.approx(10, abs=2)  # a class, not the density
    assert depth(replace(scene, mode="average"), volume, classes) == pytest.approx(0, abs=1)


def test_one_picks_no_class_that_is_hidden(plates) -> None:
    volume, classes, scene = plates
    hidden = scene.with_ramp("class 1", visible=False)
    for mode in ("classes", "surface"):
        assert depth(replace(hidden, mode=mode), volume, classes) == pytest.approx(-8, abs=1)


def test_one_picks_what_the_density_leaves_of_the_classes(plates) -> None:
    volume, classes, scene = plates
    assert depth(replace(scene, raw=replace(scene.raw, multiply=True)), volume, classes) is None  # where they are, nothing is dense
    z, _, _ = axes(40)
    dense = replace(volume, data=(z < 0).astype(np.float32))
    assert depth(replace(scene, raw=replace(scene.raw, multiply=True)), dense, classes) == pytest.approx(-8, abs=1)
    assert depth(replace(scene, raw=replace(scene.raw, haze=True)), volume, classes) == pytest.approx(12, abs=1)


def test_one_picks_all_classes_as_one(plates) -> None:
    volume, classes, scene = plates
    hidden = scene.with_ramp("class 1", visible=False)
    assert depth(replace(hidden, together=Ramp(0.2, 0.4, opacity=5.0)), volume, classes) == pytest.approx(12, abs=1)


def test_one_picks_what_is_drawn_of_a_region_alone(plates) -> None:
    volume, classes, scene = plates
    region = Region((0, 0, 0), (20, 40, 40))
    assert depth(replace(scene, region=region), volume, classes) == pytest.approx(-8, abs=1)
    assert depth(replace(scene, region=Region((0, 0, 0), (20, 8, 8))), volume, classes) is None
    assert depth(replace(scene, region=region, slices=Slices(z=0.9)), volume, classes) == pytest.approx(-8, abs=1)


def test_the_density_is_read_a_little_at_a_time(plates) -> None:
    volume, classes, scene = plates
    read = []

    class OnDisk:
        shape, dtype = volume.data.shape, volume.data.dtype

        def __getitem__(self, key):
            read.append(volume.data[key].size)
            return volume.data[key]

    contrast = lowpassed_contrast(volume, 10.0, False)
    lazy = replace(volume, data=OnDisk())
    point = pick(front(volume.grid), replace(scene, mode="raw"), lazy, classes, 0.05, 0.03, contrast)
    assert point == pick(front(volume.grid), replace(scene, mode="raw"), volume, classes, 0.05, 0.03)
    assert sum(read) < 0.02 * volume.data.size
