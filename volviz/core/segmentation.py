"""What every voxel probably is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.errors import check_choice
from volviz.core.grid import Grid, Region, Shape, Triple
from volviz.core.volume import ArrayLike, type_of

Kind = Literal["probability", "score"]
Bits = Literal[8, 16]


@dataclass(frozen=True, slots=True)
class Label:
    """One class: its name, the colour it has unless told otherwise (r, g, b in 0..1, sRGB), an ontology identifier."""

    name: str
    color: Triple = (0.7, 0.7, 0.7)
    identifier: str = ""


def listed(names: str | Sequence[str]) -> list[str]:
    """Return names as a list: one that was given by itself is one name, and not its letters."""
    return [names] if isinstance(names, str) else list(names)


# The convention of the bundled model and of label files: 0, 1, 2, 3. Colours are those of the paper's figures, lifted
# where a dark ground would swallow them.
BACKGROUND = Label("background", (0.5, 0.5, 0.5))
MEMBRANE = Label("membrane", (0.86, 0.67, 0.73), "GO:0019031")
SPIKES = Label("spikes", (0.84, 0.19, 0.32), "GO:0019031")
LUMEN = Label("lumen", (0.24, 0.40, 0.82))
VIRION_LABELS = (BACKGROUND, MEMBRANE, SPIKES, LUMEN)


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """Objects told apart: ``ids`` int32 (z, y, x), 0 = none, and one row of the table for each id."""

    ids: ArrayLike
    table: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: its id, class, score in 0..1, box in voxels and centre in angstrom."""

    id: int
    label: str
    score: float
    box: Region
    centre_xyz: Triple


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Soft classes on a grid: ``data`` is (class, z, y, x) uint8 or uint16, 0..255 or 0..65535 for 0..1.

    Kind "probability": the classes of a voxel sum to one (stored bytes to 1 +- 2/255), the first is the background.
    Kind "score": signed heat in -1..1, stored around 128 or 32768, which sums to nothing.
    volviz makes bytes, which is as fine as the eye can tell, unless told otherwise; 16 bits are drawn and written as such.
    ``provenance`` says how it was made; ``source`` is the tomogram it was made from.
    """

    grid: Grid
    data: ArrayLike
    labels: tuple[Label, ...] = VIRION_LABELS
    kind: Kind = "probability"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    source: Path | None = None
    instances: Instances | None = None
    name: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dtype = type_of(self.data)
        if tuple(self.data.shape) != (len(self.labels), *self.grid.shape):
            raise ValueError(f"{len(self.labels)} classes on a grid of {self.grid.shape} need another shape than {tuple(self.data.shape)}")
        if dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
            raise ValueError(f"classes are stored as uint8 or uint16, not {self.data.dtype}")
        if len({label.name for label in self.labels}) != len(self.labels):
            raise ValueError("two classes have the same name")

    @classmethod
    def of_probabilities(
        cls,
        grid: Grid,
        probabilities: npt.ArrayLike,
        labels: tuple[Label, ...] = VIRION_LABELS,
        bits: Bits = 8,
        **rest: Any,
    ) -> Segmentation:
        """Store probabilities (class, z, y, x) in 0..1, the background first.

        Raises:
            ValueError: some are no numbers, or their shape fits neither the grid nor the labels.
            VolvizError: they are to have other than 8 or 16 bits.
        """
        check_choice("How many bits the classes have", bits, (8, 16))
        stored = np.rint(np.clip(np.asarray(probabilities), 0, 1) * (2**bits - 1))
        if not np.isfinite(stored).all():
            raise ValueError("a probability is a number from 0 to 1, and some of these are none (NaN)")
        return cls(grid, stored.astype(f"u{bits // 8}"), labels, **rest)

    def index(self, name: str) -> int:
        """Return the number of the class of this name.

        Raises:
            KeyError: there is none.
        """
        for i, label in enumerate(self.labels):
            if label.name == name:
                return i
        raise KeyError(name)

    @property
    def bits(self) -> Bits:
        """How fine ``data`` are."""
        return 8 if np.dtype(self.data.dtype).itemsize == 1 else 16

    @property
    def most(self) -> int:
        """The largest value that ``data`` can hold: 255 or 65535."""
        return int(np.iinfo(self.data.dtype).max)

    def values(self, stored: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return what stored values mean: probabilities 0..1, or scores -1..1."""
        plain = np.asarray(stored, dtype=np.float32)
        half = (self.most + 1) // 2
        return (plain - np.float32(half)) / np.float32(half - 1) if self.kind == "score" else plain / np.float32(self.most)

    def stored(self, value: float) -> float:
        """Return as which share 0..1 of ``most`` a probability or a score is stored."""
        half = (self.most + 1) // 2
        return (half + (half - 1) * value) / self.most if self.kind == "score" else value

    def as_bytes(self, stored: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return stored values as those of a segmentation of bytes."""
        if self.most == 255:
            return np.asarray(stored, dtype=np.uint8)
        values = self.values(stored)
        return np.rint(np.clip(values * 127 + 128 if self.kind == "score" else values * 255, 0, 255)).astype(np.uint8)

    @property
    def drawn(self) -> tuple[Label, ...]:
        """The classes that are drawn: all of a score volume, all but the background of probabilities."""
        return self.labels if self.kind == "score" else self.labels[1:]

    def probabilities(self, region: Region | None = None) -> npt.NDArray[np.float32]:
        """Read a region (z, y, x), or everything, as float32 (class, z, y, x): normalised to sum one, or signed scores in -1..1."""
        part = np.asarray(self.data[(slice(None), *(region or Region.whole(self.grid.shape)).slices)], dtype=np.float32)
        if self.kind == "score":
            return self.values(part)
        return np.asarray(part / np.maximum(part.sum(axis=0, keepdims=True), 1), dtype=np.float32)

    def hard(self, region: Region | None = None) -> npt.NDArray[np.uint8]:
        """Return the most probable class of every voxel, (z, y, x) uint8. A score's class is taken where it is positive, else 255."""
        part = np.asarray(self.data[(slice(None), *(region or Region.whole(self.grid.shape)).slices)])
        best: npt.NDArray[np.uint8] = part.argmax(axis=0).astype(np.uint8)
        if self.kind == "score":
            best[part.max(axis=0) <= (self.most + 1) // 2] = 255
        return best

    def entropy(self, region: Region | None = None) -> npt.NDArray[np.float32]:
        """Return the uncertainty of every voxel, (z, y, x): Shannon entropy over its maximum, 0 sure to 1 no idea.

        Raises:
            ValueError: the volume holds scores, which have no entropy.
        """
        if self.kind == "score":
            raise ValueError("signed scores have no entropy")
        p = self.probabilities(region)
        terms = p * np.log(np.maximum(p, 1e-9))
        return np.asarray(-terms.sum(axis=0) / np.log(max(2, len(self.labels))), dtype=np.float32)

    def margin(self, region: Region | None = None) -> npt.NDArray[np.float32]:
        """Return the uncertainty of every voxel, (z, y, x): one less the lead of the most probable class over the next.

        Raises:
            ValueError: the volume holds scores, which have no margin.
        """
        if self.kind == "score":
            raise ValueError("signed scores have no margin")
        p = np.partition(self.probabilities(region), -2, axis=0)
        return np.asarray(1 - (p[-1] - p[-2]), dtype=np.float32)

    @property
    def shape(self) -> Shape:
        """Number of voxels (z, y, x)."""
        return self.grid.shape
