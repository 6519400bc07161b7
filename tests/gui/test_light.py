"""The controls of light and camera: reset, out of the wheel's way, and flights that a hand ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from volviz.core.camera import Camera
from volviz.core.scene import Light, Scene
from volviz.gui.document import Document
from volviz.gui.flight import Flight
from volviz.gui.gestures import light_in_camera
from volviz.gui.panels.light import CONTROLS, GROUNDS, LightPanel
from volviz.gui.widgets.color import Swatch
from volviz.gui.widgets.scrolled import Scrolled

pytestmark = pytest.mark.gui

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> Iterator[LightPanel]:
    panel = LightPanel(document)
    scrolled = Scrolled(panel, 330)
    qtbot.addWidget(scrolled)
    scrolled.resize(360, 300)
    scrolled.show()
    yield panel
    scrolled.hide()


def _wheel(widget: object) -> None:
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"{control.part}.{control.name}")
def test_every_number_has_a_tip_changes_its_field_and_goes_back(panel: LightPanel, document: Document, qtbot: QtBot, control) -> None:
    number = panel.numbers[control.part, control.name]
    first = number.value()
    assert control.tip in number._slider.toolTip()
    assert number._box.accessibleName()
    target = control.low + 0.7 * (control.high - control.low)
    number._box.setValue(target)
    number._box.editingFinished.emit()
    scene = document.state.scene
    holder = getattr(scene, control.part) if control.part else scene
    assert getattr(holder, control.name) == pytest.approx(target, abs=0.6)
    assert document.undo_stack.count() == 1
    qtbot.mouseDClick(number._slider, LEFT)
    assert number.value() == pytest.approx(first)
    assert document.state.scene == Scene(ramps=scene.ramps, raw=scene.raw)
    assert document.undo_stack.count() == 2


def test_the_menu_of_a_box_goes_back_too(panel: LightPanel, qtbot: QtBot) -> None:
    number = panel.numbers["light", "size"]
    number._box.setValue(30)
    number._box.lineEdit().customContextMenuRequested.emit(QPoint(4, 4))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert menu.actions()[0].text() == "Back to 8 °"
    menu.actions()[0].trigger()
    menu.close()
    assert number.value() == 8


def test_scrolling_over_a_panel_changes_nothing_in_it(panel: LightPanel, document: Document, qtbot: QtBot) -> None:
    scrolled = panel.window()
    bar = scrolled.verticalScrollBar()
    box, before = panel.numbers["light", "size"]._box, document.state.scene
    panel.sphere.setFocus()
    assert bar.maximum() > 0
    for widget in (box, panel.numbers["light", "size"]._slider, panel.picture.mode):
        bar.setValue(0)
        _wheel(widget)
        assert document.state.scene == before
    scrolled.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    _wheel(box)
    assert document.state.scene.light.size < before.light.size


def test_ground_and_light_by_one_click(panel: LightPanel, document: Document, qtbot: QtBot) -> None:
    white = next(swatch for swatch in panel.grounds.findChildren(Swatch) if swatch.accessibleName() == "White background")
    qtbot.mouseClick(white, LEFT)
    assert document.state.scene.background == GROUNDS["White"]
    qtbot.mouseClick(panel.sphere, LEFT, pos=QPoint(20, 60))
    assert document.state.scene.light.direction_xyz != Light().direction_xyz
    panel.aim.click()
    camera = document.state.camera
    assert light_in_camera(document.state.scene.light, camera) == pytest.approx(light_in_camera(Light(), camera), abs=1e-3)


@pytest.fixture
def flight(document: Document) -> tuple[Document, Flight]:
    return document, Flight(document)


def test_a_flight_passes_through_places_between_and_ends_where_it_was_sent(flight: tuple[Document, Flight], qtbot: QtBot) -> None:
    document, plane = flight
    start = document.state.camera
    goal = start.seen_from("right")
    seen: list[Camera] = []
    document.changed.connect(lambda _old, new: seen.append(new.camera))
    plane.seconds = 0.3
    plane.to(goal)
    qtbot.waitUntil(lambda: not plane.flying, timeout=PATIENCE_MS)
    assert document.state.camera == goal
    assert document.undo_stack.count() == 0
    turned = [math.degrees(math.acos(min(1.0, abs(float(camera.axes_xyz[2] @ goal.axes_xyz[2]))))) for camera in seen]
    assert turned == sorted(turned, reverse=True)


def test_a_hand_ends_a_flight(flight: tuple[Document, Flight], qtbot: QtBot) -> None:
    document, plane = flight
    plane.seconds = 1000.0
    plane.to(document.state.camera.seen_from("back"))
    qtbot.waitUntil(lambda: plane._last is not plane._start)
    held = document.state.camera.orbited(7, 0)
    document.show(camera=held)
    qtbot.waitUntil(lambda: not plane.flying, timeout=PATIENCE_MS)
    assert document.state.camera is held
