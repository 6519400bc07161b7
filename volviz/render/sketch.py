"""Lines and dots in space that are drawn over a picture, such as what a person annotated. No OpenGL in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Floats, Triple

HEIGHT = 800  # pixels of a picture in which lines are as wide as they say: others are alike, only larger or smaller


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Lines (n, 6) from x, y, z to x, y, z in angstrom, their sRGB colours (n, 3), and their widths (n,) in pixels
    of a window; in a still or a video those of a picture that is `HEIGHT` pixels high.

    A line without length is a dot.
    """

    ends_xyz: Floats
    colors: Floats
    widths: Floats

    @classmethod
    def of(cls, parts: Iterable[tuple[npt.ArrayLike, Triple, float]]) -> Sketch | None:
        """Return a sketch of parts, each lines (n, 6) of one colour and width; None if there are none."""
        found = [(np.asarray(ends, np.float64).reshape(-1, 6), color, width) for ends, color, width in parts]
        found = [part for part in found if len(part[0])]
        if not found:
            return None
        ends = np.concatenate([ends for ends, _, _ in found])
        colors = np.concatenate([np.tile(color, (len(ends), 1)) for ends, color, _ in found])
        return cls(ends, colors, np.concatenate([np.full(len(ends), width) for ends, _, width in found]))
