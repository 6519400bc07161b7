"""The residual 3D U-Net of pytorch-3dunet since the end of 2022.

Names and shapes of all tensors are those of its ``ResidualUNet3D``, so that weights made with it load by name. It differs
from the older one (`volviz.segment.nn.unet`) in how a block changes the width: by a plain 1x1x1 convolution, or not at all.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

from volviz.segment.nn.unet import ResidualUNet3D, SingleConv, Upsampling


class ResNetBlock(nn.Module):
    """A change of width, then two convolutions around which it is added."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int) -> None:
        super().__init__()
        self.conv1 = nn.Identity() if in_channels == out_channels else nn.Conv3d(in_channels, out_channels, 1)
        self.conv2 = SingleConv(out_channels, out_channels, num_groups)
        self.conv3 = SingleConv(out_channels, out_channels, num_groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, z, y, x)."""
        x = self.conv1(x)
        return relu(self.conv3(relu(self.conv2(x), inplace=True)) + x, inplace=True)


class Resized(nn.Module):
    """Double every axis less one voxel with a learned kernel, then repeat voxels to the size of the skip."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        # Held one level deeper because the published tensors are named so.
        transposed = nn.ConvTranspose3d(in_channels, out_channels, 3, stride=2, padding=1, bias=False)
        self.upsample = nn.ModuleDict({"conv_transposed": transposed})

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to (n, out_channels, ...) of the size of ``like``."""
        return interpolate(self.upsample["conv_transposed"](x), size=like.shape[2:])


class ResNetUNet3D(ResidualUNet3D):
    """From (n, in_channels, z, y, x) to logits (n, out_channels, z, y, x).

    Every axis must be a multiple of ``multiple``. ``resized`` is how the way up has been since the end of 2023; before, the
    learned kernel doubled every axis exactly.
    """

    block: ClassVar[type[nn.Module]] = ResNetBlock

    def __init__(
        self, in_channels: int = 1, out_channels: int = 4, f_maps: int = 32, num_levels: int = 5, num_groups: int = 8, resized: bool = True
    ) -> None:
        self.up = Resized if resized else Upsampling
        super().__init__(in_channels, out_channels, f_maps, num_levels, num_groups)
