"""The skip-connected 3D DenseNet (Bui et al. 2019), the third network of Nguyen et al. 2022, Table 1.

Blocks of densely joined layers at ever coarser resolution; what each block found is brought to full resolution at once
by a transposed convolution, and all of it is joined with the finest features for the last layer.

Where the authors normalise over the batch, groups of features of each cube are normalised here (Wu and He 2018): batches
of two to four cubes are too few for statistics, and so every cube of a batch can be computed by itself.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

_drawing = threading.local()


@contextmanager
def dropping(seeds: Sequence[int], device: torch.device) -> Iterator[None]:
    """While the block lasts, a seed for each cube of the batch decides what `Dropout` drops in this thread."""
    _drawing.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    try:
        yield
    finally:
        del _drawing.generators


class Dropout(nn.Module):
    """Sets a part of all values to zero while training, and scales up the others. Works within `dropping`."""

    def __init__(self, part: float) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        if not self.training or not self.part:
            return x
        keep = torch.empty_like(x)
        for cube, generator in zip(keep, _drawing.generators, strict=True):
            cube.bernoulli_(1 - self.part, generator=generator)
        return x * keep / (1 - self.part)


class NormConv(nn.Module):
    """Group norm, ReLU, convolution without bias; a kernel of two voxels halves every axis."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, num_groups: int) -> None:
        super().__init__()
        self.groupnorm = nn.GroupNorm(math.gcd(num_groups, in_channels), in_channels)
        stride = 2 if kernel == 2 else 1
        self.conv = nn.Conv3d(in_channels, out_channels, kernel, stride, padding=(kernel - 1) // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x), or half as large."""
        y: Tensor = self.conv(relu(self.groupnorm(x), inplace=True))
        return y


class DenseLayer(nn.Module):
    """A bottleneck of four times the growth, then a 3x3x3 convolution; its few features join those it was given."""

    def __init__(self, in_channels: int, growth: int, num_groups: int, dropout: float) -> None:
        super().__init__()
        self.bottleneck = NormConv(in_channels, 4 * growth, 1, num_groups)
        self.conv = NormConv(4 * growth, growth, 3, num_groups)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, in_channels + growth, z, y, x)."""
        return torch.cat([x, self.dropout(self.conv(self.bottleneck(x)))], dim=1)


class SkipDenseNet3D(nn.Module):
    """From (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x).

    Every axis must be a multiple of ``2 ** num_levels``.
    """

    head: ClassVar[tuple[str, ...]] = ("upsampling", "last")

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 4,
        f_maps: int = 32,
        num_levels: int = 4,
        num_groups: int = 4,
        growth: int = 16,
        layers: int = 4,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.multiple = 2**num_levels
        self.first = nn.Sequential(
            nn.Conv3d(in_channels, f_maps, 3, padding=1, bias=False),
            NormConv(f_maps, f_maps, 3, num_groups),
            NormConv(f_maps, f_maps, 3, num_groups),
        )
        self.blocks, self.transitions, self.upsampling = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        width = f_maps
        for level in range(num_levels):
            # From block to block the width is halved; the finest features keep theirs.
            narrow = width if level == 0 else width // 2
            reduce = [] if level == 0 else [NormConv(width, narrow, 1, num_groups)]
            self.transitions.append(nn.Sequential(*reduce, NormConv(narrow, narrow, 2, num_groups)))
            width = narrow
            self.blocks.append(nn.Sequential(*(DenseLayer(width + k * growth, growth, num_groups, dropout) for k in range(layers))))
            width += layers * growth
            stride = 2 ** (level + 1)
            groups = math.gcd(width, out_channels)
            self.upsampling.append(nn.ConvTranspose3d(width, out_channels, stride + 2, stride, padding=1, groups=groups, bias=False))
        joined = f_maps + num_levels * out_channels
        self.last = NormConv(joined, out_channels, 1, num_groups)
        self.last.conv.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        finest = x = self.first(x)
        found = [finest]
        for transition, block, upsampling in zip(self.transitions, self.blocks, self.upsampling, strict=True):
            x = block(transition(x))
            found.append(upsampling(x))
        y: Tensor = self.last(torch.cat(found, dim=1))
        return y
