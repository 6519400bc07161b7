"""How the numbers of a foreign file become the probability of a class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError

Kind = Literal["range", "score", "mask", "label"]
MOST_LABELS = 32  # different whole numbers; more are shades or objects, not classes
FEW_LABELS = 4  # so few different numbers are labels however large they are
PEAKED = 0.3  # of the voxels: so many of them a class leaves at one end of its scale, and a density never
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read numbers as probabilities, 0..1.

    "range": in proportion between ``low``, which is 0, and ``high``, which is 1. "score": 0.5 at ``low``, and a logistic curve
    about it, as of a network's outputs before their sigmoid. "mask": 1 above ``low``, else 0. "label": 1 where the number is
    ``low``, else 0.
    """

    kind: Kind = "range"
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Reading:
        """Read ``0..255``, ``score>0``, ``mask>0.5`` or ``label=3``.

        Raises:
            VolvizError: it is none of these.
        """
        plain = text.replace(" ", "")
        if (found := re.fullmatch(rf"({_NUMBER}?)\.\.({_NUMBER})", plain)) and found[1] and float(found[1]) != float(found[2]):
            return cls("range", float(found[1]), float(found[2]))
        if found := re.fullmatch(rf"(score|mask)>({_NUMBER})", plain):
            return cls("score" if found[1] == "score" else "mask", float(found[2]))
        if found := re.fullmatch(r"label=(-?\d+)", plain):
            return cls("label", float(found[1]))
        raise VolvizError(f"'{text}' is no scale of a class; write 0..1, 0..255, score>0, mask>0.5 or label=3.")

    def __str__(self) -> str:
        if self.kind == "range":
            return f"{self.low:g}..{self.high:g}"
        return f"label={self.low:g}" if self.kind == "label" else f"{self.kind}>{self.low:g}"

    def probability(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return numbers as probabilities of the same shape. What is not finite is 0."""
        plain = np.asarray(values, dtype=np.float32)
        if self.kind == "range":
            found = np.clip((plain - np.float32(self.low)) / np.float32(self.high - self.low), 0, 1)
        elif self.kind == "score":
            found = 1 / (1 + np.exp(np.clip(np.float32(self.low) - plain, -60, 60)))
        elif self.kind == "mask":
            found = (plain > self.low).astype(np.float32)
        else:
            found = (np.rint(plain) == self.low).astype(np.float32)
        return np.asarray(np.where(np.isfinite(plain), found, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a sample of a volume's numbers suggests. ``numbers`` are those of its classes if it is a volume of labels."""

    reading: Reading
    is_class: bool
    why: str
    numbers: tuple[int, ...] = ()


def guess(values: npt.NDArray[Any], dtype: npt.DTypeLike) -> Guess:
    """Guess from a sample of a volume, of whatever type it is stored as, whether it is a class and how to read it."""
    plain = np.asarray(values, dtype=np.float32).ravel()
    plain = plain[np.isfinite(plain)]
    if not plain.size:
        return Guess(Reading(), False, "it holds no finite number")
    low, high = float(plain.min()), float(plain.max())
    whole = bool((plain == np.rint(plain)).all())
    different = np.unique(plain) if whole else np.zeros(MOST_LABELS + 2)
    few = different.size - 1 <= FEW_LABELS or (high <= MOST_LABELS and different.size <= MOST_LABELS)
    if low == 0 and whole and few and high > 0:
        numbers = tuple(int(v) for v in different if v > 0)
        if len(numbers) == 1:
            return Guess(Reading("mask", numbers[0] / 2), True, f"only the numbers 0 and {numbers[0]} occur: a mask", numbers)
        return Guess(Reading("label", numbers[0]), True, f"whole numbers {_few(numbers)}: labels", numbers)
    at_ends = float(np.mean(plain <= low + 0.01 * (high - low))), float(np.mean(plain >= high - 0.01 * (high - low)))
    peaked = max(at_ends) >= PEAKED
    if low >= -0.02 and high <= 1.02:
        return Guess(Reading("range", 0, 1), peaked or not whole, f"values from {low:.3g} to {high:.3g}: probabilities")
    for most in (255, 65535):
        if whole and low >= 0 and high <= most and np.dtype(dtype).kind in "iuf":
            full = 127 if np.dtype(dtype) == np.int8 else most
            return Guess(Reading("range", 0, full), peaked, f"whole numbers up to {high:g}: 0..{full}")
    if low < 0 < high:
        return Guess(Reading("score", 0.0), False, f"values from {low:.3g} to {high:.3g}, on both sides of 0: scores, if it is a class")
    bottom, top = min(low, 0.0), max(high, 0.0)
    return Guess(Reading("range", bottom, top if top > bottom else bottom + 1), peaked, f"values from {low:.3g} to {high:.3g}")


def _few(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers)) if len(numbers) <= 5 else f"{numbers[0]} to {numbers[-1]}"
