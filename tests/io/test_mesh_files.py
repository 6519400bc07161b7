"""Surfaces in files, as another library reads them."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.mesh import Mesh
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.io.meshes import save_meshes
from volviz.tasks.mesh import mesh

RED, BLUE = (0.8, 0.1, 0.2), (0.1, 0.3, 0.9)


@pytest.fixture
def two(chiral) -> tuple[Mesh, ...]:
    """A letter and its dot: what is mirrored anywhere shows."""
    letter = np.array(chiral.data)
    dot = np.zeros_like(letter)
    dot[9:11], letter[9:11] = letter[9:11], 0
    labels = (BACKGROUND, Label("letter", RED), Label("the dot", BLUE))
    return mesh(Segmentation.of_probabilities(chiral.grid, np.stack([1 - letter - dot, letter, dot]), labels), level=0.5)


def read(path) -> list[trimesh.Trimesh]:
    return trimesh.load_scene(path).dump()


def same(found: trimesh.Trimesh, mesh: Mesh, scale: float = 1.0) -> None:
    """The same surface, in place, closed and turning outward."""
    np.testing.assert_allclose(found.bounds, np.stack([mesh.vertices_xyz.min(axis=0), mesh.vertices_xyz.max(axis=0)]) * scale, atol=2e-3)
    assert found.is_watertight
    assert found.is_winding_consistent
    assert found.volume == pytest.approx(1000 * scale**3 * mesh.volume, rel=1e-4)
    np.testing.assert_allclose(found.center_mass, _middle(mesh) * scale, atol=0.05)


def _middle(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.vertices_xyz[mesh.faces[:, i]].astype(float) for i in range(3))
    weights = np.einsum("ij,ij->i", a, np.cross(b, c))
    return ((a + b + c) * weights[:, None]).sum(axis=0) / 4 / weights.sum()


def color(found: trimesh.Trimesh) -> np.ndarray:
    return np.asarray(found.visual.material.main_color[:3]) / 255


@pytest.mark.parametrize(("unit", "scale"), [("angstrom", 1.0), ("nm", 0.1)])
def test_glb(two, tmp_path, unit, scale):
    (path,) = save_meshes(two, tmp_path / "x.glb", unit=unit)
    scene = trimesh.load_scene(path)
    assert set(scene.geometry) == {"letter", "the dot"}
    for one in two:
        found = scene.geometry[one.name]
        same(found, one, scale)
        np.testing.assert_allclose(found.vertex_normals, one.normals_xyz, atol=1e-3)
    linear = color(scene.geometry["letter"])
    assert linear[0] == pytest.approx(((0.8 + 0.055) / 1.055) ** 2.4, abs=0.01)


def test_obj_and_its_materials(two, tmp_path):
    path, materials = save_meshes(two, tmp_path / "x.obj")
    assert materials.name == "x.mtl"
    found = read(path)
    assert len(found) == 2
    for one in two:
        (match,) = [f for f in found if np.allclose(color(f), one.color, atol=0.01)]
        same(match, one)


def test_ply_in_its_colours(two, tmp_path):
    (path,) = save_meshes(two, tmp_path / "x.ply")
    (whole,) = read(path)
    parts = sorted(whole.split(), key=lambda part: -part.volume)
    for one, part in zip(two, parts, strict=True):
        same(part, one)
        np.testing.assert_allclose(part.visual.vertex_colors[:, :3] / 255, np.broadcast_to(one.color, (len(part.vertices), 3)), atol=0.01)
    stored = whole.metadata["_ply_raw"]["vertex"]["data"]
    normals = np.stack([stored[axis] for axis in ("nx", "ny", "nz")], axis=-1)
    np.testing.assert_array_equal(normals, np.concatenate([one.normals_xyz for one in two]))


def test_stl_has_a_file_for_each(two, tmp_path):
    files = save_meshes(two, tmp_path / "x.stl")
    assert [file.name for file in files] == ["x_letter.stl", "x_the_dot.stl"]
    for one, file in zip(two, files, strict=True):
        same(read(file)[0], one)
    assert save_meshes(two[:1], tmp_path / "one.stl") == [tmp_path / "one.stl"]


def test_nothing_is_half_written_and_nothing_replaced(two, tmp_path):
    def stop(fraction, text="", **_):
        if fraction > 0.4:
            raise Cancelled

    for name in ("x.glb", "x.obj", "x.ply", "x.stl"):
        with pytest.raises(Cancelled):
            save_meshes(two, tmp_path / name, report=stop)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x.mtl").write_text("mine")
    with pytest.raises(VolvizError, match=r"x\.mtl is there already"):
        save_meshes(two, tmp_path / "x.obj")
    assert [p.name for p in tmp_path.iterdir()] == ["x.mtl"]
    with pytest.raises(VolvizError, match=r"\.glb, \.obj, \.ply or \.stl"):
        save_meshes(two, tmp_path / "x.fbx")
