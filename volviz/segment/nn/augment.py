"""Random variation of training crops: what differs between tomograms but not between what they show.

The tilt axis lies in the plane of the slices and the beam along z, so crops are mirrored along every axis and turned
about z only: that keeps the missing wedge where it is in real data. Where a crop is cut out or has shrunk, nothing is known:
the target's classes are all zero there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

# Functions of the length of a frequency are tables of so many points, from 0 to the corner of the cube of frequencies.
_POINTS = 256
_HIGHEST = math.sqrt(3) / 2


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often and how strongly; all chances are per crop."""

    amplitude: float = 0.5
    lowpass: float = 0.15
    wedge: float = 0.1
    noise: float = 0.2
    uneven: float = 0.2
    gamma: float = 0.15
    zoom: float = 0.25
    cutout: float = 0.1


# How much a zoom changes sizes, and how much more or less it may do so along the beam, where thickness is badly known.
_ZOOM = (0.8, 1.25)
_STRETCH = 0.08


def augment(crop: Tensor, target: Tensor, how: Augmentation, rng: Generator, look: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Vary one crop (z, y, x) of standardised density and its target (class, z, y, x).

    What a tomogram has everywhere alike (magnification, spectrum, strength of noise, contrast) is drawn from ``look``, if that is
    given: from two in the same state, two crops of one tomogram get the same.
    """
    look = look or rng
    crop, target = _turn(crop, target, rng)
    if look.random() < how.zoom:
        crop, target = _zoom(crop, target, look)
    crop = _filter(crop, how, look)
    if look.random() < how.noise:
        crop = crop + _colored_noise(crop.shape, rng, look) * float(look.uniform(0.1, 0.7)) * crop.std()
    if look.random() < how.uneven:
        crop = crop * (1 + 0.4 * _slope(crop.shape, rng)) + float(look.uniform(0, 1.0)) * _slope(crop.shape, rng)
    if look.random() < how.gamma:
        low, high = crop.amin(), crop.amax()
        crop = ((crop - low) / (high - low + 1e-6)) ** float(np.exp(look.uniform(-0.35, 0.35))) * (high - low) + low
    crop = crop * float(np.exp(look.normal(0, 0.25))) + float(look.normal(0, 0.2))
    if rng.random() < how.cutout:
        crop, target = _cut_out(crop, target, rng)
    return crop.contiguous(), target.contiguous()


def _turn(crop: Tensor, target: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    quarters = int(rng.integers(4))
    axes = [a for a in (-3, -2, -1) if rng.random() < 0.5]
    crop, target = torch.rot90(crop, quarters, (-2, -1)), torch.rot90(target, quarters, (-2, -1))
    return (crop.flip(axes), target.flip(axes)) if axes else (crop, target)


def _zoom(crop: Tensor, target: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Magnify the middle of a crop, or shrink it all, a little differently along z."""
    plane = float(rng.uniform(*_ZOOM))
    factors = (plane * float(rng.uniform(1 - _STRETCH, 1 + _STRETCH)), plane, plane)
    shape = tuple(crop.shape)
    taken = [min(n, round(n / f)) for n, f in zip(shape, factors, strict=True)]
    filled = [min(n, round(n * f)) for n, f in zip(shape, factors, strict=True)]
    middle = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(shape, taken, strict=True))
    together = torch.cat([crop[None], target])[(slice(None), *middle)]
    together = functional.interpolate(together[None], size=filled, mode="trilinear")[0]
    around = [side for n, m in zip(shape[::-1], filled[::-1], strict=True) for side in ((n - m) // 2, n - m - (n - m) // 2)]
    return functional.pad(together[:1], around, mode="replicate")[0], functional.pad(together[1:], around)


def _cut_out(crop: Tensor, target: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Blank up to three boxes, each at most a third as long as the crop."""
    crop, target = crop.clone(), target.clone()
    for _ in range(int(rng.integers(1, 4))):
        sizes = [int(rng.integers(n // 12 + 1, n // 3 + 1)) for n in crop.shape]
        box = tuple(slice(a := int(rng.integers(0, n - m + 1)), a + m) for n, m in zip(crop.shape, sizes, strict=True))
        crop[box] = crop.mean()
        target[(slice(None), *box)] = 0
    return crop, target


def _filter(crop: Tensor, how: Augmentation, rng: Generator) -> Tensor:
    """Multiply the Fourier transform by a random smooth function of frequency, a low-pass and a wider wedge, once."""
    chosen = rng.random(3) < (how.amplitude, how.lowpass, how.wedge)
    if not chosen.any():
        return crop
    shape = tuple(crop.shape)
    curve = torch.ones(_POINTS)
    if chosen[0]:
        curve = curve * _random_curve(rng)
    if chosen[1]:
        curve = curve * _gaussian(rng.uniform(0.12, 0.35))
    gain = _radial(curve, shape)
    if chosen[2]:
        kz, ky, kx = _frequencies(shape)
        k_tilt = kx if rng.random() < 0.5 else ky
        slope = math.tan(math.radians(rng.uniform(42, 62)))
        gain = gain * torch.sigmoid((slope * k_tilt.abs() - kz.abs()) / 0.01 + 2)
    gain[0, 0, 0] = 1
    spread = crop.std()
    out = torch.fft.irfftn(torch.fft.rfftn(crop) * gain, s=shape)
    mean = out.mean()
    restored: Tensor = (out - mean) * (spread / (out.std() + 1e-6)) + mean
    return restored


def _frequencies(shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Return frequencies (per voxel) along each axis of a real transform, shaped to be broadcast."""
    nz, ny, nx = shape
    return torch.fft.fftfreq(nz)[:, None, None], torch.fft.fftfreq(ny)[:, None], torch.fft.rfftfreq(nx)


@lru_cache(maxsize=8)
def _shells(shape: tuple[int, ...]) -> Tensor:
    """Return the number of the point of a curve that each frequency is nearest to."""
    kz, ky, kx = _frequencies(shape)
    return (torch.sqrt(kz**2 + ky**2 + kx**2) * ((_POINTS - 1) / _HIGHEST)).round().to(torch.int32)


def _radial(curve: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a function of the length of the frequency, given at `_POINTS` lengths, for every frequency."""
    shells = _shells(shape)
    return curve.index_select(0, shells.ravel()).reshape(shells.shape)


def _gaussian(sigma: float) -> Tensor:
    return torch.exp(-0.5 * (torch.linspace(0, _HIGHEST, _POINTS) / sigma) ** 2)


def _random_curve(rng: Generator, knots: int = 8) -> Tensor:
    """Gain against frequency: a random walk in the logarithm, smooth by its few knots."""
    walk = np.cumsum(rng.normal(0, rng.uniform(0.05, 0.45), knots))
    fine = np.interp(np.linspace(0, knots - 1, _POINTS), np.arange(knots), walk - walk.mean())
    return torch.from_numpy(np.exp(fine)).to(torch.float32)


def _colored_noise(shape: torch.Size, rng: Generator, look: Generator) -> Tensor:
    """Noise of unit variance, white to grainy: the grain's width is drawn."""
    white = torch.from_numpy(rng.standard_normal(tuple(shape), dtype=np.float32))
    if look.random() < 0.4:
        return white
    low = _radial(_gaussian(look.uniform(0.08, 0.35)), tuple(shape))
    grain = torch.fft.irfftn(torch.fft.rfftn(white) * low, s=tuple(shape))
    scaled: Tensor = grain / (grain.std() + 1e-6)
    return scaled


def _slope(shape: torch.Size, rng: Generator) -> Tensor:
    """Return something smooth, about -1..1, that varies over the crop: a plane in a random direction, bent."""
    nz, ny, nx = shape
    z, y, x = torch.linspace(-1, 1, nz)[:, None, None], torch.linspace(-1, 1, ny)[:, None], torch.linspace(-1, 1, nx)
    a = [float(v) for v in rng.normal(0, 1, 6)]
    bent = (a[0] * z + a[1] * y + 0.5 * a[3] * z * y) + (a[2] + 0.5 * a[4] * y + 0.5 * a[5] * z) * x
    return bent / (abs(a[0]) + abs(a[1]) + abs(a[2]) + 1e-6)
