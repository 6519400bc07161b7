"""Light and shade: direction, softness, occlusion, shadow, bloom, exposure, background."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from volviz.core.scene import Scene
from volviz.gui.document import Document, State
from volviz.gui.gestures import light_fixed_to, light_from_camera, light_in_camera
from volviz.gui.panels.picture import PictureSection, rule
from volviz.gui.widgets.color import ColorButton
from volviz.gui.widgets.number import Number
from volviz.gui.widgets.sphere import LightSphere


@dataclass(frozen=True, slots=True)
class _Control:
    part: str  # a field of Scene, or "" for a number of the scene itself
    name: str
    title: str
    low: float
    high: float
    unit: str
    tip: str


CONTROLS = (
    _Control("light", "intensity", "Brightness", 0.0, 3.0, "", "Strength of the light"),
    _Control("light", "size", "Softness", 1.0, 45.0, "°", "Half-angle under which the light is seen: larger makes softer shadows"),
    _Control("shadow", "strength", "Shadow", 0.0, 1.0, "", "How dark it gets where the light does not reach"),
    _Control("shadow", "reach", "Shadow reach", 5.0, 400.0, "nm", "How far away things still cast a shadow"),
    _Control("occlusion", "strength", "Occlusion", 0.0, 1.0, "", "How dark pits and crevices get"),
    _Control("occlusion", "radius", "Occlusion size", 1.0, 40.0, "nm", "Radius of the surroundings that darken a point"),
    _Control("bloom", "strength", "Bloom", 0.0, 1.0, "", "Light that spills over from bright places"),
    _Control("", "exposure", "Exposure", -3.0, 3.0, "EV", "Brightness of the whole picture, in stops"),
)
SWITCHES = ("shadow", "occlusion", "bloom")


class LightPanel(QWidget):
    """Controls of everything in the scene that is not a class."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.picture = PictureSection(document)
        self.sphere = LightSphere()
        self.sphere.direction_changed.connect(self._point)
        self.sphere.released.connect(document.settle)
        self.follow = QCheckBox("Moves with the camera")
        self.follow.setToolTip("On: the light stays where it is in the picture. Off: it stays where it is around the object")
        self.follow.toggled.connect(self._fix)
        self.switches = {name: QCheckBox(name.capitalize()) for name in SWITCHES}
        for name, box in self.switches.items():
            box.setToolTip(f"Switch {name} on or off")
            box.toggled.connect(lambda on, name=name: self._change(name, "on", on))
        self.background = ColorButton()
        self.background.setToolTip("Colour of the background")
        self.background.color_changed.connect(lambda color: self._change("", "background", color))
        self.numbers = {(c.part, c.name): self._number(c) for c in CONTROLS}
        self._build()
        document.changed.connect(lambda _old, new: self._look(new))
        self._look(document.state)

    def add_section(self, section: QWidget) -> None:
        """Put something below all controls of the light."""
        layout = cast("QVBoxLayout", self.layout())
        layout.insertWidget(layout.count() - 1, rule())
        layout.insertWidget(layout.count() - 1, section)

    def _build(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.sphere)
        beside = QVBoxLayout()
        beside.addWidget(self.follow)
        for box in self.switches.values():
            beside.addWidget(box)
        top.addLayout(beside, 1)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        for control in CONTROLS:
            form.addRow(control.title, self.numbers[control.part, control.name])
        form.addRow("Background", self.background)
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture)
        layout.addWidget(rule())
        layout.addLayout(top)
        layout.addLayout(form)
        layout.addStretch(1)

    def _number(self, control: _Control) -> Number:
        number = Number(control.low, control.high, unit=control.unit, decimals=0 if control.high >= 40 else 2)
        number.setToolTip(control.tip)
        number.setAccessibleName(control.title)
        number.value_changed.connect(lambda value: self._change(control.part, control.name, value))
        number.released.connect(self._document.settle)
        return number

    def _look(self, state: State) -> None:
        scene = state.scene
        for control in CONTROLS:
            holder = getattr(scene, control.part) if control.part else scene
            self.numbers[control.part, control.name].set_value(getattr(holder, control.name))
            self.numbers[control.part, control.name].setEnabled(getattr(holder, "on", True))
        for name, box in self.switches.items():
            with QSignalBlocker(box):
                box.setChecked(getattr(scene, name).on)
        with QSignalBlocker(self.follow):
            self.follow.setChecked(scene.light.fixed_to == "camera")
        self.background.set_color(scene.background)
        self.sphere.set_direction(light_in_camera(scene.light, state.camera))

    def _change(self, part: str, name: str, value: Any) -> None:
        scene: Scene = self._document.state.scene
        changed = replace(scene, **({part: replace(getattr(scene, part), **{name: value})} if part else {name: value}))
        merge = f"{part}.{name}" if isinstance(value, float) else ""
        self._document.change(f"Change {part or name}", merge=merge, scene=changed)

    def _point(self, x: float, y: float, z: float) -> None:
        state = self._document.state
        light = light_from_camera(state.scene.light, state.camera, (x, y, z))
        self._document.change("Move the light", merge="light", scene=replace(state.scene, light=light))

    def _fix(self, camera: bool) -> None:
        state = self._document.state
        light = light_fixed_to(state.scene.light, state.camera, "camera" if camera else "world")
        self._document.change("Fix the light", scene=replace(state.scene, light=light))
