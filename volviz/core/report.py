"""How long work says where it is, and hears that it may stop."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Called by long work, often.

    The command line passes a progress bar, the window a signal, a test nothing.

    Raises:
        Cancelled: the person does not want it any more.
    """

    def __call__(self, fraction: float, text: str = "", **metrics: float) -> None:
        """Say that this fraction (0..1) is done, and in a few words what happens now."""


def silent(fraction: float, text: str = "", **metrics: float) -> None:
    """Tell nobody."""


def part(report: Report, start: float, stop: float) -> Report:
    """Return a report for a piece of the work: its 0..1 is start..stop of the whole."""

    def inner(fraction: float, text: str = "", **metrics: float) -> None:
        report(start + (stop - start) * fraction, text, **metrics)

    return inner
