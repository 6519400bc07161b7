"""Count: how well two segmentations agree."""

from __future__ import annotations

from volviz.measure.scores import evaluate

__all__ = ["evaluate"]
