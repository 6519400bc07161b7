from __future__ import annotations

import numpy as np
import pytest
import torch

from volviz.segment.nn.losses import (
    LOSSES,
    adaptive_wing,
    binary_cross_entropy,
    cross_entropy,
    dice_and_cross_entropy,
    hard_cross_entropy,
    soft_dice,
    squared_error,
    wing,
)


def one_hot(classes: torch.Tensor, n: int = 4) -> torch.Tensor:
    return torch.nn.functional.one_hot(classes, n).movedim(-1, 1).float()


TARGET = one_hot(torch.tensor([[[[0, 1], [2, 3]], [[1, 1], [0, 0]]]]))
EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def soft_case(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, np.ndarray, np.ndarray]:
    """Logits and soft targets of two cubes, a voxel of each unknown, and as numpy (voxel, class) p and t of the known ones of each cube."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(2, 4, 3, 2, 2, generator=generator)
    target = torch.rand(2, 4, 3, 2, 2, generator=generator)
    target = target / target.sum(1, keepdim=True)
    target[:, :, 1, 1, 0] = 0
    rows = logits.double().movedim(1, -1).reshape(2, 12, 4).numpy()
    p = np.exp(rows) / np.exp(rows).sum(-1, keepdims=True)
    t = target.double().movedim(1, -1).reshape(2, 12, 4).numpy()
    known = t.sum(-1) > 0
    return logits, target, np.stack([p[i][known[i]] for i in (0, 1)]), np.stack([t[i][known[i]] for i in (0, 1)])


@EVERY
def test_all_are_small_where_the_answer_is_right_and_sure_and_larger_elsewhere(loss) -> None:
    assert loss(50 * TARGET, TARGET) < 1e-3
    assert loss(-50 * TARGET, TARGET) > 0.1


@EVERY
def test_unknown_voxels_change_nothing_and_have_no_gradient(loss) -> None:
    target = TARGET.clone()
    target[:, :, 0, 0] = 0
    logits = torch.randn(target.shape, generator=torch.Generator().manual_seed(1)).requires_grad_()
    value = loss(logits, target)
    value.backward()
    assert logits.grad is not None
    assert (logits.grad[:, :, 0, 0] == 0).all()
    assert (logits.grad[:, :, 1] != 0).any()
    other = logits.detach().clone()
    other[:, :, 0, 0] = 7
    assert loss(other, target) == pytest.approx(float(value.detach()))


@EVERY
def test_nothing_known_is_no_special_case(loss) -> None:
    logits = torch.randn(1, 4, 3, 3, 3, requires_grad=True)
    value = loss(logits, torch.zeros_like(logits))
    value.backward()
    assert value == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


@EVERY
def test_ice_alone_is_no_special_case(loss) -> None:
    ice = one_hot(torch.zeros(1, 3, 3, 3, dtype=torch.long))
    assert torch.isfinite(loss(torch.randn_like(ice), ice))


@EVERY
def test_a_batch_is_the_mean_of_its_cubes(loss) -> None:
    logits, target, _, _ = soft_case()
    target[1, :, :2] = 0
    assert loss(logits, target) == pytest.approx(float(loss(logits[:1], target[:1]) + loss(logits[1:], target[1:])) / 2, rel=1e-5)


@EVERY
def test_sure_and_wrong_still_has_a_finite_gradient(loss) -> None:
    logits = (-200 * TARGET).requires_grad_()
    loss(logits, TARGET).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["dice-ce", "bce", "mse", "adaptive-wing"])
def test_soft_targets_are_best_met_exactly(name: str) -> None:
    soft = torch.tensor([0.7, 0.3, 0.0, 0.0]).clamp_min(1e-6).reshape(1, 4, 1, 1, 1).expand(1, 4, 4, 4, 4)
    best = LOSSES[name](soft.log(), soft)
    for other in (0.5, 0.9):
        wrong = torch.tensor([other, 1 - other, 0.0, 0.0]).clamp_min(1e-6).reshape(1, 4, 1, 1, 1).expand(1, 4, 4, 4, 4)
        assert LOSSES[name](wrong.log(), soft) > best


def test_cross_entropy_of_no_idea_is_log_4() -> None:
    assert cross_entropy(torch.zeros_like(TARGET), TARGET) == pytest.approx(np.log(4))


def test_losses_are_those_of_numpy() -> None:
    logits, target, p, t = soft_case()
    assert cross_entropy(logits, target) == pytest.approx(-(t * np.log(p)).sum(-1).mean(), rel=1e-5)
    picked = np.take_along_axis(p, t.argmax(-1)[..., None], -1)
    assert hard_cross_entropy(logits, target) == pytest.approx(-np.log(picked).mean(), rel=1e-5)
    assert binary_cross_entropy(logits, target) == pytest.approx(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), rel=1e-5)
    assert squared_error(logits, target) == pytest.approx(((p - t) ** 2).mean(), rel=1e-5)
    d = np.abs(t - p)
    a = 8 / (1 + 0.5 ** (2.1 - t)) * (2.1 - t) * 0.5 ** (1.1 - t)
    c = 0.5 * a - 8 * np.log1p(0.5 ** (2.1 - t))
    by_hand = np.where(d < 0.5, 8 * np.log1p(d ** (2.1 - t)), a * d - c).mean()
    assert adaptive_wing(logits, target) == pytest.approx(by_hand, rel=1e-5)


def test_of_two_classes_it_is_the_sigmoid_of_one_channel() -> None:
    torch.manual_seed(0)
    one, known = torch.randn(1, 1, 4, 4, 4), torch.rand(1, 1, 4, 4, 4)
    logits, target = torch.cat([torch.zeros_like(one), one], 1), torch.cat([1 - known, known], 1)
    published = torch.nn.functional.binary_cross_entropy_with_logits(one, known)
    assert binary_cross_entropy(logits, target) == pytest.approx(float(published), rel=1e-5)
    assert squared_error(logits, target) == pytest.approx(float(((one.sigmoid() - known) ** 2).mean()), rel=1e-5)


@pytest.mark.parametrize("epsilon", [1.0, 0.5])
def test_the_adaptive_wing_is_continuous_and_smooth_where_its_two_parts_meet(epsilon: float) -> None:
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    values, slopes = [], []
    for distance in (0.5 - 1e-9, 0.5 + 1e-9):
        p = (t - distance).requires_grad_()
        value = wing(p, t, 8.0, 0.5, epsilon, 2.1)
        value.sum().backward()
        values.append(value.detach())
        slopes.append(p.grad)
    assert torch.allclose(values[0], values[1], atol=1e-6)
    assert torch.allclose(slopes[0], slopes[1], atol=1e-5)
    # The figures of the design notes: with y = 1 the released code jumps here from 0.370 to 3.064.
    if epsilon == 1.0:
        assert float(values[0][-1]) == pytest.approx(3.063, abs=2e-3)


def test_dice_of_halves_is_as_counted_by_hand() -> None:
    # All p = 1/4: for a class on k of 8 voxels (2 (k/4) + 1) / (8/16 + k + 1), k = 3, 1, 1.
    dice = [(2 * k / 4 + 1) / (0.5 + k + 1) for k in (3, 1, 1)]
    by_hand = 1 - np.average(dice, weights=[k**-0.25 for k in (3, 1, 1)])
    assert soft_dice(torch.zeros_like(TARGET), TARGET) == pytest.approx(by_hand)
    together = by_hand + np.log(4)
    assert dice_and_cross_entropy(torch.zeros_like(TARGET), TARGET) == pytest.approx(together)
