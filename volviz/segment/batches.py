"""Tiles through a network: as many at a time as the device has room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from volviz.core.errors import VolvizError
from volviz.segment.device import FREE_MEMORY

K = TypeVar("K")
Probabilities = npt.NDArray[np.float32]
Network = nn.Module | Callable[[Tensor], Tensor]

# A tile of 128^3 needs about half a gigabyte: so many at a time and no more.
_LANES = 4


class Batches:
    """Runs tiles through a network, softmax included.

    On a GPU the first tile goes alone and shows how much memory one takes; batches then fill at most 70 % of what is
    free, and halve when that was too much. On a CPU up to four tiles run side by side, each on its share of the cores:
    threads that share one convolution wait for one another at every layer, and for long if another program, or the
    picture, uses a core too.
    """

    def __init__(self, network: Network, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        self.network = network
        if isinstance(network, nn.Module):
            network.eval()
            network.to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.size = 1
        self._measured = device.type != "cuda"

    def run(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]]) -> Iterator[tuple[Probabilities, K]]:
        """Take pairs of a key and something that reads a tile (z, y, x); yield probabilities (class, z, y, x) and the key."""
        yield from self.side_by_side(tiles) if self.device.type == "cpu" else self.batched(tiles)

    def side_by_side(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]]) -> Iterator[tuple[Probabilities, K]]:
        """Run one tile per lane. Tiles are read in the caller's thread, and come back in their order."""
        threads = torch.get_num_threads()
        lanes = min(threads, _LANES)
        waiting: deque[tuple[K, Future[Probabilities]]] = deque()
        torch.set_num_threads(max(1, threads // lanes))
        pool = ThreadPoolExecutor(lanes)
        try:
            for key, read in tiles:
                waiting.append((key, pool.submit(self._one, read())))
                if len(waiting) >= lanes:
                    first, future = waiting.popleft()
                    yield future.result(), first
            for last, future in waiting:
                yield future.result(), last
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)

    def batched(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]]) -> Iterator[tuple[Probabilities, K]]:
        """Run as many tiles at a time as fit."""
        waiting: list[tuple[K, Tensor]] = []
        for key, read in tiles:
            waiting.append((key, read()))
            if len(waiting) >= self.size:
                yield from self._flush(waiting)
                waiting = []
        yield from self._flush(waiting)

    def _one(self, tile: Tensor) -> Probabilities:
        with torch.inference_mode():
            out: Probabilities = self._forward(tile[None, None])[0]
        return out

    def _flush(self, waiting: list[tuple[K, Tensor]]) -> Iterator[tuple[Probabilities, K]]:
        done = 0
        while done < len(waiting):
            some = waiting[done : done + self.size]
            try:
                out = self._forward(torch.stack([tile for _, tile in some])[:, None])
            except torch.OutOfMemoryError as error:
                if len(some) == 1:
                    raise VolvizError("The GPU has no room for one tile: close other programs on it, or run with --device cpu.") from error
                self.size = max(1, len(some) // 2)
                torch.cuda.empty_cache()
                continue
            for (key, _), probabilities in zip(some, out, strict=True):
                yield probabilities, key
            done += len(some)

    def _forward(self, tiles: Tensor) -> Probabilities:
        free = 0
        if not self._measured:
            torch.cuda.reset_peak_memory_stats(self.device)
            free = torch.cuda.mem_get_info(self.device)[0]
            before = torch.cuda.memory_allocated(self.device)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(tiles.contiguous(memory_format=torch.channels_last_3d))
        out: Probabilities = logits.to(torch.float32).softmax(dim=1).cpu().numpy()
        if not self._measured:
            self._measured = True
            used = max(1, torch.cuda.max_memory_allocated(self.device) - before)
            self.size = max(1, int(FREE_MEMORY * free / used))
        return out
