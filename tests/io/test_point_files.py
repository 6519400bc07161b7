"""Points as CSV and STAR: what other libraries find in them, and what volviz makes of files of RELION's kind, in angstrom."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gemmi import cif

from volviz.core.annotations import SurfacePoints
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.io.points import open_points, save_points, surface_points
from volviz.io.star import open_star, save_star

GRID = Grid((41, 60, 80), (18.0, 10.0, 12.0), (-300.0, 1000.0, 250.0))  # odd, anisotropic, far from 0
CUBIC = Grid((41, 60, 80), (12.0, 12.0, 12.0), (-300.0, 1000.0, 250.0))
POINTS = (
    SurfacePoints(((261.5, 1010.0, -290.25), (700.0, 1300.0, 40.0)), 1, "spikes"),
    SurfacePoints(((1100.0, 1500.0, 300.0),), 7, "a class"),
)
XYZ = np.array([p for one in POINTS for p in one.points_xyz])


def columns(path: Path, block: str, names: list[str]) -> np.ndarray:
    table = cif.read_file(str(path)).find_block(block).find("_", names)
    return np.array([[cif.as_string(v) for v in row] for row in table])


def test_csv_names_its_columns_and_comes_back(tmp_path):
    save_points(POINTS, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([[float(r[f"{a}_angstrom"]) for a in "xyz"] for r in rows], XYZ)
    assert [(r["class"], r["object"]) for r in rows] == [("spikes", "1"), ("spikes", "1"), ("a class", "7")]
    assert surface_points(open_points(tmp_path / "p.csv"), "") == POINTS


@pytest.mark.parametrize(
    ("text", "xyz", "label"),
    [
        ("X;Y;Z\n1;2;3\n\n4;5;6\n", [[1, 2, 3], [4, 5, 6]], "spikes"),
        ("id\tz_nm\ty_nm\tx_nm\n9\t3\t2\t1\n", [[10, 20, 30]], "spikes"),
        ("\ufeffx,y,z,class\n1,2,3,lumen\n", [[1, 2, 3]], "lumen"),
    ],
)
def test_csv_of_other_programs(tmp_path, text, xyz, label):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    found = open_points(tmp_path / "p.csv", label="spikes")
    np.testing.assert_allclose(found.positions_xyz, xyz)
    assert set(found.labels) == {label}


@pytest.mark.parametrize(
    ("text", "words"), [("a,b\n1,2\n", "columns x, y and z"), ("x,y,z\n1,2\n", "3 columns but 2"), ("x,y,z\n1,2,three\n", "number")]
)
def test_csv_that_is_wrong(tmp_path, text, words):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(VolvizError, match=words):
        open_points(tmp_path / "p.csv")


def test_relion_5_counts_from_the_middle_of_the_tomogram(tmp_path):
    save_star(POINTS, tmp_path / "p.star", GRID, "ts 16")
    names = ["rlnTomoName", "rlnCenteredCoordinateXAngst", "rlnCenteredCoordinateYAngst", "rlnCenteredCoordinateZAngst"]
    found = columns(tmp_path / "p.star", "particles", names)
    # By hand: voxel N/2 is the middle, voxel 0 is at the origin.
    middle = np.array([250 + 40 * 12, 1000 + 30 * 10, -300 + 20.5 * 18])
    np.testing.assert_allclose(found[:, 1:].astype(float), XYZ - middle, atol=1e-3)
    assert set(found[:, 0]) == {"ts 16"}
    back = open_star(tmp_path / "p.star", GRID, "ts 16")
    np.testing.assert_allclose(back.positions_xyz, XYZ, atol=1e-3)
    assert (back.labels, back.objects) == (("spikes", "spikes", "a class"), (1, 1, 7))


def test_words_have_quotes_only_where_they_must(tmp_path):
    save_star(POINTS, tmp_path / "p.star", GRID, "rec_ts-16.1")
    rows = [line for line in (tmp_path / "p.star").read_text().splitlines() if line.startswith("rec_")]
    assert [len(row.split()) for row in rows] == [6, 6, 7]
    assert "'a class'" in rows[2]
    for name in ("_x", "data_x", "it's", "[1]", "#3"):
        save_star(POINTS, tmp_path / "p.star", GRID, name, overwrite=True)
        assert set(columns(tmp_path / "p.star", "particles", ["rlnTomoName"]).ravel()) == {name}


def test_relion_4_counts_pixels_from_the_first_voxel(tmp_path):
    save_star(POINTS, tmp_path / "v.star", GRID, "ts", version=4)
    voxels = columns(tmp_path / "v.star", "particles", ["rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ"]).astype(float)
    np.testing.assert_allclose(voxels, (XYZ - (250, 1000, -300)) / (12, 10, 18), atol=1e-3)
    assert cif.read_file(str(tmp_path / "v.star")).find_block("optics") is None  # no one pixel size is true
    np.testing.assert_allclose(open_star(tmp_path / "v.star", GRID).positions_xyz, XYZ, atol=2e-3)

    save_star(POINTS, tmp_path / "u.star", GRID, "ts", version=4, pixel_size=1.5)
    pixels = columns(tmp_path / "u.star", "particles", ["rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ"]).astype(float)
    np.testing.assert_allclose(pixels * 1.5 + (250, 1000, -300), XYZ, atol=1e-3)
    assert columns(tmp_path / "u.star", "optics", ["rlnTomoTiltSeriesPixelSize"]).astype(float).tolist() == [[1.5]]
    back = open_star(tmp_path / "u.star", GRID)
    np.testing.assert_allclose(back.positions_xyz, XYZ, atol=1e-3)
    assert "1.5 Å" in back.notes[0]
    with pytest.raises(VolvizError, match="name it"):
        open_star(tmp_path / "u.star", None)


RELION4 = """
# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnImagePixelSize #2
_rlnTomoTiltSeriesPixelSize #3
1 6.0 1.5


# version 30001

data_particles

loop_
_rlnTomoName #1
_rlnCoordinateX #2
_rlnCoordinateY #3
_rlnCoordinateZ #4
_rlnOriginXAngst #5
_rlnOriginYAngst #6
_rlnOriginZAngst #7
_rlnTomoVisibleFrames #8
_rlnOpticsGroup #9
TS_01 80.0 160.0 240.0 3.0 -4.0 5.0 [0,1,1] 1
TS_02 88.0 168.0 248.0 0.0 0.0 0.0 [0,1,1] 1
"""


def test_particles_of_the_tilt_series_pixels_with_their_offsets_and_of_one_tomogram(tmp_path):
    (tmp_path / "r.star").write_text(RELION4)
    found = open_star(tmp_path / "r.star", CUBIC, "rec_TS_01", label="spikes")
    # The pixel size is the tilt series', not that of the extracted images.
    np.testing.assert_allclose(found.positions_xyz, [np.array([370, 1240, 60]) - (3, -4, 5)])
    assert found.labels == ("spikes",)
    given = open_star(tmp_path / "r.star", CUBIC, "TS_02", pixel_size=12.0)
    np.testing.assert_allclose(given.positions_xyz, CUBIC.to_world([[248, 168, 88]]))
    with pytest.raises(VolvizError, match="particles of 2 tomograms"):
        open_star(tmp_path / "r.star", CUBIC, "other")


def test_offsets_are_turned_with_their_subtomogram(tmp_path):
    turned = RELION4.replace("_rlnOpticsGroup #9\nTS_01 80.0 160.0 240.0 3.0 -4.0 5.0 [0,1,1] 1\n", "").split("TS_02")[0]
    turned += "_rlnTomoSubtomogramRot #9\n_rlnTomoSubtomogramTilt #10\n_rlnTomoSubtomogramPsi #11\nTS_01 80 160 240 3 -4 5 [0,1] 90 0 0\n"
    (tmp_path / "r.star").write_text(turned)
    # rot = 90: x of the offset falls on -y, y on x.
    expected = np.array([370, 1240, 60]) - np.array([-4, -3, 5])
    np.testing.assert_allclose(open_star(tmp_path / "r.star", CUBIC).positions_xyz, [expected], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data_\nloop_\n_rlnCoordinateX\n1\n", "three dimensions"),
        ("hello\n", "no STAR file"),
        (RELION4.replace("80.0", "eighty"), "number"),
        (RELION4.replace("80.0", "nan"), "number"),
    ],
)
def test_star_files_that_are_wrong(tmp_path, text, words):
    (tmp_path / "r.star").write_text(text)
    with pytest.raises(VolvizError, match=words):
        open_star(tmp_path / "r.star", CUBIC, "TS_01")


def test_starfile_reads_what_volviz_writes(tmp_path):
    """With pandas and pyarrow it is too heavy to install for a test: VOLVIZ_STARFILE names a folder that holds it."""
    place = os.environ.get("VOLVIZ_STARFILE")
    code = "import starfile, sys; d = starfile.read(sys.argv[1], always_dict=True)['particles']; print(d.to_csv(index=False))"
    for version in (4, 5):
        save_star(POINTS, tmp_path / f"{version}.star", CUBIC, "ts 16", version=version)
        environment = {**os.environ, **({"PYTHONPATH": place} if place else {})}
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{version}.star")], capture_output=True, text=True, env=environment, check=False
        )
        if "No module named 'starfile'" in done.stderr:
            pytest.skip("starfile is not installed; VOLVIZ_STARFILE may name a folder that holds it (pip install --target)")
        assert done.returncode == 0, done.stderr
        rows = list(csv.DictReader(done.stdout.splitlines()))
        if version == 4:
            found = np.array([[float(r[f"rlnCoordinate{a}"]) for a in "XYZ"] for r in rows]) * 12.0 + (250, 1000, -300)
        else:
            found = np.array([[float(r[f"rlnCenteredCoordinate{a}Angst"]) for a in "XYZ"] for r in rows])
            found += np.array([250 + 480, 1000 + 360, -300 + 246])
        np.testing.assert_allclose(found, XYZ, atol=2e-3)
        assert [r["rlnTomoName"] for r in rows] == ["ts 16"] * 3
        assert [r["volvizClass"] for r in rows] == ["spikes", "spikes", "a class"]
