"""Scores of files."""

from __future__ import annotations

from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.core.segmentation import Segmentation
from volviz.io import open as open_path
from volviz.measure import evaluate


def evaluate_files(prediction: Path, labels: Path) -> dict[str, float | None]:
    """Compare a segmentation, or a volume of hard labels, with a volume of hard labels.

    Returns ``f1.CLASS``, ``macro_f1``, ``iou.CLASS``, ``miou``, ``accuracy`` and, given probabilities, ``ece``.

    Raises:
        VolvizError: a file cannot be opened, or the two do not lie on the same voxels.
    """
    truth = open_path(labels)
    if isinstance(truth, Segmentation):
        raise VolvizError(f"{labels} holds probabilities; name a volume of labels (0 background, 1 membrane, 2 spikes, 3 lumen).")
    return evaluate(open_path(prediction), truth)
