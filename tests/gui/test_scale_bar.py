"""The scale bar of the slices: as long as it says at any zoom, seen on any density, and there when lengths are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from volviz.core.guides import Guides
from volviz.gui import painted
from volviz.gui.document import Document, State
from volviz.gui.graphics import Graphics
from volviz.gui.planes import PLANES, XZ, Plane
from volviz.gui.slice_view import SliceView
from volviz.gui.widgets.badge import MARGIN
from volviz.gui.window import Window

pytestmark = pytest.mark.gui
BARRED = Guides(scale_bar=True)


def viewed(plane: Plane, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> SliceView:
    """Return a slice that Qt paints, so that what it shows can be read without OpenGL."""
    monkeypatch.setattr(painted, "graphics", lambda: Graphics(solid=False, slices=False, problem="none"))
    view = SliceView(plane, document)
    qtbot.addWidget(view)
    view.resize(420, 320)
    view.show()
    qtbot.waitExposed(view)
    document.open(document.state)
    qtbot.waitUntil(lambda: view.shown > 0, timeout=PATIENCE_MS)
    view.fit()
    return view


@pytest.fixture
def view(document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[SliceView]:
    document.show(scene=replace(document.state.scene, guides=BARRED), segmentation=None)
    view = viewed(getattr(request, "param", XZ), document, qtbot, monkeypatch)
    yield view
    view.close_threads()


def brightness(view: SliceView) -> np.ndarray:
    """What is seen of the canvas, 0..255."""
    image = view.canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()].astype(float)


def row_of_bar(view: SliceView) -> np.ndarray:
    """What is seen in the middle of the bar, from the middle of the canvas to its right."""
    seen = brightness(view)
    ratio = seen.shape[0] / view.canvas.height()
    return seen[round((view.canvas.height() - MARGIN - 3.5) * ratio), seen.shape[1] // 2 :]


@pytest.mark.parametrize("view", PLANES, ids=lambda plane: plane.name, indirect=True)
@pytest.mark.parametrize("zoom", [0.03, 0.7, 1.0, 2.3, 60.0])
def test_it_is_as_long_as_it_says_in_nm(view: SliceView, document: Document, zoom: float) -> None:
    document.show(contrast=(1e5, 1e6))  # all black, but for the bar
    view.zoom(zoom, QPointF(30, 40))
    number, unit = view.bar.text.split()
    assert unit == "nm"
    assert number.strip("0.") in {"1", "2", "5"}
    first, last = view.place(QPointF(0, 5)), view.place(QPointF(400, 5))
    pixels = float(number) * 10 / (last[0] - first[0]) * 400
    assert 0.08 * view.canvas.width() < pixels < 0.23 * view.canvas.width()
    row = row_of_bar(view)
    assert row.max() > 220
    assert (row > 128).sum() == pytest.approx(pixels, abs=1.5)


@pytest.mark.parametrize("contrast", [(1e5, 1e6), (-1e6, -1e5)], ids=["black", "white"])
def test_it_is_seen_on_any_density(view: SliceView, document: Document, contrast: tuple[float, float]) -> None:
    document.show(contrast=contrast)
    view.zoom(4.0, QPointF(200, 150))  # nothing else is seen
    x, y, width, height = view.bar.geometry().getRect()
    assert view.canvas.childAt(view.bar.geometry().center()) is None  # the mouse reaches the slice through it
    with_it = brightness(view)[y : y + height, x : x + width]
    assert with_it.max() > 230
    assert with_it.min() < 60
    document.show(scene=replace(document.state.scene, guides=Guides()))
    assert np.ptp(brightness(view)[y : y + height, x : x + width]) < 5


def test_it_goes_with_the_size_of_the_guides_and_of_the_view(view: SliceView, document: Document, qtbot: QtBot) -> None:
    small = view.bar.geometry()
    document.show(scene=replace(document.state.scene, guides=replace(BARRED, size=2.0)))
    large = view.bar.geometry()
    assert large.height() > 1.7 * small.height()
    assert large.bottomRight() == small.bottomRight()
    view.resize(300, 260)
    corner = QPointF(view.canvas.width() - MARGIN, view.canvas.height() - MARGIN)
    qtbot.waitUntil(lambda: QPointF(view.bar.geometry().bottomRight()) == corner - QPointF(1, 1), timeout=PATIENCE_MS)
    view.resize(300, 100)  # where it would lie beside the word in the other corner
    qtbot.waitUntil(lambda: not view.bar.isVisible(), timeout=PATIENCE_MS)


def test_there_is_none_where_lengths_are_guesses(view: SliceView, document: Document) -> None:
    state = document.state
    assert view.bar.isVisible()
    grid = replace(state.volume.grid, voxel_size_known=False)
    document.open(replace(state, volume=replace(state.volume, grid=grid)))
    assert not view.bar.isVisible()
    document.open(state)
    assert view.bar.isVisible()
    document.open(State(scene=state.scene))
    assert not view.bar.isVisible()


@pytest.mark.display
def test_a_first_look_has_it_and_a_session_keeps_it_off(window: Window, qtbot: QtBot, ball_file: Path, tmp_path: Path) -> None:
    from volviz.gui.opening import project_of
    from volviz.io import save_project

    window.open_paths([ball_file])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    rest(qtbot, window)
    bars = [view.bar for view in window.slices.views]
    assert window.actions_by_id["view.scale_bar"].isChecked()
    qtbot.waitUntil(lambda: bars[0].isVisible(), timeout=PATIENCE_MS)
    window.actions_by_id["view.scale_bar"].trigger()
    assert not any(bar.isVisible() for bar in bars)
    save_project(project_of(window.document.state), tmp_path / "off.volviz")
    window.document.open(State())
    window.open_paths([tmp_path / "off.volviz"])
    qtbot.waitUntil(lambda: window.document.state.volume is not None, timeout=PATIENCE_MS)
    rest(qtbot, window)
    assert not window.document.state.scene.guides.scale_bar
    assert not any(bar.isVisible() for bar in bars)
