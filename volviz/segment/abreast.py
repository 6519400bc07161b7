"""Blocks side by side on the cores of a CPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

_MOST = 8  # at a time: what each works on is in memory

A = TypeVar("A")
B = TypeVar("B")


def abreast(work: Callable[[A], B], items: Iterable[A], device: torch.device) -> Iterator[B]:
    """Yield what work makes of items, in their order; on a CPU each item has a thread of its own, on a GPU they come one by one.

    Threads that share one small operation wait for one another at each, many times longer than they compute once another
    program uses a core. No more than a few results are kept ahead.
    """
    if device.type != "cpu":
        yield from map(work, items)
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ahead: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(min(threads, _MOST), initializer=torch.set_num_threads, initargs=(1,))
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > min(threads, _MOST):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
