"""Count: how well two segmentations agree."""

from __future__ import annotations

from volviz.measure.scores import Counts, count, evaluate

__all__ = ["Counts", "count", "evaluate"]
