"""Light and shade: direction, softness, occlusion, shadow, bloom, exposure, background."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from volviz.core.scene import Light, Scene
from volviz.gui.document import Document, State
from volviz.gui.gestures import light_fixed_to, light_from_camera, light_in_camera
from volviz.gui.panels.picture import PictureSection, rule
from volviz.gui.widgets.color import ColorButton, Swatches
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
    decimals: int = 2


LIGHT = (
    _Control("light", "intensity", "Brightness", 0.0, 3.0, "×", "Strength of the light, as a multiple of a plain one"),
    _Control("light", "size", "Size", 1.0, 45.0, "°", "Half the angle under which the light is seen, in degrees: larger is softer", 0),
)
SECTIONS = {
    "shadow": (
        "Things keep the light from what lies behind them",
        (
            _Control("shadow", "strength", "Strength", 0.0, 1.0, "", "How dark it gets where no light arrives: 0 not at all, 1 black"),
            _Control("shadow", "reach", "Reach", 5.0, 400.0, "nm", "How far away things still cast a shadow, in nanometres", 0),
        ),
    ),
    "occlusion": (
        "Pits and crevices are darker, from wherever the light comes",
        (
            _Control("occlusion", "strength", "Strength", 0.0, 1.0, "", "How dark pits and crevices get: 0 not at all, 1 black"),
            _Control("occlusion", "radius", "Size", 1.0, 40.0, "nm", "Radius of the surroundings that darken a point, in nanometres", 0),
        ),
    ),
    "bloom": (
        "Light spills over from bright places",
        (
            _Control("bloom", "strength", "Strength", 0.0, 1.0, "", "How much light spills over: 0 none, 1 much"),
            _Control("bloom", "threshold", "From", 0.0, 1.0, "", "Brightness from which on a place spills light: 0 black, 1 white"),
            _Control("bloom", "radius", "Width", 0.0, 0.1, "", "How far it spills, as a part of the picture's height", 3),
        ),
    ),
}
EXPOSURE = _Control("", "exposure", "Exposure", -3.0, 3.0, "EV", "Brightness of the whole picture, in stops: one more is twice as bright")
CONTROLS = (*LIGHT, *(control for _, controls in SECTIONS.values() for control in controls), EXPOSURE)
BOX = 80  # pixels: sliders end where those above and below them end
TOP = (0.16, 0.19, 0.25)  # what a dark background fades to first: a little light from above
GROUNDS = {
    "Night": Scene().background,
    "Black": (0.0, 0.0, 0.0),
    "Grey": (0.5, 0.5, 0.5),
    "White": (1.0, 1.0, 1.0),
}


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
        self.aim = QToolButton()
        self.aim.setText("As at first")
        self.aim.setToolTip("Bring the light back to where it was at first: from the upper left")
        self.aim.clicked.connect(self._aim)
        self.switches = {name: QCheckBox(name.capitalize()) for name in SECTIONS}
        for name, box in self.switches.items():
            box.setObjectName("section")
            box.setToolTip(SECTIONS[name][0])
            box.setAccessibleName(f"{name.capitalize()} on")
            box.toggled.connect(lambda on, name=name: self._change(name, "on", on))
        self.background = ColorButton()
        self.background.setToolTip("Colour of the background")
        self.background.setAccessibleName("Background colour")
        self.fades = QCheckBox("Fading to")
        self.fades.setToolTip("Let the background fade to another colour from the bottom of the picture to its top")
        self.fades.toggled.connect(self._fade)
        self.top = ColorButton()
        self.top.setToolTip("Colour of the background at the top of the picture")
        self.top.setAccessibleName("Background colour at the top")
        self.top.color_changed.connect(lambda color: self._change("", "background_top", color))
        self.grounds = Swatches(GROUNDS, "background")
        for button in (self.background, self.grounds):
            button.color_changed.connect(lambda color: self._change("", "background", color))
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
        beside.addWidget(QLabel("<b>Light</b>"))
        beside.addWidget(self.follow)
        beside.addWidget(self.aim)
        beside.addStretch(1)
        top.addLayout(beside, 1)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        for control in LIGHT:
            form.addRow(control.title, self.numbers[control.part, control.name])
        for name, (_, controls) in SECTIONS.items():
            form.addRow(self.switches[name])
            for control in controls:
                form.addRow(control.title, self.numbers[control.part, control.name])
        form.addRow(QLabel("<b>Picture</b>"))
        form.addRow(EXPOSURE.title, self.numbers["", "exposure"])
        ground = QHBoxLayout()
        ground.addWidget(self.background)
        ground.addSpacing(8)
        ground.addWidget(self.grounds)
        ground.addSpacing(8)
        ground.addWidget(self.fades)
        ground.addWidget(self.top)
        ground.addStretch(1)
        form.addRow("Background", ground)
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture)
        layout.addWidget(rule())
        layout.addLayout(top)
        layout.addLayout(form)
        layout.addStretch(1)

    def _number(self, control: _Control) -> Number:
        number = Number(control.low, control.high, unit=control.unit, decimals=control.decimals, width=BOX)
        number.setToolTip(control.tip)
        number.setAccessibleName(f"{control.part} {control.title.lower()}".strip().capitalize())
        number.value_changed.connect(lambda value: self._change(control.part, control.name, value))
        number.released.connect(self._document.settle)
        return number

    def _look(self, state: State) -> None:
        scene = state.scene
        for control in CONTROLS:
            number = self.numbers[control.part, control.name]
            number.set_default(getattr(_part(state.estimated, control.part), control.name))
            number.set_value(getattr(_part(scene, control.part), control.name))
            number.setEnabled(getattr(_part(scene, control.part), "on", True))
        for name, box in self.switches.items():
            with QSignalBlocker(box):
                box.setChecked(getattr(scene, name).on)
        with QSignalBlocker(self.follow):
            self.follow.setChecked(scene.light.fixed_to == "camera")
        self.background.set_color(scene.background)
        with QSignalBlocker(self.fades):
            self.fades.setChecked(scene.background_top is not None)
        self.top.set_color(scene.background_top or TOP)
        self.top.setEnabled(scene.background_top is not None)
        self.sphere.set_direction(light_in_camera(scene.light, state.camera))

    def _change(self, part: str, name: str, value: Any) -> None:
        scene: Scene = self._document.state.scene
        changed = replace(scene, **({part: replace(getattr(scene, part), **{name: value})} if part else {name: value}))
        merge = f"{part}.{name}" if isinstance(value, float) else ""
        self._document.change(f"Change {part or name}", merge=merge, scene=changed)

    def _fade(self, on: bool) -> None:
        scene = self._document.state.scene
        self._document.change("Fading background" if on else "Even background", scene=replace(scene, background_top=TOP if on else None))

    def _point(self, x: float, y: float, z: float) -> None:
        state = self._document.state
        light = light_from_camera(state.scene.light, state.camera, (x, y, z))
        self._document.change("Move the light", merge="light", scene=replace(state.scene, light=light))

    def _aim(self) -> None:
        self._point(*light_in_camera(Light(), self._document.state.camera))
        self._document.settle()

    def _fix(self, camera: bool) -> None:
        state = self._document.state
        light = light_fixed_to(state.scene.light, state.camera, "camera" if camera else "world")
        self._document.change("Fix the light", scene=replace(state.scene, light=light))


def _part(scene: Scene, part: str) -> Any:
    return getattr(scene, part) if part else scene
