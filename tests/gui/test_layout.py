"""How the window is laid out: panels that come back as they were, a size that fits a laptop, dark and light."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from conftest import PATIENCE_MS, rest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QLabel, QTabBar
from pytestqt.qtbot import QtBot

from volviz.core.report import Report
from volviz.gui import settings, theme
from volviz.gui.document import State
from volviz.gui.rooms import LOWER, UPPER
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]


@pytest.fixture
def arranged(window: Window) -> Iterator[Window]:
    yield window
    window.actions_by_id["view.layout"].trigger()
    theme.choose("system")


def tabs(window: Window) -> list[str]:
    """The titles of all tabs that are seen."""
    bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return [bar.tabText(i) for bar in bars if bar.isVisible() for i in range(bar.count())]


def test_a_panel_can_go_float_and_come_back(arranged: Window, qtbot: QtBot) -> None:
    names = sorted([*UPPER, *LOWER])
    if "History" in arranged.docks:  # made by a test before this one, when first asked for
        arranged.docks["History"].hide()
    qtbot.waitUntil(lambda: sorted(tabs(arranged)) == names)  # each once: no stray tab bars
    light = arranged.docks["Light"]
    light.toggleViewAction().trigger()
    qtbot.waitUntil(lambda: not light.isVisible() and "Light" not in tabs(arranged))
    light.toggleViewAction().trigger()
    light.setFloating(True)
    qtbot.waitUntil(lambda: light.isVisible() and light.titleBarWidget() is None)
    arranged.actions_by_id["view.layout"].trigger()
    qtbot.waitUntil(lambda: not light.isFloating() and light.titleBarWidget() is not None)
    qtbot.waitUntil(lambda: sorted(tabs(arranged)) == names)


def test_a_first_window_leaves_room_for_its_frame_and_uses_a_large_screen() -> None:
    small = settings.first_size(QSize(1280, 800))
    assert small.width() <= 1280
    assert small.height() <= 765  # the title bar is above it, and the status bar still on the screen
    assert settings.first_size(QSize(1920, 1040)).width() > 1500
    assert settings.first_size(QSize(3840, 2160)) == settings.LARGEST


def test_what_was_hidden_stays_hidden_the_next_time(arranged: Window, qtbot: QtBot) -> None:
    cuts = arranged.docks["Cuts"]
    cuts.toggleViewAction().trigger()
    arranged.furnish()
    arranged.views.setSizes([300, 120])
    sizes = arranged.views.sizes()
    settings.save_layout(arranged)
    settings.save_splitters(arranged.splitters)
    arranged.actions_by_id["view.layout"].trigger()
    assert not cuts.isHidden()
    settings.restore_layout(arranged)
    settings.restore_splitters(arranged.splitters)
    assert cuts.isHidden()
    assert arranged.views.sizes() == sizes


def test_how_far_a_run_is_can_be_read_on_a_small_screen(arranged: Window, shown: Window, qtbot: QtBot) -> None:
    size = settings.first_size(QSize(1280, 800))
    shown.resize(size)
    shown.docks["Segment"].raise_()
    panel, end = shown.segment_panel, threading.Event()

    def work(report: Report) -> None:
        report(0.0, "The file states no voxel size, so that of the model, 10 Å, is assumed; results are no more than a guess. " * 2)
        end.wait(PATIENCE_MS / 1000)
        while True:
            report(0.42, "segmenting")

    job = shown.jobs.start("Segment", work)
    panel.set_running(True, job)
    qtbot.waitUntil(lambda: panel.doing.text().startswith("The file states"), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: panel.doing.shown_text.endswith("…"), timeout=PATIENCE_MS)
    told = shown.jobs.findChildren(QLabel)
    qtbot.waitUntil(lambda: any(label.text().startswith("Segment: The file") for label in told), timeout=PATIENCE_MS)
    # No text makes the window wider than the screen.
    assert shown.jobs.layout().totalMinimumSize().width() < 500
    assert shown.size() == size
    end.set()
    qtbot.waitUntil(lambda: panel.bar.text().startswith("42 %, "), timeout=PATIENCE_MS)
    for widget in (panel.button, panel.bar):
        assert widget.visibleRegion().boundingRect() == widget.rect()  # nothing has to be scrolled to
    assert panel.bar.fontMetrics().horizontalAdvance("100 %, 00:00 min left") < panel.bar.width()
    job.cancel()
    qtbot.waitUntil(lambda: not shown.jobs.running, timeout=PATIENCE_MS)
    panel.set_running(False)


def test_classes_that_arrive_widen_no_panel(window: Window, qtbot: QtBot, state: State) -> None:
    def widest() -> int:
        qtbot.wait(50)
        return max(dock.minimumSizeHint().width() for name, dock in window.docks.items() if name in {*UPPER, *LOWER})

    window.document.open(replace(state, segmentation=None, scene=replace(state.scene, ramps={})))
    bare = widest()
    window.document.open(state)
    assert len(window.clean_panel.rows) == 3
    assert widest() <= bare + 10  # the views beside them, 3D above all, would be drawn anew


def test_it_fits_a_small_screen(shown: Window, qtbot: QtBot) -> None:
    for dock in shown.docks.values():
        dock.show()
    least = shown.minimumSizeHint()
    shown.actions_by_id["view.layout"].trigger()
    assert least.width() <= 1024
    assert least.height() <= 700


def _ink(icon: QIcon) -> int:
    image = icon.pixmap(20, 20).toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max((color for color in colors if color.alpha() > 200), key=lambda color: color.alpha()).lightness()


def test_dark_and_light_change_at_once_and_icons_with_them(arranged: Window, qtbot: QtBot) -> None:
    ground = QPalette.ColorRole.Window
    icon = arranged.actions_by_id["file.open"]
    arranged.actions_by_id["view.theme_light"].trigger()
    qtbot.waitUntil(lambda: arranged.palette().color(ground).lightness() > 200)
    assert _ink(icon.icon()) < 100
    assert theme.chosen() == "light"
    arranged.actions_by_id["view.theme_dark"].trigger()
    qtbot.waitUntil(lambda: arranged.palette().color(ground).lightness() < 60)
    assert _ink(icon.icon()) > 150
    assert [arranged.actions_by_id[f"view.theme_{name}"].isChecked() for name in theme.THEMES] == [False, True, False]


def test_the_3d_view_is_sharp_again_after_a_slice_was_alone(shown: Window, qtbot: QtBot) -> None:
    for _ in range(2):
        shown.actions_by_id["view.alone_xy"].trigger()
        qtbot.waitUntil(lambda: not shown.viewport.isVisible())
        qtbot.wait(100)
        shown.actions_by_id["view.alone_xy"].trigger()
        qtbot.waitUntil(shown.viewport.isVisible)
        rest(qtbot, shown)
