"""What the tests of files share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mrc_bytes import mrc_bytes

from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume

RawMrc = Callable[..., Path]


@pytest.fixture
def raw_mrc(tmp_path: Path) -> RawMrc:
    def write(data: np.ndarray, mode: int = 2, name: str = "raw.mrc", **fields: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(mrc_bytes(data, mode, **fields))
        return path

    return write


@pytest.fixture
def ramp() -> np.ndarray:
    """Every voxel another number, no two sides alike: (2, 3, 4)."""
    return np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture
def soft(chiral: Volume, tmp_path: Path) -> Segmentation:
    """Random probabilities of four classes on the chiral phantom's grid, with a source that need not be there."""
    values = np.random.default_rng(5).dirichlet(np.ones(4), chiral.grid.shape).transpose(3, 0, 1, 2)
    return Segmentation.of_probabilities(
        chiral.grid, values, VIRION_LABELS, provenance={"model": "none", "seed": 5}, source=tmp_path / "data" / "ts_01.mrc", name="ts_01"
    )


@pytest.fixture
def small_grid() -> Grid:
    return Grid((2, 3, 4), (7.0, 7.0, 7.0))
