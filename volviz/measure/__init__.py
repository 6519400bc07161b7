"""Count: how well two segmentations agree."""

from __future__ import annotations

from volviz.measure.evaluation import evaluate
from volviz.measure.instances import compare_instances
from volviz.measure.scores import Counts, count

__all__ = ["Counts", "compare_instances", "count", "evaluate"]
