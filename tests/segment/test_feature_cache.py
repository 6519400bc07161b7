from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from running import noise

from volviz.core.annotations import Box, Lasso, Stroke
from volviz.core.grid import Grid, Region
from volviz.core.report import silent
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment import feature_cache
from volviz.segment.feature_cache import FeatureCache, block, nearest
from volviz.segment.frame import Frame
from volviz.segment.marked import Marks, marked_voxels, sampled
from volviz.segment.nn.features import ALL, Feature
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks

SOME = tuple(Feature.named(name) for name in ("smoothed 0.3", "structure 1", "laplacian 1.6"))
SHAPE = (21, 30, 26)
WHOLE = Region((0, 0, 0), SHAPE)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_cache, "CHUNK", 10)


@pytest.fixture
def frame() -> Frame:
    return Frame.of(noise(SHAPE), Run(device="cpu", dense_is_dark=True), Bricks(None))


def exact(frame: Frame, region: Region, features: tuple[Feature, ...] = SOME) -> np.ndarray:
    return block(frame, region.start, region.shape, features).flatten(1).T.numpy()


@pytest.mark.parametrize("budget", [None, 0, 30_000])
@pytest.mark.parametrize("region", [WHOLE, Region((3, 7, 12), (4, 29, 26)), Region((9, 10, 11), (12, 11, 14))])
def test_any_region_is_there_to_eleven_bits_however_little_is_kept(
    frame: Frame, region: Region, budget: int | None, tmp_path: Path
) -> None:
    cache = FeatureCache(frame, SOME, budget, tmp_path)
    for _ in range(2):  # computed, then read
        found = cache.rows(region)
        assert np.allclose(found, exact(frame, region), rtol=2**-11, atol=5e-6)
    assert cache.kept == {None: len(cache.touching(region)), 0: 0, 30_000: min(cache.room, len(cache.touching(region)))}[budget]
    assert cache.room == {None: 2 * 3 * 3, 0: 0, 30_000: 3}[budget]
    cache.close()


def test_channels_of_every_size_keep_their_bits(frame: Frame) -> None:
    region = Region((4, 4, 4), (14, 14, 14))
    cache = FeatureCache(frame, ALL)
    found, true = cache.rows(region), exact(frame, region, ALL)
    typical = np.abs(true).mean(axis=0)
    assert typical.max() / typical.min() > 1e5  # plain halves would lose the smaller ones
    assert np.abs(found - true).max(axis=0).max() < 1e-2
    assert (np.abs(found - true).mean(axis=0) / typical).max() < 2**-11
    cache.close()


def test_the_chunk_that_was_not_wanted_for_longest_makes_room(frame: Frame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache = FeatureCache(frame, SOME, 3 * 2 * 5 * 11 * 10 * 10, tmp_path)
    assert cache.room == 3
    for number in (0, 1, 2, 0):
        cache.rows(cache.chunk(number))
    assert cache.full
    cache.rows(cache.chunk(3))
    assert [number for number in range(cache.count) if cache.has(number)] == [0, 2, 3]
    cache.rows(cache.chunk(4), keep=False)
    cache.prepare(5)
    assert not cache.has(4)
    assert not cache.has(5)
    computed: list[int] = []
    real = cache._computed
    monkeypatch.setattr(cache, "_computed", lambda number: computed.append(number) or real(number))
    for number in (0, 2, 3, 1):
        cache.rows(cache.chunk(number))
    assert computed == [1]
    assert not list(tmp_path.iterdir())  # it has no name
    cache.close()


def test_a_full_disk_is_said_once_and_the_rest_is_computed(frame: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    cache = FeatureCache(frame, SOME, note=said.append)
    cache.rows(cache.chunk(0))

    class Full:
        def __init__(self, file: object) -> None:
            self._file = file

        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def __getattr__(self, name: str) -> object:
            return getattr(self._file, name)

    monkeypatch.setattr(cache, "_file", Full(cache._file))
    assert np.allclose(cache.rows(WHOLE), exact(frame, WHOLE), rtol=2**-11, atol=5e-6)
    assert len(said) == 1
    assert "no space left on device" in said[0]
    assert cache.kept <= 1
    monkeypatch.undo()
    cache.close()


def test_a_lattice_is_every_so_manieth_voxel(frame: Frame) -> None:
    cache = FeatureCache(frame, SOME)
    whole = cache.rows(WHOLE).reshape(*SHAPE, -1)[2::4, 2::4, 2::4]
    found = np.full(whole.shape, np.nan, np.float32)
    for number in range(cache.count):
        region, rows = cache.lattice(number, 4)
        if region is not None:
            found[region.slices] = rows.reshape(*region.shape, -1)
    assert np.array_equal(found, whole)
    cache.close()


def line(label: str, *points: tuple[float, float, float]) -> Stroke:
    return Stroke(points, 15.0, label)


def test_marks_that_come_and_go_are_found_as_if_for_the_first_time(frame: Frame) -> None:
    cache = FeatureCache(frame, SOME)
    marks, known = Marks(cache), VIRION_LABELS
    corners = ((30.0, 40.0, 50.0), (90.0, 100.0, 120.0))
    first = line("membrane", (20.0, 20.0, 20.0), (200.0, 200.0, 150.0))
    box = Box(corners, "lumen", object_id=3)
    outline = Lasso(((40.0, 50.0, 80.0), (80.0, 50.0, 80.0), (60.0, 90.0, 80.0)), "z", 20.0, "lumen", object_id=3)
    over, erased = line("spikes", (100.0, 100.0, 80.0)), line("", (30.0, 30.0, 30.0))
    for said in ([first], [first, box], [first, box, outline], [first, over, box], [first, over, erased], [erased, first], [over], []):
        found, expected = marks.find(said, known), marked_voxels([said], frame.grid, known)
        assert np.array_equal(found.index, expected.index)
        assert np.array_equal(found.classes, expected.classes)
        true = sampled(frame, expected, SOME, silent)
        assert np.allclose(marks.rows(found, silent), true, rtol=2**-11, atol=5e-6)
        assert np.allclose(marks.rows(found, silent, exact=True), true, rtol=1e-5, atol=1e-6)
    cache.close()


def test_what_is_nearest_comes_first_and_of_nothing_nothing():
    grid = Grid((20, 20, 20), (10.0, 10.0, 10.0))
    regions = [Region((0, 0, 0), (4, 4, 4)), Region((16, 16, 16), (20, 20, 20)), Region((8, 8, 8), (12, 12, 12))]
    assert nearest(regions, grid, tuple(grid.to_world((18.0, 18.0, 18.0)))) == [1, 2, 0]
    assert nearest([], grid, (0.0, 0.0, 0.0)) == []
