"""The judge of models, judged."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from volviz.simulate import Spec
from volviz.tasks.simulate import simulate_file

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module


def ring(radius: float) -> np.ndarray:
    classes = np.zeros((3, 60, 60), np.uint8)
    r = np.hypot(np.arange(60)[:, None] - 30, np.arange(60) - 30)
    classes[:, np.abs(r - radius) < 1] = 1
    return classes


def test_a_ring_is_found_along_its_circle_and_not_beside_it(benchmark: Any) -> None:
    real = benchmark("real")
    circle = real.Circle(1, 30, 30, 20)
    assert real.along_circles(ring(20), [circle])["membrane_found"] == 1
    assert real.along_circles(ring(22), [circle])["membrane_found"] == 1
    assert real.along_circles(ring(25.5), [circle])["membrane_found"] == 0
    half = ring(20)
    half[:, :, :30] = 0
    assert real.along_circles(half, [circle])["membrane_found"] == pytest.approx(0.5, abs=0.06)
    assert real.along_circles(np.zeros((3, 60, 60), np.uint8), [circle])["membrane_found"] == 0


def test_what_lies_inside_and_outside_a_circle_is_counted_apart(benchmark: Any) -> None:
    real = benchmark("real")
    classes = np.zeros((3, 60, 60), np.uint8)
    r = np.hypot(np.arange(60)[:, None] - 30, np.arange(60) - 30)
    classes[1, r < 14] = 3
    classes[1, r > 32] = 2
    classes[0] = 1  # another plane counts nothing
    figures = real.along_circles(classes, [real.Circle(1, 30, 30, 20)])
    assert figures == {
        "membrane_found": 0,
        "inside_called_membrane": 0,
        "inside_called_spikes": 0,
        "inside_called_lumen": 1,
        "outside_called_membrane": 0,
        "outside_called_spikes": 1,
        "outside_called_lumen": 0,
    }


def test_a_membrane_that_leaves_its_circle_is_judged_along_its_line(benchmark: Any) -> None:
    real = benchmark("real")
    circle = real.Circle(1, 70, 61, 40)  # nine voxels beside it
    y, x = np.arange(140)[:, None] - 70, np.arange(140) - 70.0
    distance = np.abs(np.hypot(y, x) - 40)
    density = np.random.default_rng(0).standard_normal((3, 140, 140), dtype=np.float32)
    density[:, distance < 2] -= 2
    line = real.around(circle, real.darkest_line(density[1], circle))
    assert np.abs(np.hypot(line[:, 0] - 70, line[:, 1] - 70) - 40).max() < 3
    classes = np.zeros((3, 140, 140), np.uint8)
    classes[1, (np.hypot(y, x) < 38)] = 3
    classes[1, distance < 2] = 1
    assert real.along_circles(classes, [circle])["inside_called_membrane"] > 0.01
    figures = real.along_lines(classes, density, [circle])
    assert figures["line_found"] == 1
    assert figures["inside_line_called_membrane"] == 0
    assert figures["inside_line_called_lumen"] == 1
    assert figures["line_inside_circle"] > 0.01
    classes[1, 60:80, 60:80] = 1
    assert real.along_lines(classes, density, [circle])["inside_line_called_membrane"] == pytest.approx(400 / 4000, rel=0.15)
    assert real.along_lines(0 * classes, density, [circle])["line_found"] == 0


def test_seeds_are_not_those_of_training(benchmark: Any) -> None:
    validation = benchmark("validation")
    recipes = {**validation.clear_virions(), **validation.ice()}
    assert len({spec.seed for spec in recipes.values()}) == len(recipes)
    assert min(spec.seed for spec in recipes.values()) >= 900_000
    assert all(spec.virions == spec.vesicles == 0 for spec in validation.ice().values())


def test_a_folder_of_labelled_volumes_is_scored_and_drawn(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shape, one = (24, 64, 64), {"virions": 1, "vesicles": 0, "radius": (180.0, 190.0), "spikes": (4, 8), "cut": 0.5}
    simulate_file(tmp_path / "in" / "small.mrc", {**one, "shape": shape, "seed": Spec().seed})
    arguments = ["accuracy.py", "--benchmark", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--pictures"]
    monkeypatch.setattr(sys, "argv", arguments)
    benchmark("accuracy").main()
    content = json.loads((tmp_path / "out" / "accuracy.json").read_text())
    scores = content["volumes"]["small"]
    assert 0 < scores["macro_f1"] <= 1
    (figure,) = [f for f in content["figures"] if f["name"] == "in: f1.membrane"]
    assert figure["value"] == scores["f1.membrane"]
    assert figure["met"] == (scores["f1.membrane"] >= 0.9)
    assert "in: f1.membrane" in capsys.readouterr().out
    assert (tmp_path / "out" / "small.jpg").stat().st_size > 2000
