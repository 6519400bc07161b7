"""Marks that do not teach, so that they can judge: every so-manieth of each class, and always the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from volviz.core.annotations import Annotation, Example, Lasso, Mark, Stroke, labels_of
from volviz.core.errors import VolvizError

People = tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True, slots=True)
class Divided:
    """What each person marked, divided into what teaches and what judges. Strokes that erase are in both."""

    teaching: People
    judging: People

    @property
    def counts(self) -> Counter[str]:
        """How many marks judge, by class."""
        return Counter(name for marks in self.judging for mark in marks for name in labels_of(mark))


def divide(people: Iterable[Sequence[Annotation]], share: float) -> Divided:
    """Hold back this share of the strokes and outlines of each class and person, at most a half: of a fifth, the 5th, the 10th and so on.

    It depends on the order in which they were made and on nothing else: a forest and a network hold back the same ones,
    and new marks leave the division of the old ones as it was. Objects (boxes, their outlines, points) all teach.

    Raises:
        VolvizError: the share is no share, or more than a half.
    """
    check_share(share)
    every = round(1 / share) if share else 0
    divided = [_of_one([one for one in said if isinstance(one, Mark)], every) for said in people]
    return Divided(tuple(teaching for teaching, _ in divided), tuple(judging for _, judging in divided))


def check_share(share: float) -> None:
    """Refuse what is no share of marks to hold back.

    Raises:
        VolvizError: it is negative, or more than a half.
    """
    if not 0 <= share <= 0.5:
        raise VolvizError(f"--held-back is the share of the marks that judge, from 0 to 0.5, not {share:g}.")


def without(example: Example, share: float) -> Example:
    """Return an example without the marks that are held back from it."""
    if not share:
        return example
    first, *others = divide(example.people, share).teaching
    dense = [one for one in example.annotations if not isinstance(one, Mark)]
    return replace(example, annotations=(*dense, *first), others=tuple(others))


def _of_one(marks: Sequence[Mark], every: int) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    seen: Counter[str] = Counter()
    teaching: list[Mark] = []
    judging: list[Mark] = []
    for mark in marks:
        if isinstance(mark, Stroke) and mark.erases:
            teaching.append(mark)
            judging.append(mark)
        elif every and isinstance(mark, Stroke | Lasso) and not (isinstance(mark, Lasso) and mark.object_id is not None):
            seen[mark.label] += 1
            (judging if seen[mark.label] % every == 0 else teaching).append(mark)
        else:
            teaching.append(mark)
    return tuple(teaching), tuple(judging)
