"""Where a stroke would teach most: places at which a segmentation hesitates, far from what is marked already and from one another.

Going by uncertainty alone, all places would lie where much of the volume is unsure for good, such as the edges of large
objects. So they are drawn at random among the more uncertain ones, and of each class in turn that the segmentation finds.
`benchmarks/suggesting.py` measures what that is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from volviz.core.annotations import Annotation, Dense, Lasso, Stroke
from volviz.core.grid import Grid, Region, Triple, bricks
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.rasterize import UNLABELLED, classes_of, rasterize

Floats = npt.NDArray[np.float32]

STEP = 4  # voxels between two places that are looked at
SMOOTHING = 1.5  # steps: one voxel that hesitates is noise, a neighbourhood is a question
APART = 6.0  # steps between two places, and to a mark
BEST = 0.8  # of the places, those above this share of the others are drawn from
_BRICK = (64, 256, 256)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stroke would teach most.

    Attributes:
        point_xyz: in angstrom.
        uncertainty: of the surroundings, 0 sure to 1 no idea.
        classes: between which two it hesitates, the likelier first.
    """

    point_xyz: Triple
    uncertainty: float
    classes: tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Suggestions:
    """Places, best first, and what they were found in.

    Attributes:
        places: of each class in turn that is found there, apart from one another and from what is marked.
        uncertainty: 0 sure to 1 no idea, on a coarser grid over the same space.
        seen: which share of the volume was looked at; elsewhere the uncertainty is 0.
    """

    places: tuple[Place, ...]
    uncertainty: Volume
    seen: float


def lattice(grid: Grid, step: int = STEP) -> Grid:
    """Return the grid of every so-manieth voxel along each axis, the first of them in the middle of the first step."""
    first = [min(step // 2, n - 1) for n in grid.shape]
    shape = [(n - 1 - f) // step + 1 for n, f in zip(grid.shape, first, strict=True)]
    origin = np.asarray(grid.origin) + np.asarray(first) * grid.voxel_size
    size = np.asarray(grid.voxel_size) * step
    return Grid((shape[0], shape[1], shape[2]), tuple(size.tolist()), tuple(origin.tolist()), grid.voxel_size_known)


def suggest(segmentation: Segmentation, annotations: Sequence[Annotation] = (), count: int = 8) -> Suggestions:
    """Return where a stroke would teach most, going by any segmentation into probabilities.

    Args:
        segmentation: of which the uncertainty is taken; it may lie on disk.
        annotations: what is marked already.
        count: how many places at the most.

    Raises:
        ValueError: it holds scores, which do not say how sure they are.
    """
    if segmentation.kind == "score":
        raise ValueError("signed scores do not say how sure they are")
    grid = lattice(segmentation.grid)
    votes = np.empty((len(segmentation.labels), *grid.shape), np.float32)
    first = [min(STEP // 2, n - 1) for n in segmentation.grid.shape]
    for brick in bricks(grid.shape, [n // STEP for n in _BRICK]):
        z, y, x = (slice(a * STEP + f, (b - 1) * STEP + f + 1) for a, b, f in zip(brick.start, brick.stop, first, strict=True))
        found = np.asarray(segmentation.data[:, z, y, x][:, ::STEP, ::STEP, ::STEP], np.float32)
        votes[(slice(None), *brick.slices)] = found / np.maximum(found.sum(axis=0), 1)
    return hesitations(votes, np.ones(grid.shape, bool), grid, segmentation.labels, annotations, count)


def hesitations(
    votes: Floats, seen: npt.NDArray[np.bool_], grid: Grid, labels: Sequence[Label], annotations: Sequence[Annotation], count: int
) -> Suggestions:
    """Return the places of most uncertainty, going by probabilities (class, z, y, x) where they were ``seen``."""
    share = _smooth(seen.astype(np.float32))
    smooth = np.stack([_smooth(np.where(seen, of_class, 0)) for of_class in votes]) / np.maximum(share, 1e-6)
    uncertainty = np.where(seen, _smooth(np.where(seen, _margin(votes), 0)) / np.maximum(share, 1e-6), 0).astype(np.float32)
    score = np.asarray(np.where(seen, uncertainty * _away(grid, annotations), 0), np.float32)
    likely = np.argsort(-smooth, axis=0, kind="stable")[:2]
    rng = np.random.default_rng(0)
    places: list[Place] = []
    z, y, x = np.indices(grid.shape, sparse=True)
    for number in range(count):
        # Of each class in turn, the background last: those that fill little space would else hardly ever come.
        chances = _chances(score, smooth, likely, (number + 1) % len(labels))
        if chances is None:
            break
        k, j, i = (int(n) for n in np.unravel_index(int(rng.choice(chances.size, p=chances.ravel())), grid.shape))
        px, py, pz = grid.to_world((k, j, i)).tolist()
        first, second = (labels[int(of)].name for of in likely[:, k, j, i])
        places.append(Place((px, py, pz), float(uncertainty[k, j, i]), (first, second)))
        score[(z - k) ** 2 + (y - j) ** 2 + (x - i) ** 2 < APART**2] = 0
    return Suggestions(tuple(places), Volume(grid, uncertainty, name="uncertainty"), float(seen.mean()))


def _chances(score: Floats, smooth: npt.NDArray[Any], likely: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.float64] | None:
    """Return with what chance (z, y, x) each place is taken for a class; None if there is no place left.

    Drawn from the best fifth, because the very best are much alike: where two classes blend, or at the border of the volume.
    """
    for found in (score * (likely[0] == number), score * smooth[number], score):
        positive = found[found > 0]
        if positive.size:
            best = np.where(found >= np.quantile(positive, BEST), found, 0).astype(np.float64)
            return np.asarray(best / best.sum())
    return None


def _margin(votes: Floats) -> Floats:
    """Return one less the lead of the likeliest class over the next."""
    two = np.partition(votes, -2, axis=0)
    return np.asarray(1 - (two[-1] - two[-2]), np.float32)


def _smooth(values: Floats) -> Floats:
    return np.asarray(ndimage.gaussian_filter(values, SMOOTHING, mode="constant", truncate=2.5), np.float32)


def _away(grid: Grid, annotations: Sequence[Annotation]) -> Floats:
    """Return how little the surroundings of a place are marked: 0 on a mark, 1 far from all."""
    marks = [_bolder(annotation, max(grid.voxel_size)) for annotation in annotations if not isinstance(annotation, Dense)]
    marked = rasterize(marks, grid, classes_of(marks), Region.whole(grid.shape)) != UNLABELLED
    if not marked.any():
        return np.ones(grid.shape, np.float32)
    distance = ndimage.distance_transform_edt(~marked)
    return np.asarray(np.minimum(distance / APART, 1), np.float32)


def _bolder(annotation: Annotation, thickness: float) -> Annotation:
    """Return a mark that no place on the lattice can slip through."""
    if isinstance(annotation, Stroke):
        return replace(annotation, radius=max(annotation.radius, thickness))
    return replace(annotation, thickness=max(annotation.thickness, 2 * thickness)) if isinstance(annotation, Lasso) else annotation
