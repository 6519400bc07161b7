"""Agreement of a segmentation with labels: overlap per class, voxel accuracy, calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.core.volume import Volume

Scores = dict[str, float | None]

# Calibration is judged where there is something: elsewhere everybody is right about ice.
_FOREGROUND = 0.05
_BINS = 15
# Voxels at a time: bounds the memory, whatever the size of the volume.
BRICK = (32, 512, 512)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Voxels counted by true and found class, and by confidence. Counts of several volumes add up; all scores follow from them.

    ``confusion`` is (true class, found class). ``calibration`` is (3, bin of confidence): voxels, sum of the confidences,
    sum of the hits; None if the prediction held no probabilities.
    """

    labels: tuple[Label, ...]
    confusion: npt.NDArray[np.int64]
    calibration: npt.NDArray[np.float64] | None

    def __add__(self, other: Counts) -> Counts:
        known = None if self.calibration is None or other.calibration is None else self.calibration + other.calibration
        return replace(self, confusion=self.confusion + other.confusion, calibration=known)

    def scores(self) -> Scores:
        """Return, flat, F1 and IoU of each class, their means, the accuracy and, of probabilities, the calibration error.

        See `volviz.measure.evaluate`.
        """
        scores = overlaps(self.confusion, self.labels)
        if self.calibration is not None:
            scores["ece"] = expected_calibration_error(self.calibration)
        return scores


def count(prediction: Segmentation | Volume, truth: Volume) -> Counts:
    """Count voxels by true and found class and by confidence, brick by brick. Labels of 255 count nothing.

    Raises:
        VolvizError: the two do not lie on the same voxels, or the labels hold classes the prediction does not know.
    """
    if isinstance(prediction, Segmentation) and prediction.kind == "score":
        raise VolvizError("The prediction holds signed scores, not classes; compare a segmentation with probabilities, or hard labels.")
    if prediction.grid.shape != truth.grid.shape:
        raise VolvizError(
            f"The prediction has {_size(prediction)} voxels and the labels {_size(truth)} (z, y, x); both must lie on the same grid."
        )
    labels = labels_of(prediction)
    n = len(labels)
    confusion = np.zeros((n, n), np.int64)
    calibration = np.zeros((3, _BINS))
    for region in bricks(truth.grid.shape, BRICK):
        true, found = read_classes(truth, region, labels, "labels"), read_classes(prediction, region, labels, "prediction")
        known = (true != 255) & (found != 255)
        confusion += np.bincount(n * true[known].astype(np.int64) + found[known], minlength=n * n).reshape(n, n)
        if isinstance(prediction, Segmentation):
            _calibrate(calibration, prediction.probabilities(region), true, known)
    return Counts(labels, confusion, calibration if isinstance(prediction, Segmentation) else None)


def labels_of(prediction: Segmentation | Volume) -> tuple[Label, ...]:
    """Return the classes of a prediction; hard labels have those of the bundled model."""
    return prediction.labels if isinstance(prediction, Segmentation) else VIRION_LABELS


def known_classes(value: Segmentation | Volume, labels: tuple[Label, ...], which: str) -> npt.NDArray[np.uint8]:
    """Read the hard classes of everything, (z, y, x). See `read_classes`."""
    out = np.empty(value.grid.shape, np.uint8)
    for region in bricks(value.grid.shape, BRICK):
        out[region.slices] = read_classes(value, region, labels, which)
    return out


def read_classes(value: Segmentation | Volume, region: Region, labels: tuple[Label, ...], which: str) -> npt.NDArray[np.uint8]:
    """Read the hard classes of a region, 255 where nobody knows. Files with signed bytes store that as -1.

    Raises:
        VolvizError: a value is no class; ``which`` says of what.
    """
    if isinstance(value, Segmentation):
        return value.hard(region)
    values = value.read(region)
    values = np.where(values == -1, 255, values)
    wrong = values[(values != np.rint(values)) | (values < 0) | ((values >= len(labels)) & (values != 255))]
    if wrong.size:
        names = ", ".join(f"{i} {label.name}" for i, label in enumerate(labels))
        raise VolvizError(f"There is a value {wrong[0]:g} in the {which}, which is no class; the classes are {names}, and 255 is unknown.")
    return values.astype(np.uint8)


def overlaps(confusion: npt.NDArray[np.int64], labels: tuple[Label, ...]) -> Scores:
    """Return F1, IoU, their means and the accuracy from a table of counts (true class, found class)."""
    hit, true, found = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = [float(2 * h / (t + f)) if t + f else None for h, t, f in zip(hit, true, found, strict=True)]
    iou = [float(h / (t + f - h)) if t + f else None for h, t, f in zip(hit, true, found, strict=True)]
    total = int(confusion.sum())
    return {
        **{f"f1.{label.name}": value for label, value in zip(labels[1:], f1[1:], strict=True)},
        "macro_f1": _mean(f1[1:]),
        **{f"iou.{label.name}": value for label, value in zip(labels[1:], iou[1:], strict=True)},
        "miou": _mean(iou),
        "accuracy": float(hit.sum() / total) if total else None,
    }


def expected_calibration_error(bins: npt.NDArray[np.float64]) -> float | None:
    """Return the mean distance of confidence from accuracy, weighted by voxels (Naeini et al. 2015; Guo et al. 2017, eq. 3).

    ``bins`` is (3, bin): voxels, sum of the confidences, sum of the hits.
    """
    count, confidence, hits = bins
    return float(np.abs(confidence - hits).sum() / count.sum()) if count.sum() else None


def _calibrate(
    bins: npt.NDArray[np.float64], probabilities: npt.NDArray[np.float32], true: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_]
) -> None:
    """Add the voxels whose foreground probability exceeds 0.05 or whose label is not background to equal bins of confidence."""
    counted = known & ((1 - probabilities[0] > _FOREGROUND) | (true != 0))
    some = probabilities[:, counted].astype(np.float64)
    confidence, hits = some.max(axis=0), some.argmax(axis=0) == true[counted]
    index = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    bins[0] += np.bincount(index, minlength=_BINS)
    bins[1] += np.bincount(index, confidence, minlength=_BINS)
    bins[2] += np.bincount(index, hits, minlength=_BINS)


def _mean(values: list[float | None]) -> float | None:
    defined = [v for v in values if v is not None]
    return float(np.mean(defined)) if defined else None


def _size(value: Segmentation | Volume) -> str:
    return " x ".join(str(n) for n in value.grid.shape)
