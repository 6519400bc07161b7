"""Count and measure: how well two segmentations agree, where the surfaces of classes are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from volviz.measure.evaluation import evaluate
    from volviz.measure.instances import compare_instances
    from volviz.measure.scores import Counts, count
    from volviz.measure.surfaces import surface

_HOMES = {
    "Counts": "volviz.measure.scores",
    "compare_instances": "volviz.measure.instances",
    "count": "volviz.measure.scores",
    "evaluate": "volviz.measure.evaluation",
    "surface": "volviz.measure.surfaces",
}

__all__ = ["Counts", "compare_instances", "count", "evaluate", "surface"]


def __getattr__(name: str) -> Any:
    # When first used: the window needs one of these files before it is shown, and none of the others.
    if name not in _HOMES:
        raise AttributeError(f"module 'volviz.measure' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
