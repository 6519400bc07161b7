"""What OpenGL this display offers, found out once and before there is a window; and a way on where it is too little."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from volviz.render.gl import SOFTWARE

NEEDED = (4, 3)  # of the 3D view
PAINTED = {"offscreen", "minimal", "vnc", "linuxfb"}  # platforms of Qt that put no OpenGL into windows, whatever contexts they give
SLICES = (2, 1)  # of vispy
START = "volviz open --software"
WAY_ON = "Slices, segmenting, annotating and files work without it."


@dataclass(frozen=True, slots=True)
class Graphics:
    """Whether the 3D view can be drawn, whether the slices can be drawn by OpenGL, and what is wrong if not everything can."""

    solid: bool = True
    slices: bool = True
    problem: str = ""


@cache
def graphics() -> Graphics:
    """Look at what the display offers, and ask Qt for as much as there is from now on. Needs the QApplication."""
    from PySide6.QtGui import QGuiApplication, QSurfaceFormat

    painted = QGuiApplication.platformName() in PAINTED
    if not painted and _version(QSurfaceFormat.defaultFormat()) >= NEEDED:
        return Graphics()
    plain = QSurfaceFormat()
    found = (0, 0) if painted else _version(plain)
    QSurfaceFormat.setDefaultFormat(plain)  # or the slices would ask for what there is not
    offered = f"OpenGL {found[0]}.{found[1]}, and it needs {NEEDED[0]}.{NEEDED[1]}" if found > (0, 0) else "no OpenGL at all"
    problem = f"The 3D view cannot be drawn: this display offers {offered}. {WAY_ON} {advice()}"
    return Graphics(solid=False, slices=found >= SLICES, problem=problem)


def advice() -> str:
    """Return what a person can try on this machine."""
    if os.environ.get(SOFTWARE):
        return "Install Mesa's software drawing (libgl1-mesa-dri), or update the graphics driver."
    remote = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SESSIONNAME", "VNCDESKTOP", "NX_CLIENT"))
    start = "On a remote desktop, drawing" if remote else "Update the graphics driver. Until then, drawing"
    return f"{start} in software may help: start with {START}, or set {SOFTWARE}=1."


def _version(wanted: object) -> tuple[int, int]:
    """Return the version of OpenGL that is had by asking for a format; (0, 0) if none is."""
    from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

    context, surface = QOpenGLContext(), QOffscreenSurface()
    if isinstance(wanted, QSurfaceFormat):
        context.setFormat(wanted)
        surface.setFormat(wanted)
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return 0, 0
    major, minor = context.format().version()
    context.doneCurrent()
    return int(major), int(minor)
