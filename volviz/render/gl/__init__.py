"""OpenGL, wrapped thinly: context, program, texture, target, buffer."""

from __future__ import annotations

import os
from pathlib import Path

SOFTWARE = "VOLVIZ_SOFTWARE"
PLATFORMS = ("egl", "glx", "x11", "wayland")  # by which contexts like ours can be made
MESA = Path("/usr/share/glvnd/egl_vendor.d/50_mesa.json")


def gl_env() -> None:
    """Set what PyOpenGL and Qt read from the environment before their first import, unless a person has set it.

    PyOpenGL picks its platform once: EGL serves headless contexts and, with Qt's EGL integration, windows on X11 too.
    Mesa's default EGL display fails without a screen unless it is told to do without a surface.
    """
    if os.environ.get(SOFTWARE):
        _draw_in_software()
    if os.name == "nt":
        return
    if os.environ.get("PYOPENGL_PLATFORM") not in PLATFORMS:  # such as osmesa, which other programs ask to have set
        os.environ["PYOPENGL_PLATFORM"] = "egl"
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "xcb_egl")
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("EGL_PLATFORM", "surfaceless")


def _draw_in_software() -> None:
    """Have Mesa's software drawing take the place of the card's driver, where a person has not chosen otherwise."""
    chosen = {"LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe", "__GLX_VENDOR_LIBRARY_NAME": "mesa", "QT_OPENGL": "software"}
    if MESA.exists():
        chosen["__EGL_VENDOR_LIBRARY_FILENAMES"] = str(MESA)
    for name, value in chosen.items():
        os.environ.setdefault(name, value)


# This file runs before any other of the package, hence before the first import of OpenGL.
gl_env()
