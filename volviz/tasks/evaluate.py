"""Scores of files."""

from __future__ import annotations

from pathlib import Path

from volviz.core.errors import VolvizError
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.measure import evaluate
from volviz.measure.scores import Scores


def evaluate_files(prediction: Path, labels: Path, instances: Path | None = None) -> Scores:
    """Compare a segmentation, or a volume of hard labels, with a volume of hard labels.

    ``instances`` numbers the true objects; without it they are the pieces that the labels fall into. Returns what
    `volviz.measure.evaluate` does.

    Raises:
        VolvizError: a file cannot be opened, or they do not lie on the same voxels.
    """
    truth = _volume(labels, "labels (0 background, 1 membrane, 2 spikes, 3 lumen)")
    numbered = None if instances is None else _volume(instances, "numbers, one for every object")
    return evaluate(open_path(prediction), truth, numbered)


def _volume(path: Path, of: str) -> Volume:
    value = open_path(path)
    if isinstance(value, Segmentation):
        raise VolvizError(f"{path} holds probabilities; name a volume of {of}.")
    return value


def table(scores: Scores) -> list[str]:
    """Return the lines of a table of scores."""

    def cell(key: str) -> str:
        value = scores[key]
        return f"{'none' if value is None else value if isinstance(value, int) else format(value, '.4f'):>9}"

    names = [key.removeprefix("f1.") for key in scores if key.startswith("f1.")]
    kinds = [key.split(".")[1] for key in scores if key.startswith("instances.") and key.endswith(".found")]
    lines = [f"{'class':<12}{'F1':>9}{'IoU':>9}"]
    lines += [f"{name:<12}{cell(f'f1.{name}')}{cell(f'iou.{name}')}" for name in names]
    lines += [f"{'mean':<12}{cell('macro_f1')}{cell('miou')}   (the mean IoU has the background in it)", ""]
    lines += [f"{'accuracy':<12}{cell('accuracy')}"]
    lines += [f"{'calibration':<12}{cell('ece')}   (expected error)"] if "ece" in scores else []
    lines += ["", f"{'objects':<12}{'found':>9}{'true':>9}{'matched':>9}{'F1':>9}"]
    lines += [f"{kind:<12}{''.join(cell(f'instances.{kind}.{what}') for what in ('found', 'true', 'matched', 'f1'))}" for kind in kinds]
    return lines
