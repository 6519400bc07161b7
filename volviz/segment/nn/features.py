"""What the surroundings of a voxel look like: the filters of ilastik's pixel classification (Berg et al. 2019), in torch.

Six families of filters at seven scales, and what each answers:

    smoothed     how dense is it here?             G * I
    laplacian    a blob or a dip?                  sum of the second derivatives
    gradient     how steep?                        length of the first derivatives
    difference   finer than the scale?             G(s) * I - G(0.66 s) * I
    structure    edge, line or grain?              eigenvalues of G(s/2) * (first derivatives' products)
    hessian      sheet, tube or blob?              eigenvalues of the second derivatives

That is 37 choices, since at the finest scale only the smoothed density tells anything, and 61 channels, since each of
the last two families gives three, the largest first.

As in ilastik, a scale s above one voxel is reached in two stages: G(sqrt(s^2 - 1)) cut at 3.5 standard deviations, then the
filter at scale 1 cut at 2.0, which is what takes little time at large scales. Kernels of derivatives are made exact for
polynomials of their order, so that cutting them leaves no trace of the mean density.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Family = Literal["smoothed", "laplacian", "gradient", "difference", "structure", "hessian"]
SCALES = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)

_PRESMOOTHING, _FILTER = 3.5, 2.0  # where kernels are cut, in standard deviations
_AT_A_TIME = 2**16  # matrices
_NARROW, _OUTER = 0.66, 0.5  # scales of the difference's second Gaussian and of the structure tensor's, over the first


@dataclass(frozen=True, slots=True)
class Feature:
    """A filter at a scale (voxels)."""

    family: Family
    scale: float

    @property
    def channels(self) -> int:
        """How many values it gives for a voxel."""
        return 3 if self.family in ("structure", "hessian") else 1

    @property
    def name(self) -> str:
        """What people read, and files keep: `hessian 1.6`."""
        return f"{self.family} {self.scale:g}"

    @property
    def halo(self) -> int:
        """How many voxels around a voxel its value depends on, on either side."""
        first, second = _stages(self.scale)
        own = _FAMILIES[self.family].reach(second)
        return (_radius(first, _PRESMOOTHING) if first else 0) + own

    @classmethod
    def named(cls, name: str) -> Feature:
        """Return the feature that `name` names.

        Raises:
            ValueError: there is none.
        """
        found = {feature.name: feature for feature in ALL}.get(name)
        if found is None:
            raise ValueError(f"there is no feature '{name}'")
        return found


def channels(features: Sequence[Feature]) -> int:
    """Return how many channels features have together."""
    return sum(feature.channels for feature in features)


def halo(features: Sequence[Feature]) -> int:
    """Return how many voxels around a block must be known for its features to be exact."""
    return max(feature.halo for feature in features)


def compute(density: Tensor, features: Sequence[Feature]) -> Tensor:
    """Return the features of a block.

    Args:
        density: (z, y, x) float32, on any device, with ``halo(features)`` more voxels on every side than the block has.
        features: which, in which order.

    Returns:
        (channel, z, y, x) of the block, float32 on the same device.
    """
    around = halo(features)
    shape = [n - 2 * around for n in density.shape]
    if min(shape) < 1:
        raise ValueError(f"a block of {tuple(density.shape)} voxels has nothing within a halo of {around}")
    out = density.new_empty((channels(features), *shape))
    starts = dict(zip(features, np.cumsum([0, *(f.channels for f in features)]), strict=False))
    for scale in dict.fromkeys(feature.scale for feature in features):
        wanted = [feature for feature in features if feature.scale == scale]
        first, second = _stages(scale)
        # What this scale does not look at is cut off before it costs anything.
        spare = around - halo(wanted)
        here = _inner(density, spare)
        if first:
            here = _along_all(here, _gaussian(first, 0, _PRESMOOTHING))
        derivatives = _Derivatives(here, second, shape)
        for feature in wanted:
            at = int(starts[feature])
            out[at : at + feature.channels] = _FAMILIES[feature.family].values(derivatives)
    return out


@dataclass(slots=True)
class _Derivatives:
    """Derivatives of Gaussians of a block at one scale. Passes along z and y that several share are made once."""

    density: Tensor
    scale: float
    shape: Sequence[int]
    _passed: dict[tuple[float, tuple[int, ...]], Tensor] = field(default_factory=dict)

    def __call__(self, *orders: int, narrow: bool = False, margin: int = 0) -> Tensor:
        """Return the derivative of orders (z, y, x), of the narrow Gaussian of the difference if so wanted, and a margin."""
        found = self._pass(self.scale * _NARROW if narrow else self.scale, orders)
        return _inner(found, (found.shape[0] - self.shape[0]) // 2 - margin)

    def _pass(self, scale: float, orders: tuple[int, ...]) -> Tensor:
        if not orders:
            return self.density
        if (scale, orders) not in self._passed:
            before = self._pass(scale, orders[:-1])
            self._passed[scale, orders] = _along(before, _gaussian(scale, orders[-1], _FILTER), len(orders) - 1)
        return self._passed[scale, orders]


def _laplacian(g: _Derivatives) -> Tensor:
    return g(2, 0, 0) + g(0, 2, 0) + g(0, 0, 2)


def _gradient(g: _Derivatives) -> Tensor:
    return (g(1, 0, 0).square() + g(0, 1, 0).square() + g(0, 0, 1).square()).sqrt_()


def _difference(g: _Derivatives) -> Tensor:
    return g(0, 0, 0) - g(0, 0, 0, narrow=True)


def _structure(g: _Derivatives) -> Tensor:
    outer = _gaussian(g.scale * _OUTER, 0, _FILTER)
    margin = len(outer) // 2
    z, y, x = (g(*orders, margin=margin) for orders in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    return eigenvalues(*(_along_all(a * b, outer) for a, b in ((z, z), (y, y), (x, x), (z, y), (z, x), (y, x))))


def _hessian(g: _Derivatives) -> Tensor:
    return eigenvalues(g(2, 0, 0), g(0, 2, 0), g(0, 0, 2), g(1, 1, 0), g(1, 0, 1), g(0, 1, 1))


@dataclass(frozen=True, slots=True)
class _Family:
    values: Callable[[_Derivatives], Tensor]
    reach: Callable[[float], int] = lambda scale: _radius(scale, _FILTER)


_FAMILIES: Mapping[Family, _Family] = {
    "smoothed": _Family(lambda g: g(0, 0, 0)),
    "laplacian": _Family(_laplacian),
    "gradient": _Family(_gradient),
    "difference": _Family(_difference),
    "structure": _Family(_structure, lambda scale: _radius(scale, _FILTER) + _radius(scale * _OUTER, _FILTER)),
    "hessian": _Family(_hessian),
}

ALL = tuple(Feature(family, scale) for family, scale in product(_FAMILIES, SCALES) if family == "smoothed" or scale > SCALES[0])
"""All 37, 61 channels."""


def eigenvalues(zz: Tensor, yy: Tensor, xx: Tensor, zy: Tensor, zx: Tensor, yx: Tensor) -> Tensor:
    """Return the eigenvalues of symmetric 3x3 matrices, (3, ...), the largest first, by the trigonometric solution of Cardano's cubic.

    That is many times faster than a general solver. It is done in double precision, because where two eigenvalues meet
    the angle is the square root of an error, and a few voxels at a time, so that they stay in the processor's cache.
    """
    entries = [v.reshape(-1) for v in (zz, yy, xx, zy, zx, yx)]
    out = zz.new_empty((3, zz.numel()))
    for start in range(0, zz.numel(), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        out[:, part] = torch.stack(_solve(*(v[part].double() for v in entries)))
    return out.view(3, *zz.shape)


def _solve(zz: Tensor, yy: Tensor, xx: Tensor, zy: Tensor, zx: Tensor, yx: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = (zz + yy + xx) / 3
    a, b, c = zz - mean, yy - mean, xx - mean
    size = ((a * a + b * b + c * c + 2 * (zy * zy + zx * zx + yx * yx)) / 6).sqrt_()
    determinant = a * (b * c - yx * yx) - zy * (zy * c - yx * zx) + zx * (zy * yx - b * zx)
    angle = (determinant / (2 * size**3).clamp_min_(torch.finfo(size.dtype).tiny)).clamp_(-1, 1).acos_().div_(3)
    size *= 2
    most = mean + torch.cos(angle) * size
    least = mean + torch.cos(angle + 2 * math.pi / 3) * size
    return most, 3 * mean - most - least, least


def _stages(scale: float) -> tuple[float, float]:
    """Return the scale of the first smoothing, 0 for none, and that of the filter after it."""
    return (math.sqrt(scale * scale - 1), 1.0) if scale > 1 else (0.0, scale)


def _radius(scale: float, cut: float) -> int:
    return int(cut * scale + 0.5) or 1


@cache
def _gaussian(scale: float, order: int, cut: float) -> tuple[float, ...]:
    """Return the derivative of a Gaussian of some order, as a kernel for correlation: sum k(i) i^order / order! is one."""
    radius = _radius(scale, cut)
    i: npt.NDArray[np.float64] = np.arange(-radius, radius + 1, dtype=np.float64)
    t = i / scale
    kernel = np.exp(-t * t / 2) * (np.ones_like(t), t, t * t - 1)[order]
    if order == 2:
        kernel -= kernel.mean()
    kernel /= (kernel * i**order).sum() / math.factorial(order)
    return tuple(kernel.tolist())


def _along(values: Tensor, kernel: tuple[float, ...], axis: int) -> Tensor:
    """Correlate along an axis (0 z, 1 y, 2 x); what the kernel has no room for goes.

    Shifted sums: one channel is too little for a convolution's machinery, which takes five times as long.
    """
    length = values.shape[axis] - len(kernel) + 1
    middle = len(kernel) // 2
    out = values.narrow(axis, middle, length) * kernel[middle]
    for i, weight in enumerate(kernel):
        if i != middle and weight != 0:
            out.add_(values.narrow(axis, i, length), alpha=weight)
    return out


def _along_all(values: Tensor, kernel: tuple[float, ...]) -> Tensor:
    for axis in range(3):
        values = _along(values, kernel, axis)
    return values


def _inner(values: Tensor, margin: int) -> Tensor:
    """Return a view without so many voxels on every side."""
    return values[tuple(slice(margin, n - margin) for n in values.shape)]
