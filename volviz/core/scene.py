"""How a volume and its classes look: everything that decides a pixel, except from where one looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from volviz.core.cuts import Clips, planes_of
from volviz.core.errors import VolvizError
from volviz.core.grid import Triple
from volviz.core.guides import Guides, Slices
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume


@dataclass(frozen=True, slots=True)
class Ramp:
    """The transfer function of one class: r(p) = clip((p - low) / (high - low), 0, 1).

    ``opacity`` is the extinction where r = 1, per nanometre, so that binning a tomogram does not change its look.
    ``color`` is (r, g, b) in 0..1, sRGB.
    """

    low: float = 0.5
    high: float = 1.0
    color: Triple = (0.7, 0.7, 0.7)
    opacity: float = 0.5
    visible: bool = True


@dataclass(frozen=True, slots=True)
class RawLook:
    """The ramp of the raw density, by which every class is multiplied if ``multiply`` is on.

    ``low`` and ``high`` are in standard deviations of the low-passed density, dense positive: one look fits
    tomograms of any scale and sign. ``invert`` says that dark is dense in the file (as in a raw tomogram), for the
    picture and for the network. ``lowpass`` is the width of the box mean in angstrom (the paper's 3^3 voxels).
    """

    low: float = -1.0
    high: float = 1.0
    invert: bool = True
    lowpass: float = 30.0
    multiply: bool = True


@dataclass(frozen=True, slots=True)
class Light:
    """A spherical light. ``direction_xyz`` points towards it, in camera axes (right, up, back) or world axes.

    ``size`` is the half-angle under which it is seen, in degrees: larger is softer.
    """

    direction_xyz: Triple = (-0.6, 0.6, 0.5)
    fixed_to: Literal["camera", "world"] = "camera"
    size: float = 12.0
    intensity: float = 1.15


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Local ambient occlusion: how much extinction lies in a sphere of ``radius`` (nm), shifted towards the light."""

    on: bool = True
    radius: float = 20.0
    strength: float = 0.9


@dataclass(frozen=True, slots=True)
class Shadow:
    """Soft shadow: transmittance through the cone from a sample to the light, over at most ``reach`` (nm)."""

    on: bool = True
    reach: float = 60.0
    strength: float = 0.85


@dataclass(frozen=True, slots=True)
class Bloom:
    """Light spilling over from bright pixels: those above ``threshold``; ``radius`` is a fraction of picture height."""

    on: bool = True
    threshold: float = 0.65
    strength: float = 0.3
    radius: float = 0.025


@dataclass(frozen=True, slots=True)
class Scene:
    """A look. ``ramps`` holds one per drawn class, by name; ``exposure`` is in stops; ``background`` is sRGB."""

    ramps: Mapping[str, Ramp] = field(default_factory=dict)
    raw: RawLook = RawLook()
    light: Light = Light()
    occlusion: Occlusion = Occlusion()
    shadow: Shadow = Shadow()
    bloom: Bloom = Bloom()
    clips: Clips = field(default_factory=Clips)
    slices: Slices = field(default_factory=Slices)
    guides: Guides = field(default_factory=Guides)
    exposure: float = 0.0
    background: Triple = (0.02, 0.022, 0.03)

    def __post_init__(self) -> None:
        # A private copy behind a read-only view: a frozen value must not change because a caller's dictionary does.
        object.__setattr__(self, "ramps", MappingProxyType(dict(self.ramps)))

    @classmethod
    def of(cls, volume: Volume, segmentation: Segmentation | None = None) -> Scene:
        """Return a look to start from, its ramps estimated from the data as the paper does."""
        from volviz.core.estimate import first_scene  # estimate builds scenes: the import cannot be at the top

        return first_scene(volume, segmentation)

    def with_ramp(self, name: str, **changes: Any) -> Scene:
        """Return the scene with fields of one class's ramp replaced."""
        return replace(self, ramps={**self.ramps, name: replace(self.ramps[name], **changes)})

    def set(self, path: str, text: str) -> Scene:
        """Return the scene with one field replaced, both as a person writes them: ``set("membrane.low", "0.3")``.

        The path is ``CLASS.FIELD`` or ``PART.FIELD`` (``light.size``, ``raw.multiply``, ``clips.x``) or ``exposure``.

        Raises:
            VolvizError: there is no such field, or the text is no value for it.
        """
        head, _, rest = path.partition(".")
        if head in self.ramps:
            return replace(self, ramps={**self.ramps, head: _set(self.ramps[head], rest, text, path)})
        if head not in {f.name for f in fields(self)} - {"ramps"}:
            known = ", ".join([*self.ramps, *(f.name for f in fields(self) if f.name != "ramps")])
            raise VolvizError(f"There is nothing called '{head}' in this view; choose one of: {known}.")
        part = getattr(self, head)
        if is_dataclass(part):
            return replace(self, **{head: _set(part, rest, text, path)})
        return replace(self, **{head: _parse(part, text, path)})


def _place(text: str) -> float | None:
    return None if text.strip().lower() in {"none", "off"} else float(text)


# Fields that are written in their own way: how they are read, and what to say of it.
LISTS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "clips.planes": (planes_of, "six numbers for every plane, a point (A) and the direction to cut away, planes divided by semicolons"),
    **{f"slices.{axis}": (_place, "a fraction of the volume from 0 to 1, or none") for axis in "xyz"},
}


def _set(value: Any, name: str, text: str, path: str) -> Any:
    if name not in {f.name for f in fields(value)}:
        raise VolvizError(f"'{path}' names no setting; there are: {', '.join(f.name for f in fields(value))}.")
    return replace(value, **{name: _parse(getattr(value, name), text, path)})


def _parse(old: Any, text: str, path: str) -> Any:
    try:
        if path in LISTS:
            return LISTS[path][0](text)
        if isinstance(old, bool):
            return {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}[text.lower()]
        if isinstance(old, tuple):
            new = tuple(float(t) for t in text.replace(",", " ").split())
            if len(new) != len(old):
                raise ValueError
            return new
        if isinstance(old, str) and path == "light.fixed_to" and text not in {"camera", "world"}:
            raise ValueError
        return type(old)(text)
    except (ValueError, KeyError):
        shape = "on or off" if isinstance(old, bool) else f"something like {old}" if not isinstance(old, tuple) else f"{len(old)} numbers"
        shape = LISTS[path][1] if path in LISTS else shape
        raise VolvizError(f"'{text}' is no value for {path}; it takes {shape}.") from None
