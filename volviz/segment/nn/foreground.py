"""Networks that were trained without a channel for the background."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from volviz.segment.tiles import Output


class Foreground(nn.Module):
    """Gives the background a channel of its own, so that a softmax over all of them is what the network meant.

    Each channel of the network is the probability of one structure, after a sigmoid or as it is, cut to 0..1. The
    background is what the most probable structure leaves; where structures overlap, all are scaled down to sum to one.
    """

    def __init__(self, network: nn.Module, output: Output) -> None:
        super().__init__()
        self.network, self.output = network, output

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, 1, z, y, x) to logits (n, background and structures, z, y, x), float32."""
        values = self.network(x).to(torch.float32)
        structures = values.sigmoid() if self.output == "sigmoid" else values.clamp(0, 1)
        background = 1 - structures.amax(dim=1, keepdim=True)
        # The softmax of logarithms is the values over their sum.
        return torch.cat([background, structures], dim=1).clamp_min(torch.finfo(torch.float32).tiny).log()
