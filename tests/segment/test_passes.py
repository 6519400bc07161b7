"""Progress and an end within a tile: what a person sees of a small volume, of which there are few tiles."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from running import SMALL, TWO, Written, noise, run_on, smooth
from torch import Tensor, nn

from volviz.core.errors import Cancelled, VolvizError
from volviz.segment.apply import apply
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.passes import Passes
from volviz.segment.protocol import Run

WHOLE = replace(SMALL, tile=64, statistics="volume")


class Slow(nn.Module):
    """Waits a little with every layer, like a network that is a hundred times as wide."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.network = ResidualUNet3D(1, 2, 4, 3, 2)
        random_weights(self.network, 0)
        self.seconds, self.layers = seconds, 0
        for module in self.network.modules():
            if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
                module.register_forward_pre_hook(self._wait)

    def _wait(self, *_: object) -> None:
        if threading.current_thread() is not threading.main_thread():  # there its layers are only counted
            self.layers += 1
            time.sleep(self.seconds)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.network(x)
        return found


class Heard:
    """A report that remembers, and stops the work when so much is done."""

    def __init__(self, until: float = 2.0) -> None:
        self.until, self.fractions, self.threads = until, [0.0], {threading.get_ident()}
        self.stopped = 0.0

    def __call__(self, fraction: float, _text: str = "", **_metrics: float) -> None:
        self.fractions.append(fraction)
        self.threads.add(threading.get_ident())
        if fraction >= self.until:
            self.stopped = time.monotonic()
            raise Cancelled


def run(network: nn.Module, report: Heard, shape: tuple[int, int, int] = (24, 40, 48), tile: int = 64) -> np.ndarray:
    how = Run(device="cpu", precision="float32", dense_is_dark=True, report=report)
    return np.asarray(apply(network, noise(shape), how, labels=TWO, bricks=replace(WHOLE, tile=tile)).data)


@pytest.mark.parametrize("tile", [64, 24], ids=["one tile", "six tiles, two at a time, after a sample"])
def test_progress_moves_with_every_layer_and_only_forward(tile: int) -> None:
    heard = Heard()
    run(Slow(0.1), heard, tile=tile)
    assert heard.fractions == sorted(heard.fractions)
    assert len(set(heard.fractions)) > 15
    assert max(np.diff(heard.fractions)) < 0.5  # a busy machine may hear of several layers at once
    assert heard.fractions[-1] == 1.0
    assert heard.threads == {threading.get_ident()}  # whoever is told need not expect two threads at once


def test_what_is_said_to_be_done_is_the_share_of_the_work() -> None:
    network = ResidualUNet3D(1, 2, 4, 3, 2)
    said: list[float] = []
    passes = Passes(2 * 16**3, lambda fraction, *_, **__: said.append(fraction))
    with passes.watching(network, 4), torch.inference_mode():
        for _ in range(2):
            passes.through(16**3, lambda: network(torch.zeros(1, 1, 16, 16, 16)))
            passes.tell()
            network(torch.zeros(1, 1, 16, 16, 16))  # of another run: counts for nothing
            passes.tell()
    assert said == [0.5, 0.5, 1.0, 1.0]
    assert not any(module._forward_hooks for module in network.modules())


def test_within_a_pass_layers_count_by_their_share() -> None:
    network = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.Conv3d(8, 8, 3, padding=1))
    said: list[float] = []
    passes = Passes(8**3, lambda fraction, *_, **__: said.append(fraction))
    network[1].register_forward_pre_hook(lambda *_: passes.tell())
    with passes.watching(network, 8), torch.inference_mode():
        said.clear()  # of what the network was measured with
        passes.through(8**3, lambda: network(torch.zeros(1, 1, 8, 8, 8)))
    first, second = 27 * 8 + 60 * 9, 27 * 64 + 60 * 16
    assert said == [pytest.approx(first / (first + second))]


@pytest.mark.parametrize(("tile", "until"), [(24, 0.02), (24, 0.6), (64, 0.2)], ids=["in the sample", "in two tiles", "in the only tile"])
def test_cancelling_takes_a_layer_not_a_tile(tile: int, until: float) -> None:
    network, heard = Slow(0.2), Heard(until)
    before = set(threading.enumerate())
    with pytest.raises(Cancelled):
        run(network, heard, tile=tile)
    layers = network.layers
    assert time.monotonic() - heard.stopped < 3.0  # a tile is 5 s of sleep
    assert set(threading.enumerate()) <= before
    time.sleep(0.5)
    assert network.layers == layers


def test_a_pass_that_fails_ends_the_others() -> None:
    passes, ended = Passes(), threading.Event()
    network = nn.Conv3d(1, 1, 1)

    def on() -> None:
        try:
            for _ in range(1000):
                network(torch.zeros(1, 1, 8, 8, 8))
                time.sleep(0.01)
        except Cancelled:
            ended.set()
            raise

    def fail() -> None:
        raise VolvizError("full")

    with passes.watching(network, 8), ThreadPoolExecutor(2) as pool:
        pool.submit(passes.through, 1.0, on)
        with pytest.raises(VolvizError, match="full"):
            passes.wait(pool.submit(passes.through, 1.0, fail))
        assert ended.wait(5)


def test_tiles_leave_one_by_one_along_a_row() -> None:
    """And what leaves is the same as ever: the reference is the volume in memory, in one go."""
    volume, sink = noise((20, 24, 150)), Written()
    run_on(volume, smooth, sink=sink)
    assert len({region.start[2] for region, _ in sink.parts}) >= 4
    assert np.array_equal(sink.joined(), np.asarray(run_on(volume, smooth).data))
