"""Objects of a segmentation, counted and compared with the true ones."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import bricks
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.measure.components import CORNERS
from volviz.measure.scores import BRICK, Scores, known_classes, labels_of

ENVELOPE = 5000.0
"""nm^3: the inside of a vesicle of 21 nm diameter. Smaller pieces are no envelopes."""
OBJECT = 50.0
"""nm^3: a tenth of a coronavirus spike. Smaller pieces are no objects."""

Ids = npt.NDArray[np.int32]


def compare_instances(prediction: Segmentation | Volume, truth: Volume, instances: Volume | None = None) -> Scores:
    """Count objects in a segmentation and in hard labels, and how many of them are the same.

    An object is what hangs together by faces, edges or corners of voxels and is large enough. An envelope (virion or
    vesicle) is one piece of lumen of `ENVELOPE` or more: touching envelopes share membrane, but never lumen. Every other
    class but the membrane has objects of its own, of `OBJECT` or more. ``instances``, if given, says which true object a
    voxel belongs to (0 none); it replaces the pieces of every class that it marks.

    Returns, flat, for each kind of object (``envelopes``, ``spikes``): ``instances.KIND.found`` and ``.true``, how many there
    are; ``.matched``, how many share more than half of their union with one of the other side; ``.f1`` of these, the
    recognition quality of Kirillov et al. 2019. All are None if the voxel size is unknown, ``f1`` if there is no object.

    Raises:
        VolvizError: the volumes do not lie on the same voxels, or the labels hold classes the prediction does not know.
    """
    labels = labels_of(prediction)
    grid = truth.grid if truth.grid.voxel_size_known else prediction.grid
    true, found = known_classes(truth, labels, "labels"), known_classes(prediction, labels, "prediction")
    found[true == 255] = 255
    marked = None if instances is None else _marked(instances, truth)
    scores: Scores = {}
    for i, label in enumerate(labels):
        if i == 0 or label.name == "membrane":
            continue
        kind, least = _kind(label)
        key = f"instances.{kind}"
        if not grid.voxel_size_known:
            scores.update({f"{key}.{what}": None for what in ("found", "true", "matched", "f1")})
            continue
        voxels = max(1, math.ceil(1000 * least / float(np.prod(grid.voxel_size))))
        inside = true == i
        real = np.where(inside, marked, 0) if marked is not None and bool(marked[inside].any()) else _pieces(inside)
        count_found, count_true, matched = _matched(_pieces(found == i), real, voxels)
        scores[f"{key}.found"], scores[f"{key}.true"], scores[f"{key}.matched"] = count_found, count_true, matched
        scores[f"{key}.f1"] = 2 * matched / (count_found + count_true) if count_found + count_true else None
    return scores


def _kind(label: Label) -> tuple[str, float]:
    return ("envelopes", ENVELOPE) if label.name == "lumen" else (label.name, OBJECT)


def _pieces(mask: npt.NDArray[np.bool_]) -> Ids:
    from scipy import ndimage  # the window, which counts nothing, shall not wait for it

    ids = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, CORNERS, output=ids)
    return ids


def _matched(found: Ids, true: Ids, voxels: int) -> tuple[int, int, int]:
    """Return how many objects of so many voxels each side has, and how many pairs share more than half of their union."""
    (found, n), (true, m) = _large(found, voxels), _large(true, voxels)
    counts = np.zeros((n + 1) * (m + 1), np.int64)
    for one, other in zip(found, true, strict=True):  # section by section: the pairs take eight bytes a voxel
        counts += np.bincount((one.astype(np.int64) * (m + 1) + other).ravel(), minlength=len(counts))
    common = counts.reshape(n + 1, m + 1)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0) - common
    # More than half: nothing can match twice.
    return n, m, int((2 * common > union)[1:, 1:].sum())


def _large(ids: Ids, voxels: int) -> tuple[Ids, int]:
    """Give new numbers, from 1 up, to the objects of so many voxels or more, and 0 to the others; return how many there are."""
    kept = np.bincount(ids.ravel()) >= voxels
    kept[0] = False
    numbers = np.cumsum(kept, dtype=np.int32) * kept
    return numbers[ids].astype(np.int32), int(kept.sum())


def _marked(instances: Volume, truth: Volume) -> Ids:
    if instances.grid.shape != truth.grid.shape:
        raise VolvizError("The instances and the labels have different numbers of voxels; both must lie on the same grid.")
    ids = np.empty(instances.grid.shape, np.int32)
    for region in bricks(instances.grid.shape, BRICK):
        values = np.rint(instances.read(region))
        if values.min() < 0 or values.max() >= 2**31:
            raise VolvizError("The instances must be numbers from 0 (none) up, one for every object.")
        ids[region.slices] = values
    return ids
