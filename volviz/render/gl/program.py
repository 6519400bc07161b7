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
_PLACE = re.compile(r"\b(\d+)(?::(\d+)|\((\d+)\))")


class ShaderError(RuntimeError):
    """A shader that does not compile: a mistake in the program, not of the person."""


class Source:
    """The text of a shader with its includes resolved, each once; ``files`` are the numbers used in its `#line`."""

    def __init__(self, name: str, defines: Mapping[str, int], generated: Mapping[str, str]) -> None:
        self.files: list[str] = []
        self._generated = generated
        head = [VERSION, *(f"#define {key} {value}" for key, value in defines.items())]
        self.text = "\n".join([*head, *self._lines(name, ())]) + "\n"

    def explain(self, log: str) -> str:
        """Return a driver's message with file names in place of numbers."""

        def place(match: re.Match[str]) -> str:
            number = int(match[1])
            return f"{self.files[number]}:{match[2] or match[3]}" if number < len(self.files) else match[0]

        return "\n".join(_PLACE.sub(place, line, count=1) for line in log.splitlines())

    def _lines(self, name: str, above: tuple[str, ...]) -> list[str]:
        if name in above:
            raise ShaderError(f"includes go round in a circle: {' -> '.join([*above, name])}")
        number = len(self.files)
        self.files.append(name)
        text = self._generated[name] if name in self._generated else _path(name).read_text(encoding="utf-8")
        lines = [f"#line 1 {number}"]
        for at, line in enumerate(text.splitlines(), start=1):
            include = _INCLUDE.match(line)
            if include is None:
                lines.append(line)
            elif include[1] in (*above, name) or include[1] not in self.files:
                lines += [*self._lines(include[1], (*above, name)), f"#line {at + 1} {number}"]
        return lines


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
