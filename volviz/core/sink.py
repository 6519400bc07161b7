"""Where finished bricks of a segmentation, or of a volume, go while the rest is still being computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Kind, Label


class Sink(Protocol):
    """A file being written, or a picture being filled.

    ``begin`` once, ``write`` for every region exactly once, in any order, then either ``finish`` or ``abort``.
    """

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room for a segmentation of this grid and these classes."""

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Take the final classes (class, z, y, x) of a region, uint8 or uint16 as `Segmentation` stores them."""

    def finish(self) -> None:
        """All regions were written: make the result appear under its name."""

    def abort(self) -> None:
        """Leave nothing behind."""


@runtime_checkable
class Filled(Protocol):
    """What a sink has beside the rest if it need not be handed background, which may be nearly all, voxel by voxel."""

    def fill(self, region: Region) -> None:
        """Take a region as written with the first class alone."""


@runtime_checkable
class OnDisk(Protocol):
    """What a sink has beside the rest if what it leaves may be more than the disk has room for."""

    @property
    def place(self) -> Path:
        """Where it goes."""

    @property
    def otherwise(self) -> str:
        """What a person can do if there is no room for it, as the end of a sentence."""

    def room(self, grid: Grid, labels: tuple[Label, ...]) -> int:
        """Return how many bytes on the disk a result for this grid and these classes takes, or of what is compressed at least may take."""


class VolumeSink(Protocol):
    """Takes one number per voxel: ``begin`` once, ``write`` for every region exactly once, then ``finish`` or ``abort``."""

    def begin(self, grid: Grid) -> None:
        """Make room for a volume of this grid."""

    def write(self, region: Region, values: npt.NDArray[np.float32]) -> None:
        """Take the final values (z, y, x) of a region."""

    def finish(self) -> None:
        """All regions were written: make the result appear under its name."""

    def abort(self) -> None:
        """Leave nothing behind."""
