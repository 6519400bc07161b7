"""The residual 3D U-Net of Nano-Oetzi (Nguyen et al. 2022).

The names and shapes of all tensors are those of the authors' published checkpoints, so these load by name. Widths
double from level to level (``f_maps``, 2 ``f_maps``, ...), skips join by summation (Lee et al. 2017), and every
convolution normalises its input by groups first (order "gcr": group norm, convolution, ReLU).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool3d, relu


class SingleConv(nn.Module):
    """Group norm, then a 3x3x3 convolution without bias."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int) -> None:
        super().__init__()
        self.groupnorm = nn.GroupNorm(num_groups if in_channels >= num_groups else 1, in_channels)
        self.conv = nn.Conv3d(in_channels, out_channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x)."""
        y: Tensor = self.conv(self.groupnorm(x))
        return y


class ResidualBlock(nn.Module):
    """One convolution that changes the width, then two around which it is added."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int) -> None:
        super().__init__()
        self.conv1 = SingleConv(in_channels, out_channels, num_groups)
        self.conv2 = SingleConv(out_channels, out_channels, num_groups)
        self.conv3 = SingleConv(out_channels, out_channels, num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x)."""
        x = relu(self.conv1(x), inplace=True)
        return relu(self.conv3(relu(self.conv2(x), inplace=True)) + x, inplace=True)


class Encoder(nn.Module):
    """Halve every axis (except at the top), then a block."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int, pool: bool, block: type[nn.Module]) -> None:
        super().__init__()
        self.pool = pool
        self.basic_module = block(in_channels, out_channels, num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, ...), half as large if pooled."""
        y: Tensor = self.basic_module(max_pool3d(x, 2) if self.pool else x)
        return y


class Upsampling(nn.Module):
    """Double every axis with a learned kernel."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose3d(in_channels, out_channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, ...) of the size of ``like``."""
        y: Tensor = self.upsample(x, output_size=like.shape[2:])
        return y


class Decoder(nn.Module):
    """Upsample, add the encoder's features of the same size, then a block."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int, block: type[nn.Module], up: type[nn.Module]) -> None:
        super().__init__()
        self.upsampling = up(in_channels, out_channels)
        self.basic_module = block(out_channels, out_channels, num_groups)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join features from below, and those of the encoder at this level, to (n, out_channels, ...) of the latter's size."""
        y: Tensor = self.basic_module(self.upsampling(x, skip) + skip)
        return y


class ResidualUNet3D(nn.Module):
    """From (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x).

    Every axis must be a multiple of ``multiple``, ``2 ** (num_levels - 1)``. What depends on the classes is in ``head``.
    """

    head: ClassVar[tuple[str, ...]] = ("final_conv",)
    block: ClassVar[type[nn.Module]] = ResidualBlock
    up: type[nn.Module] = Upsampling

    def __init__(self, in_channels: int = 1, out_channels: int = 4, f_maps: int = 16, num_levels: int = 5, num_groups: int = 2) -> None:
        super().__init__()
        widths = [f_maps * 2**i for i in range(num_levels)]
        self.multiple = 2 ** (num_levels - 1)
        self.encoders = nn.ModuleList(
            Encoder(a, b, num_groups, i > 0, self.block) for i, (a, b) in enumerate(zip([in_channels, *widths], widths, strict=False))
        )
        self.decoders = nn.ModuleList(
            Decoder(a, b, num_groups, self.block, self.up) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.final_conv = nn.Conv3d(f_maps, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        features: list[Tensor] = []
        for encoder in self.encoders:
            x = encoder(x)
            features.append(x)
        for decoder, skip in zip(self.decoders, features[-2::-1], strict=True):
            x = decoder(x, skip)
        y: Tensor = self.final_conv(x)
        return y


def random_weights(network: nn.Module, seed: int) -> None:
    """Draw the weights anew: He et al. 2015 for convolutions, so that activations keep their size through the depth."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
