"""What training makes small.

Logits and targets are (n, class, z, y, x); targets are soft and sum to one, or to zero where nobody knows: such voxels
count nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the known voxels of -sum_c t_c log p_c."""
    known = target.sum(dim=1)
    return -(target * log_softmax(logits, dim=1)).sum() / known.sum().clamp_min(1)


def soft_dice(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the Dice overlap (Milletari et al. 2016, squares in the denominator), averaged over the structures.

    The sums run over the whole batch, so that a crop without spikes is no special case; a class that is nowhere in the
    batch counts nothing. Rare structures weigh more, by the fourth root of their size: spikes have a hundredth of the
    lumen's voxels. The squares make the loss smallest where the probabilities equal soft targets.
    """
    known = target.sum(dim=1, keepdim=True)
    p, t = (logits.softmax(dim=1) * known)[:, 1:], target[:, 1:]
    over = (0, 2, 3, 4)
    there = t.sum(over)
    dice = (2 * (p * t).sum(over) + 1) / ((p * p).sum(over) + (t * t).sum(over) + 1)
    weight = torch.where(there > 0, there.clamp_min(1) ** -0.25, 0)
    return (weight * (1 - dice)).sum() / weight.sum().clamp_min(1e-6)


def dice_and_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Return the sum of both: overlap for thin structures, calibration for the rest (Isensee et al. 2021)."""
    logits = logits.to(torch.float32)
    return soft_dice(logits, target) + cross_entropy(logits, target)
