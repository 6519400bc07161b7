"""An OpenGL context without a window or a display, through EGL."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from volviz.core.errors import VolvizError

APT = "apt-get install -y --no-install-recommends libegl1 libgl1"
NEEDED = (4, 3)


class Headless:
    """A core context without a surface: current inside ``with``, as often as wanted; then what was before comes back.

    Raises:
        VolvizError: there is no OpenGL here, or one that is too old.
    """

    def __init__(self) -> None:
        egl = _egl()
        self._before: list[tuple[Any, Any, Any, Any]] = []
        for display in _displays(egl):
            context = _context_on(egl, display)
            if context is not None:
                self._display, self._context = display, context
                break
        else:
            raise VolvizError(
                f"No OpenGL {NEEDED[0]}.{NEEDED[1]} could be started on this machine; install Mesa or the card's driver: {APT}"
            )
        try:
            with self:
                check_version()
        except VolvizError:
            self.close()
            raise

    def __enter__(self) -> Headless:
        egl = _egl()
        surfaces = (egl.eglGetCurrentSurface(egl.EGL_DRAW), egl.eglGetCurrentSurface(egl.EGL_READ))
        self._before.append((egl.eglGetCurrentDisplay(), *surfaces, egl.eglGetCurrentContext()))
        egl.eglMakeCurrent(self._display, egl.EGL_NO_SURFACE, egl.EGL_NO_SURFACE, self._context)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        egl = _egl()
        before = self._before.pop()
        if before[3]:
            egl.eglMakeCurrent(*before)
        else:
            egl.eglMakeCurrent(self._display, egl.EGL_NO_SURFACE, egl.EGL_NO_SURFACE, egl.EGL_NO_CONTEXT)

    def close(self) -> None:
        """Give the context back to the driver, and with it all that was made in it."""
        _egl().eglDestroyContext(self._display, self._context)


@contextmanager
def headless() -> Iterator[None]:
    """Make a context, current until this ends, and give it back.

    Raises:
        VolvizError: there is no OpenGL here, or one that is too old.
    """
    context = Headless()
    try:
        with context:
            yield
    finally:
        context.close()


def check_version() -> None:
    """Look at the context that is current.

    Raises:
        VolvizError: its OpenGL is older than 4.3.
    """
    from OpenGL import GL

    version = (int(GL.glGetIntegerv(GL.GL_MAJOR_VERSION)), int(GL.glGetIntegerv(GL.GL_MINOR_VERSION)))
    if version < NEEDED:
        raise VolvizError(
            f"volviz draws with OpenGL 4.3 or later and this machine offers {version[0]}.{version[1]}; "
            f"update the driver of the graphics card, or use Mesa in software: {APT}"
        )


def _egl() -> Any:
    if os.name == "nt":
        raise VolvizError(
            "Without a window stills and videos are drawn by EGL, which Windows lacks; draw them in the window, on Linux or under WSL."
        )
    if (platform := os.environ.get("PYOPENGL_PLATFORM", "egl")) != "egl":
        raise VolvizError(f"PYOPENGL_PLATFORM is set to {platform}, but without a window volviz draws by EGL; unset it.")
    try:
        from OpenGL import EGL
    except (ImportError, AttributeError, OSError) as error:  # PyOpenGL reports a missing library in all three ways
        raise VolvizError(f"There is no EGL library, by which volviz draws without a window; install it: {APT}") from error
    return EGL


def _displays(egl: Any) -> list[Any]:
    """Return the displays that could be initialised, best first: cards, then Mesa without a surface, then the default."""
    from OpenGL.EGL.EXT.platform_base import eglGetPlatformDisplayEXT

    surfaceless, device = 0x31DD, 0x313F  # EGL_PLATFORM_SURFACELESS_MESA, EGL_PLATFORM_DEVICE_EXT
    # Devices first: beside a card of another maker, Mesa's surfaceless platform would draw in software.
    candidates: list[tuple[int, Any]] = [(device, d) for d in _devices(egl)]
    candidates.append((surfaceless, egl.EGL_DEFAULT_DISPLAY))
    found = []
    for platform, native in candidates:
        try:
            display = eglGetPlatformDisplayEXT(platform, native, None)
            if display and _initialised(egl, display):
                found.append(display)
        except Exception:  # noqa: S112 - PyOpenGL raises its own and ctypes' errors for a platform that is not there
            continue
    if not found:
        try:
            display = egl.eglGetDisplay(egl.EGL_DEFAULT_DISPLAY)
            if display and _initialised(egl, display):
                found.append(display)
        except Exception:  # noqa: S110
            pass
    return found


def _devices(egl: Any) -> list[Any]:
    try:
        from OpenGL.EGL.EXT.device_enumeration import eglQueryDevicesEXT

        number = egl.EGLint()
        devices = (egl.EGLDeviceEXT * 16)()
        eglQueryDevicesEXT(16, devices, ctypes.byref(number))
        return list(devices[: number.value])
    except Exception:
        return []


def _initialised(egl: Any, display: Any) -> bool:
    major, minor = egl.EGLint(), egl.EGLint()
    return bool(egl.eglInitialize(display, ctypes.byref(major), ctypes.byref(minor)))


def _context_on(egl: Any, display: Any) -> Any:
    egl.eglBindAPI(egl.EGL_OPENGL_API)
    configs, number = (egl.EGLConfig * 1)(), egl.EGLint()
    wanted = (egl.EGLint * 5)(egl.EGL_SURFACE_TYPE, egl.EGL_PBUFFER_BIT, egl.EGL_RENDERABLE_TYPE, egl.EGL_OPENGL_BIT, egl.EGL_NONE)
    egl.eglChooseConfig(display, wanted, configs, 1, ctypes.byref(number))
    if number.value < 1:
        return None
    for version in ((4, 5), (4, 3)):
        attributes = (egl.EGLint * 7)(0x3098, version[0], 0x30FB, version[1], 0x30FD, 1, egl.EGL_NONE)  # major, minor, core profile
        try:
            context = egl.eglCreateContext(display, configs[0], egl.EGL_NO_CONTEXT, attributes)
        except Exception:  # noqa: S112 - asked for more than there is
            continue
        if context:
            return context
    return None
