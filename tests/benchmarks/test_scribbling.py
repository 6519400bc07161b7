"""The hand that scribbles for the benchmark: seeded, within its class, and where the forest is wrong."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment.rasterize import UNLABELLED, rasterize

PATH = Path(__file__).parents[2] / "benchmarks" / "scribbling.py"


@pytest.fixture(scope="module")
def scribbling() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_scribbling", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for its types
    spec.loader.exec_module(module)
    return module


def nested() -> np.ndarray:
    """A ball of lumen in a shell of membrane, with a spike on it."""
    z, y, x = np.indices((40, 60, 60)) - np.array([20, 30, 30])[:, None, None, None]
    radius = np.sqrt(z**2 + y**2 + x**2)
    truth = np.where(radius < 14, 3, np.where(radius < 19, 1, 0)).astype(np.uint8)
    truth[18:23, 28:33, 49:57] = 2
    return truth


def test_as_many_strokes_as_were_asked_for_lie_in_their_classes(scribbling: ModuleType) -> None:
    truth, grid = nested(), Grid((40, 60, 60), (10.0, 10.0, 10.0), (5.0, 6.0, 7.0))
    hand = scribbling.Hand(first=(3, 3, 2, 2), length=30.0, radius=1.0)
    one, same, other = (scribbling.Scribbler(truth, grid, VIRION_LABELS, h) for h in (hand, hand, scribbling.Hand((3, 3, 2, 2), seed=1)))
    for scribbler in (one, same, other):
        scribbler.begin()
    assert [stroke.label for stroke in one.strokes] == ["background"] * 3 + ["membrane"] * 3 + ["spikes"] * 2 + ["lumen"] * 2
    assert one.strokes == same.strokes != other.strokes
    assert 60 < one.length < 10 * 32
    painted = rasterize(one.strokes, grid, VIRION_LABELS)
    said = painted != UNLABELLED
    assert (painted[said] == truth[said]).mean() > 0.9
    assert set(np.unique(painted[said])) == {0, 1, 2, 3}
    assert sum(scribbling.Hand().first) + sum(scribbling.Hand().rounds) <= 40


def test_a_correction_says_what_is_so_where_it_was_got_wrong(scribbling: ModuleType) -> None:
    truth, grid = nested(), Grid((40, 60, 60), (10.0, 10.0, 10.0))
    found = truth.copy()
    found[truth == 2] = 1  # all spikes missed
    scribbler = scribbling.Scribbler(truth, grid, VIRION_LABELS, scribbling.Hand(radius=1.0))
    scribbler.correct(found, 3)
    assert [stroke.label for stroke in scribbler.strokes] == ["spikes"] * 3
    scribbler.correct(truth, 3)
    assert len(scribbler.strokes) == 3  # nothing is wrong
