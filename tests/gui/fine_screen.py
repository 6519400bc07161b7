"""Hands and pictures on a screen of more than one pixel to a point: run by `test_fine_screen` in processes with such a screen.

Where something is seen is found in the pixels of the screen, and pointed at there: not worked out as the window works it out.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annotating import CONTROL, GRID, LEFT, NONE, Index, send, take, view_of
from conftest import PATIENCE_MS, picture, rest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Lasso, Stroke, SurfacePoints, Tag
from volviz.core.boxes import Box
from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.scene import Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui import stills
from volviz.gui.document import Document, State
from volviz.gui.planes import PLANES, XY, Plane
from volviz.gui.slice_view import SliceView
from volviz.gui.stills import StillChoice
from volviz.gui.widgets.sphere import LightSphere
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

RATIO = float(os.environ["QT_SCALE_FACTOR"])
FIRST, SECOND = (11, 9, 10), (11, 24, 29)  # voxels that shine
OTHER = (3, 28, 35)  # where the crosshair is out of the way


def pixels_of(image: QImage) -> np.ndarray:
    """Return (height, width, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


def middle(of: np.ndarray) -> QPointF:
    """Return where in a widget the middle of what is true in the pixels of the screen is."""
    rows, columns = np.nonzero(of)
    assert len(rows), "nothing is seen"
    return QPointF((columns.mean() + 0.5) / RATIO, (rows.mean() + 0.5) / RATIO)


def seen(view: SliceView) -> np.ndarray:
    return pixels_of(view.canvas.grabFramebuffer())


def spots(window: Window, view: SliceView) -> list[QPointF]:
    """Return where on a slice the voxels that shine are seen, from left to right."""
    bright = seen(view).min(axis=-1) > 200
    bright[round((view.bar.y() - 2) * RATIO) :, round((view.bar.x() - 2) * RATIO) :] = False
    columns = np.flatnonzero(bright.any(axis=0))
    parts = np.split(columns, np.flatnonzero(np.diff(columns) > 2) + 1)
    return [middle(bright & np.isin(np.arange(bright.shape[1]), part)) for part in parts]


def voxel(point_xyz: object) -> Index:
    z, y, x = (int(i) for i in np.rint(GRID.to_index(np.asarray(point_xyz))))
    return z, y, x


@pytest.fixture
def shining(window: Window, qtbot: QtBot, tmp_path: Path) -> Window:
    """The window with a dark volume in which two voxels shine."""
    from volviz.io import save

    data = np.random.default_rng(0).normal(0, 0.01, GRID.shape).astype(np.float32)
    data[FIRST] = data[SECOND] = 1.0
    save(Volume(GRID, data, name="two.mrc"), tmp_path / "two.mrc")
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([tmp_path / "two.mrc"])
    rest(qtbot, window)
    window.document.show(contrast=(0.1, 0.9))
    window.annotating.take(None)
    return window


def bring(window: Window, plane: Plane, index: Index, qtbot: QtBot) -> SliceView:
    """Show the slice in which a voxel is, with the crosshair out of the way."""
    there = list(OTHER)
    there[plane.normal] = index[plane.normal]
    view = view_of(window, plane)
    window.document.show(crosshair_xyz=tuple(GRID.to_world(tuple(there))))
    view.fit()
    qtbot.waitUntil(lambda: bool((seen(view).min(axis=-1) > 200).any()) and len(spots(window, view)) > 0, timeout=PATIENCE_MS)
    return view


def test_the_screen_is_a_fine_one(window: Window) -> None:
    assert window.devicePixelRatioF() == RATIO
    assert window.viewport.devicePixelRatioF() == RATIO


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
def test_the_pointer_is_on_the_voxel_that_is_seen_there(shining: Window, qtbot: QtBot, plane: Plane) -> None:
    view = bring(shining, plane, FIRST, qtbot)
    place = spots(shining, view)[0]
    told: list[str] = []
    view.hovered.connect(told.append)
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease):
        send(view, kind, place)
    assert voxel(shining.document.state.crosshair_xyz) == FIRST
    assert "density 1" in told[-1]
    view.zoom(3.0, place)
    shining.document.show(crosshair_xyz=tuple(GRID.to_world(tuple(FIRST[i] if i == plane.normal else OTHER[i] for i in range(3)))))
    send(view, QEvent.Type.MouseButtonPress, spots(shining, view)[0])
    assert voxel(shining.document.state.crosshair_xyz) == FIRST


def test_marks_land_under_the_pointer_and_are_seen_there(shining: Window, qtbot: QtBot) -> None:
    view = bring(shining, XY, FIRST, qtbot)
    first, second = spots(shining, view)
    kinds = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease

    def drawn(tool: str, *places: QPointF) -> object:
        take(shining, tool, "spikes")
        for kind, place in zip((kinds[0], *[kinds[1]] * (len(places) - 1), kinds[2]), (*places, places[-1]), strict=True):
            send(view, kind, place)
        shining.annotating.take(None)
        return shining.document.state.annotations[-1]

    shining.annotating.set(radius=6.0)
    before = seen(view)
    line = drawn("scribble", first, (first + second) / 2, second)
    assert isinstance(line, Stroke)
    assert (voxel(line.path_xyz[0]), voxel(line.path_xyz[-1])) == (FIRST, SECOND)
    now = seen(view)
    painted = (now[..., 0] - now[..., 1] > 40) & (np.abs(now - before).max(axis=-1) > 25)  # red, as the frame around it is not
    a, b = (np.array([place.x(), place.y()]) * RATIO for place in (first, second))
    rows, columns = np.nonzero(painted)
    along = (b - a) / np.linalg.norm(b - a)
    off = (columns + 0.5 - a[0]) * along[1] - (rows + 0.5 - a[1]) * along[0]
    radius = 6.0 / view.pixel * RATIO
    assert np.abs(off).max() < radius + 2
    assert np.percentile(np.abs(off), 98) > 0.7 * radius
    shining.undo()

    box = drawn("box", first, second)
    assert isinstance(box, Box)
    assert {voxel(corner)[1:] for corner in box.corners_xyz} == {FIRST[1:], SECOND[1:]}
    take(shining, "box")
    for kind, place in zip(kinds, (second, second + QPointF(8, 6), second + QPointF(8, 6)), strict=True):
        send(view, kind, place)  # by the handle in that corner
    pulled = shining.document.state.annotations[-1]
    assert len(shining.document.state.annotations) == 1
    assert isinstance(pulled, Box)
    moved = np.abs(np.asarray(pulled.corners_xyz) - box.corners_xyz)[:, :2]
    np.testing.assert_allclose(moved.max(axis=0), [8 * view.pixel, 6 * view.pixel], atol=0.6 * view.pixel)
    shining.annotating.take(None)

    points = drawn("points", first)
    assert isinstance(points, SurfacePoints)
    assert voxel(points.points_xyz[0]) == FIRST
    take(shining, "points")
    send(view, kinds[0], first, CONTROL)  # takes it away again
    assert not any(isinstance(mark, SurfacePoints) for mark in shining.document.state.annotations)

    corner = QPointF(second.x(), first.y())
    outline = drawn("lasso", first, corner, second)
    assert isinstance(outline, Lasso)
    assert {FIRST[1:], SECOND[1:]} <= {voxel(point)[1:] for point in outline.outline_xyz}
    region = drawn("tag", first, second)
    assert isinstance(region, Tag)
    assert {voxel(corner)[1:] for corner in region.corners_xyz} == {FIRST[1:], SECOND[1:]}


def test_a_double_click_goes_to_what_is_seen_in_3d(window: Window, qtbot: QtBot, ball_file: Path, state: State) -> None:
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([ball_file])
    volume = window.document.state.volume
    grid = volume.grid
    z, y, x = np.indices(grid.shape)
    near = ((z - 18) ** 2 + (y - 7) ** 2 + (x - 31) ** 2 < 9).astype(np.float32)
    classes = Segmentation.of_probabilities(grid, np.stack([1 - near, near, 0 * near, 0 * near]))
    scene = Scene(ramps={"membrane": Ramp(0.2, 0.5, (1.0, 1.0, 1.0), 5.0)}, raw=RawLook(multiply=False))
    window.document.open(replace(state, volume=volume, segmentation=classes, scene=scene, camera=Camera.framing(grid, view="front")))
    rest(qtbot, window)
    shown = picture(window)
    assert shown.shape[:2] == window.viewport.size_px()[::-1]
    place = middle(shown.min(axis=-1) > 60)
    with qtbot.waitSignal(window.viewport.steering.focused, timeout=PATIENCE_MS) as focused:
        qtbot.mouseDClick(window.viewport, LEFT, NONE, place.toPoint())
    center = np.asarray(grid.to_world((18, 7, 31)))
    assert np.linalg.norm(np.asarray(focused.args[0]) - center) < 3.6 * 12.0
    assert np.linalg.norm((np.asarray(focused.args[0]) - center)[:2]) < 12.0  # the camera looks along z
    qtbot.waitUntil(lambda: np.linalg.norm(np.asarray(window.document.state.camera.target_xyz) - focused.args[0]) < 1, timeout=PATIENCE_MS)
    rest(qtbot, window)
    now = middle(picture(window).min(axis=-1) > 60)
    assert abs(now.x() - window.viewport.width() / 2) < 12
    assert abs(now.y() - window.viewport.height() / 2) < 12


def test_the_light_is_where_it_is_put(qtbot: QtBot) -> None:
    sphere = LightSphere()
    qtbot.addWidget(sphere)
    sphere.resize(sphere.sizeHint())
    sphere.show()
    qtbot.waitExposed(sphere)
    at = QPoint(62, 30)
    qtbot.mouseClick(sphere, LEFT, NONE, at)
    shown = pixels_of(sphere.grab().toImage())
    assert shown.shape[0] == round(sphere.height() * RATIO)
    spot = middle((shown[..., 0] > 230) & (shown[..., 2] < 120))
    assert (spot - QPointF(at)).manhattanLength() < 1.5


def test_a_still_has_the_pixels_it_was_asked_for(shining: Window, qtbot: QtBot, tmp_path: Path) -> None:
    shining.viewport.resize(240, 200)
    for size in ((160, 120), shining.viewport.size_px()):
        path = tmp_path / f"{size[0]}.png"
        job = stills.write_still(shining, path, StillChoice(size))
        with qtbot.waitSignal(job.succeeded, timeout=PATIENCE_MS):
            pass
        with Image.open(path) as image:
            assert image.size == size


def test_slices_are_as_fine_as_the_screen(document: Document, state: State, qtbot: QtBot) -> None:
    view = SliceView(XY, document)
    qtbot.addWidget(view)
    view.resize(300, 330)
    view.show()
    qtbot.waitExposed(view)
    lines = round(view.canvas.width() * RATIO * 0.9)  # a voxel is a little more than a pixel of the screen
    data = np.broadcast_to((np.arange(lines) % 2).astype(np.float32), (2, lines, lines))
    document.open(State(Volume(Grid((2, lines, lines), (10.0, 10.0, 10.0)), np.array(data)), contrast=(0.0, 1.0)))
    qtbot.waitUntil(lambda: view.shown > 0, timeout=PATIENCE_MS)
    view.fit()
    qtbot.waitUntil(lambda: view._binned == 1, timeout=5000)
    shown = seen(view)[..., 2].astype(float)
    rows = shown[shown.shape[0] // 3, shown.shape[1] // 8 : -shown.shape[1] // 8]
    assert np.std(rows) > 90  # black and white, not the grey of their mean
    view.close_threads()
