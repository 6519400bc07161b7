"""Surfaces of files: through the task and the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.render.conftest import virion
from volviz.cli import main
from volviz.core.errors import VolvizError
from volviz.core.project import Project, Source
from volviz.core.scene import Scene
from volviz.io import save, save_project
from volviz.tasks.mesh import mesh, mesh_file


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A virion, its classes and a session that colours one of them and hides another."""
    volume, classes = virion(24)
    save(volume, tmp_path / "virion.mrc")
    save(classes, tmp_path / "classes.zarr")
    scene = Scene.of(volume, classes).with_ramp("membrane", color=(0.0, 0.0, 1.0), low=0.2, high=0.6).with_ramp("lumen", visible=False)
    session = Project(Source(str(tmp_path / "virion.mrc")), Source(str(tmp_path / "classes.zarr")), scene=scene)
    save_project(session, tmp_path / "view.volviz")
    return tmp_path


def test_a_session_says_which_classes_in_which_colours_and_where(stored: Path) -> None:
    made, (file,) = mesh_file(stored / "view.volviz", stored / "out.glb")
    assert {one.name: one.color for one in made}["membrane"] == (0.0, 0.0, 1.0)
    assert "lumen" not in {one.name for one in made}
    assert set(trimesh.load_scene(file).geometry) == {one.name for one in made}
    _, classes = virion(24)
    (lower,) = mesh(classes, classes=["membrane"], level=0.4)  # the middle of the session's ramp
    assert len(lower.faces) == len(next(one for one in made if one.name == "membrane").faces)


def test_the_command_line_says_what_it_wrote(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--class", "membrane", "--level", "0.5", "--unit", "nm", "--closed"]
    assert main(["mesh", str(stored / "classes.zarr"), "--out", str(stored / "out.ply"), *options]) == 0
    said = capsys.readouterr().out
    found = trimesh.load_mesh(stored / "out.ply")
    assert f"{len(found.faces):,} triangles" in said
    assert "nm3 inside" in said
    grid = virion(24)[0].grid
    np.testing.assert_allclose(found.bounds.mean(axis=0), grid.center_xyz / 10, atol=1.5)
    assert main(["mesh", str(stored / "classes.zarr"), "--out", str(stored / "out.ply"), *options]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["mesh", str(stored / "classes.zarr"), "--out", str(stored / "x.ply"), "--region", "1:2"]) == 2
    assert "is no region" in capsys.readouterr().err
    cut = ["--class", "membrane", "--region", "0:12,:,:", "--triangles", "4"]  # the border's own triangles are more
    assert main(["mesh", str(stored / "classes.zarr"), "--out", str(stored / "few.ply"), *cut]) == 0
    assert "triangles are left, more than 4" in capsys.readouterr().err


def test_what_cannot_be_is_said_before_the_work(stored: Path) -> None:
    with pytest.raises(VolvizError, match=r"no class called 'capsid'.*membrane"):
        mesh_file(stored / "classes.zarr", stored / "x.glb", classes=["capsid"])
    with pytest.raises(VolvizError, match="plain volume"):
        mesh_file(stored / "virion.mrc", stored / "x.glb")
    with pytest.raises(VolvizError, match=r"reaches the level"):
        mesh_file(stored / "classes.zarr", stored / "x.glb", ["cleaning.dust=500"])
    assert not (stored / "x.glb").exists()


def test_fewer_triangles_and_what_is_expected(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(stored / "classes.zarr")
    assert main(["mesh", source, "--out", str(stored / "whole.ply")]) == 0
    assert main(["mesh", source, "--out", str(stored / "x.ply"), "--estimate"]) == 0
    said = capsys.readouterr().out
    assert not (stored / "x.ply").exists()
    whole, size = trimesh.load_mesh(stored / "whole.ply"), (stored / "whole.ply").stat().st_size
    about = [int(found.replace(",", "")) for found in re.findall(r"about ([\d,]+) triangles", said)]
    assert sum(about) == pytest.approx(len(whole.faces), rel=0.06)
    assert float(said.split("take about ")[1].split()[0]) == pytest.approx(size / 1e6, rel=0.1, abs=0.06)
    assert main(["mesh", source, "--out", str(stored / "few.ply"), "--triangles", "600"]) == 0
    few = trimesh.load_mesh(stored / "few.ply")
    assert 400 < len(few.faces) <= 620
    np.testing.assert_allclose(few.bounds, whole.bounds, atol=1.5 * max(virion(24)[0].grid.voxel_size))
    assert main(["mesh", source, "--out", str(stored / "none.ply"), "--keep", "2"]) == 2
    assert "between 0 and 1" in capsys.readouterr().err
