from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from running import Written, noise, run_on
from torch import Tensor

from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment.card import Card
from volviz.segment.faint import settled
from volviz.segment.tiles import Bricks, Faint

RULE = Faint("spikes", sure=0.7, slope=5.0, least=-0.3, most=1.5, voxels=50.0)
PLAIN = Bricks(tile=32, overlap=8)
RAISING = replace(PLAIN, faint=RULE)


def tile(p: list[float]) -> Tensor:
    """Return one tile (1, 4, z, y, x) of 4000 voxels with these probabilities of spikes in turn; a third of the rest is membrane."""
    spikes = torch.tensor(p).repeat(4000 // len(p)).reshape(10, 20, 20)
    rest = 1 - spikes
    return torch.stack([rest * 2 / 3, rest / 3, spikes, 0 * rest])[None]


def spikes(x: Tensor) -> Tensor:
    """Four classes of which spikes follow the density, surely where it is high, and doubtfully elsewhere."""
    mean = torch.nn.functional.avg_pool3d(x, 3, 1, 1, count_include_pad=False)
    return torch.cat([0 * mean, mean - 1, 3 * mean - 1.2, -3 + 0 * mean], dim=1)


def odds(values: Tensor) -> Tensor:
    return values[0, 2] / (1 - values[0, 2])


def test_odds_rise_by_what_is_missing_of_the_share_that_is_sure() -> None:
    before = tile([0.4, 0.4, 0.4, 0.85, 0.2])
    after = settled(before.clone(), 2, RULE)
    mass, sure = 800 * (3 * 0.4 + 0.85), 800 * 0.85
    share = (sure + 50 * 0.7) / (mass + 50)
    assert torch.allclose(torch.log(odds(after) / odds(before)), torch.tensor(5 * (0.7 - share)), atol=1e-4)
    assert torch.allclose(after.sum(dim=1), torch.ones(1, 10, 20, 20))
    assert torch.allclose(after[0, 1] / after[0, 0], before[0, 1] / before[0, 0])


@pytest.mark.parametrize(
    ("p", "least", "most"),
    [
        ([0.9, 0.95, 0.4, 0.01], -0.3, -0.3),  # bright: what is in doubt are rims
        ([0.3, 0.4], 1.5, 1.5),  # nothing is sure: no more than the most
        ([0.2, 0.24], 0.0, 0.0),  # so little is said of what is none as well
        ([0.3] + [0.2] * 199, 0.2, 0.8),  # hardly anything is there to judge by
    ],
)
def test_what_tells_little_changes_little_and_nothing_changes_beyond_the_limits(p: list[float], least: float, most: float) -> None:
    before = tile(p)
    gain = torch.log(odds(settled(before.clone(), 2, RULE)) / odds(before))
    assert float(gain.min()) == pytest.approx(float(gain.max()), abs=1e-4)
    assert least - 1e-4 <= float(gain.mean()) <= most + 1e-4


def test_each_tile_is_judged_by_itself() -> None:
    bright, dim = tile([0.9, 0.95, 0.4, 0.01]), tile([0.3, 0.4])
    both = settled(torch.cat([bright, dim]), 2, RULE)
    assert torch.equal(both[:1], settled(bright.clone(), 2, RULE))
    assert torch.equal(both[1:], settled(dim.clone(), 2, RULE))
    assert (both[0, 2] < bright[0, 2]).all()
    assert (both[1, 2] > dim[0, 2]).all()


@pytest.mark.parametrize("voxel", [10.0, (10.0, 13.0, 15.5)])
def test_a_region_is_the_crop_of_the_whole(voxel: float | tuple[float, float, float]) -> None:
    volume = noise((40, 60, 50), voxel)
    plain = np.asarray(run_on(volume, spikes, PLAIN, labels=VIRION_LABELS).data)
    whole = np.asarray(run_on(volume, spikes, RAISING, labels=VIRION_LABELS).data)
    assert (whole[2].astype(int) - plain[2]).max() > 20
    assert (whole[2].astype(int) - plain[2]).min() >= 0
    region = Region((7, 11, 0), (33, 50, 29))
    found = run_on(volume, spikes, RAISING, labels=VIRION_LABELS, region=region, sink=(sink := Written()))
    assert np.abs(sink.joined().astype(int) - whole[(slice(None), *region.slices)]).max() <= 1
    assert found.provenance["faint"] == {"label": "spikes", "sure": 0.7, "slope": 5.0, "least": -0.3, "most": 1.5, "voxels": 50.0}


def test_views_are_averaged_first_and_their_spread_stays() -> None:
    volume = noise((32, 32, 32))
    spreads = []
    for bricks in (PLAIN, RAISING):
        run_on(volume, spikes, bricks, labels=VIRION_LABELS, augment=4, spread=(spread := Spread()))
        spreads.append(spread.data)
    assert spreads[0].max() > 0
    np.testing.assert_array_equal(*spreads)


class Spread:
    def begin(self, grid: object) -> None:
        self.data = np.zeros(grid.shape, np.float32)  # type: ignore[attr-defined]

    def write(self, region: Region, data: np.ndarray) -> None:
        self.data[region.slices] = data

    def finish(self) -> None: ...

    def abort(self) -> None: ...


def test_a_card_holds_the_rule_and_names_a_class_it_has() -> None:
    card = Card("m", "unet", {}, VIRION_LABELS, RAISING)
    assert Card.from_json(card.to_json()).bricks.faint == RULE
    content = card.to_json()
    content["bricks"]["faint"]["label"] = "gold"
    with pytest.raises(ValueError, match="no class gold"):
        Card.from_json(content)
