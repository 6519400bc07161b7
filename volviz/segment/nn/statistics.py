"""Normalisation that is the same for every tile of a volume.

Group normalisation (Wu & He 2018) takes mean and variance over the tile it is given. So a voxel's result depends on
what else happens to lie in its tile: two tilings of a volume disagree, and in a tile of bland ice noise is amplified to
the strength that virions have elsewhere. Here the statistics are collected once, over a few boxes of the volume, and
then held fixed: a tile's result is then that of its voxels alone, however large the tile and whatever the region asked
for. What a layer sees while statistics are collected is already normalised by those of the layers before it, all in
one pass, for the boxes go through the network together.

Measured on the first bundled network, tiles of 192 against 144 on three simulations: the 99.9th percentile of the
difference was 0.30, 0.64 and 0.53 with each tile's own statistics, and 0.01, 0.02 and 0.05 with the volume's. F1 of a
class changed by -0.03 to +0.01: that network was taught with each cube's own statistics. So what is taught for this
sees the like: several cubes of one volume at a time, normalised together (`volviz.segment.nn.together`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import product
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from volviz.core.grid import Shape

M = TypeVar("M", bound=nn.Module)

# Edge of a box. Zeros that stand for what is beyond its faces weigh on the statistics: with edges of 64, F1 of membranes
# was up to 0.07 worse than with 96, and larger ones were no better.
SIDE = 96
# Together as many voxels as one tile of 192^3: what has room for a tile has room for them. They are chosen blindly:
# statistics of the busiest places alone made lumen of the ice between virions.
MOST = 8


def boxes(shape: Shape, multiple: int, most: int = MOST) -> list[tuple[Shape, Shape]]:
    """Return (start, size) of the boxes that statistics are taken from; they depend on the volume's shape alone.

    A volume of no more voxels than they have together is one box. Of others there are at most so many, spread over it, as
    long as `SIDE` or as the volume is. Sizes are rounded up to the multiple, beyond the end if need be.
    """
    padded = [-(-n // multiple) * multiple for n in shape]
    if np.prod(padded) <= most * SIDE**3:
        return [((0, 0, 0), (padded[0], padded[1], padded[2]))]
    axes = []
    for n, whole in zip(shape, padded, strict=True):
        size = min(-(-SIDE // multiple) * multiple, whole)
        count, room = max(1, round(n / SIDE)), max(0, n - size)
        axes.append([(k * room // (count - 1) if count > 1 else room // 2, size) for k in range(count)])
    lattice = [((z[0], y[0], x[0]), (z[1], y[1], x[1])) for z, y, x in product(*axes)]
    order = np.random.default_rng(0).permutation(len(lattice))
    return [lattice[i] for i in sorted(order[:most])]


def with_fixed_statistics(network: nn.Module, tiles: Tensor, dtype: torch.dtype) -> nn.Module:
    """Return a copy of a network whose group norms use the mean and variance found on these tiles (n, 1, z, y, x).

    Raises:
        torch.OutOfMemoryError: the device has no room for the tiles.
    """
    fixed = copy.deepcopy(network).eval()
    _replace(fixed, nn.GroupNorm, _Collect)
    with torch.inference_mode(), torch.autocast(tiles.device.type, dtype, enabled=dtype != torch.float32):
        fixed(tiles.contiguous(memory_format=torch.channels_last_3d))
    _replace(fixed, _Collect, _Collect.fixed)
    return fixed


class _Collect(nn.Module):
    """In place of a group norm: normalises by groups over all tiles at once, and remembers by what."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm
        self.mean = self.var = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channel, z, y, x) to the same shape."""
        n, groups = x.shape[1], self.norm.num_groups
        # Moments of each channel of each tile in double precision: what is averaged are few numbers, and sums of
        # millions of squares in half precision would be none.
        each = torch.stack([torch.stack(torch.var_mean(tile.flatten(1).float(), dim=1, correction=0)) for tile in x]).double()
        var, mean = each.unbind(1)
        square = (var + mean**2).mean(0).reshape(groups, -1).mean(1)
        mean = mean.mean(0).reshape(groups, -1).mean(1)
        self.mean = mean.repeat_interleave(n // groups).float()
        self.var = (square - mean**2).repeat_interleave(n // groups).float()
        return batch_norm(x, self.mean, self.var, self.norm.weight, self.norm.bias, eps=self.norm.eps)

    def fixed(self) -> nn.BatchNorm3d:
        """Return a norm that goes on with what was found: one scale and one offset per channel."""
        norm = nn.BatchNorm3d(self.norm.num_channels, eps=self.norm.eps)
        values = {"running_mean": self.mean, "running_var": self.var, "weight": self.norm.weight, "bias": self.norm.bias}
        norm.load_state_dict({**norm.state_dict(), **values})
        return norm.to(self.mean.device).eval()


def _replace(network: nn.Module, kind: type[M], by: Callable[[M], nn.Module]) -> None:
    for name, module in list(network.named_modules()):
        if isinstance(module, kind):
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, by(module))
