"""The training loop, once, for every network that learns from cubes, on one device or several."""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from volviz.core.atomic import make_folders, replacing
from volviz.core.errors import Enough, VolvizError
from volviz.core.report import Report
from volviz.segment.nn.curve import draw_curve, log_row
from volviz.segment.nn.densenet import dropping
from volviz.segment.nn.losses import LOSSES, Loss
from volviz.segment.nn.ranks import Ranks, joined
from volviz.segment.nn.together import Meeting, Over, pooled

Cube = tuple[Tensor, Tensor]
State = dict[str, Tensor]
Validate = Callable[[nn.Module], Mapping[str, float]]


class Cubes(Protocol):
    """Where cubes come from: volumes, by number."""

    def choose(self, rng: Generator) -> int:
        """Choose a volume."""

    def cube(self, volume: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> Cube:
        """Draw a cube of a volume: density (z, y, x) and target (class, z, y, x).

        ``look`` draws how cubes of one tomogram are varied alike, if they are to be; ``aimed`` is the chance that something
        is to be seen.
        """


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, how fast and by which loss to learn.

    Every step takes ``batch`` cubes in each process. With statistics "volume" these are of one volume, the first of them
    aimed at its structures and the others anywhere in it, and are normalised together; with "cube" each is by itself, of
    a volume of its own. Processes never share statistics. The learning rate rises over ``warmup`` steps and then falls as a
    cosine to a hundredth, which it reaches after ``steps``, or after ``minutes`` if that is sooner: a run on a busy
    machine still ends well. The best weights are judged by the score named ``judge``; with ``judge_start`` those that
    learning starts from are too. What is kept is the moving average of the weights, with decay ``average``.
    """

    steps: int
    minutes: float = math.inf
    batch: int = 2
    loss: Loss = "dice-ce"
    learning_rate: float = 2e-3
    warmup: int = 150
    weight_decay: float = 1e-4
    average: float = 0.998
    validate_every: int = 250
    seed: int = 0
    judge: str = "macro_f1"
    judge_start: bool = False
    statistics: Over = "volume"

    def rate(self, step: int, done: float) -> float:
        """Return the learning rate of a step when this fraction is done."""
        falling = 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2
        return self.learning_rate * falling * min(1.0, (step + 1) / self.warmup)


@dataclass(slots=True)
class Progress:
    """Where a run is."""

    step: int = 0
    seconds: float = 0.0
    best: float = -1.0
    best_step: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    best_scores: dict[str, float] = field(default_factory=dict)

    def fraction(self, schedule: Schedule) -> float:
        """Return how much is done, 1 at the end."""
        return max(self.step / schedule.steps, self.seconds / 60 / schedule.minutes)


def fit(
    network: nn.Module,
    cubes: Cubes,
    validate: Validate,
    schedule: Schedule,
    *,
    dtype: torch.dtype,
    report: Report,
    folder: Path | None = None,
) -> Progress:
    """Train a network in place on cubes (z, y, x), (class, z, y, x); it ends with the best averaged weights.

    With a folder, `checkpoint.pt`, `curve.csv` and `curve.png` are kept there, `best.pt` holds the best weights so far,
    and a run that finds a checkpoint goes on from it, to the same end. Each cube of a step depends on the seed, the step
    and its number alone. With statistics of cubes, two processes (see `ranks`) do with one cube each what one process does
    with two; with those of volumes, each process has a volume to itself.

    On a CPU every cube of a batch has a thread of its own: threads that share one convolution wait for one another at
    each layer, ten times longer than they compute once another program uses a core.

    Raises:
        VolvizError: the checkpoint in the folder is of another network, or a batch does not fit into the GPU.
        Cancelled: by the report; the checkpoint of the last validation remains. `Enough` ends the run with the best weights so far.
    """
    threads = torch.get_num_threads()
    on_cpu = next(network.parameters()).device.type == "cpu"
    parts = threads if on_cpu else 1
    torch.set_num_threads(1)
    try:
        with (
            joined() as ranks,
            ThreadPoolExecutor(parts) as workers,
            _Ahead(cubes, schedule, ranks, on_cpu) as ahead,
            pooled(network) if schedule.statistics == "volume" else nullcontext(),
        ):
            training = _Training(network, schedule, dtype, workers, parts, ranks)
            if folder is not None:
                if ranks.leads:
                    make_folders(folder)
                training.resume(folder)
            training.run(ahead, validate, report, folder)
            ranks.share(training.best.values())
    finally:
        torch.set_num_threads(threads)
    network.load_state_dict(training.best)
    return training.progress


class _Training:
    """The network, its average, its best, and what the optimiser remembers."""

    def __init__(
        self, network: nn.Module, schedule: Schedule, dtype: torch.dtype, workers: ThreadPoolExecutor, parts: int, ranks: Ranks
    ) -> None:
        self.network, self.schedule, self.dtype = network, schedule, dtype
        self.workers, self.parts, self.ranks = workers, parts, ranks
        self.device = next(network.parameters()).device
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
        # Gradients of half precision would vanish below 6e-8; bfloat16 has the range of float32.
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=dtype == torch.float16)
        ranks.share(network.state_dict().values())
        self.averaged: State = {k: v.detach().clone() for k, v in network.state_dict().items()}
        self.best: State = {k: v.clone() for k, v in self.averaged.items()}
        self.progress = Progress()
        self.losses: list[float] = []
        self.unkept = ""  # why there is no checkpoint of the last validation

    def run(self, ahead: _Ahead, validate: Validate, report: Report, folder: Path | None) -> None:
        """Take steps until the schedule ends."""
        progress, schedule, ranks = self.progress, self.schedule, self.ranks
        started = time.monotonic() - progress.seconds
        if schedule.judge_start and progress.step == 0:
            ranks.lead(partial(self.judge, validate, folder))
        while (done := progress.fraction(schedule)) < 1:
            self.step(ahead.batch(progress.step), schedule.rate(progress.step, done))
            progress.step += 1
            try:
                progress.seconds = ranks.lead(partial(self.tell, started, validate, report, folder))
            except Enough:
                if not progress.best_scores:
                    ranks.lead(partial(self.judge, validate, folder))
                return

    def tell(self, started: float, validate: Validate, report: Report, folder: Path | None) -> float:
        """Say where the run is, validate when it is time, and return the seconds so far."""
        progress, schedule = self.progress, self.schedule
        progress.seconds = time.monotonic() - started
        done, text = min(1.0, progress.fraction(schedule)), f"training, step {progress.step}"
        report(done, text, step=progress.step, loss=self.losses[-1])
        if progress.step % schedule.validate_every == 0 or done >= 1:
            self.judge(validate, folder)
            report(done, self.unkept or text, step=progress.step, **progress.scores)
        return progress.seconds

    def step(self, cubes: Sequence[_Drawn], rate: float) -> None:
        """Take one step downhill. The batch is cut into parts that are computed side by side."""
        self.network.train()
        parameters = list(self.network.parameters())
        parts = min(self.parts, len(cubes))
        scale = self.scaler.scale(torch.ones((), device=self.device))
        meeting = Meeting(parts)

        def compute(part: int) -> list[Tensor]:
            with meeting.attended(part):
                return self.gradient(scale, cubes[part::parts])

        try:
            computed = list(self.workers.map(compute, range(parts)))
        except torch.OutOfMemoryError as error:
            raise VolvizError(
                f"The GPU has no room for {len(cubes)} cubes at a time: make --batch or --crop smaller, or close other programs."
            ) from error
        summed = [torch.stack(given).sum(dim=0) / len(cubes) for given in zip(*computed, strict=True)]
        *gradients, loss = self.ranks.mean(summed)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(parameters, 1.0)
        # A gradient that is no number would make every weight none, for good. Scaled ones the scaler itself leaves out.
        if self.scaler.is_enabled() or bool(norm.isfinite()):
            self.scaler.step(self.optimizer)
        self.scaler.update()
        decay = min(self.schedule.average, (1 + self.progress.step) / (10 + self.progress.step))
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                self.averaged[key].lerp_(value, 1 - decay)
        self.losses.append(float(loss))

    def gradient(self, scale: Tensor, cubes: Sequence[_Drawn]) -> list[Tensor]:
        """Return the scaled gradient of the sum of the losses of some cubes, and last that sum itself."""
        density = torch.stack([cube.density[None] for cube in cubes]).to(self.device).contiguous(memory_format=torch.channels_last_3d)
        target = torch.stack([cube.target for cube in cubes]).to(self.device)
        with (
            torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32),
            dropping([cube.seed for cube in cubes], self.device),
        ):
            logits = self.network(density)
        loss = LOSSES[self.schedule.loss](logits.to(torch.float32), target) * len(cubes)
        return [*torch.autograd.grad(loss * scale, list(self.network.parameters())), loss.detach()]

    def judge(self, validate: Validate, folder: Path | None) -> None:
        """Score the averaged weights, keep them if they are the best so far, and put the others back."""
        own = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self.averaged)
        self.network.eval()
        progress = self.progress
        progress.scores = dict(validate(self.network))
        self.network.load_state_dict(own)
        if progress.scores[self.schedule.judge] > progress.best:
            progress.best, progress.best_step, progress.best_scores = progress.scores[self.schedule.judge], progress.step, progress.scores
            self.best = {k: v.clone() for k, v in self.averaged.items()}
        self.unkept = ""
        try:
            if folder is not None:
                self.keep(folder)
        except VolvizError as error:  # hours of learning do not end for want of a checkpoint: by the next there may be room again
            self.unkept = f"{error} Learning goes on without this checkpoint."
        self.losses.clear()

    def keep(self, folder: Path) -> None:
        """Write a checkpoint and the learning curve.

        Raises:
            VolvizError: the folder is not writable; what was in it stays.
        """
        progress = self.progress
        rate = self.optimizer.param_groups[0]["lr"]
        loss = sum(self.losses) / len(self.losses) if self.losses else ""
        row = {"step": progress.step, "seconds": round(progress.seconds), "loss": loss, "rate": rate, **progress.scores}
        log_row(folder / "curve.csv", row)
        draw_curve(folder / "curve.csv", folder / "curve.png")
        numbers = {"step": progress.step, "seconds": progress.seconds, "best": progress.best, "best_step": progress.best_step}
        tensors = {"network": self.network.state_dict(), "averaged": self.averaged, "optimizer": self.optimizer.state_dict()}
        rest = {"scaler": self.scaler.state_dict(), "best_scores": progress.best_scores}
        with replacing(folder / "best.pt", overwrite=True) as best, replacing(folder / "checkpoint.pt", overwrite=True) as checkpoint:
            best.write_bytes(_bytes_of(self.best))
            checkpoint.write_bytes(_bytes_of({**tensors, **numbers, **rest}))

    def resume(self, folder: Path) -> None:
        """Go on from the checkpoint in the folder, if there is one."""
        path = folder / "checkpoint.pt"
        if not path.exists():
            return
        kept = torch.load(path, map_location=self.device, weights_only=True)
        try:
            self.network.load_state_dict(kept["network"])
        except RuntimeError as error:
            raise VolvizError(f"{path} is the checkpoint of another network; name another folder for checkpoints.") from error
        self.optimizer.load_state_dict(kept["optimizer"])
        if kept.get("scaler"):
            self.scaler.load_state_dict(kept["scaler"])
        self.averaged = kept["averaged"]
        self.best = torch.load(folder / "best.pt", map_location=self.device, weights_only=True)
        self.progress = Progress(kept["step"], kept["seconds"], kept["best"], kept["best_step"], best_scores=kept["best_scores"])


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """One cube to learn from: density (z, y, x), target (class, z, y, x), and the seed of what is dropped out of its features."""

    density: Tensor
    target: Tensor
    seed: int


class _Ahead:
    """Draws the cubes of coming steps while the network computes."""

    def __init__(self, cubes: Cubes, schedule: Schedule, ranks: Ranks, on_cpu: bool) -> None:
        self.cubes, self.schedule, self.first = cubes, schedule, ranks.rank * schedule.batch
        # A GPU is soon done with a cube that takes one core a second to cut and vary; a CPU computes longer than that.
        cores = max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1)
        self.steps, workers = (1, 1) if on_cpu else (2, min(cores, 2 * schedule.batch))
        self.pool = ThreadPoolExecutor(workers)
        self.pending: dict[int, list[Future[_Drawn]]] = {}

    def __enter__(self) -> _Ahead:
        return self

    def __exit__(self, *raised: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def batch(self, step: int) -> list[_Drawn]:
        """Return the cubes of a step, and begin to draw those of the next."""
        for s in range(step, step + 1 + self.steps):
            if s not in self.pending:
                self.pending[s] = self.begin(s)
        return [future.result() for future in self.pending.pop(step)]

    def begin(self, step: int) -> list[Future[_Drawn]]:
        """Begin to draw the cubes of a step."""
        seed, batch, together = self.schedule.seed, self.schedule.batch, self.schedule.statistics == "volume"
        rngs = [np.random.default_rng((seed, step, self.first + k)) for k in range(batch)]
        if not together or batch == 1:
            return [self.pool.submit(self.cube, self.cubes.choose(rng), rng) for rng in rngs]
        # Of the same volume, which the first chooses, and varied alike, as if that volume had been varied.
        volume = self.cubes.choose(rngs[0])
        looks = [np.random.default_rng((seed, step, self.first, 1)) for _ in rngs]
        return [
            self.pool.submit(self.cube, volume, rng, look, float(k == 0)) for k, (rng, look) in enumerate(zip(rngs, looks, strict=True))
        ]

    def cube(self, volume: int, rng: Generator, look: Generator | None = None, aimed: float | None = None) -> _Drawn:
        """Draw one cube of a step."""
        density, target = self.cubes.cube(volume, rng, look, aimed)
        return _Drawn(density, target, int(rng.integers(2**63)))


def _bytes_of(content: Mapping[str, Any]) -> bytes:
    # Not to the file: where the disk is full torch has its own error for it, or none but the end of the process.
    held = io.BytesIO()
    torch.save(dict(content), held)
    return held.getvalue()
