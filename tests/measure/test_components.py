"""Objects told apart, and their soft skirts, against scipy and by hand."""

import numpy as np
import pytest
from scipy import ndimage

from volviz.core.errors import Cancelled
from volviz.measure import components
from volviz.measure.components import cavities, tell_apart

CORNERS = np.ones((3, 3, 3))


def soft(seed: int, shape=(24, 30, 26), dtype=np.uint8) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.2)
    most = np.iinfo(dtype).max
    return np.clip(np.rint((noise / noise.std() - 0.6) * 0.45 * most), 0, most).astype(dtype)


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
    return all(len(np.unique(side)) == pairs.shape[1] for side in pairs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slab", [1, 700, 10**9])
def test_objects_are_those_of_scipy_in_slabs_of_any_depth(seed, slab, monkeypatch):
    monkeypatch.setattr(components, "SLAB_VOXELS", slab)
    values = soft(seed)
    expected, count = ndimage.label(values >= 120, CORNERS)
    found = tell_apart(values, 120)
    core = values >= 120
    assert count == len(found.sizes) - 1 > 20
    assert same_partition(np.where(core, found.labels, 0), expected)
    assert (np.sort(found.sizes[1:]) == np.sort(np.bincount(expected.ravel())[1:])).all()
    for number in (1, count):
        assert found.peaks[number] == values[core & (found.labels == number)].max()
    holes, count = cavities(values, 60)
    assert count == ndimage.label(values < 60)[1]
    assert same_partition(holes, ndimage.label(values < 60)[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_skirt_is_all_that_hangs_on_an_object_by_faces_and_nothing_else(dtype):
    values = soft(5, dtype=dtype)
    least = int(np.iinfo(dtype).max * 0.6)
    found = tell_apart(values, least)
    support, _ = ndimage.label(values > 0)
    reached = np.isin(support, np.unique(support[values >= least])) & (support > 0)
    assert ((found.labels > 0) == reached).all()
    assert reached.sum() > 2 * (values >= least).sum()
    assert (support[(values > 0) & ~reached] > 0).any()
    for number in (1, 2, 3):  # in one piece, as a skirt should be
        assert ndimage.label(found.labels == number, CORNERS)[1] == 1


def test_skirts_part_in_the_valley():
    x = np.arange(41)
    profile = np.maximum(np.clip(250 - 16 * np.abs(x - 12), 10, 255), np.clip(150 - 12 * np.abs(x - 32), 10, 255)).astype(np.uint8)
    values = np.tile(profile, (3, 5, 1))
    found = tell_apart(values, 130)
    valley = 12 + int(np.argmin(profile[12:33]))
    edge = int(np.flatnonzero(np.diff(found.labels[1, 2]))[0])
    assert len(found.sizes) == 3
    assert abs(edge - valley) <= 2  # a step of the watershed is 17 here


def test_nothing_is_joined_round_a_corner_of_the_array():
    values = np.zeros((3, 4, 5), np.uint8)
    values[0, 0, 4], values[0, 1, 0] = 200, 50  # neighbours in memory only
    values[0, 3, 2], values[1, 0, 2] = 200, 50
    found = tell_apart(values, 100)
    assert found.labels[0, 1, 0] == found.labels[1, 0, 2] == 0
    assert len(found.sizes) == 3


def test_no_object_and_no_voxel():
    found = tell_apart(np.full((3, 3, 3), 7, np.uint8), 100)
    assert not found.labels.any()
    assert list(found.sizes) == [0]


def test_it_can_be_stopped_between_slabs(monkeypatch):
    monkeypatch.setattr(components, "SLAB_VOXELS", 1)
    heard = []

    def stop(fraction, text="", **_):
        heard.append(fraction)
        if len(heard) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        tell_apart(soft(0), 120, report=stop)
    assert len(heard) == 4
