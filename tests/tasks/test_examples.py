from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.cli import main
from volviz.core.annotations import Dense, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.io.annotations import save_annotations
from volviz.segment.card import read_card
from volviz.tasks.examples import read_example


def test_marks_are_painted_for_a_method_that_wants_dense_labels_and_given_as_they_are_to_others(tmp_path: Path) -> None:
    tomogram = tmp_path / "a.mrc"
    volviz.save(Volume(Grid((8, 8, 8), (10.0, 10.0, 10.0)), np.zeros((8, 8, 8), np.float32)), tomogram)
    grid = volviz.open(tomogram).grid
    stroke = Stroke((tuple(grid.to_world((4, 4, 1))), tuple(grid.to_world((4, 4, 6)))), 1.0, "spikes")
    save_annotations([stroke], tmp_path / "a.annotations.json")
    assert read_example(tomogram, tmp_path / "a.annotations.json", needs=(Stroke,)).annotations == (stroke,)
    (dense,) = read_example(tomogram, tmp_path / "a.annotations.json").annotations
    assert isinstance(dense, Dense)
    expected = np.zeros((4, 8, 8, 8), np.uint8)
    expected[2, 4, 4, 1:7] = 255
    assert np.array_equal(dense.segmentation.data, expected)
    save_annotations([], tmp_path / "none.annotations.json")
    with pytest.raises(VolvizError, match="mark something"):
        read_example(tomogram, tmp_path / "none.annotations.json")


def test_a_forest_is_taught_by_marks_alone_and_segments_another_tomogram(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    halves = np.repeat([0.0, -4.0], 10)[None, :, None]
    for name in "ab":
        volume = Volume(Grid((14, 20, 22), (10.0, 10.0, 10.0)), (halves + rng.standard_normal((14, 20, 22))).astype(np.float32))
        volviz.save(volume, tmp_path / f"{name}.mrc")
    marks = [Stroke(((20.0, y, 60.0), (200.0, y, 60.0)), 15.0, label) for y, label in ((40.0, "background"), (160.0, "lumen"))]
    save_annotations(marks, tmp_path / "a.annotations.json")
    out, found = tmp_path / "forest.safetensors", tmp_path / "found.zarr"
    train = ["train", "scribble-forest", str(tmp_path / "a.mrc"), "--strokes", str(tmp_path / "a.annotations.json"), "--out", str(out)]
    assert main([*train, "--trees", "20", "--features", "smoothed"]) == 0
    card = read_card(out)
    assert card.command.startswith("volviz train scribble-forest --out forest.safetensors --data ")
    assert main(["segment", str(tmp_path / "b.mrc"), "--model", str(out), "--out", str(found)]) == 0
    classes = np.asarray(volviz.open(found).data).argmax(axis=0)
    assert (classes[:, :9] == 0).mean() > 0.95
    assert (classes[:, 11:] == 1).mean() > 0.95
    assert main([*train[:-2], "--out", str(tmp_path / "x.safetensors"), "--simulate", "2"]) == 2
    assert "--strokes" in capsys.readouterr().err
    assert main(["train", "scribble-forest", "--strokes", "a", "b", "--out", str(tmp_path / "x.safetensors")]) == 2
    assert "one belongs to each" in capsys.readouterr().err
