"""A trained residual U-Net gets further levels below and goes on learning, instead of beginning anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from volviz.segment.nn.unet import Decoder, Encoder, ResidualBlock, ResidualUNet3D, Upsampling


def deepen(network: ResidualUNet3D, weights: Mapping[str, Tensor], cubes: Sequence[Tensor]) -> None:
    """Load the weights of a network with fewer levels, so that at first it says what that one says, or nearly.

    What the new levels add begins at zero. Above them lies one new decoder that the old features must pass unchanged:
    its normalisation would take their mean and spread away, so it begins with those that they have in ``cubes``, and
    is exact as far as these are alike. Its convolutions begin as the identity.

    Args:
        network: the deeper one, with random weights, of the same widths and classes.
        weights: of the shallower one.
        cubes: standardised densities (z, y, x) that both networks can take.
    """
    own = network.state_dict()
    old = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("encoders."))
    added = len(network.encoders) - old
    network.load_state_dict({**own, **{_moved(name, added): tensor for name, tensor in weights.items()}})
    mean, spread = _statistics(network, old - 1, cubes)
    passing = cast(Decoder, network.decoders[added - 1])
    block, up = cast(ResidualBlock, passing.basic_module), cast(Upsampling, passing.upsampling).upsample
    width = block.conv1.conv.out_channels
    with torch.no_grad():
        for parameter in up.parameters():
            nn.init.zeros_(parameter)
        block.conv1.groupnorm.weight.copy_(spread.repeat_interleave(width // len(spread)))
        block.conv1.groupnorm.bias.copy_(mean.repeat_interleave(width // len(mean)))
        nn.init.zeros_(block.conv1.conv.weight)
        block.conv1.conv.weight[range(width), range(width), 1, 1, 1] = 1
        nn.init.zeros_(block.conv3.conv.weight)


def _moved(name: str, added: int) -> str:
    """Return the name that a tensor has when so many levels lie below: decoders are counted from the bottom."""
    part, _, rest = name.partition(".")
    if part != "decoders":
        return name
    number, _, rest = rest.partition(".")
    return f"decoders.{int(number) + added}.{rest}"


@torch.no_grad()
def _statistics(network: ResidualUNet3D, level: int, cubes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each group of the features (group) that leave this level on the way down."""
    encoders = [cast(Encoder, encoder) for encoder in network.encoders][: level + 1]
    groups = cast(ResidualBlock, encoders[-1].basic_module).conv2.groupnorm.num_groups
    means, spreads = [], []
    for cube in cubes:
        x = cube[None, None]
        for encoder in encoders:
            x = encoder(x)
        grouped = x.reshape(groups, -1)
        means.append(grouped.mean(dim=1))
        spreads.append(grouped.std(dim=1, correction=0))
    return torch.stack(means).mean(dim=0), torch.stack(spreads).mean(dim=0)
