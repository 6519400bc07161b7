"""What training makes small.

Logits and targets are (n, class, z, y, x); targets are soft and sum to one, or to zero where nobody knows: such voxels
count nothing. Every loss is the mean of those of the n cubes, so it does not matter which of them are computed together.

All are functions of p = softmax(logits), as the predictor computes it. Of two classes p is the sigmoid of the difference
of their logits: the losses for two classes of Nguyen et al. (2022) are these with two channels instead of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot

Loss = Literal["dice-ce", "ce", "bce", "mse", "adaptive-wing"]

_EACH = (1, 2, 3, 4)  # all axes but that of the cubes


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the known voxels of -sum_c t_c log p_c."""
    known = target.sum(_EACH)
    return (-(target * log_softmax(logits, dim=1)).sum(_EACH) / known.clamp_min(1)).mean()


def hard_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the known voxels of -log p_c, c the class of which the target has most."""
    most = one_hot(target.argmax(dim=1), target.shape[1]).movedim(-1, 1)
    return cross_entropy(logits, most * (target.sum(dim=1, keepdim=True) > 0))


def binary_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the known voxels and the classes of -t_c log p_c - (1 - t_c) log(1 - p_c)."""
    classes = range(logits.shape[1])
    # log p_c - log(1 - p_c): nothing is lost where p_c is next to 0 or 1.
    others = torch.stack([logits[:, [k for k in classes if k != c]].logsumexp(dim=1) for c in classes], dim=1)
    return _mean(binary_cross_entropy_with_logits(logits - others, target, reduction="none"), target)


def squared_error(logits: Tensor, target: Tensor) -> Tensor:
    """Mean over the known voxels and the classes of (p_c - t_c)^2."""
    return _mean((logits.softmax(dim=1) - target) ** 2, target)


def adaptive_wing(
    logits: Tensor, target: Tensor, *, omega: float = 8.0, theta: float = 0.5, epsilon: float = 1.0, alpha: float = 2.1
) -> Tensor:
    """Mean over the known voxels and the classes of the adaptive wing loss (Wang et al. 2019) of p_c and t_c."""
    return _mean(wing(logits.softmax(dim=1), target, omega, theta, epsilon, alpha), target)


def wing(p: Tensor, t: Tensor, omega: float, theta: float, epsilon: float, alpha: float) -> Tensor:
    """Adaptive wing loss of each element, with d = |t - p| and the exponent e = alpha - t.

    omega ln(1 + (d / epsilon)^e) below theta and A d - C beyond it; A and C make value and slope continuous there.
    """
    d, e = (t - p).abs(), alpha - t
    at_theta = (theta / epsilon) ** e
    slope = omega * e * (theta / epsilon) ** (e - 1) / (1 + at_theta) / epsilon
    shift = theta * slope - omega * torch.log1p(at_theta)
    return torch.where(d < theta, omega * torch.log1p((d / epsilon) ** e), slope * d - shift)


def soft_dice(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the Dice overlap (Milletari et al. 2016, squares in the denominator), averaged over the structures.

    A class that is nowhere in a cube counts nothing there. Rare structures weigh more, by the fourth root of their size:
    spikes have a hundredth of the lumen's voxels. The squares make the loss smallest where the probabilities equal soft
    targets.
    """
    known = target.sum(dim=1, keepdim=True)
    p, t = (logits.softmax(dim=1) * known)[:, 1:], target[:, 1:]
    over = (2, 3, 4)
    there = t.sum(over)
    dice = (2 * (p * t).sum(over) + 1) / ((p * p).sum(over) + (t * t).sum(over) + 1)
    weight = torch.where(there > 0, there.clamp_min(1) ** -0.25, 0)
    return ((weight * (1 - dice)).sum(dim=1) / weight.sum(dim=1).clamp_min(1e-6)).mean()


def dice_and_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Return the sum of both: overlap for thin structures, calibration for the rest (Isensee et al. 2021)."""
    return soft_dice(logits, target) + cross_entropy(logits, target)


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "dice-ce": dice_and_cross_entropy,
    "ce": hard_cross_entropy,
    "bce": binary_cross_entropy,
    "mse": squared_error,
    "adaptive-wing": adaptive_wing,
}


def _mean(values: Tensor, target: Tensor) -> Tensor:
    """Average over the classes and known voxels of each cube, then over the cubes."""
    known = target.sum(dim=1, keepdim=True) > 0
    return ((values * known).sum(_EACH) / (values.shape[1] * known.sum(_EACH)).clamp_min(1)).mean()
