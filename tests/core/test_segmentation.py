"""Volumes and soft classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume

GRID = Grid((3, 4, 5), (10.0, 10.0, 10.0))


@given(hnp.arrays(np.float32, (4, 3, 4, 5), elements=st.floats(0, 1, width=32)))
def test_probabilities_survive_eight_bits(raw):
    p = (raw + 1e-3) / (raw + 1e-3).sum(axis=0)
    segmentation = Segmentation.of_probabilities(GRID, p)
    assert np.abs(segmentation.data.astype(int).sum(axis=0) - 255).max() <= 2
    read = segmentation.probabilities()
    np.testing.assert_allclose(read.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(read, p, atol=2.5 / 255)


def test_entropy_is_zero_when_sure_and_one_when_lost():
    p = np.zeros((4, 3, 4, 5), np.float32)
    p[2] = 1
    p[:, 0] = 0.25
    entropy = Segmentation.of_probabilities(GRID, p).entropy()
    np.testing.assert_allclose(entropy[1:], 0, atol=1e-6)
    np.testing.assert_allclose(entropy[0], 1, atol=1e-4)


def test_scores_are_signed_and_have_no_background():
    data = np.full((1, 3, 4, 5), 128, np.uint8)
    data[0, 0], data[0, 1] = 255, 1
    heat = Segmentation(GRID, data, VIRION_LABELS[2:3], kind="score")
    assert heat.drawn == VIRION_LABELS[2:3]
    np.testing.assert_allclose(heat.probabilities()[0, :, 0, 0], (1, -1, 0), atol=1e-6)
    assert (heat.hard()[:, 0, 0] == (0, 255, 255)).all()
    with pytest.raises(ValueError, match="no entropy"):
        heat.entropy()


@pytest.mark.parametrize(
    ("shape", "dtype", "labels", "says"),
    [
        ((3, 3, 4, 5), np.uint8, VIRION_LABELS, "another shape"),
        ((4, 3, 4, 5), np.float32, VIRION_LABELS, "uint8"),
        ((2, 3, 4, 5), np.uint8, VIRION_LABELS[:1] * 2, "same name"),
    ],
)
def test_what_does_not_fit_is_refused(shape, dtype, labels, says):
    with pytest.raises(ValueError, match=says):
        Segmentation(GRID, np.zeros(shape, dtype), labels)


def test_a_volume_reads_regions_and_forgives_nan():
    data = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    data[2, 3, 4] = np.nan
    volume = Volume(GRID, data)
    assert volume.read()[2, 3, 4] == 29  # the median of the others
    region = Region((1, 0, 2), (3, 2, 5))
    np.testing.assert_array_equal(volume.crop(region).read(), volume.read(region))
    np.testing.assert_allclose(volume.crop(region).grid.to_world((0, 0, 0)), GRID.to_world(region.start))


def test_a_sample_of_a_large_volume_is_spread_and_repeats():
    data = np.broadcast_to(np.arange(200, dtype=np.float32)[:, None, None], (200, 100, 100))
    volume = Volume(Grid(data.shape), data)
    values = volume.sample(voxels=400_000)
    assert 300_000 < values.size < 500_000
    assert values.mean() == pytest.approx(99.5, abs=20)
    np.testing.assert_array_equal(values, volume.sample(voxels=400_000))


@pytest.mark.parametrize("kind", ["probability", "score"])
def test_16_bits_mean_what_bytes_mean(kind):
    rng = np.random.default_rng(4)
    stored = rng.integers(0, 256, (4, 3, 4, 5)).astype(np.uint8)
    coarse = Segmentation(Grid((3, 4, 5)), stored, kind=kind)
    values = coarse.values(stored)
    half = 32768
    fine = np.clip(values * (half - 1) + half if kind == "score" else values * 65535, 0, 65535)
    deep = Segmentation(coarse.grid, np.rint(fine).astype(np.uint16), kind=kind)
    assert np.abs(deep.values(deep.data) - np.maximum(values, -1.00004)).max() < 1 / 65535 + 1e-6
    assert np.abs(deep.as_bytes(deep.data).astype(int) - np.maximum(stored, kind == "score")).max() == 0
    assert np.allclose(deep.probabilities(), np.maximum(coarse.probabilities(), -1.00004), atol=2e-5)
    for value in (0.0, 0.25, 1.0):
        assert abs(float(deep.values(deep.stored(value) * 65535)) - value) < 1e-4
        assert abs(float(coarse.values(coarse.stored(value) * 255)) - value) < 1e-6
    with pytest.raises(ValueError, match="uint8 or uint16"):
        Segmentation(coarse.grid, stored.astype(np.int32), kind=kind)
