"""The classical 3D U-Net (Cicek et al. 2016), with group norms.

Names and shapes of all tensors are those of ``UNet3D`` in pytorch-3dunet, so that weights made with it load by name.
Two convolutions per level, skips join by concatenation, the way up is by repeating voxels.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool3d, relu

from volviz.segment.nn.unet import SingleConv


class DoubleConv(nn.Module):
    """Two convolutions, each with its group norm before and a ReLU after. On the way down the first is half as wide."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int, down: bool) -> None:
        super().__init__()
        between = max(in_channels, out_channels // 2) if down else out_channels
        self.SingleConv1 = SingleConv(in_channels, between, num_groups)
        self.SingleConv2 = SingleConv(between, out_channels, num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x)."""
        return relu(self.SingleConv2(relu(self.SingleConv1(x), inplace=True)), inplace=True)


class Level(nn.Module):
    """One level of the way down or up: a holder of the name that the published tensors have."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int, down: bool) -> None:
        super().__init__()
        self.basic_module = DoubleConv(in_channels, out_channels, num_groups, down)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x)."""
        y: Tensor = self.basic_module(x)
        return y


class UNet3D(nn.Module):
    """From (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x).

    Every axis must be at least ``2 ** (num_levels - 1)`` long; multiples of that lose nothing at the far faces.
    """

    head: ClassVar[tuple[str, ...]] = ("final_conv",)

    def __init__(self, in_channels: int = 1, out_channels: int = 4, f_maps: int = 32, num_levels: int = 4, num_groups: int = 8) -> None:
        super().__init__()
        widths = [f_maps * 2**i for i in range(num_levels)]
        self.multiple = 2 ** (num_levels - 1)
        self.encoders = nn.ModuleList(Level(a, b, num_groups, down=True) for a, b in zip([in_channels, *widths[:-1]], widths, strict=True))
        self.decoders = nn.ModuleList(
            Level(below + here, here, num_groups, down=False) for below, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.final_conv = nn.Conv3d(f_maps, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        features: list[Tensor] = []
        for i, encoder in enumerate(self.encoders):
            x = encoder(max_pool3d(x, 2) if i else x)
            features.append(x)
        for decoder, skip in zip(self.decoders, features[-2::-1], strict=True):
            x = decoder(torch.cat([skip, interpolate(x, size=skip.shape[2:])], dim=1))
        y: Tensor = self.final_conv(x)
        return y
