"""Tables of objects from files and sessions, as a person asks for them and as a spreadsheet reads them."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gemmi import cif

import volviz
from volviz.cli import main
from volviz.core.project import Project, Source
from volviz.io.project import save_project
from volviz.io.star import open_star
from volviz.measure.objects import COLUMNS

GRID = volviz.Grid((30, 44, 60), (16.0, 10.0, 12.0), (-200.0, 500.0, 90.0))
CENTRE, RADIUS = (400.0, 700.0, 30.0), 120.0
SPECK = ((700.0, 880.0, 200.0), 30.0)


@pytest.fixture
def spheres(tmp_path) -> Path:
    points = GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1))
    depth = [radius - np.linalg.norm(points - centre, axis=-1) for centre, radius in ((CENTRE, RADIUS), SPECK)]
    ball = np.clip(0.5 + np.max(depth, axis=0) / 20, 0, 1)
    shell = np.clip(0.5 + (15 - abs(depth[0] + 15)) / 20, 0, 1)
    soft = np.stack([1 - np.maximum(ball, shell), shell * (1 - ball), ball, 0 * ball])
    volviz.save(volviz.Segmentation.of_probabilities(GRID, soft, name="t"), tmp_path / "seg.zarr")
    return tmp_path / "seg.zarr"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_a_table_that_says_where_and_how_large(spheres, tmp_path, capsys):
    out = tmp_path / "t.csv"
    assert main(["measure", str(spheres), "--out", str(out), "--class", "spikes"]) == 0
    assert capsys.readouterr().out.split() == ["spikes", "2", "objects", str(out)]
    ball, speck = rows(out)
    assert tuple(ball) == COLUMNS
    assert [float(ball[f"centre_{a}_angstrom"]) for a in "xyz"] == pytest.approx(CENTRE, abs=1.5)
    assert [float(speck[f"centre_{a}_angstrom"]) for a in "xyz"] == pytest.approx(SPECK[0], abs=3)
    assert float(ball["volume_nm3"]) == pytest.approx(4 / 3 * math.pi * 12**3, rel=0.01)
    assert float(ball["surface_nm2"]) == pytest.approx(4 * math.pi * 12**2, rel=0.02)
    assert float(ball["diameter_nm"]) == pytest.approx(24, rel=0.01)
    assert (ball["class"], ball["object"], ball["touches_border"], ball["threshold"]) == ("spikes", "1", "0", "0.5")

    assert main(["measure", str(spheres), "--out", str(out)]) == 2  # it is there
    assert main(["measure", str(spheres), "--out", str(out), "--overwrite", "--set", "spikes.dust=8", "--threshold", "0.7"]) == 0
    found = rows(out)
    assert [row["class"] for row in found].count("spikes") == 1
    assert {row["threshold"] for row in found} == {"0.7"}
    assert {row["class"] for row in found} == {"spikes", "membrane"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--class", "spike"], "choose among: membrane, spikes, lumen"),
        (["--threshold", "1.5"], "probability above 0 and up to 1"),
        (["--out", "t.xlsx"], "written as .csv"),
        (["--out", "t.star", "--relion", "6"], "invalid choice: 6"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(spheres, tmp_path, capsys, options, words):
    assert main(["measure", str(spheres), "--out", str(tmp_path / "t.csv"), *options]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize("relion", [4, 5])
def test_centres_go_to_relion(spheres, tmp_path, relion):
    out = tmp_path / "t.star"
    assert main(["measure", str(spheres), "--out", str(out), "--class", "spikes", "--relion", str(relion)]) == 0
    found = open_star(out, GRID, "")
    assert (found.labels, found.objects) == (("spikes", "spikes"), (1, 2))
    np.testing.assert_allclose(found.positions_xyz, [CENTRE, SPECK[0]], atol=3)
    column = "rlnCenteredCoordinateZAngst" if relion == 5 else "rlnCoordinateZ"
    (z, _) = cif.read_file(str(out)).find_block("particles").find_values(f"_{column}")
    assert float(z) == pytest.approx(30 - (-200 + 15 * 16) if relion == 5 else (30 + 200) / 16, abs=1.5)
    assert "\nt " in out.read_text()  # the name of the tomogram


def test_a_session_is_measured_as_it_is_seen(spheres, tmp_path):
    segmentation = volviz.open(spheres)
    scene = volviz.Scene.of(volviz.Volume(GRID, np.zeros(GRID.shape, np.float32)), segmentation)
    scene = scene.with_ramp("spikes", low=0.3).with_cleaning("spikes", dust=20.0)
    project = Project(Source(str(spheres), 24.0), Source(str(spheres)), scene)
    save_project(project, tmp_path / "s.volviz")
    assert main(["measure", str(tmp_path / "s.volviz"), "--out", str(tmp_path / "t.csv"), "--class", "spikes"]) == 0
    (ball,) = rows(tmp_path / "t.csv")
    assert ball["threshold"] == "0.3"
    # The voxel size that a person gave counts: it is 24 A along every axis.
    (same,) = volviz.measure(replace(segmentation, grid=GRID.with_voxel_size(24.0)), scene, classes=["spikes"])
    assert float(ball["volume_nm3"]) == pytest.approx(same.volume, rel=1e-5)
    assert same.volume == pytest.approx(same.voxels * 2.4**3)


def test_hard_labels_are_measured_and_a_warning_said(spheres, tmp_path, capsys):
    soft = volviz.open(spheres)
    labels = soft.hard().astype(np.int16)
    labels[:4] = -1  # unknown
    volviz.save(volviz.Volume(GRID, labels, name="labels"), tmp_path / "labels.mrc")
    assert main(["measure", str(tmp_path / "labels.mrc"), "--out", str(tmp_path / "t.csv"), "--class", "spikes"]) == 0
    assert "too large" in capsys.readouterr().err
    ball, _ = rows(tmp_path / "t.csv")
    assert [float(ball[f"centre_{a}_angstrom"]) for a in "xyz"] == pytest.approx(CENTRE, abs=1.5)
    assert 1.02 < float(ball["surface_nm2"]) / (4 * math.pi * 12**2) < 1.12
