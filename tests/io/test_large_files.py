"""A volume larger than one would like to read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from volviz import io
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import values

SCRIPT = """
import resource, sys
import numpy as np
from volviz import io
from volviz.core.grid import Region
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
volume = io.open(sys.argv[1])
assert volume.grid.shape == (750, 1000, 1000), volume.grid
before = peak()
assert volume.data[400].sum() == 0
assert volume.crop(Region((700, 0, 0), (750, 9, 9))).read().sum() == 0
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files and resource limits are POSIX's")
def test_three_gigabytes_open_without_being_read(raw_mrc, ramp):
    path = raw_mrc(ramp, cell=(10_000, 10_000, 7_500))
    with path.open("r+b") as file:
        file.write((1000).to_bytes(4, "little") * 2 + (750).to_bytes(4, "little"))
        file.seek(28)
        file.write((1000).to_bytes(4, "little") * 2 + (750).to_bytes(4, "little"))
    os.truncate(path, 1024 + 750 * 1000 * 1000 * 4)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40e6  # one slice of 4 MB, and what the system reads ahead


class _Watched:
    """An array on disk, as far as anybody can tell, that remembers the largest piece asked of it."""

    def __init__(self, data: np.ndarray) -> None:
        self._data, self.shape, self.dtype, self.largest = data, data.shape, data.dtype, 0

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self._data[key]
        self.largest = max(self.largest, part.nbytes)
        return part


@pytest.mark.parametrize("name", ["x.mrc", "x.mrc.gz", "x.tif", "x.zarr", "s", "s.zarr", "s.mrc", "s.tif"])
def test_saving_reads_piece_by_piece(tmp_path, monkeypatch, name):
    monkeypatch.setattr(values, "SLAB_BYTES", 2**16)
    shape = (300, 16, 16)
    data = np.random.default_rng(0).integers(0, 200, (4, *shape), np.uint8)
    soft = name.startswith("s")
    watched = _Watched(data if soft else data[0].astype(np.float32))
    grid = Grid(shape, (9, 9, 9))
    io.save(Segmentation(grid, watched, name="s") if soft else Volume(grid, watched), tmp_path / name)
    assert 0 < watched.largest <= max(2**16, 128 * 16 * 16 * 4 if name.endswith(".zarr") else 0)
