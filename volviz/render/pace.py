"""How much to draw at a time: resolution and step while things move, and pieces of work that nobody has to wait for."""

from __future__ import annotations

from dataclasses import dataclass

SOFTWARE_SECONDS, CARD_SECONDS = 0.066, 0.033  # a frame while moving may take
SHARE = 0.75  # of that for the march: the host composes its window in the rest
BETTER_BELOW = 0.75  # of what there is: a finer level is taken only if it leaves so much air, or levels would alternate
DEARER, CHEAPER = 0.7, 0.3  # weight of a measurement against what was known: coarser soon, finer with care
SMALLEST = 100 * 100  # pixels: the time for fewer says nothing about more
FIRST_PIXELS = 4096  # of a piece of work, before anything is known
GROWTH = 4.0  # from a piece to the next, at most
ROWS = 8  # a piece is whole rows of compute groups


@dataclass(frozen=True, slots=True)
class Level:
    """How coarse a moving picture is: ``scale`` of its sides, ``step`` between samples in voxels."""

    scale: float
    step: float

    @property
    def work(self) -> float:
        """What a picture costs, as a share of one in full quality: a part of every ray does not depend on its samples."""
        return self.scale**2 * (0.36 + 0.64 / self.step)


LEVELS = (
    Level(1.0, 1.0),
    Level(0.75, 1.0),
    Level(0.75, 1.5),
    Level(0.5, 1.5),
    Level(0.5, 2.0),
    Level(0.375, 2.0),
    Level(0.25, 2.0),
    Level(0.25, 3.0),
)
FIRST = LEVELS.index(Level(0.5, 2.0))


class Pace:
    """Chooses the level of moving pictures from what the last ones took; knows nothing of OpenGL."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._level = FIRST
        self._per_pixel: float | None = None  # in full quality

    @property
    def level(self) -> Level:
        """The level chosen last."""
        return LEVELS[self._level]

    def choose(self, size: tuple[int, int]) -> Level:
        """Return the level at which a picture of this size is drawn in time."""
        if self._per_pixel is None:
            return self.level
        whole, allowed = self._per_pixel * size[0] * size[1], SHARE * self.seconds
        fitting = next((i for i, level in enumerate(LEVELS) if whole * level.work <= allowed), len(LEVELS) - 1)
        if fitting < self._level:
            fitting = next(i for i, level in enumerate(LEVELS) if i >= self._level or whole * level.work <= BETTER_BELOW * allowed)
        self._level = fitting
        return self.level

    def took(self, seconds: float, size: tuple[int, int], level: Level) -> None:
        """Learn from a picture of this size that was drawn at a level."""
        if size[0] * size[1] < SMALLEST:
            return
        unit = seconds / (size[0] * size[1] * level.work)
        known = unit if self._per_pixel is None else self._per_pixel
        self._per_pixel = known + (DEARER if unit > known else CHEAPER) * (unit - known)


class Pieces:
    """Cuts work into bands of rows that take about as long as one may wait for; knows nothing of OpenGL."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._per_pixel: float | None = None
        self._largest = float(FIRST_PIXELS)

    def rows(self, width: int, seconds: float | None = None) -> int:
        """Return how many rows of this width can be drawn in the time (the usual one unless told), at least ``ROWS``."""
        allowed = self.seconds if seconds is None else min(seconds, self.seconds)
        pixels = self._largest if self._per_pixel is None else min(allowed / self._per_pixel, self._largest)
        return max(1, int(pixels / width / ROWS)) * ROWS

    def took(self, seconds: float, pixels: int) -> None:
        """Learn from a band. The dearest of late counts: what comes next may be the thick of it."""
        unit = seconds / pixels
        known = self._per_pixel
        self._per_pixel = unit if known is None or unit > known else known + 0.05 * (unit - known)
        self._largest = GROWTH * max(pixels, FIRST_PIXELS)
