"""Surfaces of fewer triangles, looked at by another library, and how many there will be."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from tests.measure.test_surfaces import ball, blobs, soft
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid
from volviz.core.mesh import Mesh
from volviz.io.meshes import save_meshes, size_of
from volviz.measure import surfaces
from volviz.measure.decimation import decimated, shares
from volviz.measure.surfaces import estimated, surface


def read(mesh: Mesh, path) -> trimesh.Trimesh:
    save_meshes([mesh], path)
    return trimesh.load_mesh(path)


def test_a_ball_of_a_tenth_of_the_triangles_is_the_same_ball_in_the_same_place(tmp_path):
    grid = Grid((36, 40, 44), (10.0, 10.0, 10.0), (-250.0, 4000.0, 120000.0))
    centre = np.asarray(grid.center_xyz) + np.array([7.0, -4.0, 11.0])
    classes = soft(ball(120.0, centre, grid), grid.voxel_size, grid.origin)
    whole = surface(classes, "thing", 0.5)
    few = decimated(whole, len(whole.faces) // 10)
    found = read(few, tmp_path / "few.ply")
    assert len(found.faces) == pytest.approx(len(whole.faces) / 10, rel=0.02)
    assert found.is_watertight
    assert found.is_winding_consistent
    assert found.volume == pytest.approx(read(whole, tmp_path / "whole.ply").volume, rel=0.02)  # above zero: it faces outward
    np.testing.assert_allclose(found.center_mass, centre, atol=1.0)  # angstrom: a tenth of a voxel
    far = np.linalg.norm(found.vertices - centre, axis=1)
    assert np.abs(far - far.mean()).max() < 5.0  # half a voxel
    outward = np.einsum("ij,ij->i", few.normals_xyz, few.vertices_xyz - centre.astype(np.float32))
    assert (outward > 0).all()
    assert few.closed


def test_a_border_stays_where_it_is():
    grid = Grid((30, 30, 30), (10.0, 10.0, 10.0))
    half = surface(soft(ball(100.0, (145.0, 145.0, 0.0), grid)), "thing", 0.5)
    assert not half.closed
    few = decimated(half, len(half.faces) // 4)
    on_border = {tuple(p) for p in half.vertices_xyz[half.vertices_xyz[:, 2] == half.vertices_xyz[:, 2].min()].round(2)}
    assert {tuple(p) for p in few.vertices_xyz[few.vertices_xyz[:, 2] <= half.vertices_xyz[:, 2].min() + 1e-3].round(2)} == on_border


def test_the_work_can_be_cancelled():
    whole = surface(soft(blobs()), "thing", 0.5)

    def stop(fraction, text="", **_):
        raise Cancelled

    with pytest.raises(Cancelled):
        decimated(whole, 100, stop)
    assert decimated(whole, len(whole.faces)) is whole


def test_shares():
    assert shares([1000, 3000], keep=0.5) == [500, 1500]
    assert shares([1000, 3000], triangles=400) == [100, 300]
    assert shares([1000, 3000], triangles=9000) == [1000, 3000]
    assert shares([0, 2]) == [0, 2]
    with pytest.raises(VolvizError, match="between 0 and 1"):
        shares([1], keep=0.0)
    with pytest.raises(VolvizError, match="4 triangles"):
        shares([1], triangles=3)


@pytest.mark.parametrize(("closed", "binning"), [(False, 1), (True, 1), (True, 2)])
def test_what_is_expected_is_about_what_comes(monkeypatch, closed, binning):
    classes = soft(blobs((60, 40, 44)))
    made = len(surface(classes, "thing", 0.5, closed=closed, binning=binning).faces)
    assert estimated(classes, "thing", 0.5, closed=closed, binning=binning) == pytest.approx(made, rel=0.08)
    monkeypatch.setattr(surfaces, "LOOKED_AT", 12 * 2 * 40 * 44)  # a few sections
    assert estimated(classes, "thing", 0.5, closed=closed, binning=binning) == pytest.approx(made, rel=0.25)


@pytest.mark.parametrize("kind", [".glb", ".ply", ".stl", ".obj"])
def test_the_size_of_a_file_is_about_what_is_said(kind, tmp_path):
    whole = surface(soft(blobs((60, 40, 44))), "thing", 0.5, closed=True)
    save_meshes([whole], tmp_path / f"x{kind}")
    assert size_of(len(whole.faces), kind) == pytest.approx((tmp_path / f"x{kind}").stat().st_size, rel=0.1)
