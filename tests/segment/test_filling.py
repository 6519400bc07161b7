from __future__ import annotations

from pathlib import Path

import numpy as np

from volviz.core.grid import Grid
from volviz.core.segmentation import Label
from volviz.segment.filling import Filling

GRID = Grid((6, 7, 8), (10.0, 10.0, 10.0))
BACKGROUND, MEMBRANE, SPIKES, LUMEN = (Label(name) for name in ("background", "membrane", "spikes", "lumen"))


def filled(labels: tuple[Label, ...], folder: Path, seed: int = 0) -> Filling:
    filling = Filling(GRID, labels, (2, 2, 2), folder, {})
    soft = np.random.default_rng(seed).dirichlet(np.ones(len(labels)), GRID.shape)
    stored = np.rint(255 * np.moveaxis(soft, -1, 0)).astype(np.uint8)
    for brick in filling.bricks:
        filling.write(brick, stored[(slice(None), *brick.slices)])
        filling.final.add(filling.bricks.index(brick))
    return filling


def test_with_other_classes_what_was_found_stays_until_better_is_known(tmp_path: Path) -> None:
    before = filled((BACKGROUND, MEMBRANE, SPIKES), tmp_path)
    old = np.asarray(before.segmentation.data).astype(int)
    more = Filling(GRID, (BACKGROUND, MEMBRANE, LUMEN, SPIKES), (2, 2, 2), tmp_path, {})
    more.inherit(before)
    assert more.fraction == 0
    data = np.asarray(more.segmentation.data)
    assert np.array_equal(data[[0, 1, 3]], old)
    assert not data[2].any()
    fewer = Filling(GRID, (BACKGROUND, SPIKES), (2, 2, 2), tmp_path, {})
    fewer.inherit(before)
    data = np.asarray(fewer.segmentation.data)
    assert np.array_equal(data[1], old[2])
    assert np.array_equal(data[0], np.minimum(255, old[0] + old[1]))  # and not what is left over a byte
