"""OpenGL, wrapped thinly: context, program, texture, target, buffer."""

from __future__ import annotations

import os


def gl_env() -> None:
    """Set what PyOpenGL and Qt read from the environment before their first import, unless a person has set it.

    PyOpenGL picks its platform once: EGL serves headless contexts and, with Qt's EGL integration, windows on X11 too.
    Mesa's default EGL display fails without a screen unless it is told to do without a surface.
    """
    if os.name == "nt":
        return
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "xcb_egl")
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("EGL_PLATFORM", "surfaceless")


# This file runs before any other of the package, hence before the first import of OpenGL.
gl_env()
