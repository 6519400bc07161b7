"""How well a few typed letters fit a name."""

from __future__ import annotations

START, NEXT, FIRST = 8.0, 9.0, 4.0  # for letters that begin a word, that follow the one before, that begin the name


def fit(typed: str, name: str) -> float | None:
    """Return how well what was typed fits a name, more is better; None if its letters are not in it, in this order.

    Words may be typed in any order: ``light soft`` finds "Softness of light".
    """
    words = typed.lower().split()
    fits = [_fit(word, name.lower()) for word in words]
    if any(found is None for found in fits):
        return None
    return sum(found or 0.0 for found in fits) - 0.02 * len(name)


def _fit(word: str, name: str) -> float | None:
    """Take the best of all places where the first letter may lie; the rest as early as possible after it."""
    best: float | None = None
    for start, letter in enumerate(name):
        if letter != word[0]:
            continue
        found, at = 0.0, start - 1
        for nth, wanted in enumerate(word):
            place = name.find(wanted, at + 1)
            if place < 0:
                break
            begins = place == 0 or not name[place - 1].isalnum()
            found += 1.0 + START * begins + FIRST * (place == 0)
            if nth > 0:
                found += NEXT if place == at + 1 else -0.1 * (place - at - 1)
            at = place
        else:
            best = found if best is None else max(best, found)
    return best
