"""What a network doubts throughout a tile, it doubts too much: the odds of faint things rise, those of bright ones' rims fall.

Where spikes are bright the network is sure of them, and what it doubts are their rims: it does well to leave these out. Where
spikes are faint it doubts all of them, though nearly everything that it does call a spike is one, and leaves most out. How
much of the class's probability lies in voxels of which the network is sure tells the two cases apart. Where that share is less
than with middling ones, the odds of the class against the others are raised, by how much less it is; where it is more,
they are lowered a little. The rule is measured on
simulations, with the network whose card holds it.

Every tile is judged by itself, and tiles depend on the volume alone: the result for a region stays that part of the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor

from volviz.segment.tiles import Faint

# What is less likely tells nothing: with few spikes most of all their probability is thinly spread over what is none. Of four
# pairs of numbers tried (0.02, 0.1, 0.25 and 0.5; 0.25 and 0.8) these tell best how far the odds should rise.
_DOUBTED, _SURE = 0.25, 0.8


def settled(values: Tensor, number: int, rule: Faint) -> Tensor:
    """Change the odds of class ``number`` in place, tile by tile; probabilities (n, class, z, y, x), which go on summing to one."""
    for tile in values:
        gain = torch.expm1(_shift(tile[number], rule))
        if gain != 0:
            tile.div_(1 + gain * tile[number])
            tile[number].mul_(1 + gain)
    return values


def _shift(p: Tensor, rule: Faint) -> Tensor:
    """Return the logarithm of what the odds are multiplied by, for the probabilities of the class in a tile."""
    mass = torch.where(p > _DOUBTED, p, 0).sum(dtype=torch.float64)
    sure = torch.where(p > _SURE, p, 0).sum(dtype=torch.float64)
    # Few voxels tell little: it is as if some more had been seen, of the share at which nothing is changed.
    share = (sure + rule.voxels * rule.sure) / (mass + rule.voxels)
    return (rule.slope * (rule.sure - share)).clamp(rule.least, rule.most).float()
