"""Recipes drawn at random, over all that tomograms vary in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np

from volviz.core.grid import Shape
from volviz.simulate.spec import Spec

T = TypeVar("T")
Difficulty = Literal["easy", "mixed", "hard"]


def random_spec(
    seed: int,
    *,
    shape: Shape | None = None,
    voxel_size: float | None = None,
    difficulty: Difficulty = "mixed",
    spike_densities: Sequence[str] = (),
) -> Spec:
    """Return the recipe of a random tomogram; the same seed gives the same one.

    ``easy`` is one clear preparation of virions after another, ``hard`` crowded and noisy ones, ``mixed`` anything, empty ice,
    bald vesicles and cytoplasm included. ``voxel_size`` (A) is drawn from 7 to 14 unless given, ``shape`` (z, y, x) is
    (96, 192, 192) unless given. A third of the recipes take their spikes from the models in ``spike_densities``, if any.
    """
    rng = np.random.default_rng([seed, 77])
    shape = shape or (96, 192, 192)
    voxel = float(voxel_size or rng.uniform(7, 14))
    hardness = {"easy": rng.uniform(0, 0.35), "mixed": rng.beta(1.2, 1.2), "hard": rng.uniform(0.6, 1)}[difficulty]
    field = np.asarray(shape) * voxel

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def chance(p: float) -> bool:
        return bool(rng.random() < p)

    def one(*options: T) -> T:
        return options[int(rng.integers(len(options)))]

    size = between(380, 500) if chance(0.6) else between(280, 950)
    # As many as would lie in one layer of the field, more or less.
    room = float(field[1] * field[2]) / (2 * size + 250) ** 2 * max(1.0, field[0] / (2 * size + 250))
    scene = (
        one("virions", "virions", "virions", "virions", "virions", "virions", "vesicles", "cell", "ice")
        if difficulty == "mixed"
        else "virions"
    )
    virions = int(np.clip(rng.poisson(0.8 * room) + 1, 1, 12)) if scene == "virions" else 0
    vesicles = int(rng.poisson(0.7)) if scene in ("virions", "ice") else int(rng.integers(1, 6))
    if scene == "ice" and chance(0.5):
        vesicles = 0
    vesicle_radius = one((120.0, 350.0), (250.0, 600.0), (500.0, 1600.0), (1200.0, 2500.0))
    crowded = scene == "cell" or chance(0.25 * hardness)
    spacing = between(33, 48)
    # At the usual resolution and defocus most bilayers are one dark line.
    merged = chance(0.5)
    most = int(rng.integers(0, 61)) if chance(0.3) else int(rng.integers(14, 45))
    length = between(200, 245) if chance(0.7) else between(90, 280)
    high, low = between(40, 66), between(40, 66)
    if chance(0.7):
        low = high
    snr = float(np.exp(np.log(2.0) - hardness * np.log(22) + rng.normal(0, 0.35)))
    return Spec(
        shape=shape,
        voxel_size=voxel,
        seed=int(rng.integers(2**31)),
        virions=virions,
        radius=(0.88 * size, 1.12 * size),
        elongation=between(0, 0.15) if chance(0.7) else between(0.1, 0.45),
        bumps=between(0, 0.05) if chance(0.75) else between(0.03, 0.12),
        broken=0.3 if chance(0.12) else 0.0,
        clearance=(between(-20, 120), between(100, 400)),
        touching=between(0.2, 0.8) if chance(0.3) else 0.0,
        cut=between(0, 1.3) if chance(0.7) else 0.0,
        leaflet_spacing=(spacing, spacing + 4),
        leaflet_width=between(10, 18) if merged else between(6, 10),
        membrane_contrast=(c := between(0.4, 1.3) * (0.7 if merged else 1.0), 1.25 * c),
        membrane_grain=between(0, 0.6),
        grain_size=between(9, 28),
        membrane_protein=between(0.2, 1.6) if merged else between(0, 0.6),
        spikes=(most // 2, most),
        spike_kind=one("closed", "closed", "open", "mixed", "mixed", "club", "rod"),
        spike_length=(0.92 * length, 1.08 * length),
        spike_width=between(0.8, 1.25),
        spike_tilt=(between(0, 45), between(5, 25)),
        spike_clustering=between(0, 0.8) if chance(0.3) else 0.0,
        spike_contrast=between(1.0, 2.6),
        spike_densities=tuple(spike_densities) if chance(0.35) else (),
        core=one("rnp", "rnp", "rnp", "rnp", "filament", "filament", "cone", "dense", "empty"),
        rnp=(10, int(rng.integers(12, 48))),
        core_contrast=between(0.3, 1.0),
        lumen_density=between(0, 0.3),
        vesicles=vesicles,
        vesicle_radius=vesicle_radius,
        vesicle_filling=between(0, 0.2),
        nested=0.5 if chance(0.2) else 0.0,
        debris=float(np.exp(rng.uniform(np.log(0.5), np.log(40)))) * (8 if crowded else 1),
        debris_size=(between(30, 60), between(70, 250) if crowded else between(70, 140)),
        debris_contrast=between(0.7, 2.2),
        free_spikes=int(rng.poisson(8)) if chance(0.4) else 0,
        filaments=int(rng.integers(1, 8)) if crowded or chance(0.15) else 0,
        gold=int(rng.integers(1, 5)) if chance(0.3) else 0,
        gold_radius=one(25.0, 50.0, 50.0, 75.0),
        carbon=between(0.05, 0.5) if chance(0.12) else 0.0,
        ice_texture=between(0, 0.2),
        ice_gradient=between(0, 0.8),
        ice_thickness=float(field[0]) * between(0.5, 1) if chance(0.35) else max(float(field[0]), between(800, 3000)),
        contamination=int(rng.integers(1, 4)) if chance(0.12) else 0,
        tilt_range=(-low, high),
        tilt_step=one(2.0, 3.0, 3.0, 3.0),
        scheme=one("dose-symmetric", "dose-symmetric", "bidirectional", "continuous"),
        exposure=between(60, 160),
        defocus=between(2, 6.5),
        defocus_error=between(0, 0.15),
        amplitude_contrast=between(0.07, 0.12),
        correction=one("none", "none", "flip", "flip", "wiener"),
        snr=snr,
        noise_falloff=between(0, 2.5) if chance(0.6) else 0.0,
        misalignment=between(0, 0.6) if chance(0.7) else between(0.5, 1.3),
        filter=one("ramp", "hamming", "sirt"),
        iterations=int(rng.integers(5, 40)),
        filter_floor=between(0.005, 0.05) if chance(0.5) else 0.0,
        lowpass=between(25, 60) if chance(0.35) else 0.0,
        diffusion=int(rng.integers(3, 10)) if chance(0.15) else 0,
        dark=True,
    )
