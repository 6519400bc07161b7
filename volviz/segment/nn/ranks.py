"""Processes that learn together, one for each GPU, as ``torchrun`` starts them.

Every process draws other cubes; gradients are averaged before each step, so all take the same. This is what
DistributedDataParallel does, which only follows a backward pass in one thread: on a CPU every cube has its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from volviz.core.errors import Cancelled, VolvizError

T = TypeVar("T")

# The others wait while the first validates; should one fail, torchrun ends them all, without waiting for this.
_PATIENCE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process (``rank``, from 0) among all (``size``). The first leads: it validates, reports and writes."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the first process."""
        return self.rank == 0

    def device(self, wanted: torch.device) -> torch.device:
        """Return this process's own device of a kind.

        Raises:
            VolvizError: there are fewer GPUs than processes.
        """
        if wanted.type != "cuda" or self.size == 1:
            return wanted
        local, there = int(os.environ.get("LOCAL_RANK", self.rank)), torch.cuda.device_count()
        if local >= there:
            raise VolvizError(f"There is no GPU for process {local + 1}: start at most {there} with --nproc-per-node, or use --device cpu.")
        torch.cuda.set_device(local)
        return torch.device("cuda", local)

    def mean(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the mean over all processes of each tensor, in one message."""
        if self.size == 1:
            return list(tensors)
        flat = torch.cat([t.ravel() for t in tensors])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.size, [t.numel() for t in tensors])
        return [part.view(t.shape) for part, t in zip(parts, tensors, strict=True)]

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors by those of the first process."""
        if self.size > 1:
            for tensor in tensors:
                whole = tensor.contiguous()
                dist.broadcast(whole, 0)
                tensor.copy_(whole)

    def lead(self, work: Callable[[], T]) -> T:
        """Let the first process do something small or rare; all return its result.

        Raises:
            Cancelled: it was cancelled, or failed, in the first; that one raises what stopped it.
        """
        if self.size == 1:
            return work()
        said: list[Any] = [None, True]
        try:
            if self.leads:
                said = [work(), False]
        finally:
            dist.broadcast_object_list(said, 0)
        if said[1]:
            raise Cancelled
        result: T = said[0]
        return result


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes of ``torchrun``, if it started this one, for as long as the block lasts. Blocks may be nested."""
    size = int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1
    if size == 1:
        yield Ranks()
    elif dist.is_initialized():
        yield Ranks(dist.get_rank(), dist.get_world_size())
    else:
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
        try:
            yield Ranks(dist.get_rank(), dist.get_world_size())
            # Nobody leaves before all are done: should one end badly on its way out, as gloo's threads now and then make it,
            # torchrun ends the others too, and the first may still be saving what was learnt.
            dist.barrier()
        finally:
            dist.destroy_process_group()
