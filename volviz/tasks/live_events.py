"""What a live session says to whoever listens. Called from the session's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volviz.core.grid import Region
from volviz.core.segmentation import Segmentation

if TYPE_CHECKING:
    from volviz.segment.suggest import Suggestions


@dataclass(frozen=True, slots=True)
class Waiting:
    """The marks do not suffice to learn from; the sentence says what is missing."""

    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Began:
    """The classes are others than before: this segmentation fills up from now on, region by region, in place."""

    segmentation: Segmentation


@dataclass(frozen=True, slots=True)
class Learnt:
    """A forest stands, from so many marked voxels of each class: a quick one of a few trees, or the whole."""

    voxels: Mapping[str, int]
    trees: int
    quick: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """A region of the segmentation's data has new values. Regions come again with every stroke, and overlap."""

    region: Region
    quick: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work in the background is (0 to 1), and what it is."""

    fraction: float
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """The whole volume is classified with the latest marks, by the whole forest."""

    segmentation: Segmentation


@dataclass(frozen=True, slots=True, eq=False)
class Suggested:
    """The answer to `Live.suggest`."""

    suggestions: Suggestions


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person may want to know."""

    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """The session has ended with an error."""

    error: Exception


Event = Waiting | Began | Learnt | Wrote | Progress | Done | Suggested | Noted | Failed
