"""The training loop: which cubes it takes, and what it normalises them by."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch.nn.functional import group_norm

from volviz.core.report import silent
from volviz.segment.nn.fit import Cube, Schedule, _Ahead, fit
from volviz.segment.nn.networks import SIZES, build
from volviz.segment.nn.ranks import Ranks
from volviz.segment.nn.statistics import Over, pooled
from volviz.segment.nn.unet import random_weights


class Numbers:
    """Cubes that say how they were drawn: their volume, a number of their own, one of their look, and how they were aimed."""

    def choose(self, rng: Generator) -> int:
        return int(rng.integers(1000))

    def cube(self, volume: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> Cube:
        shared = look.random() if look else -1.0
        return torch.tensor([float(volume), rng.random(), shared, -1.0 if aimed is None else aimed]), torch.zeros(3)


def drawn(ranks: Ranks, batch: int, statistics: Over, on_cpu: bool = True) -> list[list[tuple[float, ...]]]:
    """Return what the cubes of three steps say, and their seeds."""
    schedule = Schedule(9, batch=batch, seed=4, statistics=statistics)
    with _Ahead(Numbers(), schedule, ranks, on_cpu) as ahead:
        return [[(*cube.density.tolist(), cube.seed) for cube in ahead.batch(step)] for step in range(3)]


def test_cubes_are_the_same_however_many_are_drawn_ahead_and_by_how_many_processes() -> None:
    one = drawn(Ranks(), 4, "cube")
    assert len({cube for step in one for cube in step}) == 12
    assert drawn(Ranks(), 4, "cube", on_cpu=False) == one
    first, second = (drawn(Ranks(rank, 2), 2, "cube") for rank in (0, 1))
    assert [a + b for a, b in zip(first, second, strict=True)] == one


def test_cubes_that_share_statistics_are_of_one_volume_and_one_look_and_the_first_is_aimed() -> None:
    steps = drawn(Ranks(), 3, "volume")
    assert drawn(Ranks(), 3, "volume", on_cpu=False) == steps
    for step in steps:
        volumes, own, looks, aimed, seeds = zip(*step, strict=True)
        assert len(set(volumes)) == len(set(looks)) == 1
        assert len(set(own)) == len(set(seeds)) == 3
        assert aimed == (1.0, 0.0, 0.0)
    assert len({step[0][0] for step in steps}) == len({step[0][2] for step in steps}) == 3
    other = drawn(Ranks(1, 2), 3, "volume")  # another process has volumes of its own
    assert all(a[0][0] != b[0][0] for a, b in zip(steps, other, strict=True))


def test_a_cube_alone_is_aimed_as_often_as_ever() -> None:
    assert drawn(Ranks(), 1, "volume") == drawn(Ranks(), 1, "cube")


def joined_norm(x: torch.Tensor, groups: int, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Normalise groups of channels over all cubes (n, channel, z, y, x), written out."""
    n, channels = x.shape[:2]
    grouped = x.reshape(n, groups, channels // groups, -1)
    mean = grouped.mean(dim=(0, 2, 3), keepdim=True)
    variance = ((grouped - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
    normal = ((grouped - mean) / torch.sqrt(variance + 1e-5)).reshape(x.shape)
    return normal * weight.reshape(-1, 1, 1, 1) + bias.reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_pooled_statistics_are_those_of_the_cubes_joined_and_gradients_pass_through_them(layout: torch.memory_format) -> None:
    generator = torch.Generator().manual_seed(0)
    network = torch.nn.Sequential(torch.nn.GroupNorm(2, 6)).double()
    norm = network[0]
    for parameter in norm.parameters():
        torch.nn.init.normal_(parameter, generator=generator)
    strength = torch.tensor([1.0, 3.0])[:, None, None, None, None]  # the cubes differ: their own statistics would show
    x = (torch.randn(2, 6, 4, 5, 3, generator=generator, dtype=torch.float64) * strength + strength).contiguous(memory_format=layout)
    x.requires_grad_()
    towards = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    with pooled(network), pooled(network):
        found = network(x)
    cat = group_norm(torch.cat(list(x), dim=1)[None], 2, norm.weight, norm.bias)[0]
    assert torch.allclose(found, torch.stack(cat.split(4, dim=1)))
    given = (x, norm.weight, norm.bias)
    expected = joined_norm(x, 2, norm.weight, norm.bias)
    assert torch.allclose(found, expected)
    for a, b in zip(
        torch.autograd.grad((found * towards).sum(), given), torch.autograd.grad((expected * towards).sum(), given), strict=True
    ):
        assert torch.allclose(a, b)
    assert network[0] is norm  # as it was
    assert not torch.allclose(network(x), expected)


class Noise:
    """Cubes of noise, one louder than the other."""

    def choose(self, rng: Generator) -> int:
        return 0

    def cube(self, volume: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> Cube:
        density = torch.from_numpy(rng.standard_normal((8, 8, 8), dtype=np.float32)) * (3.0 if aimed else 1.0)
        return density, torch.stack([density < 0, density >= 0]).float()


@pytest.mark.parametrize("kind", SIZES)
def test_a_step_pools_or_does_not_as_the_schedule_says(kind: str) -> None:
    sizes = {"kind": kind, "out_channels": 2, "f_maps": 4, "num_levels": 2, "num_groups": 2}
    if kind == "dense":
        sizes["dropout"] = 0.0

    def learnt(statistics: Over) -> torch.Tensor:
        network = build(sizes)
        random_weights(network, 1)
        before = {k: v.clone() for k, v in network.state_dict().items()}
        schedule = Schedule(1, warmup=1, learning_rate=1e-2, statistics=statistics, average=0.0)
        fit(network, Noise(), lambda _: {"macro_f1": 1.0}, schedule, dtype=torch.float32, report=silent)
        assert not any("Pooled" in type(module).__name__ for module in network.modules())
        return torch.cat([(network.state_dict()[k] - v).ravel() for k, v in before.items()])

    cube, volume = learnt("cube"), learnt("volume")
    assert torch.isfinite(volume).all()
    assert not torch.allclose(cube, volume, atol=1e-4)


def test_a_gradient_that_is_no_number_changes_nothing() -> None:
    network = torch.nn.Conv3d(1, 2, 1)
    before = network.weight.detach().clone()

    class Nothing(Noise):
        def cube(self, volume: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> Cube:
            return torch.full((4, 4, 4), torch.nan), torch.ones(2, 4, 4, 4) / 2

    fit(network, Nothing(), lambda _: {"macro_f1": 1.0}, Schedule(2, batch=1, warmup=1), dtype=torch.float32, report=silent)
    assert torch.equal(network.weight, before)
