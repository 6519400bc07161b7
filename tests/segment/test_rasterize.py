"""Annotations as voxels, against a reference that asks every voxel by itself."""

import numpy as np
import pytest

from volviz.core.annotations import ERASED, Box, Dense, Lasso, Mask, Section, Stroke, SurfacePoints, Tag
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.segment import rasterize as module
from volviz.segment.rasterize import UNLABELLED, classes_of, rasterize, rasterized

GRID = Grid((26, 40, 50), (17.0, 9.0, 12.0), (-210.0, 1000.0, 400.0))
NUMBERS = {"background": 0, "membrane": 1, "spikes": 2, "lumen": 3}
POINTS = GRID.to_world(np.moveaxis(np.indices(GRID.shape), 0, -1))  # (z, y, x, 3)


def at(*index: float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in GRID.to_world(index))
    return x, y, z


def near_path(path, radius):
    path = np.array(path)
    ends = path[1:] if len(path) > 1 else path
    distance = np.full(GRID.shape, np.inf)
    for a, b in zip(path, ends, strict=False):
        d = b - a
        t = np.clip((POINTS - a) @ d / max(d @ d, 1e-12), 0, 1)
        distance = np.minimum(distance, np.linalg.norm(POINTS - a - t[..., None] * d, axis=-1))
    return distance <= radius


def in_polygon(outline, axes):
    u, v = POINTS[..., axes[0]], POINTS[..., axes[1]]
    inside = np.zeros(GRID.shape, bool)
    corners = [(p[axes[0]], p[axes[1]]) for p in outline]
    for (u0, v0), (u1, v1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if v0 != v1:
            inside ^= ((v0 > v) != (v1 > v)) & (u < u0 + (v - v0) * (u1 - u0) / (v1 - v0))
    return inside


def path(seed, count=12):
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 4, (count, 3)), axis=0) + rng.uniform((5, 8, 8), (20, 30, 40))
    return tuple(at(*step) for step in steps)


def test_strokes_are_all_voxels_near_their_path_and_later_ones_win():
    one, two = Stroke(path(1), 40.0, "spikes"), Stroke(path(2), 25.0, "membrane")
    rubber = Stroke(one.path_xyz[3:6], 60.0, ERASED)
    dot = Stroke((at(13, 20, 25),), 33.0, "lumen")
    expected = np.full(GRID.shape, UNLABELLED)
    for stroke in (one, rubber, two, dot):
        expected[near_path(stroke.path_xyz, stroke.radius)] = UNLABELLED if stroke.erases else NUMBERS[stroke.label]
    found = rasterize([one, rubber, two, dot], GRID, VIRION_LABELS)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
    assert {NUMBERS["spikes"], NUMBERS["membrane"], NUMBERS["lumen"], UNLABELLED} == set(np.unique(found))
    assert (near_path(one.path_xyz, 40.0) & near_path(rubber.path_xyz, 60.0)).any()
    assert rasterize([Stroke((), 30.0, "spikes")], GRID, VIRION_LABELS).min() == UNLABELLED


def test_a_long_step_is_a_whole_line():
    stroke = Stroke((at(1, 1, 1), at(24, 38, 48)), 14.0, "spikes")
    np.testing.assert_array_equal(rasterize([stroke], GRID, VIRION_LABELS) == 2, near_path(stroke.path_xyz, 14.0))


@pytest.mark.parametrize(("normal", "axes"), [("z", (0, 1)), ("y", (0, 2)), ("x", (1, 2))])
def test_a_lasso_fills_its_outline_on_its_sections(normal, axes):
    rng = np.random.default_rng(7)
    plane = {"z": 0, "y": 1, "x": 2}[normal]
    turns = np.sort(rng.uniform(0, 2 * np.pi, 40))
    away = rng.uniform(0.3, 0.9, 40)
    index = np.full((40, 3), 12.3)
    first, second = (a for a in range(3) if a != plane)
    half = np.array(GRID.shape) / 2
    index[:, first] = half[first] * (1 + away * np.cos(turns))
    index[:, second] = half[second] * (1 + away * np.sin(2 * turns))  # it crosses itself
    lasso = Lasso(tuple(at(*i) for i in index), normal, 3 * GRID.voxel_size[plane], "lumen")
    centre = at(12.3, 12.3, 12.3)["xyz".index(normal)]
    expected = in_polygon(lasso.outline_xyz, axes) & (abs(POINTS[..., "xyz".index(normal)] - centre) <= lasso.thickness / 2)
    assert 100 < expected.sum() < expected.size / 4
    np.testing.assert_array_equal(rasterize([lasso], GRID, VIRION_LABELS) == 3, expected)


def test_boxes_lie_under_strokes_and_points_over_them():
    sections = (Section(at(6, 0, 0)[2], at(0, 5, 5)[:2], at(0, 12, 20)[:2]), Section(at(12, 0, 0)[2], at(0, 8, 10)[:2], at(0, 30, 40)[:2]))
    adjusted = Box((at(4, 5, 5), at(14, 30, 40)), "membrane", 1, sections)
    plain = Box((at(18, 2, 2), at(22, 9, 9)), "membrane", 2)
    rubber, stroke = Stroke((at(20, 5, 5),), 30.0, ERASED), Stroke((at(9, 10, 15),), 30.0, "spikes")
    points = SurfacePoints((at(9.2, 10.1, 14.8), at(0, 0, 0), at(-3, 0, 0)), 1, "lumen")
    found = rasterize([points, stroke, adjusted, rubber, plain, Tag(frozenset({"spikes"}))], GRID, VIRION_LABELS)
    assert (found[18:23, 2:10, 2:10] == 1).all()  # nothing erases a box
    assert found[9, 10, 15] == 3
    assert found[9, 10, 16] == 2
    assert found[0, 0, 0] == 3
    assert (found == 3).sum() == 2
    for k in (4, 6, 9, 12, 14):  # between sections the rectangle goes over linearly, beyond them it stays
        t = np.clip((k - 6) / 6, 0, 1)
        (y0, x0), (y1, x1) = (5 + 3 * t, 5 + 5 * t), (12 + 18 * t, 20 + 20 * t)
        y, x = np.indices(GRID.shape[1:])
        inside = (y >= y0 - 1e-6) & (y <= y1 + 1e-6) & (x >= x0 - 1e-6) & (x <= x1 + 1e-6)
        np.testing.assert_array_equal(np.isin(found[k], (1, 2, 3)), inside | (near_path(stroke.path_xyz, 30.0)[k]))
    assert (found[15:18] == UNLABELLED).all()


@pytest.mark.parametrize("axes", ["x", "y", "xy", "xyz"])
def test_sections_across_any_axes_are_painted_as_they_are_seen(axes):
    box = Box((at(4, 5, 5), at(16, 30, 40)), "membrane", 1)
    low, high = (np.array(corner) for corner in box.corners_xyz)
    for axis in axes:
        k, others = "xyz".index(axis), [i for i in range(3) if "xyz"[i] != axis]
        near, far = low[others] + 0.3 * (high - low)[others], high[others] - 0.1 * (high - low)[others]
        box = box.with_section(Section(float(high[k]), tuple(near), tuple(far), axis))
    found = rasterize([box], GRID, VIRION_LABELS) == 1
    inside = np.ones(GRID.shape, dtype=bool)
    for axis in "xyz":
        k, others = "xyz".index(axis), [i for i in range(3) if "xyz"[i] != axis]
        inside &= (POINTS[..., k] >= low[k] - 1e-6) & (POINTS[..., k] <= high[k] + 1e-6)
        if axis in axes:
            starts, stops = box.spans(axis, POINTS[..., k])
            inside &= ((POINTS[..., others] >= starts - 1e-6) & (POINTS[..., others] <= stops + 1e-6)).all(axis=-1)
    assert 200 < inside.sum() < np.prod(np.round((high - low) / 10))
    np.testing.assert_array_equal(found, inside)


def test_the_mask_or_the_lassos_of_an_object_say_where_in_its_box_it_is():
    ball = np.linalg.norm(np.indices((10, 12, 14)) - np.array([5, 6, 7])[:, None, None, None], axis=0) < 4
    fine = Grid((10, 12, 14), (17.0, 9.0, 12.0), tuple(np.array(GRID.origin) + np.array((3, 5, 7)) * GRID.voxel_size))
    masked = Box((at(3, 5, 7), at(12, 16, 20)), "lumen", 1, mask=Mask.of(fine, ball))
    found = rasterize([masked], GRID, VIRION_LABELS)
    np.testing.assert_array_equal(found[3:13, 5:17, 7:21] == 3, ball)
    assert (found == 3).sum() == ball.sum()
    square = tuple(at(20, y, x) for y, x in ((4.5, 4.5), (4.5, 9.5), (9.5, 9.5), (9.5, 4.5)))
    outlined = [Box((at(18, 2, 2), at(23, 20, 20)), "spikes", 2), Lasso(square, "z", 17.0, "spikes", 2)]
    found = rasterize(outlined, GRID, VIRION_LABELS)
    assert (found[20, 5:10, 5:10] == 2).all()
    assert (found == 2).sum() == 25


def test_a_region_and_bricks_are_parts_of_the_whole(monkeypatch):
    marks = [
        Box((at(3, 5, 7), at(12, 16, 20)), "lumen", 1),
        Stroke(path(5), 30.0, "spikes"),
        Stroke(path(6), 30.0, ERASED),
        Lasso(tuple(at(8, y, x) for y, x in ((3, 3), (30, 10), (20, 45))), "z", 60.0, "membrane"),
        SurfacePoints(path(8), 2, "spikes"),
    ]
    whole = rasterize(marks, GRID, VIRION_LABELS)
    region = Region((5, 8, 11), (14, 31, 29))
    np.testing.assert_array_equal(rasterize(marks, GRID, VIRION_LABELS, region), whole[region.slices])
    monkeypatch.setattr(module, "BRICK", (7, 16, 13))
    again = np.zeros_like(whole)
    for part, classes in rasterized(marks, GRID, VIRION_LABELS):
        again[part.slices] = classes
    np.testing.assert_array_equal(again, whole)
    assert len(set(np.unique(whole))) == 4


def test_a_dense_labelling_lies_under_everything_wherever_its_grid_is():
    fine = Grid((20, 30, 36), (8.5, 9.0, 6.0), tuple(np.array(GRID.origin) + np.array((17.0 - 4.25, 18.0, 24.0 - 3.0))))
    data = np.zeros((3, *fine.shape), np.uint8)
    data[0], data[2, 6:12, 10:20, 8:20] = 100, 255
    data[:, 12:] = 0  # nothing is said
    dense = Dense(Segmentation(fine, data, (Label("background"), Label("other"), Label("spikes"))))
    labels = classes_of([dense])
    assert [label.name for label in labels] == ["background", "membrane", "spikes", "lumen", "other"]
    found = rasterize([dense, Stroke((at(2, 3, 3),), 1.0, "lumen")], GRID, labels)
    nearest = np.rint(fine.to_index(POINTS)).astype(int)
    inside = (np.abs(fine.to_index(POINTS) - (np.array(fine.shape) - 1) / 2) <= np.array(fine.shape) / 2).all(axis=-1)
    z, y, x = np.moveaxis(np.clip(nearest, 0, np.array(fine.shape) - 1), -1, 0)
    expected = np.where(data.max(axis=0) > 0, np.array([0, 4, 2])[data.argmax(axis=0)], UNLABELLED)[z, y, x]
    expected[~inside] = UNLABELLED
    expected[2, 3, 3] = 3
    np.testing.assert_array_equal(found, expected)


def test_classes_have_the_numbers_of_label_files_and_then_their_own():
    marks = [Stroke((at(1, 1, 1),), 5.0, "tubulin"), Stroke((at(9, 9, 9),), 5.0, ERASED), SurfacePoints((at(3, 3, 3),), 1, "spikes")]
    labels = classes_of(marks)
    assert [label.name for label in labels] == ["background", "membrane", "spikes", "lumen", "tubulin"]
    found = rasterize(marks, GRID, labels)
    assert (found[1, 1, 1], found[3, 3, 3]) == (4, 2)
    assert rasterize(marks, GRID, VIRION_LABELS)[1, 1, 1] == UNLABELLED
    with pytest.raises(ValueError, match="do not fit"):
        classes_of([Stroke((), 1.0, f"c{i}") for i in range(200)])
