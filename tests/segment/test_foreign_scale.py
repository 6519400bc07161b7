"""The scales of other programs: no voxel size, no inversion, every voxel counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from volviz.core.grid import Grid
from volviz.core.segmentation import Label
from volviz.core.volume import Volume
from volviz.segment import normalise
from volviz.segment.apply import apply
from volviz.segment.normalise import Standard
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks


@pytest.fixture
def volume() -> Volume:
    data = np.random.default_rng(0).normal(30_000, 12, (7, 9, 8)).astype(np.float32)
    return Volume(Grid(data.shape, (3.7, 3.7, 3.7)), data)


@pytest.mark.parametrize("sign", [1, -1])
def test_min_max_spans_nought_to_one_whichever_sign_is_dense(volume: Volume, sign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalise, "_BRICK", (2, 4, 5))
    data = volume.read()
    expected = (data - data.min()) / (data.max() - data.min())
    scaled = Standard.of(volume, sign, "min-max")(torch.from_numpy(data)).numpy()
    assert scaled == pytest.approx(expected if sign > 0 else 1 - expected, abs=1e-5)


def test_standard_has_mean_nought_and_deviation_one_and_cuts_nothing(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalise, "_BRICK", (2, 4, 5))
    data = volume.read()
    data[3, 3, 3] += 1000  # twenty deviations away
    scaled = Standard.of(volume, 1, "standard")(torch.from_numpy(data)).numpy()
    assert scaled == pytest.approx((data - data.mean(dtype=np.float64)) / data.std(dtype=np.float64), abs=1e-3)
    assert scaled.max() > 15


@pytest.mark.parametrize("scale", ["min-max", "standard"])
def test_a_volume_without_contrast_is_no_division_by_nought(scale: normalise.Scale) -> None:
    flat = Volume(Grid((4, 4, 4)), np.full((4, 4, 4), 7, np.int16))
    assert Standard.of(flat, 1, scale)(torch.full((2,), 7.0)).tolist() == [0, 0]


def test_without_a_voxel_size_of_its_own_a_network_sees_the_tomogram_as_it_is(volume: Volume) -> None:
    seen = []

    def network(tiles: torch.Tensor) -> torch.Tensor:
        seen.append(tiles[:, 0].clone())
        return torch.cat([tiles, -tiles], dim=1)

    bricks = Bricks(voxel_size=None, dense_is_dark=None, scale="min-max", multiple=1)
    run = Run(device="cpu", precision="float32", dense_is_dark=False)
    found = apply(
        network, volume, run, labels=(Label("background"), Label("something")), bricks=bricks, provenance={"notes": ["Said before."]}
    )
    data = volume.read()
    assert seen[0][0].numpy() == pytest.approx((data - data.min()) / (data.max() - data.min()), abs=1e-5)
    assert found.grid == volume.grid
    assert found.provenance["voxel_size"] == [3.7, 3.7, 3.7]
    assert found.provenance["notes"] == ["Said before."]
