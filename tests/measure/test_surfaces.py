"""Surfaces: in the right place, the right way round, whole whatever they are cut into."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.mesh import Mesh
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.measure import surfaces as module
from volviz.measure.surfaces import surface

LABELS = (BACKGROUND, Label("thing", (0.2, 0.4, 0.8)))


def soft(values: np.ndarray, voxel_size=(10.0, 10.0, 10.0), origin=(0.0, 0.0, 0.0), bits=8) -> Segmentation:
    return Segmentation.of_probabilities(Grid(values.shape, voxel_size, origin), np.stack([1 - values, values]), LABELS, bits=bits)


def ball(radius: float, centre_xyz, grid: Grid) -> np.ndarray:
    """A soft ball of a radius and centre in angstrom: its middle value lies on the sphere."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.clip(0.5 + (radius - np.linalg.norm(points - centre_xyz, axis=-1)) / 60, 0, 1)


def blobs(shape=(30, 26, 28), seed=0) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.0)
    return np.clip(0.5 + noise / noise.std() / 3, 0, 1)


def places(mesh: Mesh) -> set[tuple[float, ...]]:
    return {tuple(row) for row in np.sort(np.round(mesh.vertices_xyz[mesh.faces].mean(axis=1), 2), axis=0).tolist()}


@pytest.mark.parametrize("bits", [8, 16])
def test_a_ball_has_its_volume_area_and_place(bits):
    grid = Grid((30, 34, 44), (14.0, 11.0, 9.0), (-150.0, 40.0, 900.0))
    centre = (1095.0, 220.0, 55.0)
    mesh = surface(soft(ball(120, centre, grid), grid.voxel_size, grid.origin, bits), "thing", 0.5)
    assert mesh.closed
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.01)  # nm3, and positive: triangles turn outward
    assert mesh.area == pytest.approx(4 * np.pi * 12**2, rel=0.015)
    outward = (mesh.vertices_xyz - centre) / 120
    np.testing.assert_allclose(np.linalg.norm(outward, axis=1), 1, atol=0.01)
    assert (mesh.normals_xyz * outward).sum(axis=1).min() > 0.95
    assert mesh.color == (0.2, 0.4, 0.8)


def test_a_letter_is_not_mirrored(chiral):
    mesh = surface(soft(np.asarray(chiral.data), chiral.grid.voxel_size, chiral.grid.origin), "thing", 0.5)
    inside = chiral.grid.to_world(np.argwhere(np.asarray(chiral.data) > 0))
    np.testing.assert_allclose(mesh.vertices_xyz.min(axis=0), inside.min(axis=0) - 5, atol=0.1)
    np.testing.assert_allclose(mesh.vertices_xyz.max(axis=0), inside.max(axis=0) + 5, atol=0.1)
    dot = mesh.vertices_xyz[mesh.vertices_xyz[:, 2] > chiral.grid.to_world((8.2, 0, 0))[2]]
    np.testing.assert_allclose(dot.mean(axis=0), chiral.grid.to_world((9.5, 3.5, 12.5)), atol=1.5)
    assert mesh.volume == pytest.approx(len(inside), rel=0.1)


@pytest.mark.parametrize("closed", [False, True])
def test_slabs_are_sewn_together(monkeypatch, closed):
    source = soft(blobs())
    whole = surface(source, "thing", 0.5, closed=closed)
    for depth in (1, 2, 7):
        monkeypatch.setattr(module, "SLAB_BYTES", 4 * (depth + 1) * 28 * 30)
        cut = surface(source, "thing", 0.5, closed=closed)
        assert len(cut.vertices_xyz) == len(whole.vertices_xyz)
        assert len(cut.faces) == len(whole.faces)
        assert cut.area == pytest.approx(whole.area, rel=1e-5)
        assert cut.closed == whole.closed == closed
        assert places(cut) == places(whole)


def test_what_the_border_cuts_is_open_until_it_is_closed():
    grid = Grid((12, 40, 40), (10.0, 10.0, 10.0))
    half = soft(ball(120, (195, 195, 0), grid))
    open_, closed = (surface(half, "thing", 0.5, closed=c) for c in (False, True))
    assert not open_.closed
    assert open_.vertices_xyz[:, 2].min() == 0
    assert closed.closed
    assert closed.volume == pytest.approx(2 / 3 * np.pi * 12**3 + np.pi * 12**2 * 0.4, rel=0.06)  # and the cap, within a voxel


def test_a_region_and_binned_voxels_stay_in_place():
    grid = Grid((32, 36, 41), (10.0, 10.0, 10.0), (70.0, -30.0, 5.0))
    centre = grid.to_world((15, 18, 20))
    source = soft(ball(100, centre, grid), grid.voxel_size, grid.origin)
    coarse = surface(source, "thing", 0.5, binning=2)
    np.testing.assert_allclose((coarse.vertices_xyz.max(axis=0) + coarse.vertices_xyz.min(axis=0)) / 2, centre, atol=1)
    assert coarse.volume == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.04)
    assert len(coarse.faces) < len(surface(source, "thing", 0.5).faces) / 3
    region = Region((0, 18, 0), (32, 36, 41))
    part = surface(source, "thing", 0.5, region=region)
    assert part.vertices_xyz[:, 1].min() == pytest.approx(centre[1])
    assert part.vertices_xyz[:, 1].max() == pytest.approx(centre[1] + 100, abs=1)


def test_scores_have_surfaces_below_zero_too():
    grid = Grid((20, 20, 20), (10.0, 10.0, 10.0))
    values = (ball(60, (95, 95, 95), grid) - 0.5) * 1.4
    stored = np.rint(values * 127 + 128).astype(np.uint8)
    source = Segmentation(grid, stored[None], (Label("heat"),), "score")
    sizes = [surface(source, "heat", level).volume for level in (-0.3, 0.0, 0.3)]
    assert sizes[0] > sizes[1] > sizes[2] > 0
    assert sizes[1] == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.03)


def test_what_cannot_be_is_said(monkeypatch):
    source = soft(blobs())
    with pytest.raises(VolvizError, match="between 0 and 1, not at 1"):
        surface(source, "thing", 1.0)
    with pytest.raises(VolvizError, match="two voxels or more"):
        surface(source, "thing", 0.5, region=Region((0, 0, 0), (1, 9, 9)))
    assert len(surface(soft(np.zeros((4, 4, 4))), "thing", 0.5).faces) == 0
    monkeypatch.setattr(module, "MOST_TRIANGLES", 1000)
    with pytest.raises(VolvizError, match=r"million triangles.*bin the voxels"):
        surface(source, "thing", 0.5)
