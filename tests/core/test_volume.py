from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="tells pages of files elsewhere otherwise")
@pytest.mark.parametrize("at_a_time", [2**27, 3 * 2**18])
def test_pages_of_a_mapped_file_are_let_go_of_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    monkeypatch.setattr("volviz.core.mapped.PAGES", at_a_time)
    path = tmp_path / "large.npy"
    values = np.arange(64 * 128 * 128, dtype=np.float32).reshape(64, 128, 128)
    np.save(path, values)

    def held() -> int:
        part = Path("/proc/self/smaps").read_text().partition(str(path))[2]
        return 1024 * int(part.split("Rss:")[1].split()[0])

    volume = Volume(Grid(values.shape), np.load(path, mmap_mode="r").transpose(0, 2, 1))
    expected = values.transpose(0, 2, 1)
    np.testing.assert_array_equal(volume.read(), expected)
    assert held() >= values.nbytes
    volume.let_go()
    assert held() == 0
    np.testing.assert_array_equal(volume.read(), expected)
    changed = np.load(path, mmap_mode="c")
    changed[0, 0, 0] = 7
    Volume(Grid(values.shape), changed).let_go()
    assert changed[0, 0, 0] == 7  # what is nowhere else stays
    Volume(Grid(values.shape), values).let_go()


def test_voxels_that_are_no_numbers_are_read_as_ordinary_ones() -> None:
    values = np.random.default_rng(0).normal(1000, 5, (40, 48, 48)).astype(np.float32)
    values[:4], values[20, 3, 3], values[30, 5, 5] = np.nan, np.inf, -np.inf
    volume = Volume(Grid(values.shape), values)
    read = volume.read()
    assert volume.stand_in == pytest.approx(1000, abs=1)
    np.testing.assert_array_equal(read[np.isfinite(values)], values[np.isfinite(values)])
    assert (read[~np.isfinite(values)] == np.float32(volume.stand_in)).all()
    border = Volume(Grid(values.shape), values).read(Region((0, 0, 0), (4, 8, 8)))  # none of which is a number
    assert (border == np.float32(volume.stand_in)).all()
    assert not Volume(Grid((4, 48, 48)), values[:4]).read().any()
    assert Volume(Grid((10, 48, 48)), values[4:14]).stand_in is None
