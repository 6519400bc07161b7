"""What of a mark lies in the plane of a slice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from volviz.core.annotations import ERASED, Box, Lasso, Section, Stroke
from volviz.core.grid import Grid
from volviz.gui.annotate.painting import Pictures, View, Words, box_at, overlay
from volviz.gui.annotate.sections import areas_of, band_of, outline_of
from volviz.gui.planes import PLANES, XY, XZ, YZ, Plane
from volviz.segment.rasterize import UNLABELLED, classes_of, rasterize

pytestmark = pytest.mark.gui

PATH = np.array([[0.0, 0.0, 50.0], [100.0, 0.0, 50.0]])


def test_a_tube_is_narrower_off_its_middle_and_ends() -> None:
    assert band_of(PATH, 10.0, XY, 50.0).width == 20.0
    assert band_of(PATH, 10.0, XY, 56.0).width == pytest.approx(16.0)
    assert band_of(PATH, 10.0, XY, 61.0) is None
    assert band_of(PATH, 10.0, XY, 39.0) is None


def test_a_tube_across_a_plane_is_a_disc_however_far_apart_its_points_are() -> None:
    band = band_of(PATH, 10.0, YZ, 43.0)
    assert band.radii.max() == pytest.approx(10.0, abs=0.3)
    np.testing.assert_allclose(band.places, np.tile([0.0, 50.0], (len(band.places), 1)))
    assert band_of(PATH, 10.0, YZ, 112.0) is None


def test_a_tapering_box_is_a_trapezium_from_the_side() -> None:
    box = Box(((0.0, 0.0, 0.0), (40.0, 40.0, 100.0)), "a").with_section(Section(100.0, (10.0, 10.0), (30.0, 30.0)))
    side = outline_of(box, XZ, 20.0)
    assert side[:, 0].min() == 0.0
    assert side[side[:, 1] == 100.0][:, 0].tolist() == [10.0, 30.0]
    # Where the box has become too narrow for this plane, there is nothing of it.
    assert outline_of(box, XZ, 5.0)[:, 1].max() == pytest.approx(75.0, abs=2.1)
    assert outline_of(box, XY, 75.0)[:, 0].tolist() == [5.0, 35.0, 35.0, 5.0]
    assert outline_of(box, XY, 101.0) is None


def test_a_lasso_from_the_side_is_as_thick_as_its_slab_and_has_gaps() -> None:
    # A U in the plane z = 8: two arms, joined below.
    u = ((0, 0), (30, 0), (30, 30), (20, 30), (20, 10), (10, 10), (10, 30), (0, 30))
    lasso = Lasso(tuple((float(x), float(y), 8.0) for x, y in u), "z", 6.0, "a")
    assert len(areas_of(lasso, XY, 10.9)) == 1
    assert areas_of(lasso, XY, 11.1) == []
    arms = areas_of(lasso, XZ, 20.0)
    assert [(area[:, 0].min(), area[:, 0].max(), area[:, 1].min(), area[:, 1].max()) for area in arms] == [(0, 10, 5, 11), (20, 30, 5, 11)]
    assert len(areas_of(lasso, XZ, 5.0)) == 1
    assert areas_of(lasso, YZ, 40.0) == []


SCALE = 2.0  # pixels to an angstrom: what is on the edge of a pixel is 1 % of the voxels then, at half a pixel 5 %
GRID = Grid((16, 24, 30), (20.0, 12.0, 10.0), (-100.0, 40.0, 900.0))


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_what_is_seen_is_what_the_voxels_become(plane: Plane) -> None:
    rng = np.random.default_rng(4)
    low, high = GRID.bounds_xyz

    def path(points: int) -> tuple:
        return tuple(tuple(float(v) for v in point) for point in rng.uniform(low, high, (points, 3)))

    level = float(GRID.to_world((7, 0, 0))[2])
    flat = tuple((x, y, level) for x, y, _ in path(5))
    marks = (
        Stroke(flat, 30.0, "membrane"),
        Stroke(path(4), 40.0, "lumen"),
        Lasso(tuple((x, y, level) for x, y, _ in path(6)), "z", 60.0, "spikes"),
        Stroke(path(3), 35.0, ERASED),
        Stroke(path(3), 20.0, "membrane"),
        Stroke(path(1), 45.0, "spikes"),
    )
    labels = classes_of(marks)
    colors = {label.name: ((i + 1) / 8, 0.0, 0.0) for i, label in enumerate(labels)}
    (left, right), (bottom, top) = plane.frame(GRID)
    size = round((right - left) * SCALE), round((top - bottom) * SCALE)
    said = other = 0
    for index in range(GRID.shape[plane.normal]):
        depth = float(GRID.to_world(np.full(3, index))[2 - plane.normal])
        view = View(plane, depth, (SCALE, -SCALE), (-left * SCALE, top * SCALE), size, 1.0)
        image = Pictures().painted(view, marks, colors, None)
        truth = rasterize(marks, GRID, labels, plane.region(GRID, index)).squeeze(plane.normal)
        seen = np.full(truth.shape, UNLABELLED)
        for up, along in np.ndindex(truth.shape):
            at = np.zeros(3)
            at[[plane.normal, plane.up, plane.right]] = index, up, along
            x, y = view.to_pixels(np.array([plane.place(tuple(GRID.to_world(at)))]))[0]
            color = image.pixelColor(int(x), int(y))
            if color.alpha() > 127:
                seen[up, along] = round(color.redF() * 8) - 1
        said += int((truth != UNLABELLED).sum())
        other += int((seen != truth).sum())
    assert said > 1500
    assert other < 0.02 * said  # on the edges of pixels


def crowd() -> tuple[View, tuple[Box, ...]]:
    """A hundred boxes on a slice of 400 pixels, most of which lie over others."""
    rng = np.random.default_rng(1)
    starts = rng.uniform(0, 300, (100, 2))
    boxes = tuple(Box(((x, y, 0.0), (x + 80.0, y + 60.0, 100.0)), "virion", i + 1) for i, (x, y) in enumerate(starts.tolist()))
    return View(XY, 50.0, (1.0, -1.0), (0.0, 400.0), (400, 400), 1.0), boxes


def test_names_of_a_hundred_boxes_do_not_lie_over_one_another(qapp: QApplication) -> None:
    view, boxes = crowd()
    words = Words()
    for index, box in enumerate(boxes):
        words.rank = {70: 0, 30: 1}.get(index, 2)
        (x, _, _), (_, top, _) = box.corners_xyz
        words.add(QPointF(x + 4, 400 - top + 14), f"virion {box.object_id}", QColor("red"))
    image = overlay(view, QImage(400, 400, QImage.Format.Format_RGBA8888_Premultiplied))
    painter = QPainter(image)
    words.draw(painter)
    metrics = painter.fontMetrics()
    painter.end()
    assert words.written[:2] == ["virion 71", "virion 31"]  # what the pointer is on, and what is selected
    assert 10 < len(words.written) < 60
    places = {f"virion {box.object_id}": QPointF(box.corners_xyz[0][0] + 4, 414 - box.corners_xyz[1][1]).toPoint() for box in boxes}
    around = [metrics.boundingRect(text).translated(places[text]) for text in words.written]
    assert not any(a.intersects(b) for a, b in combinations(around, 2))


def test_the_smallest_box_under_the_pointer_is_named(qapp: QApplication) -> None:
    view, _ = crowd()
    large, small = Box(((0.0, 0.0, 0.0), (300.0, 300.0, 100.0)), "a", 1), Box(((100.0, 100.0, 0.0), (150.0, 150.0, 100.0)), "a", 2)
    elsewhere = Box(((100.0, 100.0, 80.0), (150.0, 150.0, 100.0)), "a", 3)
    marks = (large, elsewhere, small)
    assert box_at(view, marks, QPointF(120.0, 400.0 - 120.0)) == 2
    assert box_at(view, marks, QPointF(20.0, 400.0 - 20.0)) == 0
    assert box_at(view, marks, QPointF(350.0, 400.0 - 350.0)) is None
