"""How large a voxel is, where files do not agree or do not know: one answer for a tomogram and its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

_ASK = "give the true one (--voxel-size, or the Data panel)."
SIZE_UNSET = f"The header states no voxel size: 1 Å is assumed, lengths are guesses; {_ASK}"
SIZE_ONE = f"The header says 1 Å per voxel exactly, as programs do that do not know; {_ASK}"
SIZE_UNKNOWN = f"The file states no believable voxel size, so lengths are guesses; {_ASK}"
BELIEVABLE = (0.01, 1e6)  # angstrom: from a fraction of an atom to a tenth of a millimetre
GUESSES = (SIZE_UNSET, SIZE_ONE, SIZE_UNKNOWN)  # sentences that no longer hold once somebody knows
SAME_BOX = 0.06  # by how much the edges of two boxes may differ that are taken for the same, when a voxel size is unknown
DIFFER = 0.01  # by this share, two voxel sizes are not the same one rounded
WHOLE = 0.02  # this near to a whole number, the ratio of two lattices is a binning


def believable(sizes: Sequence[float]) -> bool:
    """Whether these (A) can be the edges of a voxel at all: others come from headers that were never set."""
    return all(BELIEVABLE[0] <= size <= BELIEVABLE[1] for size in sizes)  # False of NaN


def with_size(volume: Volume, size: float | Triple, why: str) -> Volume:
    """Return a volume with another voxel size (A; one number or (z, y, x)), and the sentence that says why among its notes."""
    notes = tuple(note for note in volume.notes if note not in GUESSES)
    return replace(volume, grid=volume.grid.with_voxel_size(size), notes=(*notes, why))


def agreed(volume: Volume, segmentation: Segmentation) -> tuple[Volume, Segmentation]:
    """Return a tomogram and its classes with one voxel size, where only one of them knows it and both have the same voxels.

    Where it is the classes, a sentence among the volume's notes says so.
    """
    if volume.grid.shape != segmentation.shape:
        return volume, segmentation
    mine, theirs = volume.grid, segmentation.grid
    if theirs.voxel_size_known and not mine.voxel_size_known:
        why = f"The file does not know its voxel size; {said(theirs)} is what its classes say."
        return with_size(volume, theirs.voxel_size, why), segmentation
    if mine.voxel_size_known and not theirs.voxel_size_known:
        return volume, replace(segmentation, grid=mine)
    return volume, segmentation


def laid(volume: Volume, segmentation: Segmentation) -> tuple[Volume, Segmentation]:
    """Return a tomogram and classes from a file that lie on its voxels: on one grid, the tomogram's.

    Their voxel size is `agreed`; where both know one and it is not the same, that of the tomogram is taken and a note says so.

    Raises:
        VolvizError: they have other voxels.
    """
    if segmentation.shape != volume.grid.shape:
        raise VolvizError(
            f"{segmentation.name or 'The segmentation'} has {segmentation.shape} voxels (z, y, x) and the tomogram {volume.grid.shape}; "
            "it was made from another tomogram, or another binning."
        )
    volume, segmentation = agreed(volume, segmentation)
    mine, theirs = volume.grid, segmentation.grid
    if theirs.voxel_size_known and not np.allclose(mine.voxel_size, theirs.voxel_size, rtol=DIFFER):
        note = f"Its classes say {said(theirs)} per voxel, the tomogram {said(mine)}, which is what is used."
        volume = replace(volume, notes=(*(n for n in volume.notes if n != note), note))
    return volume, replace(segmentation, grid=mine)


def sized_as(grid: Grid, others: Sequence[Grid]) -> Grid:
    """Return a grid that does not know its voxel size with that of the first of others over the same box that does.

    The others may be binned: a ratio near a whole number is taken for it. If none knows, the grid is as it was.
    """
    known = next((other for other in others if other.voxel_size_known), None)
    if grid.voxel_size_known or known is None:
        return grid
    if known.shape == grid.shape:
        return grid.with_voxel_size(known.voxel_size)
    ratios = np.asarray(known.shape) / np.asarray(grid.shape)
    if ratios.max() / ratios.min() > 1 + SAME_BOX:
        return grid
    ratio = float(np.prod(ratios) ** (1 / 3))
    whole = round(ratio) if ratio >= 1 else 1 / round(1 / ratio)
    times = whole if abs(ratio / whole - 1) < WHOLE else ratio
    return grid.with_voxel_size([size * times for size in known.voxel_size])


def said(grid: Grid) -> str:
    """Return a voxel size in words."""
    z, y, x = grid.voxel_size
    return f"{x:.4g} Å" if len({x, y, z}) == 1 else f"{x:.4g} × {y:.4g} × {z:.4g} Å"
