"""What a second look, from farther away, says about what is inside something large.

Near a membrane a network sees what it encloses. In the middle of a large vesicle the ice looks like the ice outside, and the
membrane is farther away than the network can see: the lumen ends there, in places with a seam of membrane that is not
there. With voxels twice as large it sees twice as far, at an eighth of the work, but thin membranes and spikes badly.
So it is asked for one thing alone: where it gives one class, the lumen, better odds than even against the background, the odds
of the nearer look are multiplied by these, as those of an independent witness. It may add lumen, never take it away: on
simulations it lost that of whole volumes, where the nearer look was right. Membrane and spikes stay the nearer look's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.grid import Grid, Region
from volviz.segment.resample import Taps, gather, taps

# Neither look can be surer than a thousand to one, or it would overrule the other wherever it is.
_DOUBT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The probabilities of the background and of one class from farther away, (2, z, y, x) float16.

    Of their grid only what ``back`` needs, the taps from there to the voxels of the result.
    """

    number: int
    values: Tensor
    back: tuple[Taps, Taps, Taps]

    @classmethod
    def nothing(cls, number: int, back: tuple[Taps, Taps, Taps]) -> Seen:
        """Return room for what is needed of class ``number`` for the voxels that the taps give."""
        return cls(number, torch.zeros(2, *(taps.stop - taps.start for taps in back), dtype=torch.float16), back)

    @property
    def start(self) -> tuple[int, int, int]:
        """Where the values begin, in voxels of their own grid."""
        return self.back[0].start, self.back[1].start, self.back[2].start

    def itself(self, grid: Grid) -> tuple[Taps, Taps, Taps]:
        """Return the taps that copy from their own grid the part that is kept."""
        z, y, x = (taps(grid, grid, axis).part(along.start, along.stop) for axis, along in enumerate(self.back))
        return z, y, x

    def keep(self, place: Region, values: npt.NDArray[np.float32]) -> None:
        """Keep of what was found, (channel, z, y, x), at a place within the part that is kept."""
        self.values[:, *place.slices] = torch.from_numpy(values[[0, self.number]])

    def settle(self, place: Region, values: Tensor) -> None:
        """Divide anew, in place, what the nearer look left to the class and the background; values (channel, z, y, x) of the result."""
        z, y, x = (along.part(a, b) for along, a, b in zip(self.back, place.start, place.stop, strict=True))
        needed = [slice(along.start - a, along.stop - a) for along, a in zip((z, y, x), self.start, strict=True)]
        ground, label = gather(self.values[:, *needed].float(), (z, y, x), (z.start, y.start, x.start)) + _DOUBT
        ground = torch.minimum(ground, label) * (values[0] + _DOUBT)
        label *= values[self.number] + _DOUBT
        both = values[0] + values[self.number]
        values[self.number] = both * label / (ground + label)
        values[0] = both - values[self.number]
