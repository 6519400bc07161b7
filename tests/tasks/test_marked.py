"""Annotations in stills and videos: the command line and Python draw the same, and only when asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import volviz
from tests.render.conftest import virion
from volviz.cli import main
from volviz.core.annotations import Stroke
from volviz.core.boxes import Box
from volviz.core.camera import Camera
from volviz.core.project import Project, Source
from volviz.core.scene import Scene
from volviz.core.segmentation import Label
from volviz.io import save_project

SIZE = (64, 48)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session with a box and a stroke in a class of its own."""
    volume, classes = virion(24)
    volviz.save(volume, tmp_path / "f.mrc")
    volviz.save(classes, tmp_path / "classes")
    low, high = volume.grid.to_world((4, 4, 4)), volume.grid.to_world((20, 20, 20))
    marks = (Box((tuple(low), tuple(high)), "virus", 1), Stroke((tuple(low), tuple(high)), 40.0, "virus"))
    labels = (Label("background", (0.2, 0.2, 0.2)), Label("virus", (0.0, 1.0, 0.0)))
    sources = Source(str(tmp_path / "f.mrc")), Source(str(tmp_path / "classes"))
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    save_project(Project(*sources, Scene.of(volume, classes), camera, annotations=marks, annotation_labels=labels), tmp_path / "s.volviz")
    return tmp_path / "s.volviz"


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_marks_are_drawn_when_asked_for_alike_everywhere(session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--size", "64x48"]
    assert main(["render", str(session), "--out", str(tmp_path / "bare.png"), *size]) == 0
    assert main(["render", str(session), "--out", str(tmp_path / "marked.png"), "--marks", *size]) == 0
    bare, marked = pixels(tmp_path / "bare.png"), pixels(tmp_path / "marked.png")
    greener = (marked[..., 1] - marked[..., 0] > 100) & (bare[..., 1] - bare[..., 0] < 50)
    assert 20 < np.count_nonzero(greener) < bare[..., 0].size / 4

    project, volume = volviz.open_project(session), volviz.open(tmp_path / "f.mrc")
    said = volviz.read_annotations(session)
    ours = volviz.still(project.scene, volume, volviz.open(tmp_path / "classes"), SIZE, project.camera, marks=said)
    np.testing.assert_array_equal(ours[..., :3], marked)

    volviz.write_annotations(said.annotations, tmp_path / "m.annotations.json", labels=said.labels)
    named = ["render", str(session), "--marks", str(tmp_path / "m.annotations.json"), *size]
    assert main([*named, "--out", str(tmp_path / "file.png")]) == 0
    np.testing.assert_array_equal(pixels(tmp_path / "file.png"), marked)
    assert main([*named, "--out", str(tmp_path / "turn"), "--spin", "10", "--seconds", "0.2", "--fps", "10"]) == 0
    first = pixels(min((tmp_path / "turn").glob("*.png")))
    assert np.count_nonzero((first[..., 1] - first[..., 0] > 100) & greener) > 15
    capsys.readouterr()


def test_a_picture_keeps_the_marks_of_a_file(session: Path, tmp_path: Path) -> None:
    said = volviz.read_annotations(session)
    volviz.write_annotations(said.annotations[:1], tmp_path / "m.annotations.json", labels=said.labels)
    command = ["render", str(session), "--marks", str(tmp_path / "m.annotations.json"), "--out", str(tmp_path / "x.png"), "--size", "32x24"]
    assert main(command) == 0
    kept = volviz.open_project(tmp_path / "x.png")
    assert (kept.annotations, kept.annotation_labels) == (said.annotations[:1], said.labels)


def test_marks_that_are_not_there_are_one_sentence_before_any_work(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(tmp_path / "f.mrc"), "--out", str(tmp_path / "x.png"), "--marks"]) == 2
    assert "Nothing is annotated" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()
