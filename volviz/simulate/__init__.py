"""Simulated tomograms of virions, with soft labels."""

from __future__ import annotations

from volviz.simulate.randomise import Difficulty, Scene, random_spec
from volviz.simulate.spec import Spec
from volviz.simulate.tomogram import simulate

__all__ = ["Difficulty", "Scene", "Spec", "random_spec", "simulate"]
