"""The raw density on a common footing, and the first ramps."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import threshold_isodata

from volviz.core import mapped
from volviz.core.density import (
    MOST_VOXELS,
    box_mean,
    contrast_of,
    dense_is_dark,
    lowpass_voxels,
    lowpassed,
    lowpassed_contrast,
    narrowed,
    spread_planes,
)
from volviz.core.errors import Cancelled
from volviz.core.estimate import automatic_low, density_ramp, drawn_points, first_camera, raw_look, ridler_calvard, threshold_curve
from volviz.core.grid import Grid, Region
from volviz.core.scene import Scene
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume

odd = st.integers(0, 4).map(lambda n: 2 * n + 1)
RNG = np.random.default_rng(3)


def tomogram(sign: float, seed: int = 0) -> tuple[Volume, np.ndarray]:
    """A few dense balls in noise."""
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((48, 64, 64))
    inside = np.zeros((48, 64, 64), bool)
    for _ in range(4):
        c = rng.uniform((8, 8, 8), (40, 56, 56))
        inside |= (z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2 < 36
    data = sign * inside * 2.0 + rng.normal(0, 1, inside.shape)
    return Volume(Grid(inside.shape, (10.0,) * 3), data.astype(np.float32)), inside


@given(st.tuples(*[st.integers(1, 9)] * 3), st.tuples(odd, odd, odd))
def test_a_box_mean_is_the_mean_of_what_lies_inside(shape, size):
    data = RNG.normal(size=shape).astype(np.float32)
    weight = ndimage.uniform_filter(np.ones(shape), size, mode="constant")
    expected = ndimage.uniform_filter(data.astype(float), size, mode="constant") / weight
    np.testing.assert_allclose(box_mean(data, size), expected, atol=2e-5)


def test_a_region_is_low_passed_with_its_context():
    volume, _ = tomogram(1)
    whole = lowpassed(volume, 50.0)
    region = Region((5, 0, 20), (9, 33, 64))
    np.testing.assert_allclose(lowpassed(volume, 50.0, region), whole[region.slices], atol=1e-5)


def test_of_large_sections_the_middle_is_read_and_of_others_all():
    usual, large = Grid((400, 960, 928), (10.0,) * 3), Grid((1024, 5600, 5600), (2.0,) * 3)
    assert all(plane.shape == (1, 960, 928) for plane in spread_planes(usual, 30.0))
    for plane in spread_planes(large, 30.0):
        assert 15 * np.prod(plane.shape) <= MOST_VOXELS
        assert plane.start[1] + plane.stop[1] == pytest.approx(5600, abs=1)
    across = narrowed(Region((0, 7, 0), (1024, 8, 5600)), large, 30.0)
    assert across.shape[:2] == (1024, 1)  # the beam is never cut short
    assert 15 * np.prod(across.shape) <= MOST_VOXELS


def test_the_low_pass_is_a_width_in_angstrom():
    assert lowpass_voxels(Grid((4, 4, 4), (10.0, 10.0, 10.0)), 30.0) == (3, 3, 3)
    assert lowpass_voxels(Grid((4, 4, 4), (31.0, 6.0, 10.0)), 30.0) == (1, 5, 3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_sign_of_dense_matter_is_guessed(sign, seed):
    assert dense_is_dark(tomogram(sign, seed)[0]) is (sign < 0)


def test_contrast_is_not_set_by_a_gold_bead():
    values = RNG.normal(5, 2, 100_000).astype(np.float32)
    values[:100] = -1e4
    contrast = contrast_of(values, dense_is_dark=True)
    assert contrast.mean == pytest.approx(5, abs=0.1)
    assert contrast.deviation == pytest.approx(2, rel=0.1)
    assert contrast.apply(np.array([1.0], np.float32)) == pytest.approx(2, abs=0.2)  # darker than the mean: dense


@pytest.mark.parametrize("scale", [1e-40, 1e30])
def test_tiny_and_huge_numbers_have_a_contrast(scale):
    values = (RNG.normal(0, 1, 10_000) * scale).astype(np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(contrast_of(values, dense_is_dark=True).apply(values)).all()


def test_the_densest_show_also_where_many_are_as_dense():
    inside = np.zeros((32, 32, 32), np.uint8)
    inside[8:24, 8:24, 8:24] = 1
    volume = Volume(Grid(inside.shape, (10.0, 10.0, 10.0)), inside)
    look = raw_look(volume)
    contrast = lowpassed_contrast(volume, look.lowpass, look.invert)
    assert density_ramp(volume, look).high <= contrast.apply(lowpassed(volume, look.lowpass)).max() + 0.01


@pytest.mark.parametrize("side", [0, 3, 9])
@pytest.mark.parametrize("dense", [-0.02, 700])
def test_where_nearly_all_is_empty_the_rest_shows_and_the_emptiness_does_not(dense, side):
    # Both percentiles that the ramp goes by are those of the emptiness; the first look was an opaque box.
    data = np.zeros((40, 64, 64), np.float32)
    data[20 : 20 + side, 30 : 30 + side, 31 : 31 + side] = dense
    volume = Volume(Grid(data.shape, (10.0, 10.0, 10.0)), data)
    look = raw_look(volume)
    contrast, ramp = lowpassed_contrast(volume, look.lowpass, look.invert), density_ramp(volume, look)
    smooth = contrast.apply(lowpassed(volume, look.lowpass))
    assert ramp.low > np.median(smooth)
    assert bool(smooth.max() > ramp.high) is bool(side)


@pytest.mark.parametrize("seed", range(4))
def test_ridler_calvard_agrees_with_another_implementation(seed):
    rng = np.random.default_rng(seed)
    grey = np.clip(np.concatenate([rng.normal(40, 15, 9000), rng.normal(rng.uniform(120, 220), 20, 3000)]), 0, 255).astype(np.uint8)
    assert ridler_calvard(np.bincount(grey, minlength=256)) == pytest.approx(threshold_isodata(grey), abs=2)


def test_a_mostly_empty_slice_still_has_a_threshold():
    counts = np.zeros(256, np.int64)
    counts[0], counts[200] = 100_000, 50
    assert ridler_calvard(counts) == 100


def test_slices_without_the_class_do_not_drag_the_ramp_down():
    data = np.zeros((2, 10, 8, 8), np.uint8)
    data[1, :3, 2:5, 2:5] = 180
    data[0] = 255 - data[1]
    segmentation = Segmentation(Grid((10, 8, 8)), data, labels=Segmentation.__dataclass_fields__["labels"].default[:2])
    curve = threshold_curve(segmentation, "membrane")
    assert np.isnan(curve[3:]).all()
    assert automatic_low(segmentation, "membrane") == pytest.approx(90 / 255, abs=2 / 255)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_first_look_brackets_the_density_of_the_particles(sign):
    volume, inside = tomogram(sign)
    p = np.stack([~inside, inside, np.zeros_like(inside), np.zeros_like(inside)]).astype(np.float32)
    segmentation = Segmentation.of_probabilities(volume.grid, p)
    scene = Scene.of(volume, segmentation)
    assert list(scene.ramps) == ["membrane", "spikes", "lumen"]
    assert scene.raw.invert is (sign < 0)
    assert 0.5 < scene.raw.low < scene.raw.high  # the particles are well above the mean, dense positive
    assert raw_look(volume).low == 2.5


@pytest.mark.parametrize("shape", [(8, 8, 8), (1, 9, 14), (1, 1, 1)])
def test_the_first_camera_sees_what_fills_a_block_alone(shape):
    p = np.zeros((2, *shape), np.float32)
    p[1] = 1.0
    segmentation = Segmentation.of_probabilities(Grid(shape, (10.0, 10.0, 10.0)), p, VIRION_LABELS[:2])
    volume = Volume(segmentation.grid, p[1])
    camera = first_camera(volume, segmentation).checked()
    assert 0.2 < camera.height / max(volume.grid.extent_xyz) < 4


def test_the_first_camera_sees_what_is_drawn_and_ignores_specks():
    p = np.zeros((2, 40, 64, 64), np.float32)
    p[1, 8:24, 32:56, 16:40] = 1
    p[1, 39, 0, 0] = 1
    p[0] = 1 - p[1]
    labels = Segmentation.__dataclass_fields__["labels"].default[:2]
    segmentation = Segmentation.of_probabilities(Grid((40, 64, 64), (10.0,) * 3, (0.0, 100.0, 0.0)), p, labels)
    points = drawn_points(Volume(segmentation.grid, p[0]), segmentation)
    np.testing.assert_allclose((points.min(axis=0), points.max(axis=0)), [(195, 455, 115), (355, 615, 195)])  # middles of blocks
    volume = Volume(segmentation.grid, np.zeros((40, 64, 64), np.float32))
    camera = first_camera(volume, segmentation, aspect=1.5)
    seen = camera.project(points)
    assert (np.abs(seen[:, :2]) < (0.75, 0.5)).all()
    np.testing.assert_allclose(seen[:, :2].min(axis=0), -seen[:, :2].max(axis=0), atol=0.02)
    assert np.abs(seen[:, 1]).max() == pytest.approx(0.5 / 1.1, abs=0.02)
    nothing = Segmentation.of_probabilities(segmentation.grid, np.stack([np.ones((40, 64, 64)), np.zeros((40, 64, 64))]), labels)
    np.testing.assert_allclose(drawn_points(volume, nothing), drawn_points(volume))


def test_of_large_classes_a_few_sections_are_read_for_the_first_camera(monkeypatch):
    class Read:
        def __init__(self, data):
            self.data, self.shape, self.dtype, self.sections = data, data.shape, data.dtype, []

        def __getitem__(self, key):
            self.sections += range(self.shape[1])[key[1]]
            return self.data[key]

    p = np.zeros((2, 100, 64, 64), np.float32)
    p[1, 32:72, 32:56, 16:40] = 1
    p[0] = 1 - p[1]
    labels = Segmentation.__dataclass_fields__["labels"].default[:2]
    whole = Segmentation.of_probabilities(Grid((100, 64, 64), (10.0,) * 3), p, labels)
    watched = Segmentation(whole.grid, Read(whole.data), labels)
    volume = Volume(whole.grid, np.zeros((100, 64, 64), np.float32))
    expected = drawn_points(volume, whole)
    monkeypatch.setattr("volviz.core.estimate.MANY_VOXELS", 1000)
    looks = []
    found = drawn_points(volume, watched, check=lambda: looks.append(1))
    np.testing.assert_allclose((found.min(axis=0), found.max(axis=0)), (expected.min(axis=0), expected.max(axis=0)), atol=5)
    assert watched.data.sections == [*range(4, 100, 8), 99]
    assert len(looks) == 13
    monkeypatch.setattr("volviz.core.estimate.MOST_SECTIONS", 5)
    watched.data.sections.clear()
    found = drawn_points(volume, watched)
    np.testing.assert_allclose((found.min(axis=0), found.max(axis=0)), (expected.min(axis=0), expected.max(axis=0)), atol=125)
    assert len(watched.data.sections) <= 5


def test_the_unit_of_a_raw_ramp_is_the_deviation_of_the_low_passed_density():
    raw = np.random.default_rng(0).normal(3.0, 2.0, (20, 40, 40)).astype(np.float32)
    contrast = lowpassed_contrast(Volume(Grid(raw.shape, (10.0, 10.0, 10.0)), raw), 30.0, dense_is_dark=False)
    assert contrast.deviation == pytest.approx(2.0 / 27**0.5, rel=0.15)
    assert contrast.mean == pytest.approx(3.0, abs=0.05)


def test_who_waits_for_the_first_look_hears_what_is_done_and_may_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 0)
    values = np.random.default_rng(0).normal(size=(60, 80, 90)).astype(np.float32)
    path = tmp_path / "large.raw"
    values.tofile(path)
    with path.open("rb") as file:
        volume = Volume(Grid(values.shape, (8.0,) * 3), mapped.open_map(file, np.float32, 0, values.shape))
    heard: list[tuple[float, str]] = []
    scene = Scene.of(volume, report=lambda fraction, text="", **_: heard.append((fraction, text)))
    assert scene == Scene.of(Volume(volume.grid, values))
    assert [fraction for fraction, _ in heard] == sorted(fraction for fraction, _ in heard)
    assert len({text for _, text in heard}) == 4

    def stop(fraction: float, text: str = "", **_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Scene.of(volume, report=stop)
