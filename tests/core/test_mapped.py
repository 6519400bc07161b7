from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from volviz.core import mapped
from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume

SHAPE = (12, 20, 30)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)


@pytest.fixture(params=list(itertools.permutations(range(3))))
def stored(request: pytest.FixtureRequest, tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The values in a file with their axes in some order, behind a header of odd length, seen in the right order."""
    monkeypatch.setattr(mapped, "LEAST", 0)
    order = request.param
    path = tmp_path / "large.raw"
    path.write_bytes(b"x" * 1025 + np.ascontiguousarray(values.transpose(order)).tobytes())
    with path.open("rb") as file:
        data = mapped.open_map(file, np.int16, 1025, tuple(values.shape[i] for i in order))
    return data.transpose(np.argsort(order))


@pytest.mark.parametrize(("gap", "span"), [(0, 1), (0, 100), (70, 500), (2**18, 2**24)])
def test_any_part_of_a_mapped_file_is_read_as_it_is(
    stored: np.ndarray, values: np.ndarray, gap: int, span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped, "GAP", gap)
    monkeypatch.setattr(mapped, "SPAN", span)
    for part in (np.s_[:], np.s_[3:4], np.s_[:, 5:6], np.s_[:, :, 7:8], np.s_[2:9, 3:4, 5:6], np.s_[3:5, 4:9, 10:29], np.s_[4:5, 4:5, 4:5]):
        found = mapped.fetch(stored[part])
        assert not isinstance(found, np.memmap), "the pages of the map were to be left alone"
        np.testing.assert_array_equal(found, values[part])
    np.testing.assert_array_equal(mapped.fetch(stored[4]), values[4])
    np.testing.assert_array_equal(mapped.fetch(stored[::-1]), values[::-1])  # backwards: by the map


def test_no_more_is_read_than_what_is_said(tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 0)
    monkeypatch.setattr(mapped, "GAP", 20)
    path = tmp_path / "large.raw"
    path.write_bytes(values.tobytes())
    with path.open("rb") as file:
        data = mapped.open_map(file, np.int16, 0, SHAPE)
    read: list[int] = []
    plain = mapped.os.preadv
    monkeypatch.setattr(mapped.os, "preadv", lambda fd, into, at: read.append(plain(fd, into, at)) or read[-1])
    slabs = [(np.s_[3:4], 1200), (np.s_[:, 5:6], 12 * 60), (np.s_[:, :, 7:8], 240 * 2), (np.s_[:, :, 1:25], 14400 - 12)]
    for part, count in [*slabs, (np.s_[0:1, 0:1, 3:9], 12), (np.s_[0:5, 0:2, 3:9], 5 * 2 * 12)]:
        read.clear()
        mapped.fetch(data[part])
        assert sum(read) == count == mapped.reach(data[part])
    volume = Volume(Grid(SHAPE), data)
    assert volume.reach(Region((0, 5, 0), (12, 6, 30))) == 720
    assert Volume(Grid(SHAPE), values).reach(Region((0, 5, 0), (12, 6, 30))) == 0


def test_reading_ends_when_it_is_not_wanted_any_more(tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 0)
    monkeypatch.setattr(mapped, "SPAN", 600)
    path = tmp_path / "large.raw"
    path.write_bytes(values.tobytes())
    with path.open("rb") as file:
        volume = Volume(Grid(SHAPE), mapped.open_map(file, np.int16, 0, SHAPE))
    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        volume.read(check=check)
    assert len(calls) == 3
    np.testing.assert_array_equal(volume.read(), values)


def test_a_file_that_became_shorter_is_an_error_and_no_crash(tmp_path: Path, values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "LEAST", 0)
    path = tmp_path / "large.raw"
    path.write_bytes(values.tobytes())
    with path.open("rb") as file:
        data = mapped.open_map(file, np.int16, 0, SHAPE)
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(OSError, match="shorter"):
        mapped.fetch(data[:])
