"""Recipes drawn at random, over all that tomograms vary in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np

from volviz.core.grid import Shape
from volviz.simulate.spec import Spec, check_seed

T = TypeVar("T")
Difficulty = Literal["easy", "mixed", "hard"]
Scene = Literal["virions", "layer", "vesicles", "membrane", "cell", "ice"]

_SCENES: tuple[Scene, ...] = ("virions", "virions", "virions", "layer", "layer", "layer", "vesicles", "membrane", "cell", "ice")


@dataclass(frozen=True, slots=True)
class Dice:
    """Random draws that read as sentences."""

    rng: np.random.Generator

    def between(self, low: float, high: float) -> float:
        """Return a number, uniform over a range."""
        return float(self.rng.uniform(low, high))

    def scale(self, low: float, high: float) -> float:
        """Return a positive number, uniform in its logarithm."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, p: float) -> bool:
        """Return True with a probability."""
        return bool(self.rng.random() < p)

    def one(self, *options: T) -> T:
        """Return one of some things, each as likely."""
        return options[int(self.rng.integers(len(options)))]


def random_spec(
    seed: int,
    *,
    shape: Shape | None = None,
    voxel_size: float | None = None,
    difficulty: Difficulty = "mixed",
    scene: Scene | None = None,
    spike_densities: Sequence[str] = (),
    debris_densities: Sequence[str] = (),
) -> Spec:
    """Return the recipe of a random tomogram; the same seed gives the same one.

    ``easy`` is clear, with spikes to be seen, ``hard`` noisy and crowded, ``mixed`` anything. ``scene`` is what is there (drawn
    unless given; easy and hard recipes are of virions): virions that lie anywhere or close together in one ``layer`` of thin ice,
    bald vesicles, a single large ``membrane`` amid protein, the crowd of a cell, or ice without any envelope.
    ``voxel_size`` (A) is drawn from 5 to 16 unless given, ``shape`` (z, y, x) is (96, 192, 192) unless given. A third of the
    recipes take their spikes from the files in ``spike_densities``, and half of them proteins from up to four of ``debris_densities``,
    if there are any. Dense is always dark: whoever learns from a tomogram is told its sign.
    """
    check_seed(seed)
    dice = Dice(np.random.default_rng([seed, 77]))
    shape = shape or (96, 192, 192)
    voxel = float(voxel_size or dice.between(5, 16))
    hardness = {"easy": dice.between(0, 0.45), "mixed": float(dice.rng.beta(1.2, 1.2)), "hard": dice.between(0.55, 0.85)}[difficulty]
    drawn = dice.one(*(_SCENES if difficulty == "mixed" else _SCENES[:6]))
    scene = scene or drawn
    if scene == "membrane":
        # Plain for all its size: what is hard about a large membrane is to find it amid grain.
        hardness = 0.35 + 0.6 * hardness
    fields: dict[str, Any] = {"shape": shape, "voxel_size": voxel, "seed": int(dice.rng.integers(2**31))}
    for part in (_envelopes, _membranes, _spikes, _insides, _surroundings, _microscope, _reconstruction):
        fields |= part(dice, scene, hardness)
    spec = _numbers(Spec(**fields), scene, dice)
    some = dice.rng.permutation(len(debris_densities))[:4]
    return replace(
        spec,
        spike_densities=tuple(spike_densities) if dice.chance(0.35) else (),
        debris_densities=tuple(debris_densities[i] for i in some) if dice.chance(0.5) else (),
    )


def _envelopes(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    coronavirus = scene == "layer" or dice.chance(0.6)
    size = dice.between(350, 520) if coronavirus else dice.one(dice.between(280, 480), dice.between(500, 900))
    return {
        "radius": (0.88 * size, 1.12 * size),
        "elongation": dice.between(0, 0.15) if dice.chance(0.5) else dice.between(0.1, 0.45),
        "bumps": dice.between(0, 0.05) if dice.chance(0.75) else dice.between(0.03, 0.12),
        "filamentous": dice.between(0.2, 1) if dice.chance(0.1) else 0.0,
        "aspect": (1.8, dice.between(2, 5)),
        "broken": 0.3 if dice.chance(0.12) else 0.0,
        "clearance": (dice.between(-20, 120), dice.between(100, 300 if scene == "layer" else 400)),
        "touching": dice.between(0.2, 0.8) if dice.chance(0.5 if scene == "layer" else 0.3) else 0.0,
        "cut": dice.between(0, 1.3) if dice.chance(0.8) else 0.0,
    }


def _membranes(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    # At the usual resolution and defocus most bilayers are one dark line.
    merged = dice.chance(0.5)
    weak = dice.between(0.4, 1) if dice.chance(0.4) else 1.0
    contrast = weak * (dice.between(0.3, 0.8) if merged else dice.between(0.4, 1.1))
    spacing = dice.between(33, 48)
    depth = dice.between(38, 75)
    return {
        "leaflet_spacing": (spacing, spacing + 4),
        "leaflet_width": dice.between(10, 18) if merged else dice.between(6, 10),
        "membrane_contrast": (contrast, 1.25 * contrast),
        "membrane_grain": dice.between(0, 0.3) if dice.chance(0.85) else dice.between(0.3, 0.6),
        "membrane_protein": weak * (dice.between(0.1, 0.9) if merged else dice.between(0, 0.35)),
        "membrane_patches": dice.between(0, 0.3) if dice.chance(0.7) else dice.between(0.3, 0.9),
        "matrix": dice.between(0.2, 0.9) if dice.chance(0.35) else 0.0,
        "matrix_depth": (depth, depth + 8),
        "peripheral": dice.scale(2, 40) if dice.chance(0.7 if scene == "membrane" else 0.35) else 0.0,
        "grain_size": dice.between(9, 28),
    }


def _spikes(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    visible = hardness < 0.45
    most = int(dice.rng.integers(22, 61)) if visible else int(dice.rng.integers(0, 61))
    length = dice.between(190, 245) if dice.chance(0.75) else dice.between(90, 280)
    return {
        "spikes": (int(0.6 * most), most),
        "spike_kind": dice.one("closed", "closed", "open", "open", "mixed", "mixed", "club", "rod"),
        "spike_length": (0.92 * length, 1.08 * length),
        "spike_width": dice.between(0.8, 1.2),
        "spike_tilt": (dice.between(0, 45), dice.between(5, 25)),
        "spike_clustering": dice.between(0, 0.8) if dice.chance(0.3) else 0.0,
        # Bright membranes do not promise bright spikes: they are protein, and a lone trimer is often fainter than a leaflet.
        "spike_contrast": dice.scale(0.7, 2.6),
    }


def _insides(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    most = int(dice.rng.integers(12, 70))
    fullness = dice.between(0, 0.8)
    return {
        "core": dice.one("rnp", "rnp", "rnp", "rnp", "filament", "filament", "cone", "dense", "empty"),
        "rnp": (int(fullness * most), most),
        "core_contrast": dice.between(0.2, 1.2),
        "lumen_density": dice.between(-0.12, 0.35),
        "vesicle_filling": dice.between(-0.1, 0.25),
        "vesicle_contents": dice.scale(5, 250) if dice.chance(0.8 if scene == "membrane" else 0.5) else 0.0,
        "nested": 0.5 if dice.chance(0.2) else 0.0,
    }


def _surroundings(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    crowded = scene == "cell" or dice.chance(0.6 if scene == "membrane" else 0.25 * hardness)
    return {
        "debris": dice.scale(40, 320) if crowded else dice.scale(0.5, 40),
        "debris_size": (dice.between(30, 60), dice.between(70, 250) if scene == "cell" else dice.between(70, 140)),
        "debris_contrast": dice.between(0.6, 2.0),
        "nearby": dice.scale(1, 12) if dice.chance(0.5) else 0.0,
        "free_spikes": int(dice.rng.poisson(6)) if dice.chance(0.3) else 0,
        "filaments": int(dice.rng.integers(1, 8)) if scene == "cell" or dice.chance(0.15) else 0,
        # Streaks of gold in plain ice are what looks most like membranes and spikes where there are none.
        "gold": int(dice.rng.integers(1, 5)) if dice.chance(0.7 if scene == "ice" else 0.25) else 0,
        "gold_radius": dice.one(25.0, 50.0, 50.0, 75.0),
        "carbon": dice.between(0.05, 0.5) if dice.chance(0.2 if scene == "ice" else 0.1) else 0.0,
        "ice_texture": dice.between(0, 0.2),
        "ice_gradient": dice.between(0, 0.8) if dice.chance(0.3) else dice.between(0, 0.25),
        "adsorbed": dice.scale(2, 60) if dice.chance(0.35) else 0.0,
        "contamination": int(dice.rng.integers(1, 4)) if dice.chance(0.12) else 0,
    }


def _microscope(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    high, low = dice.between(40, 66), dice.between(40, 66)
    if dice.chance(0.7):
        low = high
    return {
        "tilt_range": (-low, high),
        # Most programs lay the tilt axis along an edge.
        "tilt_axis": dice.one(0.0, 90.0) if dice.chance(0.8) else dice.between(-90, 90),
        "tilt_step": dice.one(2.0, 3.0, 3.0, 3.0),
        "scheme": dice.one("dose-symmetric", "dose-symmetric", "bidirectional", "continuous"),
        "exposure": dice.between(60, 160),
        "defocus": dice.between(2, 6.5),
        "defocus_error": dice.between(0, 0.15),
        "amplitude_contrast": dice.between(0.07, 0.12),
        "correction": dice.one("none", "none", "flip", "flip", "wiener"),
        # Per pixel of 10 A; smaller ones see more noise.
        "snr": float(np.exp(np.log(3.5) - hardness * np.log(70) + dice.rng.normal(0, 0.35))),
        "noise_falloff": dice.between(0, 2.5) if dice.chance(0.6) else 0.0,
        "misalignment": dice.between(0, 0.6) if dice.chance(0.7) else dice.between(0.5, 1.3),
    }


def _reconstruction(dice: Dice, scene: Scene, hardness: float) -> dict[str, Any]:
    return {
        "filter": dice.one("ramp", "hamming", "sirt"),
        "iterations": int(dice.rng.integers(5, 40)),
        "filter_floor": dice.between(0.005, 0.05) if dice.chance(0.35) else 0.0,
        "lowpass": dice.between(25, 60) if dice.chance(0.35) else 0.0,
        "diffusion": int(dice.rng.integers(3, 10)) if dice.chance(0.12) else 0,
    }


def _numbers(spec: Spec, scene: Scene, dice: Dice) -> Spec:
    """Fill in what depends on the size of the field: how many envelopes there are and how thick the ice is."""
    depth, height, width = (n * spec.voxel_size for n in spec.shape)
    size = sum(spec.radius) / 2
    # As many as would lie in one layer of the field, more or less.
    room = height * width / (2 * size + 250) ** 2
    thick = depth * dice.between(0.5, 1) if dice.chance(0.35) else max(depth, dice.between(800, 3000))
    virions, vesicles = 0, int(dice.rng.integers(1, 6))
    vesicle_radius = dice.one((120.0, 350.0), (250.0, 600.0), (500.0, 1600.0), (1200.0, 2500.0))
    if scene == "virions":
        virions = dice.rng.poisson(0.8 * room * max(1.0, depth / (2 * size + 250))) + 1
        vesicles = int(dice.rng.poisson(0.5))
    elif scene == "layer":
        virions = dice.rng.poisson(1.3 * room) + 1
        vesicles = int(dice.rng.poisson(0.25))
        thick = 2 * size + dice.between(150, 700)
    elif scene == "membrane":
        vesicles = int(dice.rng.integers(1, 3))
        vesicle_radius = dice.one((600.0, 1200.0), (1000.0, 2600.0), (1400.0, 1900.0))
    elif scene == "ice":
        vesicles = 0
    return replace(
        spec,
        virions=int(min(virions, 14)),
        vesicles=vesicles,
        vesicle_radius=vesicle_radius,
        ice_thickness=float(thick),
        snr=spec.snr * (spec.voxel_size / 10) ** 1.5,
    )
