"""The controls that Qt does not have."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QListWidget
from pytestqt.qtbot import QtBot

from volviz.gui import theme as theme_module
from volviz.gui.widgets.empty import WhenEmpty
from volviz.gui.widgets.histogram import RampHistogram
from volviz.gui.widgets.number import Number
from volviz.gui.widgets.span import Span
from volviz.gui.widgets.sphere import LightSphere

pytestmark = pytest.mark.gui

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def histogram(qtbot: QtBot) -> RampHistogram:
    widget = RampHistogram()
    qtbot.addWidget(widget)
    widget.resize(320, 60)
    widget.set_histogram(np.arange(64), 0.0, 1.0)
    widget.set_ramp(0.3, 0.8)
    widget.show()
    return widget


def drag(qtbot: QtBot, widget: RampHistogram, start: float, stop: float) -> None:
    a, b = (QPoint(round(widget.x_of(v)), 30) for v in (start, stop))
    qtbot.mousePress(widget, LEFT, pos=a)
    qtbot.mouseMove(widget, (a + b) / 2)
    qtbot.mouseMove(widget, b)
    qtbot.mouseRelease(widget, LEFT, pos=b)


def test_each_end_of_the_ramp_is_dragged_by_itself(qtbot: QtBot, histogram: RampHistogram) -> None:
    drag(qtbot, histogram, 0.3, 0.5)
    assert histogram.ramp == pytest.approx((0.5, 0.8), abs=0.01)
    drag(qtbot, histogram, 0.8, 0.95)
    assert histogram.ramp == pytest.approx((0.5, 0.95), abs=0.01)


def test_between_the_handles_the_whole_ramp_moves_and_stops_at_the_edge(qtbot: QtBot, histogram: RampHistogram) -> None:
    drag(qtbot, histogram, 0.55, 0.65)
    assert histogram.ramp == pytest.approx((0.4, 0.9), abs=0.01)
    drag(qtbot, histogram, 0.6, 0.99)
    assert histogram.ramp == pytest.approx((0.5, 1.0), abs=0.01)


def test_the_ends_never_cross(qtbot: QtBot, histogram: RampHistogram) -> None:
    drag(qtbot, histogram, 0.3, 0.99)
    low, high = histogram.ramp
    assert low < high == 0.8


def test_the_ramp_stays_to_be_seen_while_it_has_the_keys(qtbot: QtBot, histogram: RampHistogram) -> None:
    histogram.clearFocus()
    unchosen = histogram.grab().toImage()
    histogram.activateWindow()
    histogram.setFocus()
    qtbot.waitUntil(histogram.hasFocus)
    chosen = histogram.grab().toImage()
    above = round(histogram.x_of(0.1)), 10  # left of the ramp, over the counts
    assert chosen.pixelColor(*above) == unchosen.pixelColor(*above)


def test_a_click_beside_the_handles_fetches_the_nearer_one(qtbot: QtBot, histogram: RampHistogram) -> None:
    qtbot.mouseClick(histogram, LEFT, pos=QPoint(round(histogram.x_of(0.1)), 30))
    assert histogram.ramp == pytest.approx((0.1, 0.8), abs=0.01)


def test_the_end_of_a_drag_is_told(qtbot: QtBot, histogram: RampHistogram) -> None:
    with qtbot.waitSignals([histogram.ramp_changed, histogram.released], timeout=1000):
        drag(qtbot, histogram, 0.3, 0.4)


def test_arrow_keys_move_the_handle_that_was_last_in_hand(qtbot: QtBot, histogram: RampHistogram) -> None:
    drag(qtbot, histogram, 0.8, 0.7)
    high = histogram.ramp[1]
    qtbot.keyClick(histogram, Qt.Key.Key_Right)
    assert histogram.ramp[0] == 0.3
    assert histogram.ramp[1] > high


def test_setting_values_from_outside_gives_no_signal(qtbot: QtBot, histogram: RampHistogram) -> None:
    with qtbot.assertNotEmitted(histogram.ramp_changed):
        histogram.set_ramp(0.1, 0.2)
    number = Number(0, 10)
    qtbot.addWidget(number)
    with qtbot.assertNotEmitted(number.value_changed):
        number.set_value(3.25)
    assert number.value() == 3.25


def test_the_light_follows_the_pointer_over_the_sphere(qtbot: QtBot) -> None:
    sphere = LightSphere()
    qtbot.addWidget(sphere)
    sphere.resize(sphere.sizeHint())
    sphere.show()
    middle = sphere.rect().center()
    qtbot.mousePress(sphere, LEFT, pos=middle + QPoint(20, -10))
    x, y, z = sphere.direction
    assert x > 0.3
    assert y > 0.1
    assert z > 0.5
    assert x * x + y * y + z * z == pytest.approx(1, abs=1e-6)
    qtbot.mouseRelease(sphere, LEFT)
    qtbot.mousePress(sphere, LEFT, Qt.KeyboardModifier.ShiftModifier, middle + QPoint(20, -10))
    assert sphere.direction[2] < 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_span_is_filled_in_the_colour_of_the_theme(qtbot: QtBot, theme: str) -> None:
    app = QApplication.instance()
    span = Span("x")
    qtbot.addWidget(span)
    span.resize(300, 30)
    span.show()
    before = theme_module.chosen()
    try:
        theme_module.wear(app, theme)
        wanted = app.palette().color(QPalette.ColorRole.Highlight)
        shot = span.slider.grab().toImage()
        assert shot.pixelColor(shot.width() // 2, shot.height() // 2).name() == wanted.name()
    finally:
        theme_module.wear(app, before)


def test_an_empty_list_says_what_it_is_for(qtbot: QtBot) -> None:
    view = QListWidget()
    qtbot.addWidget(view)
    said = WhenEmpty(view, "Nothing yet.")
    view.resize(200, 100)
    view.show()
    assert said.label.isVisible()
    assert said.label.geometry() == view.viewport().rect()
    view.addItem("one")
    assert not said.label.isVisible()
    view.clear()
    assert said.label.isVisible()


def test_a_number_far_beyond_the_slider_leaves_it_at_its_end(qtbot: QtBot) -> None:
    number = Number(-1e9, 1e9)
    qtbot.addWidget(number)
    for value, end in ((1e37, 1e9), (-1e37, -1e9)):
        number.set_value(value)  # Qt's whole numbers end at 2e9
        assert number.value() == end
