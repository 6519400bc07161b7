"""Tables of objects against spheres and caps whose sizes are known."""

import math
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from volviz.core.cleaning import Cleaning
from volviz.core.errors import Cancelled
from volviz.core.grid import Grid
from volviz.core.segmentation import Label, Segmentation
from volviz.measure import objects
from volviz.measure.cleaning import diameters
from volviz.measure.objects import COLUMNS, measure_objects

GRID = Grid((40, 70, 90), (17.0, 9.0, 12.0), (-300.0, 1000.0, 250.0))  # anisotropic and far from 0
LABELS = (Label("background"), Label("capsid"), Label("other"))


def soft_spheres(grid, spheres, edge=20.0):
    """Probabilities that fall from 1 to 0 within ``edge`` (A) around spheres (centre_xyz, radius) in angstrom."""
    points = grid.to_world(np.moveaxis(np.indices(grid.shape), 0, -1))
    depth = np.max([radius - np.linalg.norm(points - centre, axis=-1) for centre, radius in spheres], axis=0)
    inside = np.clip(0.5 + depth / edge, 0, 1)
    return Segmentation.of_probabilities(grid, np.stack([1 - inside, inside, 0 * inside]), LABELS)


def test_spheres_have_their_volume_surface_diameter_and_place():
    big, small = ((700.0, 1260.0, 60.0), 180.0), ((1060.0, 1500.0, 100.0), 100.0)
    found = measure_objects(soft_spheres(GRID, [small, big]), "capsid", 0.5)
    assert [(o.label, o.id, o.touches_border) for o in found] == [("capsid", 1, False), ("capsid", 2, False)]
    for got, (centre, radius) in zip(found, (big, small), strict=True):
        nm = radius / 10
        assert got.volume == pytest.approx(4 / 3 * math.pi * nm**3, rel=0.01)
        assert got.surface == pytest.approx(4 * math.pi * nm**2, rel=0.015)
        assert got.diameter == pytest.approx(2 * nm, rel=0.005)
        np.testing.assert_allclose(got.centre_xyz, centre, atol=2)
        np.testing.assert_allclose(got.low_xyz, np.array(centre) - radius, atol=13)
        np.testing.assert_allclose(got.high_xyz, np.array(centre) + radius, atol=13)
        assert 0.85 < got.probability < 1
    assert found[0].volume == pytest.approx(found[0].voxels * 17 * 9 * 12 / 1000)


def test_the_threshold_moves_the_surface():
    segmentation = soft_spheres(GRID, [((800.0, 1300.0, 40.0), 200.0)], edge=100.0)
    tight, wide = (measure_objects(segmentation, "capsid", level)[0] for level in (0.8, 0.2))
    assert tight.diameter == pytest.approx(2 * (20 - 3), rel=0.01)
    assert wide.diameter == pytest.approx(2 * (20 + 3), rel=0.01)
    assert tight.surface == pytest.approx(4 * math.pi * 17**2, rel=0.01)
    assert (tight.threshold, wide.threshold) == (0.8, 0.2)


def test_where_the_volume_cuts_an_object_the_cut_is_no_surface():
    # Spheres about the middle of a face and about a corner of the box: half of the one is inside, an eighth of the other.
    low, _ = GRID.bounds_xyz
    face, corner = (low[0], GRID.center_xyz[1], GRID.center_xyz[2]), GRID.bounds_xyz[1]
    half, eighth = measure_objects(soft_spheres(GRID, [(face, 200.0), (corner, 180.0)]), "capsid", 0.5)
    assert half.touches_border
    assert eighth.touches_border
    assert half.surface == pytest.approx(2 * math.pi * 20**2, rel=0.01)
    assert eighth.surface == pytest.approx(math.pi / 2 * 18**2, rel=0.015)
    assert half.volume == pytest.approx(2 / 3 * math.pi * 20**3, rel=0.01)


@pytest.mark.parametrize("slab", [1, 3000])
def test_slabs_leave_no_trace(slab, monkeypatch):
    noise = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=GRID.shape), 1.5)
    p = np.clip(0.5 + noise / noise.std() / 3, 0, 1)
    segmentation = Segmentation.of_probabilities(GRID, np.stack([1 - p, p, 0 * p]), LABELS)
    whole = measure_objects(segmentation, "capsid", 0.7)
    monkeypatch.setattr(objects, "SLAB_VOXELS", slab)
    parts = measure_objects(segmentation, "capsid", 0.7)
    assert len(whole) == ndimage.label(segmentation.data[1] >= 179, np.ones((3, 3, 3)))[1] > 50
    for a, b in zip(whole, parts, strict=True):
        assert a.row[:3] + a.row[4:] == b.row[:3] + b.row[4:]
        assert a.surface == pytest.approx(b.surface, rel=1e-3)
    assert len(whole[0].row) == len(COLUMNS)


def test_a_neighbour_adds_no_surface():
    # Two objects one voxel apart share boxes; each has the surface that it has alone.
    data = np.zeros((3, 12, 12, 12), np.uint8)
    data[1, 3:6, 3:6, 3:6] = 255
    alone = Segmentation(Grid(data.shape[1:], (10.0, 10.0, 10.0)), data.copy(), LABELS)
    data[1, 3:9, 3:9, 7] = 255
    data[1, 7:9, 3:9, 3:8] = 255
    both = Segmentation(alone.grid, data, LABELS)
    (one,) = measure_objects(alone, "capsid", 0.5)
    assert measure_objects(both, "capsid", 0.5)[1].surface == one.surface > 0


def test_trimming_is_a_border_and_what_was_cleaned_away_is_not_measured():
    from volviz.tasks.clean import clean

    segmentation = soft_spheres(GRID, [((700.0, 1260.0, 40.0), 180.0), ((1060.0, 1500.0, 100.0), 80.0)])
    cleaned = clean(segmentation, {"capsid": Cleaning(dust=20.0, trim=(34.0, 0.0), level=0.5)})
    (found,) = measure_objects(cleaned, "capsid", 0.5)
    assert found.touches_border
    assert found.low_xyz[2] == GRID.to_world((20 - 0.5, 0, 0))[2]
    height = 18 + 0.85  # the section through the centre is whole
    assert found.volume == pytest.approx(2 / 3 * math.pi * 18**3 + math.pi * 18**2 * 0.85, rel=0.01)
    assert found.surface == pytest.approx(2 * math.pi * 18 * height, rel=0.01)
    assert found.diameter == diameters(np.array([found.voxels]), GRID)[0]


def test_memory_is_bounded_and_work_can_be_stopped(monkeypatch):
    monkeypatch.setattr(objects, "SLAB_VOXELS", 2**16)
    grid = Grid((100, 100, 100), (10.0, 10.0, 10.0))
    segmentation = soft_spheres(grid, [((500.0, 500.0, 500.0), 450.0)])
    tracemalloc.start()
    (found,) = measure_objects(segmentation, "capsid", 0.5)
    assert tracemalloc.get_traced_memory()[1] < 24e6  # 4 bytes a voxel of a million, and slabs
    tracemalloc.stop()
    assert found.diameter == pytest.approx(90, rel=0.005)

    def stop(fraction, text="", **metrics):
        if text == "measuring surfaces" and fraction > 0.7:
            raise Cancelled

    with pytest.raises(Cancelled):
        measure_objects(segmentation, "capsid", 0.5, stop)


def test_nothing_there_is_no_object():
    grid = Grid((4, 5, 6))
    empty = Segmentation(grid, np.zeros((3, 4, 5, 6), np.uint8), LABELS)
    assert measure_objects(empty, "capsid", 0.5) == ()
    full = Segmentation(grid, np.full((3, 4, 5, 6), 255, np.uint8), LABELS)
    (found,) = measure_objects(full, "capsid", 0.5)
    assert (found.surface, found.voxels, found.touches_border) == (0.0, 120, True)
