"""The programs of one renderer, compiled when first used."""

from __future__ import annotations

from dataclasses import dataclass, fields

from volviz.render import blocks
from volviz.render.gl.program import Program
from volviz.render.gl.timer import in_software
from volviz.render.memory import PART_UNIT

SCREEN = "screen.vert"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is compiled into a program instead of being read by it, so that what is not asked for costs nothing.

    Every field is a `#define` of the same name in capitals.
    """

    exact: bool = False  # occlusion and shadow evaluated at every sample
    skip: bool = True  # empty space leapt over
    clipped: bool = False  # something is cut away
    slices: bool = False  # planes of density
    maximum: bool = False  # projections
    average: bool = False
    surface: bool = False  # the first hit of a threshold
    paper: bool = False  # classes that share a sample lie one behind the other
    together: bool = False  # all classes as one
    signed: bool = False  # scores, which may have a colour below zero
    uncertain: bool = False  # colours of uncertain samples fade

    @property
    def defines(self) -> dict[str, int]:
        """Its fields as the preprocessor sees them."""
        return {f.name.upper(): int(getattr(self, f.name)) for f in fields(self)}

    @property
    def matter(self) -> Variant:
        """The part of it that decides where there is how much extinction: what occupancy and light are compiled for."""
        return Variant(clipped=self.clipped, together=self.together, signed=self.signed)


USUAL = Variant()


class Shaders:
    """Programs by file names and variant; all share the blocks and the numbers of texture groups and of parts.

    ``usual`` is the variant of programs that are asked for without one.
    """

    def __init__(self, groups: int, splits: int = 1) -> None:
        self.groups = groups
        self._defines = {"GROUPS": groups, "SPLITS": splits, "PART_UNIT": PART_UNIT}
        self.usual = USUAL
        self._generated = {"blocks.glsl": blocks.glsl(copied=in_software())}
        self._programs: dict[tuple[tuple[str, ...], Variant], Program] = {}

    def get(self, *names: str, variant: Variant | None = None) -> Program:
        """Return a program of these files, compiled if it is wanted for the first time."""
        variant = variant or self.usual
        key = (names, variant)
        if key not in self._programs:
            self._programs[key] = Program(*names, defines={**self._defines, **variant.defines}, generated=self._generated)
        return self._programs[key]

    def delete(self) -> None:
        """Give all programs back to the driver."""
        for program in self._programs.values():
            program.delete()
        self._programs.clear()
