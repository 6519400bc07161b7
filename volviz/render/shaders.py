"""The programs of one renderer, compiled when first used."""

from __future__ import annotations

from volviz.render import blocks
from volviz.render.gl.program import Program

SCREEN = "screen.vert"


class Shaders:
    """Programs by file names and variant; all share the blocks and the number of texture groups."""

    def __init__(self, groups: int) -> None:
        self.groups = groups
        self._generated = {"blocks.glsl": blocks.glsl()}
        self._programs: dict[tuple[tuple[str, ...], bool, bool], Program] = {}

    def get(self, *names: str, exact: bool = False, skip: bool = True) -> Program:
        """Return a program: lighting evaluated at every sample if ``exact``, empty space leapt over if ``skip``."""
        key = (names, exact, skip)
        if key not in self._programs:
            defines = {"GROUPS": self.groups, "EXACT": int(exact), "SKIP": int(skip)}
            self._programs[key] = Program(*names, defines=defines, generated=self._generated)
        return self._programs[key]

    def delete(self) -> None:
        """Give all programs back to the driver."""
        for program in self._programs.values():
            program.delete()
        self._programs.clear()
