from __future__ import annotations

import numpy as np
import pytest
import torch

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Label
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.nn.statistics import boxes, with_fixed_statistics
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks, Statistics, tilings

TWO = (Label("background"), Label("membrane"))


@pytest.fixture
def network() -> ResidualUNet3D:
    made = ResidualUNet3D(1, 2, 4, 2, 2)
    random_weights(made, 1)
    return made.eval()


def volume(shape: tuple[int, int, int]) -> Volume:
    """Noise that is stronger on one side: tiles differ in their statistics."""
    values = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    return Volume(Grid(shape, (10.0, 10.0, 10.0)), values * np.linspace(0.2, 2, shape[2], dtype=np.float32))


def found(network: ResidualUNet3D, of: Volume, statistics: str, **how: int | Region) -> np.ndarray:
    region = how.pop("region", None)
    bricks = Bricks(multiple=2, statistics=statistics, **how)  # type: ignore[arg-type]
    run = Run(device="cpu", precision="float32", dense_is_dark=True, bits=16, region=region)  # type: ignore[arg-type]
    return apply(network, of, run, labels=TWO, bricks=bricks).probabilities()


def test_on_the_tiles_they_come_from_fixed_statistics_change_nothing(network: ResidualUNet3D) -> None:
    tile = torch.randn(1, 1, 8, 12, 10, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        fixed = with_fixed_statistics(network, tile, torch.float32)
        assert torch.allclose(fixed(tile), network(tile), atol=1e-4)
        other = 3 * tile.flip(-1)
        assert not torch.allclose(fixed(other), network(other), atol=1e-1)


def test_fixed_statistics_do_not_depend_on_how_tiles_are_batched(network: ResidualUNet3D) -> None:
    tiles = torch.randn(3, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0)) * torch.tensor([1, 2, 3.0]).reshape(3, 1, 1, 1, 1)
    with torch.inference_mode():
        fixed = with_fixed_statistics(network, tiles, torch.float32)
        together = fixed(tiles)
        assert torch.allclose(together, torch.cat([fixed(tile[None]) for tile in tiles]), atol=1e-5)
    assert isinstance(network.encoders[0].basic_module.conv1.groupnorm, torch.nn.GroupNorm)  # the network given stays as it was


def test_two_tilings_agree_with_the_volumes_statistics_and_not_with_each_tiles_own(network: ResidualUNet3D) -> None:
    of = volume((64, 64, 136))

    def difference(statistics: str) -> float:
        one, other = (found(network, of, statistics, tile=tile, overlap=32) for tile in (136, 64))
        return float(np.abs(one - other).max())

    assert difference("volume") < 0.1 * difference("tile")  # what the unused margin leaves


def test_a_region_has_the_statistics_of_the_whole_volume(network: ResidualUNet3D) -> None:
    of, region = volume((20, 24, 60)), Region((3, 4, 40), (11, 20, 55))
    whole, part = found(network, of, "volume", tile=24, overlap=8), found(network, of, "volume", tile=24, overlap=8, region=region)
    assert np.array_equal(part, whole[(slice(None), *region.slices)])


@pytest.mark.parametrize("shape", [(1, 5, 20), (64, 160, 160), (221, 883, 628)])
def test_boxes_lie_in_the_volume_and_are_few(shape: tuple[int, int, int]) -> None:
    found = boxes(shape, 8)
    assert 1 <= len(found) <= 8
    assert len(set(found)) == len(found)
    for start, size in found:
        for a, s, n in zip(start, size, shape, strict=True):
            assert s % 8 == 0
            assert a >= 0
            assert a + s <= n or (a == 0 and s - n < 8)


def test_a_small_volume_is_one_box_and_one_tile_whatever_its_shape_and_needs_no_other_pass(network: ResidualUNet3D) -> None:
    assert boxes((60, 50, 31), 8) == [((0, 0, 0), (64, 56, 32))]
    of = volume((16, 16, 64))
    seen: list[int] = []
    network.register_forward_hook(lambda _, given, __: seen.append(int(given[0].numel())))
    one = found(network, of, "volume", tile=32, overlap=8)
    assert [size for size in seen if size >= 16 * 16 * 64] == [16 * 16 * 64]
    assert np.array_equal(one, found(network, of, "tile", tile=64, overlap=32))


def test_a_volume_with_more_voxels_than_two_tiles_is_cut_and_so_is_any_if_tiles_are_normalised_by_themselves() -> None:
    def counts(shape: tuple[int, int, int], statistics: Statistics) -> list[int]:
        return [len(t.starts) for t in tilings(shape, Bricks(tile=32, overlap=8, statistics=statistics))]

    assert counts((16, 31, 120), "volume") == [1, 1, 1]
    assert counts((16, 40, 120), "volume") == [1, 2, 5]
    assert counts((8, 31, 120), "tile") == [1, 1, 5]
