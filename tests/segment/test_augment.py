"""What is done to training crops, one thing at a time."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from volviz.segment.nn.augment import Augmentation, augment

NONE = Augmentation(**{field.name: 0.0 for field in fields(Augmentation)})


def ball(n: int = 40, radius: float = 9.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a dark ball in the middle of noise, and its classes: outside and inside."""
    axis = torch.arange(n) - (n - 1) / 2
    inside = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2 < radius**2).float()
    return -4 * inside + 0.1 * torch.randn(n, n, n, generator=torch.Generator().manual_seed(0)), torch.stack([1 - inside, inside])


@pytest.mark.parametrize("name", [field.name for field in fields(Augmentation)])
def test_each_variation_changes_a_crop_and_the_same_seed_repeats_it(name: str) -> None:
    crop, target = ball()
    how = replace(NONE, **{name: 1.0})
    seeds = range(4)
    plain = [augment(crop, target, NONE, np.random.default_rng(s)) for s in seeds]
    varied = [augment(crop, target, how, np.random.default_rng(s)) for s in seeds]
    again = [augment(crop, target, how, np.random.default_rng(s)) for s in seeds]
    for a, b, c in zip(plain, varied, again, strict=True):
        assert torch.equal(b[0], c[0])
        assert torch.equal(b[1], c[1])
        assert not torch.allclose(a[0], b[0])
        assert torch.isfinite(b[0]).all()
        if name not in {"zoom", "cutout"}:
            # The same turn, drawn first: what varies the density alone leaves the target as it was.
            assert torch.equal(a[1], b[1])


def test_crops_of_one_tomogram_get_its_look_and_turns_and_places_of_their_own() -> None:
    crop, target = torch.arange(8.0**3).reshape(8, 8, 8), torch.ones(2, 8, 8, 8)
    looks = [np.random.default_rng(7) for _ in range(9)]
    varied = [augment(crop, target, NONE, np.random.default_rng(s), look)[0] for s, look in enumerate(looks)]
    assert len({float(v[0, 0, 0]) for v in varied}) > 1  # turned differently
    values = [v.flatten().sort().values for v in varied]
    assert all(torch.equal(v, values[0]) for v in values)  # contrast and brightness are alike
    states = {look.bit_generator.state["state"]["state"] for look in looks}
    assert len(states) == 1
    always = Augmentation(**{field.name: 1.0 for field in fields(Augmentation)})
    looks = [np.random.default_rng(7) for _ in range(3)]
    for s, look in enumerate(looks):
        augment(torch.randn(16, 16, 16), torch.ones(2, 16, 16, 16), always, np.random.default_rng(s), look)
    assert len({look.random() for look in looks}) == 1  # nothing of a crop's own is drawn from the look


def test_a_zoom_changes_sizes_and_density_and_target_agree() -> None:
    crop, target = ball()
    sizes = []
    for seed in range(30):
        density, classes = augment(crop, target, replace(NONE, zoom=1.0), np.random.default_rng(seed))
        dark = (density < density.mean() - 1.5 * density.std()).float()
        inside = (classes[1] > 0.5).float()
        assert (dark * inside).sum() > 0.85 * inside.sum()
        total = classes.sum(0)
        known = total > 0.5
        assert torch.allclose(total[known], torch.ones_like(total[known]), atol=1e-4)
        # The margin that is cut off later holds all that is unknown.
        assert known[5:-5, 5:-5, 5:-5].all()
        sizes.append(float(inside.sum() / target[1].sum()) ** (1 / 3))
    assert 0.75 < min(sizes) < 0.9
    assert 1.1 < max(sizes) < 1.32


def test_nothing_is_known_where_a_box_is_cut_out() -> None:
    crop, target = ball()
    density, classes = augment(crop, target, replace(NONE, cutout=1.0), np.random.default_rng(0))
    unknown = classes.sum(0) == 0
    assert 0.0005 < unknown.float().mean() < 0.12
    values, counts = density[unknown].unique(return_counts=True)
    assert counts.max() > 0.3 * unknown.sum()
    assert len(values) <= 3


def test_augmentation_never_turns_the_beam_out_of_z() -> None:
    z = torch.arange(12.0)[:, None, None].expand(12, 12, 12).contiguous()
    for seed in range(20):
        crop, _ = augment(z, z[None], Augmentation(0, 0, 0, 0, 0, 0, 0, 0), np.random.default_rng(seed))
        assert crop.std(dim=(1, 2)).max() < 1e-5


def test_augmentation_is_finite_and_keeps_the_scale() -> None:
    x = torch.randn(24, 24, 24)
    always = Augmentation(1, 1, 1, 1, 1, 1, 1, 1)
    for seed in range(20):
        crop, target = augment(x, x[None], always, np.random.default_rng(seed))
        assert torch.isfinite(crop).all()
        assert 0.2 < crop.std() < 8
        assert target.shape == (1, 24, 24, 24)
