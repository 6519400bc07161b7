"""How far a network is on its way through a volume, layer by layer, and an end to it between two layers.

On a CPU one pass over one tile takes seconds to minutes. What a person sees of it, and how soon it stops, must not wait for
whole tiles; so every convolution that is done counts, by its share of the work.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from volviz.core.errors import Cancelled
from volviz.core.report import Report, silent

T = TypeVar("T")
Network = nn.Module | Callable[[Tensor], Tensor]

_SECONDS = 0.1  # between two reports
# To read or write a number takes as long as so many multiplications: of the bundled network, layer by layer on one core with
# bfloat16, what is said to be done is then never off by more than 3 % of a pass (6 % in float32).
_NUMBER = 60
_FEW = 16  # voxels along the edge of the box on which a network's work is counted, at least


@dataclass(slots=True, eq=False)
class _Pass:
    """One pass: how many voxels go through the network, the work that was counted, and the part of all that this is."""

    voxels: float
    work: float = 0.0
    fraction: float = 0.0


class Passes:
    """Passes of a network over tiles, in as many threads as there are at a time: how much of all is done, and whether to go on.

    ``voxels`` are those of all passes together. The report is only ever called by the thread that waits.
    """

    def __init__(self, voxels: float = math.inf, report: Report = silent) -> None:
        self._voxels, self._report = voxels, report
        self._here = threading.local()
        self._begun: list[_Pass] = []
        self._each = math.inf  # work of one voxel
        self._stop = False

    @contextmanager
    def watching(self, network: Network, multiple: int) -> Iterator[None]:
        """Count the convolutions of a network, and of copies that are made of it meanwhile. Without any, whole passes count."""
        layers = [m for m in network.modules() if isinstance(m, nn.Conv3d | nn.ConvTranspose3d)] if isinstance(network, nn.Module) else []

        def count(layer: nn.Module, given: tuple[Tensor, ...], found: Tensor) -> None:
            self._count(layer, given[0], found)

        handles = [layer.register_forward_hook(count) for layer in layers]
        try:
            if layers:
                self._each = self._work_of_a_voxel(network, multiple * max(2, -(-_FEW // multiple)), layers[0])
            yield
        finally:
            for handle in handles:
                handle.remove()

    def through(self, voxels: float, work: Callable[[], T]) -> T:
        """Do one pass, in the thread that calls.

        Raises:
            Cancelled: all were stopped.
        """
        one = self._here.now = _Pass(voxels)
        self._begun.append(one)
        try:
            found = work()
        except BaseException:
            self._begun.remove(one)
            raise
        finally:
            self._here.now = None
        one.fraction = 1.0
        return found

    def aside(self, voxels: float, work: Callable[[], T]) -> T:
        """Do one pass in a thread of its own, and tell meanwhile how far it is. If it fails, others may be done in its place.

        Raises:
            Cancelled: by the report.
        """
        with ThreadPoolExecutor(1) as pool:
            return self._watched(pool.submit(self.through, voxels, work)).result()

    def wait(self, future: Future[T]) -> T:
        """Return what a pass in another thread finds, and tell meanwhile how far all are.

        Raises:
            Cancelled: by the report; the passes that are running end after their present layer.
        """
        try:
            return self._watched(future).result()
        except BaseException:
            self.stop()
            raise

    def _watched(self, future: Future[T]) -> Future[T]:
        """Tell how far all passes are until this one has ended."""
        try:
            while not wait([future], _SECONDS).done:
                self.tell()
        except BaseException:
            self.stop()
            raise
        return future

    def tell(self) -> None:
        """Report how much is done.

        Raises:
            Cancelled: by the report.
        """
        done = sum(one.voxels * one.fraction for one in [*self._begun])
        self._report(min(1.0, done / self._voxels), "segmenting")

    def instead(self, planned: float, voxels: float) -> None:
        """Count so many voxels in place of those that were planned: the work is done in another way."""
        self._voxels += voxels - planned

    def stop(self) -> None:
        """End all passes, those in other threads after their present layer."""
        self._stop = True

    def _count(self, layer: nn.Module, given: Tensor, found: Tensor) -> None:
        if self._stop:
            raise Cancelled
        one: _Pass | None = getattr(self._here, "now", None)
        if one is not None:
            weights: Any = layer.weight
            places = given if isinstance(layer, nn.ConvTranspose3d) else found
            one.work += places.numel() // places.shape[1] * weights.numel() + _NUMBER * (given.numel() + found.numel())
            one.fraction = min(1.0, one.work / (self._each * one.voxels))

    def _work_of_a_voxel(self, network: Callable[[Tensor], Tensor], edge: int, like: nn.Module) -> float:
        weights: Any = like.weight
        one = self._here.now = _Pass(edge**3)
        try:
            with torch.inference_mode():
                network(torch.zeros(1, 1, edge, edge, edge, dtype=weights.dtype, device=weights.device))
        finally:
            self._here.now = None
        return one.work / one.voxels
