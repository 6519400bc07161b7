from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from volviz.core.errors import VolvizError
from volviz.segment.batches import Batches


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
