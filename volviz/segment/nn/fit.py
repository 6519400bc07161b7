"""The training loop, once, for every network that learns from crops."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn

from volviz.core.report import Report
from volviz.segment.nn.losses import dice_and_cross_entropy

Batch = tuple[Tensor, Tensor]
State = dict[str, Tensor]
Draw = Callable[[Generator], Batch]
Validate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast to learn.

    The learning rate rises over ``warmup`` steps and then falls as a cosine to a hundredth, which it reaches after
    ``steps``, or after ``minutes`` if that is sooner: a run on a busy machine still ends well. The best weights are
    judged by the score named ``judge``. What is kept is the moving average of the weights, with decay ``average``.
    """

    steps: int
    minutes: float = math.inf
    learning_rate: float = 2e-3
    warmup: int = 150
    weight_decay: float = 1e-4
    average: float = 0.998
    validate_every: int = 250
    seed: int = 0
    judge: str = "macro_f1"


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
    draw: Draw,
    validate: Validate,
    schedule: Schedule,
    *,
    dtype: torch.dtype,
    report: Report,
    folder: Path | None = None,
) -> Progress:
    """Train a network in place on batches (n, 1, z, y, x), (n, class, z, y, x); it ends with the best averaged weights.

    With a folder, `checkpoint.pt` and `curve.csv` are kept there, `best.pt` holds the best weights so far, and a run
    that finds a checkpoint goes on from it. The batch of a step depends on seed and step alone.

    On a CPU every crop of a batch has a thread of its own: threads that share one convolution wait for one another at
    each layer, ten times longer than they compute once another program uses a core.

    Raises:
        Cancelled: by the report; the checkpoint of the last validation remains.
    """
    threads = torch.get_num_threads()
    on_cpu = next(network.parameters()).device.type == "cpu"
    try:
        torch.set_num_threads(1 if on_cpu else threads)
        with ThreadPoolExecutor(threads if on_cpu else 1) as workers, ThreadPoolExecutor(1) as ahead:
            training = _Training(network, schedule, dtype, workers, threads if on_cpu else 1)
            if folder is not None:
                training.resume(folder)
            training.run(draw, validate, report, folder, ahead)
    finally:
        torch.set_num_threads(threads)
    network.load_state_dict(training.best)
    return training.progress


class _Training:
    """The network, its average, its best, and what the optimiser remembers."""

    def __init__(self, network: nn.Module, schedule: Schedule, dtype: torch.dtype, workers: ThreadPoolExecutor, parts: int) -> None:
        self.network, self.schedule, self.dtype, self.workers, self.parts = network, schedule, dtype, workers, parts
        self.averaged: State = {k: v.detach().clone() for k, v in network.state_dict().items()}
        self.best: State = {k: v.clone() for k, v in self.averaged.items()}
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay)
        self.progress = Progress()

    def run(self, draw: Draw, validate: Validate, report: Report, folder: Path | None, ahead: ThreadPoolExecutor) -> None:
        """Take steps until the schedule ends."""
        progress, schedule = self.progress, self.schedule
        loss, started = 0.0, time.monotonic() - progress.seconds
        pending = ahead.submit(_draw, draw, schedule.seed, progress.step)
        while (done := progress.fraction(schedule)) < 1:
            batch = pending.result()
            pending = ahead.submit(_draw, draw, schedule.seed, progress.step + 1)
            rate = _rate(progress.step, done, schedule)
            loss += self.step(batch, rate)
            progress.step += 1
            progress.seconds = time.monotonic() - started
            report(min(1.0, progress.fraction(schedule)), f"training, step {progress.step}")
            if progress.step % schedule.validate_every == 0 or progress.fraction(schedule) >= 1:
                self.judge(validate)
                report(min(1.0, progress.fraction(schedule)), f"training, step {progress.step}", **progress.scores)
                if folder is not None:
                    self.keep(folder)
                    count = progress.step % schedule.validate_every or schedule.validate_every
                    _log(folder / "curve.csv", progress, loss / count, rate)
                loss = 0.0
        pending.cancel()

    def step(self, batch: Batch, rate: float) -> float:
        """Take one step downhill. The batch is cut into parts that are computed side by side."""
        self.network.train()
        device = next(self.network.parameters()).device
        parts = min(self.parts, len(batch[0]))
        pieces = [(d.to(device), t.to(device)) for d, t in zip(batch[0].chunk(parts), batch[1].chunk(parts), strict=True)]
        computed = list(self.workers.map(self.gradient, pieces))
        for i, parameter in enumerate(self.network.parameters()):
            parameter.grad = torch.stack([gradient[i] for gradient, _ in computed]).mean(dim=0)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        decay = min(self.schedule.average, (1 + self.progress.step) / (10 + self.progress.step))
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                self.averaged[key].lerp_(value.to(self.averaged[key].dtype), 1 - decay)
        return sum(loss for _, loss in computed) / len(computed)

    def gradient(self, batch: Batch) -> tuple[tuple[Tensor, ...], float]:
        """Return the gradient of a part of a batch, and its loss."""
        density = batch[0].contiguous(memory_format=torch.channels_last_3d)
        with torch.autocast(density.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(density)
        loss = dice_and_cross_entropy(logits, batch[1])
        return torch.autograd.grad(loss, list(self.network.parameters())), float(loss.detach())

    def judge(self, validate: Validate) -> None:
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

    def keep(self, folder: Path) -> None:
        """Write a checkpoint."""
        progress = self.progress
        numbers = {"step": progress.step, "seconds": progress.seconds, "best": progress.best, "best_step": progress.best_step}
        folder.mkdir(parents=True, exist_ok=True)
        _save(folder / "best.pt", self.best)
        tensors = {"network": self.network.state_dict(), "averaged": self.averaged, "optimizer": self.optimizer.state_dict()}
        _save(folder / "checkpoint.pt", {**tensors, **numbers, "best_scores": progress.best_scores})

    def resume(self, folder: Path) -> None:
        """Go on from the checkpoint in the folder, if there is one."""
        path = folder / "checkpoint.pt"
        if not path.exists():
            return
        device = next(self.network.parameters()).device
        kept = torch.load(path, map_location=device, weights_only=True)
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.averaged = kept["averaged"]
        self.best = torch.load(folder / "best.pt", map_location=device, weights_only=True)
        self.progress = Progress(kept["step"], kept["seconds"], kept["best"], kept["best_step"], best_scores=kept["best_scores"])


def _draw(draw: Draw, seed: int, step: int) -> Batch:
    return draw(np.random.default_rng((seed, step)))


def _rate(step: int, done: float, schedule: Schedule) -> float:
    falling = 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2
    return schedule.learning_rate * falling * min(1.0, (step + 1) / schedule.warmup)


def _save(path: Path, content: Mapping[str, Any]) -> None:
    beside = path.with_suffix(".part")
    torch.save(dict(content), beside)
    beside.replace(path)


def _log(path: Path, progress: Progress, loss: float, rate: float) -> None:
    row = {"step": progress.step, "seconds": round(progress.seconds), "loss": loss, "rate": rate, **progress.scores}
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})
