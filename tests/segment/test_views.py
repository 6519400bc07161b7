from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from running import Written, constant, noise, run_on, smooth
from torch import Tensor

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.segment.batches import Batches


def lopsided(x: Tensor) -> Tensor:
    """Looks to one side only, so that a mirrored tile gives another result."""
    shifted = x.roll((1, 2, 3), dims=(2, 3, 4))
    return torch.cat([shifted, -shifted], dim=1)


class Kept:
    """Takes a volume; voxels that nobody writes stay 9."""

    ended = ""

    def begin(self, grid: Grid) -> None:
        self.data = np.full(grid.shape, 9, np.float32)

    def write(self, region: Region, values: np.ndarray) -> None:
        assert (self.data[region.slices] == 9).all()
        self.data[region.slices] = values

    def finish(self) -> None:
        self.ended = "finished"

    def abort(self) -> None:
        self.ended = "aborted"


def views(tile: np.ndarray, augment: int) -> np.ndarray:
    """Return what `lopsided` says of one tile from every side, turned back: (view, class, z, y, x)."""
    axes = [(), (2,), (1,), (1, 2), (0,), (0, 2), (0, 1), (0, 1, 2)][:augment]
    out = []
    for mirrored in axes:
        seen = torch.from_numpy(np.flip(tile, mirrored).copy())[None, None]
        found = lopsided(seen).softmax(1)[0].numpy()
        out.append(np.flip(found, [a + 1 for a in mirrored]))
    return np.stack(out)


@pytest.mark.parametrize("augment", [1, 4, 8])
def test_views_are_averaged_and_never_lay_the_beam_across(augment: Any) -> None:
    tile = np.random.default_rng(0).standard_normal((4, 6, 8), dtype=np.float32)
    batches = Batches(lopsided, torch.device("cpu"), torch.float32, augment=augment, spread=augment > 1)
    ((found, _),) = batches.run([(0, lambda: torch.from_numpy(tile))])
    expected = views(tile, augment)
    assert np.allclose(found[:2], expected.mean(0), atol=1e-6)
    if augment > 1:
        assert np.allclose(found[2], expected.std(0).max(0), atol=1e-3)


def test_the_spread_goes_to_its_own_sink_for_every_voxel_and_is_none_where_views_agree() -> None:
    volume = noise((20, 45, 40))
    apart, same = Kept(), Kept()
    classes = run_on(volume, lopsided, augment=4, spread=apart)
    run_on(volume, constant((0.2, 1.0)), augment=4, spread=same)
    assert apart.ended == same.ended == "finished"
    assert apart.data.max() <= 0.5
    assert apart.data.mean() > 0.05
    assert same.data.max() < 1e-3
    again = Kept()
    assert np.array_equal(run_on(volume, lopsided, augment=4, spread=again, sink=Written()).grid.shape, classes.grid.shape)
    assert np.array_equal(again.data, apart.data)


def test_slices_outside_the_range_are_background_and_those_inside_are_what_they_are_without_one() -> None:
    volume = noise((90, 20, 20), 8.0)
    whole = np.asarray(run_on(volume, smooth).data)
    tiles: list[int] = []

    def count(x: Tensor) -> Tensor:
        tiles.append(1)
        return smooth(x)

    sink, apart = Written(), Kept()
    limited = run_on(volume, count, z=(30, 41), sink=sink, augment=4, spread=apart)
    found = sink.joined()
    assert limited.grid == volume.grid
    assert list(limited.provenance["z"]) == [30, 41]
    assert (found[0, :30] == 255).all()
    assert (found[0, 41:] == 255).all()
    assert (found[1, :30] == 0).all()
    assert np.abs(found[:, 30:41].astype(int) - whole[:, 30:41]).max() <= 1  # four views of what is even
    assert (apart.data[:30] == 0).all()
    assert len(tiles) < 4 * 3  # of the four tiles along z

    part = run_on(volume, smooth, z=(30, 41), region=Region((25, 3, 0), (35, 9, 20)))
    assert np.array_equal(np.asarray(part.data)[:, 5:], whole[:, 30:35, 3:9])
    assert (np.asarray(part.data)[0, :5] == 255).all()
    beyond = run_on(volume, smooth, z=(30, 41), region=Region((50, 3, 0), (60, 9, 20)))
    assert (np.asarray(beyond.data)[0] == 255).all()


@pytest.mark.parametrize("z", [(90, 100), (40, 40), (50, 40)])
def test_a_range_without_slices_is_one_sentence(z: tuple[int, int]) -> None:
    with pytest.raises(VolvizError, match="tomogram of 90 slices has none"):
        run_on(noise((90, 8, 8)), smooth, z=z)


def test_a_range_may_end_beyond_the_last_slice() -> None:
    volume = noise((20, 8, 8))
    assert np.array_equal(run_on(volume, smooth, z=(0, 2**30)).data, run_on(volume, smooth).data)
