from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from volviz.segment.nn.features import ALL, SCALES, Feature, channels, compute, eigenvalues, halo


def kernel(scale: float, order: int, cut: float) -> np.ndarray:
    """A Gaussian's derivative on the voxels within so many standard deviations, corrected by its moments: the definition, in scipy."""
    radius = max(1, int(cut * scale + 0.5))
    x = np.arange(-radius, radius + 1)
    k = np.exp(-(x**2) / (2 * scale**2))
    k = {0: k, 1: x * k, 2: (x**2 / scale**2 - 1) * k}[order]
    if order == 2:
        k = k - k.mean()
    return k * math.factorial(order) / (k * x**order).sum()


def filtered(volume: np.ndarray, scale: float, orders: tuple[int, ...], cut: float = 2.0) -> np.ndarray:
    for axis, order in enumerate(orders):
        volume = ndimage.correlate1d(volume, kernel(scale, order, cut), axis=axis, mode="mirror")
    return volume


def expected(volume: np.ndarray, feature: Feature) -> np.ndarray:
    """The same two stages and truncations by scipy and numpy, over the whole volume, in double precision."""
    s = feature.scale
    if s > 1:
        volume, s = filtered(volume, math.sqrt(s**2 - 1), (0, 0, 0), 3.5), 1.0

    def d(*axes: int) -> np.ndarray:
        return filtered(volume, s, tuple(axes.count(a) for a in range(3)))

    if feature.family == "smoothed":
        return d()[None]
    if feature.family == "laplacian":
        return sum(d(a, a) for a in range(3))[None]
    if feature.family == "gradient":
        return np.sqrt(sum(d(a) ** 2 for a in range(3)))[None]
    if feature.family == "difference":
        return (d() - filtered(volume, 0.66 * s, (0, 0, 0)))[None]
    if feature.family == "hessian":
        second = [[d(i, j) for j in range(3)] for i in range(3)]
    else:
        second = [[filtered(d(i) * d(j), s / 2, (0, 0, 0)) for j in range(3)] for i in range(3)]
    matrices = np.moveaxis(np.array(second), (0, 1), (-2, -1))
    return np.moveaxis(np.linalg.eigvalsh(matrices)[..., ::-1], -1, 0)


@pytest.fixture(scope="module")
def volume() -> np.ndarray:
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.standard_normal((86, 90, 84)), 2)
    return smooth / smooth.std() + 0.5 * rng.standard_normal(smooth.shape)


def test_there_are_37_choices_and_61_channels() -> None:
    assert len(ALL) == 37
    assert channels(ALL) == 61
    assert all(Feature.named(feature.name) == feature for feature in ALL)
    assert {feature.family for feature in ALL if feature.scale == SCALES[0]} == {"smoothed"}


@pytest.mark.parametrize("feature", ALL, ids=lambda feature: feature.name)
def test_every_feature_is_what_scipy_makes_of_the_same_stages(volume: np.ndarray, feature: Feature) -> None:
    around = feature.halo
    density = volume[tuple(slice(40 - around, 44 + around) for _ in range(3))]
    wanted = expected(density, feature)[:, around:-around, around:-around, around:-around]
    found = compute(torch.from_numpy(density.astype(np.float32)), [feature]).numpy()
    assert np.abs(found - wanted).max() < 1e-4 * min(1, 10 * np.abs(wanted).max())
    # What lies beyond the halo does not matter, and what lies in it does.
    density = density.copy()
    density[0] += 1
    moved = compute(torch.from_numpy(density.astype(np.float32)), [feature]).numpy()
    assert np.abs(moved - found)[:, 0].max() > 0
    assert np.abs(moved - found)[:, 1:].max() == 0


def test_blocks_are_parts_of_the_whole(volume: np.ndarray) -> None:
    density = torch.from_numpy(volume.astype(np.float32))
    around = halo(ALL)
    together = compute(density, ALL)
    one = compute(density[1 : 1 + 2 * around + 6, 2 : 2 + 2 * around + 7, 0 : 2 * around + 8], ALL)
    assert torch.allclose(together[:, 1:7, 2:9, :8], one, atol=1e-6)


def test_a_constant_adds_to_the_smoothed_density_alone(volume: np.ndarray) -> None:
    density = torch.from_numpy(volume.astype(np.float32))
    raised = (compute(density + 8, ALL) - compute(density, ALL)).abs().amax(dim=(1, 2, 3))
    names = [feature.name for feature in ALL for _ in range(feature.channels)]
    for name, difference in zip(names, raised.tolist(), strict=True):
        assert difference == pytest.approx(8 if name.startswith("smoothed") else 0, abs=1e-4), name


def test_eigenvalues_are_right_where_two_of_them_meet() -> None:
    rng = np.random.default_rng(1)
    q, _ = np.linalg.qr(rng.standard_normal((3000, 3, 3)))
    values = np.sort(rng.standard_normal((3000, 3)))[:, ::-1].copy()
    values[:1000, 1] = values[:1000, 0] - rng.uniform(0, 1e-4, 1000)
    values[1000:1500] = values[1000:1500, :1]
    m = torch.from_numpy(np.einsum("nij,nj,nkj->nik", q, values, q).astype(np.float32))
    found = eigenvalues(m[:, 0, 0], m[:, 1, 1], m[:, 2, 2], m[:, 0, 1], m[:, 0, 2], m[:, 1, 2]).numpy()
    assert np.abs(found - np.linalg.eigvalsh(m.double().numpy())[:, ::-1].T).max() < 1e-6
    assert np.abs(eigenvalues(*torch.zeros(6, 2, 3)).numpy()).max() == 0
