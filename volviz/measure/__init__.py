"""Count and measure: how well two segmentations agree, where the surfaces of classes are."""

from __future__ import annotations

from volviz.measure.evaluation import evaluate
from volviz.measure.instances import compare_instances
from volviz.measure.scores import Counts, count
from volviz.measure.surfaces import surface

__all__ = ["Counts", "compare_instances", "count", "evaluate", "surface"]
