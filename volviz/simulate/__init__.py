"""Simulated tomograms of virions, with soft labels."""

from __future__ import annotations

from volviz.simulate.fields import checked, parse
from volviz.simulate.randomise import Difficulty, Scene, random_spec
from volviz.simulate.spec import Spec
from volviz.simulate.structures import is_atomic_model
from volviz.simulate.tomogram import simulate

__all__ = ["Difficulty", "Scene", "Spec", "checked", "is_atomic_model", "parse", "random_spec", "simulate"]
