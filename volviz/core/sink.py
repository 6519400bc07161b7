"""Where finished bricks of a segmentation go while the rest is still being computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

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
