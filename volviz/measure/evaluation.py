"""All that a segmentation is scored by."""

from __future__ import annotations

from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.measure.instances import compare_instances
from volviz.measure.scores import Scores, count


def evaluate(prediction: Segmentation | Volume, truth: Volume, instances: Volume | None = None) -> Scores:
    """Compare with a volume of hard labels (0 background, then the classes in order), voxel by voxel and object by object.

    Returns, flat: ``f1.CLASS`` (Dice) for each structure, ``macro_f1`` their mean, ``iou.CLASS`` for each structure,
    ``miou`` the mean over all classes with the background, ``accuracy`` the fraction of voxels that are right, ``ece`` if the
    prediction holds probabilities, and ``instances.KIND.found``, ``.true``, ``.matched`` and ``.f1`` for envelopes and spikes:
    see `compare_instances`. The calibration error counts voxels whose foreground probability exceeds 0.05 or whose label
    is not background. A class that neither side has gets None and enters no mean. Labels of 255 count nothing.

    Raises:
        VolvizError: the volumes do not lie on the same voxels, or the labels hold classes the prediction does not know.
    """
    return {**count(prediction, truth).scores(), **compare_instances(prediction, truth, instances)}
