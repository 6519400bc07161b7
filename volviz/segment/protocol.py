"""The shape of every segmenter: it learns from examples and gives back a predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from volviz.core.annotations import Annotation, Example
from volviz.core.grid import Region
from volviz.core.report import Report, silent
from volviz.core.segmentation import Bits, Label, Segmentation
from volviz.core.sink import Sink, VolumeSink
from volviz.core.volume import Volume

Device = Literal["auto", "cuda", "cpu"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Augment = Literal[1, 4, 8]


@dataclass(frozen=True, slots=True)
class Run:
    """How to run, not what to do.

    ``region`` is in voxels of the volume; None is everything. Finished bricks go to ``sink``; without one the result
    is in memory. ``dense_is_dark`` says which sign of the density is matter; None lets the program guess. Classes are
    as fine as ``bits`` says: a byte is as fine as the eye can tell.

    ``z`` is the first slice and the one past the last that hold the specimen; what lies beyond, such as the film of
    protein and ice where ice meets air, is background. Slices between them get what they get without limits.

    ``augment`` is from how many sides every tile is seen: 4 mirrors it in the plane of the slices, which contains the half
    turn about the beam, 8 upside down as well. The mean is slower and steadier. How far these lie apart, as the
    standard deviation (0 to 0.5) of the class where it is largest, goes to ``spread``.
    """

    device: Device = "auto"
    precision: Precision = "auto"
    region: Region | None = None
    sink: Sink | None = None
    report: Report = silent
    dense_is_dark: bool | None = None
    bits: Bits = 8
    z: tuple[int, int] | None = None
    augment: Augment = 1
    spread: VolumeSink | None = None


class Predictor(Protocol):
    """Something fitted: it turns a volume into a segmentation."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes it tells apart, the background first."""

    def predict(self, volume: Volume, run: Run) -> Segmentation:
        """Classify every voxel of ``run.region``, with what lies around the region as context.

        With ``run.sink`` the data go there and the segmentation returned holds everything but them.

        Raises:
            VolvizError: this device cannot run it.
            Cancelled: nothing is left behind.
        """

    def save(self, path: Path) -> None:
        """Write the weights as safetensors and, beside them, the card (.json) by which `models.load` finds the class."""


class Segmenter(Protocol):
    """A frozen dataclass: its fields are its parameters, and so its command-line options and its form.

    It may have a ``check()`` that raises VolvizError for parameters with which nothing can be learnt: it is asked before tomograms
    are simulated or read.
    """

    needs: ClassVar[tuple[type[Annotation], ...]]

    def fit(self, examples: Sequence[Example], run: Run) -> Predictor:
        """Learn.

        Raises:
            VolvizError: the examples lack what this method needs.
            Cancelled: nothing is left behind but checkpoints, from which it can go on. A method that has something to keep by then
                catches `Enough` and returns it.
        """
