"""Tests of the window. Without a display, those that need no OpenGL run on Qt's offscreen platform."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from volviz.core.camera import Camera
from volviz.core.grid import Grid
from volviz.core.scene import Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.gui.app import application
from volviz.gui.document import Document, State

if TYPE_CHECKING:
    from volviz.gui.viewport import Viewport
    from volviz.gui.window import Window

PATIENCE_MS = int(os.environ.get("VOLVIZ_PATIENCE_MS", "60000"))  # of a test; a busy machine takes more
"""How long tests wait for what must come. Pictures are drawn in software, on a machine that may have other work: none is about speed."""

SHOWN = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not SHOWN and item.get_closest_marker("display"):
            item.add_marker(pytest.mark.skip(reason="needs a display with OpenGL: xvfb-run -a python -m pytest tests/gui"))


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> QApplication:
    """The application as volviz starts it, with settings of its own."""
    if not SHOWN:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    folder = tmp_path_factory.mktemp("settings")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder))
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    QSettings("volviz", "volviz").setValue("toured", "yes")  # or the tour would begin in every test
    return application()


@pytest.fixture(autouse=True)
def no_error_in_the_views() -> Iterator[None]:
    """No 3D view that is there after a test is left with an error in the queue of its context."""
    yield
    if "volviz.gui.viewport" not in sys.modules or QApplication.instance() is None:
        return
    from volviz.gui.viewport import Viewport

    views = [widget for widget in QApplication.allWidgets() if isinstance(widget, Viewport) and widget.isValid()]
    assert {view.objectName(): found for view in views if (found := errors_of(view))} == {}


def errors_of(view: Viewport) -> list[int]:
    """Return the errors in the queue of a 3D view's context, and empty it."""
    from tests.render.conftest import errors

    view.makeCurrent()
    try:
        return errors()
    finally:
        view.doneCurrent()


@pytest.fixture
def ball() -> tuple[Volume, Segmentation]:
    """A shell around a core, away from the middle, dark on bright: (24, 32, 40) voxels of 12 A."""
    shape = (24, 32, 40)
    grid = Grid(shape, (12.0, 12.0, 12.0), (0.0, 100.0, -50.0))
    z, y, x = np.indices(shape)
    radius = np.sqrt((z - 11.5) ** 2 + (y - 15) ** 2 + (x - 16) ** 2)
    shell = np.clip(1 - np.abs(radius - 9) / 2, 0, 1)
    core = np.clip((8 - radius) / 2, 0, 1) * (1 - shell)
    noise = np.random.default_rng(0).normal(0, 0.05, shape)
    soft = np.stack([1 - shell - core, shell, 0 * shell, core]).astype(np.float32)
    volume = Volume(grid, (-(shell + 0.3 * core) + noise).astype(np.float32), name="ball.mrc")
    return volume, Segmentation.of_probabilities(grid, np.clip(soft, 0, 1))


@pytest.fixture
def state(ball: tuple[Volume, Segmentation]) -> State:
    """What the window shows of the ball."""
    volume, segmentation = ball
    ramps = {label.name: Ramp(0.4, 0.9, label.color, 1.0) for label in segmentation.drawn}
    scene = Scene(ramps=ramps, raw=RawLook(multiply=False))
    x, y, z = (float(v) for v in volume.grid.center_xyz)
    camera = Camera.framing(volume.grid, view="front")
    return State(volume, segmentation, scene, scene, camera, (x, y, z), (-1.2, 0.3))


@pytest.fixture
def document(qapp: QApplication, state: State) -> Iterator[Document]:
    document = Document()
    document.open(state)
    yield document
    document.deleteLater()


@pytest.fixture
def ball_file(ball: tuple[Volume, Segmentation], tmp_path: Path) -> Path:
    """The ball as a file."""
    from volviz.io import save

    path = tmp_path / "ball.mrc"
    save(ball[0], path)
    return path


@pytest.fixture(scope="session")
def only_window(qapp: QApplication) -> Iterator[Window]:
    """One window for all tests: to make one takes longer than most tests."""
    from volviz.gui.panels import segment
    from volviz.gui.window import Window

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment, "choices", lambda: [segment.Choice("fake", "fake")])
        window = Window()
        window.flight.seconds = 0.0  # tests are there at once
        window.furnish()
    yield window
    window.deleteLater()


@pytest.fixture
def window(only_window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """The window on its display, empty, as if it had just been opened."""
    window = only_window
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(760, 520)
    window.docks["Data"].raise_()
    window.docks["Classes"].raise_()
    window.show()
    qtbot.waitExposed(window)
    yield window
    assert window.jobs.cancel_all()
    qtbot.waitUntil(lambda: not window.jobs.running and window.viewport._uploading is None, timeout=PATIENCE_MS)
    for dialog in window.findChildren(QDialog):
        dialog.close()
        dialog.deleteLater()
    window.document.open(State())


@pytest.fixture
def shown(window: Window, qtbot: QtBot, ball_file: Path, state: State) -> Window:
    """The window with the ball from its file, and its classes."""
    from dataclasses import replace

    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([ball_file])
    opened = window.document.state
    window.document.open(replace(state, volume=opened.volume, contrast=opened.contrast))
    rest(qtbot, window)
    return window


def rest(qtbot: QtBot, window: Window) -> None:
    """Wait until the final picture is on the screen and nothing is being read."""
    qtbot.waitUntil(lambda: window.viewport.resting and not window.jobs.running, timeout=PATIENCE_MS)


def picture(window: Window) -> np.ndarray:
    """What the 3D view shows: (height, width, 3) uint8."""
    image = window.viewport.grabFramebuffer().convertToFormat(QImage.Format.Format_RGBX8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].copy()


@pytest.fixture
def annotated(window: Window, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    """The window with a volume of bricks that are no cubes, away from the origin."""
    from annotating import GRID

    from volviz.io import save

    noise = np.random.default_rng(0).normal(0, 1, GRID.shape).astype(np.float32)
    save(Volume(GRID, noise, name="bricks.mrc"), tmp_path / "bricks.mrc")
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([tmp_path / "bricks.mrc"])
    rest(qtbot, window)
    assert window.document.state.volume.grid == GRID
    window.document.show(crosshair_xyz=tuple(GRID.to_world((11, 16, 20))))
    for view in window.slices.views:
        view.fit()
    yield window
    window.annotating.take(None)
    window.annotating.set(visible=True, section_only=False)
