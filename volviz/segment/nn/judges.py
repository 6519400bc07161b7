"""Examples as a network is taught by them, and what judges it: marks that were held back, where there are any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from volviz.core.annotations import Dense, Example
from volviz.segment.held_back import divide
from volviz.segment.nn.crops import WHOLE, Crops, Part, Trust, dense_labels
from volviz.segment.overlaid import judging, taught


@dataclass(frozen=True, slots=True)
class Taught(Sequence[Example]):
    """Examples, in which marks overrule dense labels, and a share of the marks is held back. There may be more of them later."""

    examples: Sequence[Example]
    share: float = 0.0

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        return taught(self.examples[i], self.share)


@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """Examples of which nothing is known but marks that were held back, their numbers among all, and a sentence on them."""

    examples: tuple[Example, ...]
    numbers: tuple[int, ...]
    told: str

    @classmethod
    def of(cls, examples: Sequence[Example], share: float) -> Judges | None:
        """Hold marks back, if there are enough that one of a structure is among them; else None.

        Raises:
            VolvizError: the share is none.
        """
        found: dict[int, Example] = {}
        counts: Counter[str] = Counter()
        for i in range(len(examples)):
            there = judging(examples[i], share) if any(examples[i].marks) else None
            if there is not None:
                found[i] = there
                counts += divide(examples[i].people, share).counts
        if not any(name != dense_labels(there).labels[0].name for there in found.values() for name in counts):
            return None
        told = f"judged by marks that were held back: {', '.join(f'{n} of {name}' for name, n in counts.items())}"
        if any(_learnt(one, share) for i in found for one in examples[i].annotations if isinstance(one, Dense)):
            told += "; the forest that made the labels learnt from them, so the scores flatter"
        return cls(tuple(found.values()), tuple(found), told)

    @property
    def parts(self) -> list[tuple[int, Part]]:
        """What `Judge.some` wants to know."""
        return [(k, WHOLE) for k in range(len(self.examples))]

    def crops(self, teaching: Crops) -> Crops:
        """Return crops like those that teach, of what judges."""
        signs = teaching.signs if isinstance(teaching.signs, int) else [teaching.signs[i] for i in self.numbers]
        return replace(teaching, examples=self.examples, signs=signs, trust=Trust(), sources={})


def _learnt(dense: Dense, share: float) -> bool:
    """Tell whether labels were made by a forest that learnt from marks which a network holds back."""
    said = dense.segmentation.provenance
    return said.get("method") == "scribble-forest" and float(said.get("held_back", 0.0)) != share
