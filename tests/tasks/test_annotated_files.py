"""Annotations from file to file: as label volumes that other libraries read and training takes, as points, as JSON and back."""

import json
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import zarr

import volviz
from volviz.cli import main
from volviz.core.annotations import ERASED, Box, Dense, Lasso, Stroke, SurfacePoints, Tag
from volviz.core.project import Project, Source
from volviz.core.segmentation import VIRION_LABELS, Label
from volviz.io.annotations import open_annotations, save_annotations
from volviz.io.project import save_project
from volviz.segment.rasterize import classes_of, rasterize
from volviz.tasks.annotations import read_annotations, write_annotations
from volviz.tasks.examples import read_example

GRID = volviz.Grid((20, 30, 40), (18.0, 10.0, 12.0), (-306.0, 1000.0, 252.0))


def at(*index: float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in GRID.to_world(index))
    return x, y, z


MARKS = (
    Stroke((at(5, 5, 5), at(9, 20, 30)), 40.0, "spikes"),
    Stroke((at(6, 8, 10),), 35.0, ERASED),
    Stroke((at(15, 25, 8),), 30.0, "background"),
    Lasso(tuple(at(16, y, x) for y, x in ((2, 2), (2, 12), (12, 12))), "z", 40.0, "lumen"),
    Box((at(1, 20, 2), at(4, 26, 9)), "membrane", 1),
    SurfacePoints((at(12, 3, 33), at(13, 4, 33)), 2, "membrane"),
    Tag(frozenset({"lumen"})),
)


@pytest.fixture
def tomogram(tmp_path) -> Path:
    data = np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32)
    volviz.save(volviz.Volume(GRID, data, name="ts_16"), tmp_path / "ts_16.mrc")
    return tmp_path / "ts_16.mrc"


@pytest.fixture
def marked(tmp_path) -> Path:
    save_annotations(MARKS, tmp_path / "ts_16.annotations.json", labels=VIRION_LABELS)
    return tmp_path / "ts_16.annotations.json"


def test_a_label_volume_in_mrc_lies_on_its_tomogram(tomogram, marked, tmp_path, capsys):
    out = tmp_path / "labels.mrc"
    assert main(["annotations", str(marked), str(out), "--tomogram", str(tomogram)]) == 0
    said = capsys.readouterr()
    assert said.out.split() == ["7", "annotations", str(out)]
    assert "0 background, 1 membrane, 2 spikes, 3 lumen; -1 is unlabelled" in said.err
    expected = rasterize(MARKS, GRID, VIRION_LABELS)
    with mrcfile.open(out) as labels, mrcfile.open(tomogram) as source:
        assert labels.header.mode == 0
        np.testing.assert_array_equal(labels.data, np.where(expected == 255, -1, expected.astype(int)))
        assert set(np.unique(labels.data)) == {-1, 0, 1, 2, 3}
        for field in ("origin", "cella", "nxstart", "nystart", "nzstart", "mx", "my", "mz"):
            assert labels.header[field] == source.header[field], field
        # In angstrom, by hand: the box's lowest voxel.
        z, y, x = np.argwhere(labels.data == 1).min(axis=0)
        size, origin = labels.voxel_size, labels.header.origin
        assert (origin.x + x * size.x, origin.y + y * size.y, origin.z + z * size.z) == pytest.approx(at(1, 3, 2), abs=1e-3)
        assert any(b"-1 unlabelled, 0 background" in bytes(line) for line in labels.header.label)


def test_a_label_volume_in_zarr_says_its_classes_and_keeps_thin_strokes_in_coarse_levels(tomogram, tmp_path):
    grid = volviz.Grid((6, 200, 260), (18.0, 10.0, 12.0), GRID.origin)
    volume = volviz.Volume(grid, np.zeros(grid.shape, np.float32), name="wide")
    x, y, z = grid.to_world((3, 101, 131))
    marks = (Stroke(((x, y, z), (x + 600.0, y, z)), 6.0, "tubulin"),)
    notes = write_annotations(marks, tmp_path / "l.zarr", volume, labels=(Label("tubulin", (1.0, 0.5, 0.0)),))
    assert "4 tubulin; 255 is unlabelled" in notes[0]
    root = zarr.open_group(str(tmp_path / "l.zarr"), mode="r")
    ome = root.attrs["ome"]
    assert {"label-value": 4, "rgba": [255, 128, 0, 255]} in ome["image-label"]["colors"]
    assert {"label-value": 4, "name": "tubulin"} in ome["image-label"]["properties"]
    for dataset in ome["multiscales"][0]["datasets"]:
        scale, shift = (next(t[k] for t in dataset["coordinateTransformations"] if k in t) for k in ("scale", "translation"))
        array = np.asarray(root[dataset["path"]])
        assert set(np.unique(array)) == {4, 255}
        found = np.array(shift) + np.argwhere(array == 4) * scale  # (z, y, x) in angstrom
        np.testing.assert_allclose(found.min(axis=0), (z, y, x), atol=max(scale) / 2 + 1e-6)
        np.testing.assert_allclose(found.max(axis=0), (z, y, x + 600), atol=max(scale) / 2 + 1e-6)
    again = read_annotations(tmp_path / "l.zarr", volume)
    assert [label.name for label in again.labels] == ["background", "membrane", "spikes", "lumen", "tubulin"]
    np.testing.assert_array_equal(rasterize(again.annotations, grid, again.labels), np.asarray(root["0"]))


@pytest.mark.parametrize("count", [1, 12])
def test_a_label_volume_in_mrc_names_its_classes(tomogram, tmp_path, count):
    labels = tuple(Label(f"another class, number {i}") for i in range(count))
    marks = [Stroke((at(i, 5, 5),), 1.0, label.name) for i, label in enumerate(labels)]
    write_annotations(marks, tmp_path / "l.mrc", volviz.open(tomogram), labels=labels)
    again = read_annotations(tmp_path / "l.mrc")
    assert again.labels[4:] == labels
    np.testing.assert_array_equal(rasterize(again.annotations, GRID, again.labels), rasterize(marks, GRID, (*VIRION_LABELS, *labels)))


@pytest.mark.parametrize("name", ["labels.mrc", "labels.zarr"])
def test_training_takes_them_and_knows_what_is_unlabelled(tomogram, marked, tmp_path, name):
    assert main(["annotations", str(marked), str(tmp_path / name), "--tomogram", str(tomogram)]) == 0
    (dense,) = read_example(tomogram, tmp_path / name).annotations
    data = np.asarray(dense.segmentation.data[:])
    expected = rasterize(MARKS, GRID, VIRION_LABELS)
    np.testing.assert_array_equal(data.max(axis=0) > 0, expected != 255)
    np.testing.assert_array_equal(data.argmax(axis=0)[expected != 255], expected[expected != 255])


def test_label_volumes_come_back_as_objects_that_are_the_same_voxels(tomogram, marked, tmp_path):
    assert main(["annotations", str(marked), str(tmp_path / "labels.mrc"), "--tomogram", str(tomogram)]) == 0
    assert isinstance(read_annotations(tmp_path / "labels.mrc", volviz.open(tomogram)).annotations[0], Dense)
    assert main(["annotations", str(tmp_path / "labels.mrc"), str(tmp_path / "b.annotations.json")]) == 0
    boxes = open_annotations(tmp_path / "b.annotations.json").annotations
    assert all(isinstance(box, Box) for box in boxes)
    assert len({box.object_id for box in boxes}) == len(boxes) >= 5
    assert {box.label for box in boxes} == {"background", "membrane", "spikes", "lumen"}
    np.testing.assert_array_equal(rasterize(boxes, GRID, VIRION_LABELS), rasterize(MARKS, GRID, VIRION_LABELS))
    whole = np.where(rasterize(MARKS, GRID, VIRION_LABELS) == 2, 2, 0).astype(np.uint8)
    volviz.save(volviz.Volume(GRID, whole), tmp_path / "whole.zarr")
    assert main(["annotations", str(tmp_path / "whole.zarr"), str(tmp_path / "w.annotations.json")]) == 0
    assert {box.label for box in open_annotations(tmp_path / "w.annotations.json").annotations} == {"spikes"}


def test_points_of_a_session_go_to_relion_and_come_back(tomogram, tmp_path, capsys):
    save_project(Project(Source(str(tomogram)), annotations=MARKS), tmp_path / "s.volviz")
    assert main(["annotations", str(tmp_path / "s.volviz"), str(tmp_path / "p.star")]) == 0
    assert "6 annotations that are no points are not in it" in capsys.readouterr().err
    back = ["annotations", str(tmp_path / "p.star"), str(tmp_path / "p.annotations.json")]
    assert main(back) == 2
    assert "--tomogram" in capsys.readouterr().err
    assert main([*back, "--tomogram", str(tomogram)]) == 0
    (points,) = open_annotations(tmp_path / "p.annotations.json").annotations
    np.testing.assert_allclose(points.points_xyz, MARKS[5].points_xyz, atol=1e-3)
    assert (points.label, points.object_id) == ("membrane", 2)

    four = ["annotations", str(tmp_path / "s.volviz"), str(tmp_path / "q.star"), "--relion", "4", "--pixel-size", "1.5"]
    assert main(four) == 0
    assert main(["annotations", str(tmp_path / "q.star"), str(tmp_path / "q.csv"), "--tomogram", str(tomogram)]) == 0
    rows = [line.split(",") for line in (tmp_path / "q.csv").read_text().splitlines()[1:]]
    np.testing.assert_allclose([[float(v) for v in row[:3]] for row in rows], MARKS[5].points_xyz, atol=1e-3)


def test_annotations_leave_a_session_whose_tomogram_is_gone(tomogram, tmp_path, capsys):
    save_project(Project(Source(str(tomogram)), annotations=MARKS), tmp_path / "s.volviz")
    tomogram.unlink()
    assert main(["annotations", str(tmp_path / "s.volviz"), str(tmp_path / "a.annotations.json")]) == 0
    assert open_annotations(tmp_path / "a.annotations.json").annotations == MARKS
    assert main(["annotations", str(tmp_path / "s.volviz"), str(tmp_path / "l.mrc")]) == 2
    assert "There is no file" in capsys.readouterr().err


def test_the_table_of_objects_gives_their_centres_as_points(tmp_path):
    (tmp_path / "t.csv").write_text("class,object,centre_x_angstrom,centre_y_angstrom,centre_z_angstrom\nspikes,1,1,2,3\nspikes,2,4,5,6\n")
    assert main(["annotations", str(tmp_path / "t.csv"), str(tmp_path / "t.annotations.json")]) == 0
    marks = open_annotations(tmp_path / "t.annotations.json").annotations
    assert marks == (SurfacePoints(((1.0, 2.0, 3.0),), 1, "spikes"), SurfacePoints(((4.0, 5.0, 6.0),), 2, "spikes"))


def test_points_outside_the_tomogram_are_said(tomogram, tmp_path, capsys):
    (tmp_path / "p.csv").write_text("x,y,z\n1,2,3\n300,1100,-200\n")
    out = tmp_path / "p.annotations.json"
    assert main(["annotations", str(tmp_path / "p.csv"), str(out), "--tomogram", str(tomogram), "--label", "lumen"]) == 0
    assert "1 of 2 points lie outside" in capsys.readouterr().err
    assert json.loads(out.read_text())["annotations"][0]["label"] == "lumen"


@pytest.mark.parametrize(
    ("name", "words"),
    [("l.mrc", "needs the tomogram"), ("l.tif", "in .mrc or .zarr for a label volume"), ("l.star", "needs the tomogram"), ("l.csv", "")],
)
def test_what_is_missing_is_said(marked, tmp_path, capsys, name, words):
    status = main(["annotations", str(marked), str(tmp_path / name)])
    assert status == (2 if words else 0)
    assert words in capsys.readouterr().err
    assert main(["annotations", str(marked), str(tmp_path / "l.csv"), "--overwrite"]) == 0
    assert main(["annotations", str(marked), str(tmp_path / "l.csv")]) == 2  # it is there


def test_classes_keep_their_colours_and_numbers():
    labels = classes_of(MARKS, VIRION_LABELS)
    assert labels == VIRION_LABELS
