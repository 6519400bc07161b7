"""How a volume and its classes look: everything that decides a pixel, except from where one looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal

from volviz.core.cleaning import Cleaning
from volviz.core.cuts import Clips
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, Triple
from volviz.core.guides import Guides, Slices
from volviz.core.report import Report, silent
from volviz.core.segmentation import Segmentation
from volviz.core.settings import set_field, set_part, within
from volviz.core.volume import Volume, check_volume


@dataclass(frozen=True, slots=True)
class Ramp:
    """The transfer function of one class: r(p) = clip((p - low) / (high - low), 0, 1).

    ``opacity`` is the extinction where r = 1, per nanometre, so that binning a tomogram does not change its look.
    ``color`` is (r, g, b) in 0..1, sRGB. ``negative`` is the colour of the part below zero of a signed score, whose ramp
    is the mirror image; without one, only the positive part is drawn.
    """

    low: float = 0.5
    high: float = 1.0
    color: Triple = field(default=(0.7, 0.7, 0.7), metadata=within(0, 1))
    opacity: float = field(default=0.5, metadata=within(0))
    visible: bool = True
    negative: Triple | None = field(default=None, metadata=within(0, 1))


@dataclass(frozen=True, slots=True)
class RawLook:
    """The ramp of the raw density, by which every class is multiplied if ``multiply`` is on.

    ``low`` and ``high`` are in standard deviations of the low-passed density, dense positive: one look fits
    tomograms of any scale and sign. ``invert`` says that dark is dense in the file (as in a raw tomogram), for the
    picture and for the network. ``lowpass`` is the width of the box mean in angstrom (the paper's 3^3 voxels).
    ``haze`` draws the density itself between the classes, as `Scene.density` looks; they are then not multiplied by it.
    """

    low: float = -1.0
    high: float = 1.0
    invert: bool = True
    lowpass: float = field(default=30.0, metadata=within(0, 1000))
    multiply: bool = True
    haze: bool = False


@dataclass(frozen=True, slots=True)
class Light:
    """A spherical light. ``direction_xyz`` points towards it, in camera axes (right, up, back) or world axes.

    ``size`` is the half-angle under which it is seen, in degrees: larger is softer.
    """

    direction_xyz: Triple = (-0.65, 0.65, 0.42)
    fixed_to: Literal["camera", "world"] = "camera"
    size: float = field(default=8.0, metadata=within(0, 90))
    intensity: float = field(default=1.25, metadata=within(0))


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Local ambient occlusion: how much extinction lies in a sphere of ``radius`` (nm), shifted towards the light."""

    on: bool = True
    radius: float = field(default=12.0, metadata=within(0))
    strength: float = field(default=0.9, metadata=within(0))


@dataclass(frozen=True, slots=True)
class Shadow:
    """Soft shadow: transmittance through the cone from a sample to the light, over at most ``reach`` (nm)."""

    on: bool = True
    reach: float = field(default=60.0, metadata=within(0))
    strength: float = field(default=0.95, metadata=within(0))


@dataclass(frozen=True, slots=True)
class Bloom:
    """Light spilling over from bright pixels: those above ``threshold``; ``radius`` is a fraction of picture height."""

    on: bool = True
    threshold: float = field(default=0.65, metadata=within(0))
    strength: float = field(default=0.3, metadata=within(0))
    radius: float = field(default=0.025, metadata=within(0, 1))


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How far the colours of uncertain samples fade to grey, 0 to 1.

    A sample is uncertain by the Shannon ``entropy`` of its classes, the background among them, over its maximum, or by
    their ``margin``: one less the most probable class's lead over the next.
    """

    amount: float = field(default=0.0, metadata=within(0, 1))
    measure: Literal["entropy", "margin"] = "entropy"


Mode = Literal["classes", "raw", "maximum", "average", "surface"]
Blending = Literal["mixed", "paper"]
RAMP, CLEANING = (tuple(f.name for f in fields(kind)) for kind in (Ramp, Cleaning))
DENSITY = Ramp(low=2.5, high=5.0, color=(0.80, 0.78, 0.74), opacity=0.5)


@dataclass(frozen=True, slots=True)
class Scene:
    """A look. ``ramps`` holds one per drawn class, by name; ``exposure`` is in stops; ``background`` is sRGB.

    ``background_top`` is the background at the top of the picture, where ``background`` fades to it from the bottom; None: it does not.

    ``mode`` is what is drawn along a line of sight: the soft ``classes``; the ``raw`` density alone; its ``maximum`` or
    ``average``, in grey, coloured where a class lies; or the ``surface`` where a class (or the density, where there are
    none) rises through the middle of its ramp.
    ``blending`` is how classes that share a sample combine: ``mixed`` by their extinction, whatever their order, or as
    in the ``paper``, one behind the other.
    ``together`` draws everything but the background as one class, with this ramp of 1 - p(background).
    ``density`` is how the raw density looks when it is drawn itself: ``low`` and ``high`` in standard deviations.
    ``contrast`` are the densities shown black and white in a projection, in standard deviations; None fits the mode.
    ``averaged`` is what None is in the ``average``: where the means along the beam end, estimated from the data.
    ``region`` is a box of the tomogram's voxels to draw alone, in full resolution if the whole had to be binned.
    ``cleaning`` says what is tidied away of a class, by name, before it is drawn or saved; a class that is not in it is
    left as it is.
    """

    ramps: Mapping[str, Ramp] = field(default_factory=dict)
    cleaning: Mapping[str, Cleaning] = field(default_factory=dict)
    mode: Mode = "classes"
    blending: Blending = "mixed"
    together: Ramp | None = None
    uncertainty: Uncertainty = Uncertainty()
    raw: RawLook = RawLook()
    density: Ramp = DENSITY
    contrast: tuple[float, float] | None = None
    averaged: tuple[float, float] = (-0.75, 1.0)
    light: Light = Light()
    occlusion: Occlusion = Occlusion()
    shadow: Shadow = Shadow()
    bloom: Bloom = Bloom()
    clips: Clips = field(default_factory=Clips)
    slices: Slices = field(default_factory=Slices)
    guides: Guides = field(default_factory=Guides)
    exposure: float = 0.0
    background: Triple = field(default=(0.02, 0.022, 0.03), metadata=within(0, 1))
    background_top: Triple | None = field(default=None, metadata=within(0, 1))
    region: Region | None = field(
        default=None,
        metadata={"reads": Region.parse, "takes": "voxels from the first to the one after the last, Z0:Z1,Y0:Y1,X0:X1,"},
    )

    def __post_init__(self) -> None:
        # A private copy behind a read-only view: a frozen value must not change because a caller's dictionary does.
        object.__setattr__(self, "ramps", MappingProxyType(dict(self.ramps)))
        # What does nothing is left out, so that a scene that was reset equals one that was never touched.
        kept = {name: cleaning for name, cleaning in self.cleaning.items() if cleaning != Cleaning()}
        object.__setattr__(self, "cleaning", MappingProxyType(kept))

    @classmethod
    def of(cls, volume: Volume, segmentation: Segmentation | None = None, report: Report = silent) -> Scene:
        """Return a look to start from, its ramps estimated from the data as the paper does.

        Raises:
            TypeError: what was given is no tomogram.
            Cancelled: by ``report``.
        """
        from volviz.core.estimate import first_scene  # estimate builds scenes: the import cannot be at the top

        check_volume(volume)
        return first_scene(volume, segmentation, report)

    @property
    def stored(self) -> tuple[bool, float, Region | None]:
        """What of it decides the numbers in the graphics memory: scenes that agree in this share them."""
        return self.raw.invert, self.raw.lowpass, self.region

    @property
    def projected(self) -> tuple[float, float]:
        """The densities shown black and white in a projection, in standard deviations.

        Unless ``contrast`` says otherwise: the largest of hundreds of samples of noise lies near where the ramp of the
        density begins; their means are ``averaged``.
        """
        if self.contrast is not None:
            return self.contrast
        return self.averaged if self.mode == "average" else (round(0.8 * self.density.low, 2), round(1.2 * self.density.high, 2))

    def with_ramp(self, name: str, **changes: Any) -> Scene:
        """Return the scene with fields of one class's ramp replaced."""
        return replace(self, ramps={**self.ramps, name: replace(self.ramps[name], **changes)})

    def with_cleaning(self, name: str, **changes: Any) -> Scene:
        """Return the scene with fields of one class's cleaning replaced."""
        return replace(self, cleaning={**self.cleaning, name: replace(self.cleaning.get(name, Cleaning()), **changes)})

    @property
    def cleans(self) -> dict[str, Cleaning]:
        """The cleaning of every class that has any, with the level that its ramp gives it where it states none.

        Scenes that agree in this show and save the same classes.
        """
        return {name: c.at(self.ramps.get(name, Ramp()).low) for name, c in self.cleaning.items() if c.on}

    def set(self, path: str, text: str) -> Scene:
        """Return the scene with one field replaced, both as a person writes them: ``set("membrane.low", "0.3")``.

        The path is ``CLASS.FIELD``, of its ramp or its cleaning, or ``PART.FIELD`` (``light.size``, ``raw.multiply``,
        ``clips.x``) or a field of the scene itself, such as ``exposure`` or ``mode``. ``cleaning.FIELD`` cleans every class
        that has a ramp. What may be absent takes ``none``; ``together=on`` starts from a plain ramp.

        Raises:
            VolvizError: there is no such field, or the text is no value for it.
        """
        head, _, rest = path.partition(".")
        if head in self.ramps and rest not in CLEANING:
            if rest not in RAMP:
                raise VolvizError(f"'{path}' names no setting; there are: {', '.join((*RAMP, *CLEANING))}.")
            return replace(self, ramps={**self.ramps, head: set_field(self.ramps[head], rest, text, path)})
        if head in self.ramps or head == "cleaning":
            names = [head] if head in self.ramps else list(self.ramps)
            cleaned = {name: set_field(self.cleaning.get(name, Cleaning()), rest, text, path) for name in names}
            return replace(self, cleaning={**self.cleaning, **cleaned})
        if head not in {f.name for f in fields(self)} - {"ramps"}:
            known = ", ".join([*self.ramps, *(f.name for f in fields(self) if f.name != "ramps")])
            raise VolvizError(f"There is nothing called '{head}' in this view; choose one of: {known}.")
        return set_part(self, head, rest, text, path)
