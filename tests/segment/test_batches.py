from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from running import TWO, Written, noise, run_on, smooth
from torch import Tensor, nn

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment import apply as applying
from volviz.segment import tiles
from volviz.segment.apply import apply
from volviz.segment.batches import Batches
from volviz.segment.nn import statistics
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks, Overview


class Room:
    """Memory of a device that is not there: a tile takes ``each`` of the ``free`` bytes."""

    def __init__(self, free: int = 1000, each: int = 1000) -> None:
        self.free, self.each, self.emptied = free, each, 0

    def start(self) -> int:
        return self.free

    def used(self) -> int:
        return self.each

    def empty(self) -> None:
        self.emptied += 1


def device_for(most: int, sizes: list[int]) -> Callable[[Tensor], Tensor]:
    """Return a network that has room for so many tiles at a time."""

    def network(x: Tensor) -> Tensor:
        sizes.append(len(x))
        if len(x) > most:
            raise torch.OutOfMemoryError
        return torch.cat([x, -x], dim=1)

    return network


def numbered(count: int) -> list[tuple[int, Callable[[], Tensor]]]:
    return [(i, lambda i=i: torch.full((2, 2, 2), float(i))) for i in range(count)]


def test_the_first_tile_shows_how_many_fill_seven_tenths_of_what_is_free() -> None:
    sizes: list[int] = []
    batches = Batches(device_for(100, sizes), torch.device("cpu"), torch.float32, memory=Room(free=1000, each=140))
    assert [key for _, key in batches.run(numbered(12))] == list(range(12))
    assert sizes == [1, 5, 5, 1]


def test_a_batch_too_large_is_halved_until_it_fits_and_every_tile_comes_once_and_in_order() -> None:
    sizes: list[int] = []
    room = Room(free=1000, each=70)
    batches = Batches(device_for(2, sizes), torch.device("cpu"), torch.float32, memory=room)
    found = list(batches.run(numbered(24)))
    assert [key for _, key in found] == list(range(24))
    assert all(np.allclose(tile[0], torch.sigmoid(torch.tensor(2.0 * key))) for tile, key in found)
    assert sizes[:5] == [1, 10, 5, 2, 2]
    assert max(sizes[3:]) == 2
    assert room.emptied == 2


def test_a_device_without_room_for_one_tile_is_one_sentence() -> None:
    sizes: list[int] = []
    with pytest.raises(VolvizError, match=r"no room for one tile.*--device cpu"):
        list(Batches(device_for(0, sizes), torch.device("cpu"), torch.float32, memory=Room()).run(numbered(3)))
    assert sizes == [1]


SMALL_GPU = Bricks(tile=32, overlap=8, statistics="volume")


class Crammed(nn.Module):
    """A network on a GPU that has room for so many voxels at a time; ``seen`` are the sizes that it was given."""

    def __init__(self, most: int, classes: int = 2) -> None:
        super().__init__()
        self.network = ResidualUNet3D(1, classes, 4, 2, 2)
        random_weights(self.network, 0)
        self.most, self.seen = most, list[tuple[int, ...]]()
        self.note = self.seen.append  # the same for copies that are made of it

    def forward(self, x: Tensor) -> Tensor:
        self.note((len(x), *x.shape[2:]))
        if x.numel() > self.most:
            raise torch.OutOfMemoryError
        return self.network(x)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles go one by one, as on a GPU; statistics are taken of smaller boxes, for the volumes here are smaller."""
    monkeypatch.setattr(statistics, "SIDE", 16)
    monkeypatch.setattr(applying, "Batches", partial(Batches, memory=Room()))


def run_crammed(network: nn.Module, bricks: Bricks = SMALL_GPU, **how: Any) -> np.ndarray:
    labels = how.pop("labels", TWO)
    run = Run(precision="float32", dense_is_dark=True, **how)
    found = apply(network, noise((40, 32, 48)), run, labels=labels, bricks=bricks)
    return np.asarray(found.data) if run.sink is None else run.sink.joined()


def test_a_volume_for_which_there_is_no_room_in_one_goes_in_tiles(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, tiled = Crammed(10**9), Crammed(32**3)
    run_crammed(whole)
    assert whole.seen[1:] == [(1, 40, 32, 48)]  # the first counts its work
    with monkeypatch.context() as patch:
        patch.setattr(tiles, "_WHOLE", 0)
        wanted = run_crammed(whole)
    heard: list[float] = []
    found = run_crammed(tiled, sink=Written(), report=lambda fraction, text="", **_: heard.append(fraction))
    np.testing.assert_array_equal(found, wanted)
    assert [np.prod(size) > 32**3 for size in tiled.seen].count(True) == 1
    assert min(heard) >= 0
    assert max(heard) == 1


def test_a_look_from_farther_away_goes_in_tiles_too(gpu: None) -> None:
    bricks = replace(SMALL_GPU, tile=16, overlap=8, multiple=4, overview=Overview(2.0, "lumen"))
    network = Crammed(16**3, classes=4)
    found = run_crammed(network, bricks, labels=VIRION_LABELS)
    assert found.shape == (4, 40, 32, 48)
    assert next(size for size in network.seen if np.prod(size) > 16**3) == (1, 20, 16, 24)  # the look from farther away, whole
    assert {count for count, *_ in network.seen if count > 1} == {8, 4, 2}  # the boxes of statistics were more than there was room for


@pytest.mark.parametrize("side", [16, 96])  # with boxes of 96 there is no room for the statistics either
def test_no_room_for_a_usual_tile_is_one_sentence_and_leaves_nothing(gpu: None, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    monkeypatch.setattr(statistics, "SIDE", side)
    with pytest.raises(VolvizError, match="no room for one tile"):
        run_crammed(Crammed(16**3), sink=(sink := Written()))
    assert sink.ended == "aborted"
    assert sink.parts == []


def test_cancelling_after_there_was_no_room_stops(gpu: None) -> None:
    network = Crammed(32**3)

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if any(np.prod(size) > 32**3 for size in network.seen):
            raise Cancelled

    with pytest.raises(Cancelled):
        run_crammed(network, sink=(sink := Written()), report=report)
    assert sink.ended == "aborted"


def test_what_is_no_network_of_ours_goes_in_tiles_alike(gpu: None) -> None:
    wanted = np.asarray(run_on(noise((40, 32, 48)), smooth, SMALL_GPU).data).astype(int)

    def crammed(x: Tensor) -> Tensor:
        if x.numel() > 32**3:
            raise torch.OutOfMemoryError
        return smooth(x)

    found = np.asarray(run_on(noise((40, 32, 48)), crammed, SMALL_GPU).data).astype(int)
    assert np.abs(found - wanted).mean() < 3
