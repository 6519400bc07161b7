"""The training loop: which cubes it takes, and what it normalises them by."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch.nn.functional import group_norm

from volviz.core.errors import Enough
from volviz.core.report import silent
from volviz.segment.nn.fit import Cube, Schedule, _Ahead, fit
from volviz.segment.nn.networks import SIZES, build
from volviz.segment.nn.ranks import Ranks
from volviz.segment.nn.together import Meeting, Over, pooled
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


@pytest.fixture
def norm() -> torch.nn.GroupNorm:
    made = torch.nn.GroupNorm(2, 6).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(1))
    return made


def unlike(cubes: int) -> torch.Tensor:
    """Return cubes (n, 6, 4, 5, 3) each of which is louder and brighter than the one before: their own statistics would show."""
    strength = torch.arange(1, cubes + 1, dtype=torch.float64)[:, None, None, None, None]
    return torch.randn(cubes, 6, 4, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * strength + strength


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_pooled_statistics_are_those_of_the_cubes_joined_and_gradients_pass_through_them(
    norm: torch.nn.GroupNorm, layout: torch.memory_format
) -> None:
    network = torch.nn.Sequential(norm)
    x = unlike(2).contiguous(memory_format=layout).requires_grad_()
    towards = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with pooled(network), pooled(network):
        found = network(x)
    joined = group_norm(torch.cat(list(x), dim=1)[None], 2, norm.weight, norm.bias)[0]
    expected = torch.stack(joined.split(4, dim=1))
    assert torch.allclose(found, expected)
    given = (x, norm.weight, norm.bias)
    for a, b in zip(
        torch.autograd.grad((found * towards).sum(), given), torch.autograd.grad((expected * towards).sum(), given), strict=True
    ):
        assert torch.allclose(a, b)
    assert network[0] is norm  # as it was
    assert not torch.allclose(network(x), expected)


def test_threads_with_some_cubes_each_do_what_one_does_with_all(norm: torch.nn.GroupNorm) -> None:
    network = torch.nn.Sequential(norm, torch.nn.Conv3d(6, 4, 3).double(), torch.nn.GroupNorm(2, 4).double())
    x = unlike(3)
    parameters = list(network.parameters())

    def gradient(cubes: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = network(cubes)
        return (y.detach(), *torch.autograd.grad((torch.sin(y) * y).sum(), parameters))

    with pooled(network), ThreadPoolExecutor(2) as workers:
        whole, *expected = gradient(x)
        for _ in range(3):
            meeting = Meeting(2)

            def part(k: int, meeting: Meeting = meeting) -> tuple[torch.Tensor, ...]:
                with meeting.attended(k):
                    return gradient(x[k::2])

            (even, *some), (odd, *others) = workers.map(part, range(2))
            assert torch.allclose(even, whole[0::2])
            assert torch.allclose(odd, whole[1::2])
            assert all(torch.allclose(a + b, c) for a, b, c in zip(some, others, expected, strict=True))


def test_a_thread_that_fails_lets_the_others_go() -> None:
    meeting = Meeting(2)

    def part(k: int) -> None:
        with meeting.attended(k):
            if k:
                raise ValueError("the reason")
            meeting.sum(k, torch.ones(1))

    with ThreadPoolExecutor(2) as workers:
        done = [workers.submit(part, k) for k in range(2)]
        assert [str(future.exception(timeout=60)) for future in done] == ["the reason", "the reason"]


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


@pytest.mark.parametrize(("at", "best"), [(7, 4), (2, 2)])
def test_enough_ends_with_the_best_so_far(tmp_path: Path, at: int, best: int) -> None:
    network, judged, told = torch.nn.Conv3d(1, 2, 1), [], []

    def judge(network: torch.nn.Module) -> dict[str, float]:
        judged.append(network.weight.detach().clone())
        return {"macro_f1": 1.0 / len(judged)}  # the first is the best

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        told.append(metrics)
        if metrics["step"] == at and "loss" in metrics:
            raise Enough

    schedule = Schedule(100, batch=1, warmup=1, validate_every=4, average=0.5)
    progress = fit(network, Noise(), judge, schedule, dtype=torch.float32, report=report, folder=tmp_path)
    assert (progress.step, progress.best_step) == (at, best)
    assert torch.equal(network.weight, judged[0])
    assert [metrics["step"] for metrics in told if "loss" in metrics] == list(range(1, at + 1))
    assert (tmp_path / "checkpoint.pt").exists()


def test_learning_goes_on_without_a_checkpoint_for_which_there_is_no_room(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    told: dict[int, str] = {}
    kept: list[dict[str, bytes]] = []

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if "macro_f1" in metrics:
            told[int(metrics["step"])] = text
            kept.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})

    def judge(network: torch.nn.Module) -> dict[str, float]:
        if len(kept) == 1:
            stack.enter_context(full_disk(1000))  # which serves a curve of a few rows, and no weights
        elif len(kept) == 2:
            stack.close()
        return {"macro_f1": len(kept)}

    with ExitStack() as stack:
        schedule = Schedule(6, batch=1, warmup=1, validate_every=2)
        progress = fit(torch.nn.Conv3d(1, 2, 1), Noise(), judge, schedule, dtype=torch.float32, report=report, folder=tmp_path)
    assert progress.step == 6
    assert ["could not be written" in text for text in told.values()] == [False, True, False]
    assert all(set(files) == {"best.pt", "checkpoint.pt", "curve.csv", "curve.png"} for files in kept)
    for name in ("best.pt", "checkpoint.pt"):
        assert kept[0][name] == kept[1][name] != kept[2][name]
