"""The stages of light, one by one: what each effect does is seen best beside the picture without it."""

from __future__ import annotations

from dataclasses import dataclass

from volviz.core.errors import VolvizError
from volviz.core.scene import Scene

STAGES = ("occlusion", "shadow", "bloom")


@dataclass(frozen=True, slots=True)
class Panel:
    """One of several pictures from the same place."""

    title: str
    scene: Scene


def stages(scene: Scene) -> tuple[Panel, ...]:
    """Return the look in the steps of the paper's Figure 7 (a) to (d), each with one effect more than the one before.

    Material colour alone, ambient occlusion, soft shadow, bloom: with the settings they have in the scene, also where they
    are switched off in it.
    """
    bare = scene
    for name in STAGES:
        bare = bare.set(f"{name}.on", "off")
    panels = [Panel("Material colour", bare)]
    for name, title in zip(STAGES, ("+ ambient occlusion", "+ soft shadow", "+ bloom"), strict=True):
        panels.append(Panel(title, panels[-1].scene.set(f"{name}.on", "on")))
    return tuple(panels)


def panels_of(scene: Scene, wanted: list[str]) -> tuple[Panel, ...]:
    """Return the panels that a person asks for: ``stages``, or settings such as ``shadow.on=off; light.size=30``, one panel each.

    Raises:
        VolvizError: a text is neither.
    """
    panels: list[Panel] = []
    for text in wanted:
        if text.strip() == "stages":
            panels += stages(scene)
            continue
        changed = scene
        for setting in text.split(";"):
            changed = apply(changed, setting)
        panels.append(Panel(text.strip(), changed))
    return tuple(panels)


def apply(scene: Scene, setting: str) -> Scene:
    """Return the scene with a setting such as ``membrane.low=0.3``.

    Raises:
        VolvizError: it is none.
    """
    path, equals, text = setting.partition("=")
    if not equals:
        raise VolvizError(f"'{setting}' sets nothing; write WHAT=VALUE, for example membrane.low=0.3.")
    return scene.set(path.strip(), text.strip())
