"""Tiles through a network: as many at a time as the device has room for, each seen from several sides if asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import torch
from torch import Tensor

from volviz.core.errors import VolvizError
from volviz.segment.device import CudaMemory, DeviceMemory
from volviz.segment.passes import Network, Passes
from volviz.segment.protocol import Augment

K = TypeVar("K")

# Tiles side by side on a CPU. Each takes one to two gigabytes.
_LANES = 2
# The picture lives on the same GPU: a network may take this part of what is free.
_SHARE = 0.7


class NoRoom(VolvizError):  # noqa: N818 - a smaller tile may do
    """The GPU has no room for one tile."""

    def __init__(self) -> None:
        super().__init__("The GPU has no room for one tile: close other programs on it, or run with --device cpu.")


# Axes of (n, channel, z, y, x) that are mirrored. Two mirrors at right angles are a half turn about z, the beam axis.
# Quarter turns are not among them: they would lay the missing wedge across another axis than the one it was learnt on.
_MIRRORS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-1, -2), (-3,), (-1, -3), (-2, -3), (-1, -2, -3))


class Batches:
    """Runs tiles through a network, softmax included, and the mean over mirrored tiles if ``augment`` is 4 or 8.

    ``settle`` may change the probabilities (n, class, z, y, x) of tiles before they are blended, each by itself.
    With ``spread``, one channel more follows the classes: how far the mirrored results lie apart, as the standard
    deviation of the class where it is largest, 0 to 0.5.

    On a GPU the first tile goes alone and shows how much memory one takes; batches then fill at most 70 % of what is
    free, and halve when that was too much. On a CPU two tiles run side by side, each on its share of the cores:
    threads that share one convolution wait for one another at every layer, and for long if another program, or the
    picture, uses a core too. A tile that is alone has all cores.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device,
        dtype: torch.dtype,
        *,
        augment: Augment = 1,
        spread: bool = False,
        memory: DeviceMemory | None = None,
        passes: Passes | None = None,
        settle: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.network, self.device, self.dtype = network, device, dtype
        self.settle = settle
        self.mirrors, self.spread = _MIRRORS[:augment], spread
        self.memory = memory or (CudaMemory(device) if device.type == "cuda" else None)
        self.passes = passes or Passes()
        self.size = 1
        self._measured = False

    def run(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]]) -> Generator[tuple[Tensor, K], None, None]:
        """Take pairs of a key and something that reads a tile (z, y, x).

        Yields probabilities (class, z, y, x) float32 on the CPU, and the key, in the order of the tiles.

        Raises:
            NoRoom: the GPU has no room for one tile.
            Cancelled: by whom the passes report to.
        """
        with torch.inference_mode():
            yield from self._side_by_side(tiles) if self.memory is None else self._batched(tiles, self.memory)

    def _side_by_side(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]]) -> Iterator[tuple[Tensor, K]]:
        """Run one tile per lane. Tiles are read in the caller's thread."""
        threads = torch.get_num_threads()
        coming = iter(tiles)
        first = list(islice(coming, _LANES))
        lanes = max(1, min(threads, len(first)))
        waiting: deque[tuple[K, Future[Tensor]]] = deque()
        torch.set_num_threads(max(1, threads // lanes))
        pool = ThreadPoolExecutor(lanes)
        try:
            for key, read in chain(first, coming):
                waiting.append((key, pool.submit(self._alone, read())))
                if len(waiting) >= lanes:
                    yield self._first(waiting)
            while waiting:
                yield self._first(waiting)
        except BaseException:
            self.passes.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)

    def _first(self, waiting: deque[tuple[K, Future[Tensor]]]) -> tuple[Tensor, K]:
        """Wait for the first, and hold on to neither it nor its result."""
        key, future = waiting.popleft()
        return self.passes.wait(future), key

    def _alone(self, tile: Tensor) -> Tensor:
        with torch.inference_mode():  # which holds in its own thread only
            return self._pass(tile[None, None])[0]

    def _batched(self, tiles: Iterable[tuple[K, Callable[[], Tensor]]], memory: DeviceMemory) -> Iterator[tuple[Tensor, K]]:
        """Run as many tiles at a time as fit."""
        waiting: list[tuple[K, Tensor]] = []
        for key, read in tiles:
            waiting.append((key, read()))
            if len(waiting) >= self.size:
                yield from self._flush(waiting, memory)
                waiting = []
        yield from self._flush(waiting, memory)

    def _flush(self, waiting: list[tuple[K, Tensor]], memory: DeviceMemory) -> Iterator[tuple[Tensor, K]]:
        done = 0
        while done < len(waiting):
            some = waiting[done : done + self.size]
            free = memory.start()
            try:
                out = self._pass(torch.stack([tile for _, tile in some])[:, None])
            except torch.OutOfMemoryError as error:
                if len(some) == 1:
                    raise NoRoom from error
                out = None
            if out is None:  # only now has the error let go of what it holds
                self.size = max(1, len(some) // 2)
                memory.empty()
                continue
            if not self._measured:
                self.size = max(1, int(_SHARE * free / max(1, memory.used())))
                self._measured = True
            yield from zip(out, (key for key, _ in some), strict=True)
            done += len(some)

    def _pass(self, tiles: Tensor) -> Tensor:
        return self.passes.through(tiles.numel() * len(self.mirrors), lambda: self._forward(tiles))

    def _forward(self, tiles: Tensor) -> Tensor:
        """Return probabilities (n, class, z, y, x) on the CPU."""
        mean = square = None
        for axes in self.mirrors:
            seen = (tiles.flip(axes) if axes else tiles).contiguous(memory_format=torch.channels_last_3d)
            with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
                logits = self.network(seen)
            one = logits.softmax(dim=1, dtype=torch.float32)
            del logits
            one = one.flip(axes) if axes else one
            if self.spread:
                square = one**2 if square is None else square.addcmul_(one, one)
            mean = one if mean is None else mean.add_(one)
        assert mean is not None
        mean = mean.div_(len(self.mirrors)) if len(self.mirrors) > 1 else mean
        deviation = None if square is None else (square.div_(len(self.mirrors)) - mean**2).clamp_(min=0).sqrt_()
        mean = mean if self.settle is None else self.settle(mean)
        if deviation is not None:
            mean = torch.cat([mean, deviation.amax(dim=1, keepdim=True)], dim=1)
        return mean.cpu()
