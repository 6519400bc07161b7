"""The stages of light, and what else can be compared."""

from dataclasses import replace

import pytest

from volviz.core.errors import VolvizError
from volviz.core.scene import Occlusion, Ramp, Scene, Shadow
from volviz.core.stages import panels_of, stages

SCENE = Scene(ramps={"membrane": Ramp()}, occlusion=Occlusion(on=False, radius=7.0), shadow=Shadow(strength=0.4), exposure=0.5)


def test_every_stage_adds_one_effect_with_its_settings():
    panels = stages(SCENE)
    switches = [(p.scene.occlusion.on, p.scene.shadow.on, p.scene.bloom.on) for p in panels]
    assert switches == [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]
    for panel in panels:
        assert panel.scene.occlusion.radius == 7.0
        assert panel.scene.shadow.strength == 0.4
        assert panel.scene.exposure == 0.5
    assert panels[-1].scene == replace(SCENE, occlusion=replace(SCENE.occlusion, on=True))


def test_panels_are_asked_for_as_settings():
    panels = panels_of(SCENE, ["stages", "light.size=30; membrane.low=0.2"])
    assert len(panels) == 5
    assert panels[4].scene == SCENE.set("light.size", "30").set("membrane.low", "0.2")
    assert panels[4].title == "light.size=30; membrane.low=0.2"
    with pytest.raises(VolvizError, match="sets nothing"):
        panels_of(SCENE, ["shadow"])
    with pytest.raises(VolvizError, match="nothing called 'shadows'"):
        panels_of(SCENE, ["shadows.on=off"])
