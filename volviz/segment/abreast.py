"""Blocks side by side on the cores of a CPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any, Self, TypeVar

import torch

_MOST = 8  # at a time: what each works on is in memory

A = TypeVar("A")
B = TypeVar("B")


class Workers:
    """A thread for each core of a CPU, for work on a GPU none: there blocks come one by one.

    Threads that share one small operation wait for one another at each, many times longer than they compute once another
    program uses a core. So these share none: each computes alone, and other threads of the program keep all cores.
    """

    def __init__(self, device: torch.device) -> None:
        self.count = min(torch.get_num_threads(), _MOST) if device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(self.count, "block", initializer=_alone) if device.type == "cpu" else None

    def map(self, work: Callable[[A], B], items: Iterable[A]) -> Generator[B, None, None]:
        """Yield what work makes of items, in their order. No more than a few results are kept ahead.

        What was begun is waited for when the iterator is closed, or when an item fails.
        """
        if self._pool is None:
            yield from map(work, items)
            return
        ahead: deque[Future[B]] = deque()
        try:
            for item in items:
                ahead.append(self._pool.submit(work, item))
                if len(ahead) > self.count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                if not future.cancel():
                    with suppress(Exception):  # the first that failed is the one that is told
                        future.result()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def abreast(work: Callable[[A], B], items: Iterable[A], device: torch.device) -> Generator[B, None, None]:
    """Yield what work makes of items, in their order; on a CPU each item has a thread of its own, on a GPU they come one by one."""
    with Workers(device) as workers:
        yield from workers.map(work, items)


def _alone() -> None:
    """Let this thread, and no other, compute on one core."""
    torch.get_num_threads()  # which would otherwise set the number later
    _openmp().limit(limits=1, user_api="openmp")


@cache
def _openmp() -> Any:
    """Return what sets the number of threads of an operation for the thread that asks: torch's own function does so for all to come."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
