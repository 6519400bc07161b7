"""Points as tables of Dynamo: what numpy finds in them, and what volviz makes of others, in angstrom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.cli import main
from volviz.core.annotations import SurfacePoints
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.io.dynamo import open_dynamo, save_dynamo

GRID = Grid((41, 60, 80), (12.0, 12.0, 12.0), (-300.0, 1000.0, 250.0))
POINTS = (
    SurfacePoints(((262.0, 1010.5, -288.0), (700.0, 1300.0, 40.0)), 1, "spikes"),
    SurfacePoints(((1100.0, 1500.0, 100.0),), 7, "membrane"),
)
XYZ = np.array([p for one in POINTS for p in one.points_xyz])


def row(**columns: float) -> str:
    values = np.zeros(40)
    for name, value in columns.items():
        values[int(name[1:]) - 1] = value
    return " ".join(f"{v:g}" for v in values)


def test_numpy_reads_what_is_written_and_it_comes_back(tmp_path: Path) -> None:
    save_dynamo(POINTS, tmp_path / "p.tbl", GRID, {"membrane": 1, "spikes": 2})
    table = np.loadtxt(tmp_path / "p.tbl")
    np.testing.assert_allclose(12.0 * table[:, 23:26] + (250.0, 1000.0, -300.0), XYZ)
    np.testing.assert_array_equal(table[:, [0, 1, 19, 20, 21, 35]], [(1, 1, 1, 1, 2, 12), (2, 1, 1, 1, 2, 12), (3, 1, 1, 7, 1, 12)])
    np.testing.assert_array_equal(table[:, 3:9], 0)  # neither shifted nor turned
    found = open_dynamo(tmp_path / "p.tbl", GRID, label="spikes")
    np.testing.assert_allclose(found.positions_xyz, XYZ)
    assert found.objects == (1, 1, 7)
    assert found.notes == ()
    save_dynamo(POINTS, tmp_path / "fine.tbl", GRID, {}, pixel_size=3.0)  # for the tomogram before it was binned
    np.testing.assert_allclose(np.loadtxt(tmp_path / "fine.tbl")[:, 23:26] * 3.0 + (250.0, 1000.0, -300.0), XYZ)
    again = open_dynamo(tmp_path / "fine.tbl", GRID)
    np.testing.assert_allclose(again.positions_xyz, XYZ)
    assert "count voxels of 3 Å" in again.notes[0]


def test_shifts_are_added_and_the_size_that_is_given_wins(tmp_path: Path) -> None:
    text = f"{row(c1=1, c4=0.5, c6=-1, c20=3, c21=2, c24=10, c25=20, c26=30)}\n\n{row(c1=2, c20=3, c24=1, c25=2, c26=3)}\n"
    (tmp_path / "p.tbl").write_text(text, encoding="utf-8")
    found = open_dynamo(tmp_path / "p.tbl", GRID, label="spikes")
    np.testing.assert_allclose(found.positions_xyz, [(250 + 126, 1240, -300 + 348), (262, 1024, -264)])
    assert found.objects == (2, 1)
    assert "count the tomogram's voxels" in found.notes[0]
    given = open_dynamo(tmp_path / "p.tbl", GRID, pixel_size=6.0)
    np.testing.assert_allclose(given.positions_xyz[1], (256, 1012, -282))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3\n", "no table of Dynamo"),
        ("", "no table of Dynamo"),
        (row(c24=1) + "\n" + row(c24=1)[:-2] + "\n", "no table of Dynamo"),
        (row(c20=1) + "\n" + row(c20=2), "2 tomograms"),
        (row(c1=1).replace("1", "one"), "something else than a number"),
        (row().rsplit(" ", 16)[0] + " nan" + " 0" * 15, "no finite numbers"),
    ],
)
def test_tables_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.tbl").write_text(text, encoding="utf-8")
    with pytest.raises(VolvizError, match=words):
        open_dynamo(tmp_path / "p.tbl", GRID)
    with pytest.raises(VolvizError):
        open_dynamo(tmp_path / "p.tbl", None)


def test_the_command_line_and_python_convert_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume = Volume(GRID, np.zeros(GRID.shape, np.int8), "ts")
    volviz.save(volume, tmp_path / "ts.mrc")
    volviz.write_annotations(POINTS, tmp_path / "p.tbl", volume)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "p.tbl")[:, 21], [2, 2, 1])  # as label volumes number them
    main(["annotations", str(tmp_path / "p.tbl"), str(tmp_path / "p.csv"), "--tomogram", str(tmp_path / "ts.mrc")])
    assert "2 annotations" in capsys.readouterr().out
    table = np.genfromtxt(tmp_path / "p.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    np.testing.assert_allclose(np.stack([table[f"{axis}_angstrom"] for axis in "xyz"], axis=1), XYZ)
