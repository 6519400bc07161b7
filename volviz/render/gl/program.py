"""Shaders from files: `#include`, `#define`, and errors that name the file a person can open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from OpenGL import GL

from volviz.assets import asset

VERSION = "#version 430 core"
STAGES = {".vert": GL.GL_VERTEX_SHADER, ".frag": GL.GL_FRAGMENT_SHADER, ".comp": GL.GL_COMPUTE_SHADER}
_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"\s*$')
# Mesa: "0:12(3): error", NVIDIA: "0(12) : error", AMD: "ERROR: 0:12:"; each is source string and line.
_PLACE = re.compile(r"\b\d+(?::(\d+)|\((\d+)\))")


class ShaderError(RuntimeError):
    """A shader that does not compile: a mistake in the program, not of the person."""


class Source:
    """The text of a shader with its includes resolved, each once; ``places`` is the file and line of every line of it.

    Kept here rather than told to the driver by `#line`, whose file number Mesa forgets in half of its messages.
    Branches of the preprocessor are not looked at: what stands in one must not be the first to include what others need.
    """

    def __init__(self, name: str, defines: Mapping[str, int], generated: Mapping[str, str]) -> None:
        self.places: list[tuple[str, int]] = []
        self._generated = generated
        self._seen: set[str] = set()
        self._lines: list[str] = []
        for line in [VERSION, *(f"#define {key} {value}" for key, value in defines.items())]:
            self._add(line, name, 0)
        self._resolve(name, ())
        self.text = "\n".join(self._lines) + "\n"

    def explain(self, log: str) -> str:
        """Return a driver's message with the places in files that a person can open."""

        def place(match: re.Match[str]) -> str:
            line = int(match[1] or match[2])
            return "{}:{}".format(*self.places[line - 1]) if 0 < line <= len(self.places) else match[0]

        return "\n".join(_PLACE.sub(place, line, count=1) for line in log.splitlines())

    def _add(self, line: str, name: str, at: int) -> None:
        self._lines.append(line)
        self.places.append((name, at))

    def _resolve(self, name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ShaderError(f"includes go round in a circle: {' -> '.join([*above, name])}")
        if name in self._seen:
            return
        self._seen.add(name)
        text = self._generated[name] if name in self._generated else _path(name).read_text(encoding="utf-8")
        for at, line in enumerate(text.splitlines(), start=1):
            include = _INCLUDE.match(line)
            if include is None:
                self._add(line, name, at)
            else:
                self._resolve(include[1], (*above, name))


class Program:
    """A linked program of one or more stages, named by their files below ``shaders/``."""

    def __init__(self, *names: str, defines: Mapping[str, int] | None = None, generated: Mapping[str, str] | None = None) -> None:
        self.name = " + ".join(names)
        shaders = [_compile(Source(name, defines or {}, generated or {}), name) for name in names]
        self.id = GL.glCreateProgram()
        for shader in shaders:
            GL.glAttachShader(self.id, shader)
        GL.glLinkProgram(self.id)
        for shader in shaders:
            GL.glDetachShader(self.id, shader)
            GL.glDeleteShader(shader)
        if not GL.glGetProgramiv(self.id, GL.GL_LINK_STATUS):
            raise ShaderError(f"{self.name} does not link:\n{_text(GL.glGetProgramInfoLog(self.id))}")
        self._locations: dict[str, int] = {}

    def use(self, **uniforms: Any) -> Program:
        """Make it current and set uniforms: int (also samplers), float, or a tuple of two or three of either."""
        GL.glUseProgram(self.id)
        for name, value in uniforms.items():
            location = self._location(name)
            values = value if isinstance(value, tuple) else (value,)
            kind = "f" if any(isinstance(v, float) for v in values) else "i"
            getattr(GL, f"glUniform{len(values)}{kind}")(location, *values)
        return self

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteProgram(self.id)

    def _location(self, name: str) -> int:
        if name not in self._locations:
            self._locations[name] = GL.glGetUniformLocation(self.id, name)
        return self._locations[name]


def _path(name: str) -> Path:
    """Find a shader: entry points and bodies in ``shaders/``, functions in ``shaders/include/``."""
    path = asset("shaders") / "include" / name
    return path if path.is_file() else asset(f"shaders/{name}")


def _compile(source: Source, name: str) -> int:
    shader = GL.glCreateShader(STAGES[name[name.rindex(".") :]])
    GL.glShaderSource(shader, source.text)
    GL.glCompileShader(shader)
    if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
        log = source.explain(_text(GL.glGetShaderInfoLog(shader)))
        GL.glDeleteShader(shader)
        raise ShaderError(f"{name} does not compile:\n{log}")
    return int(shader)


def _text(log: bytes | str) -> str:
    return log.decode(errors="replace") if isinstance(log, bytes) else log
