"""Which examples teach, which choose the best weights, and which are kept for the scores at the end."""

from __future__ import annotations

from dataclasses import dataclass

from volviz.core.errors import VolvizError
from volviz.segment.nn.crops import WHOLE, Part

# Nguyen et al. 2022 divide 60 tomograms into 50, 5 and 5.
_HELD_OUT = 1 / 12
# With fewer tomograms than this a part of each is held out: one alone says little about others.
_FEW = 6
_TRAINING, _VALIDATION, _TEST = (0.0, 0.75), (0.75, 0.875), (0.875, 1.0)


@dataclass(frozen=True, slots=True)
class Division:
    """The first examples validate, the next are tested, all others teach; or a slab of each example does one and one the other."""

    validation: tuple[tuple[int, Part], ...]
    test: tuple[tuple[int, Part], ...]
    first: int = 0
    part: Part = WHOLE

    @classmethod
    def of(cls, examples: int, held_out: int | None, tested: int | None) -> Division:
        """Divide so many examples.

        Where nobody says how many are held out: a twelfth for each of validation and test, as in the paper; of fewer than
        six examples, or with 0 held out, an eighth of each example.

        Raises:
            VolvizError: too few are left to learn from.
        """
        if held_out == 0 or (held_out is None and examples < _FEW):
            validation = tuple((i, _VALIDATION if tested != 0 else (_TRAINING[1], 1.0)) for i in range(examples))
            return cls(validation, tuple((i, _TEST) for i in range(examples)) if tested != 0 else (), part=_TRAINING)
        if held_out is None:
            held_out = max(1, round(examples * _HELD_OUT))
            tested = held_out if tested is None else tested
        first = held_out + (tested or 0)
        if examples <= first:
            raise VolvizError(f"{examples} labelled tomograms are too few when {first} are held out: give more, or hold out fewer.")
        return cls(tuple((i, WHOLE) for i in range(held_out)), tuple((i, WHOLE) for i in range(held_out, first)), first)
