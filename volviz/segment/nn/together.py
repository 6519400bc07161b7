"""Normalisation over all cubes of a step, though each is computed in a thread of its own.

At every group norm the threads add up what they found and go on with the mean and variance of all cubes; on the way back
they add up the two sums of gradients that pass through these. The result is that of one group norm of the cubes joined.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

# Over what a network normalises while it learns: all cubes of a step, which are then of one volume, or each cube.
Over = Literal["volume", "cube"]

_here = threading.local()


class Meeting:
    """Where so many threads meet to add up tensors, in an order that does not depend on which comes first."""

    def __init__(self, parts: int) -> None:
        self._given = [torch.empty(0)] * parts
        self._total = torch.empty(0)
        self._barrier = threading.Barrier(parts, self._add)
        self._failed: BaseException = threading.BrokenBarrierError()

    def _add(self) -> None:
        self._total = torch.stack(self._given).sum(dim=0)

    def sum(self, part: int, given: Tensor) -> Tensor:
        """Return the sum of what all parts give, once they have."""
        self._given[part] = given
        self._barrier.wait()
        return self._total

    @contextmanager
    def attended(self, part: int) -> Iterator[None]:
        """While the block lasts, group norms in this thread pool with those of the other parts. What stops one stops all."""
        _here.sum = partial(self.sum, part)
        try:
            yield
        except threading.BrokenBarrierError:
            raise self._failed from None
        except BaseException as error:
            self._failed = error
            self._barrier.abort()
            raise
        finally:
            del _here.sum


@contextmanager
def pooled(network: nn.Module) -> Iterator[None]:
    """While the block lasts, group norms take mean and variance over all cubes of a batch; gradients pass through both.

    Within `Meeting.attended` these are the cubes of all threads. Blocks may be nested.
    """
    apart = {name: module for name, module in network.named_modules() if type(module) is nn.GroupNorm}
    for name, norm in apart.items():
        network.set_submodule(name, _Pooled(norm))
    try:
        yield
    finally:
        for name, norm in apart.items():
            network.set_submodule(name, norm)


class _Pooled(nn.GroupNorm):
    """In place of a group norm, with the same parameters: normalises all cubes of a batch as if they were one."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__(norm.num_groups, norm.num_channels, norm.eps, device="meta")
        self.weight, self.bias = norm.weight, norm.bias

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channel, z, y, x) to the same shape."""
        add = getattr(_here, "sum", lambda found: found)
        y: Tensor = _Normalise.apply(x, self.weight, self.bias, self.num_groups, self.eps, add)  # type: ignore[no-untyped-call]
        return y


class _Normalise(torch.autograd.Function):
    """Group norm over a batch, part of which other threads have.

    With the moments m and v of a group over all its N values, normalised values n = (x - m) / s, s = sqrt(v + eps), and
    y = weight n + bias: dL/dx = (g - mean(g) - n mean(g n)) / s, where g = weight dL/dy and both means are over all N.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float, add: Any) -> Tensor:
        """Map (n, channel, z, y, x) to the same shape."""
        each = x.shape[1] // groups
        # Sums in double precision: variances are small differences of large numbers.
        mean, var = (moment.double() for moment in torch.batch_norm_update_stats(x, None, None, 0.0))
        values = x.numel() // x.shape[1]
        found = torch.stack([torch.ones_like(mean), mean, var + mean**2]) * values
        count, first, second = add(found.reshape(3, groups, each).sum(dim=2))
        first, second = first / count, second / count
        mean = first.repeat_interleave(each).to(weight)
        var = (second - first**2).repeat_interleave(each).to(weight)
        ctx.save_for_backward(x, weight, mean, var, count)
        ctx.groups, ctx.eps, ctx.add = groups, eps, add
        y: Tensor = torch.native_batch_norm(x, weight, bias, mean, var, False, 0.0, eps)[0]
        return y

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """Return gradients of the input, weight and bias."""
        x, weight, mean, var, count = ctx.saved_tensors
        each = x.shape[1] // ctx.groups
        dy = given[0].contiguous(memory_format=torch.channels_last_3d)
        dx, d_weight, d_bias = torch.ops.aten.native_batch_norm_backward(
            dy, x, weight, mean, var, None, None, False, ctx.eps, [True, True, True]
        )
        through = torch.stack([weight * d_weight, weight * d_bias]).double().reshape(2, ctx.groups, each).sum(dim=2)
        scale, offset = (-(ctx.add(through) / count)).repeat_interleave(each, dim=1).to(weight) * torch.rsqrt(var + ctx.eps)
        dx += torch.native_batch_norm(x, scale, offset, mean, var, False, 0.0, ctx.eps)[0]
        return dx, d_weight, d_bias, None, None, None
