"""Bringing a large volume to the graphics memory in a thread, in the 3D view's own context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, QThread
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext

from volviz.core.errors import Cancelled
from volviz.core.volume import ArrayLike, Volume

SIZE = (16, 16)  # of the picture that is drawn into nothing: drawing is what uploads


class Uploading(QThread):
    """Borrows a context, draws once in it, and gives it back to the thread of the window.

    While it runs nobody else may make the context current. ``error`` says afterwards what went wrong, if anything.
    """

    def __init__(self, context: QOpenGLContext, draw: Callable[[int], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.error: Exception | None = None
        self._context, self._draw = context, draw
        self._surface = QOffscreenSurface()
        self._surface.setFormat(context.format())
        self._surface.create()

    def begin(self) -> None:
        """Take the context, which must be current nowhere, and start."""
        self._context.moveToThread(self)
        self.start()

    def run(self) -> None:
        try:
            if not self._context.makeCurrent(self._surface):
                raise RuntimeError("the context of the 3D view cannot be used in a thread")
            self._draw(_framebuffer())
        except Exception as error:
            self.error = error
        finally:
            self._context.doneCurrent()
            application = QCoreApplication.instance()
            if application is not None:
                self._context.moveToThread(application.thread())


class _Watched:
    """An array that refuses to be read when nobody wants it any more: the way to stop an upload between two slabs."""

    def __init__(self, data: ArrayLike, wanted: Callable[[], bool]) -> None:
        self.shape, self.dtype = data.shape, np.dtype(data.dtype)
        self._data, self._wanted = data, wanted

    def __getitem__(self, key: Any) -> Any:
        if not self._wanted():
            raise Cancelled
        return self._data[key]


def watched(volume: Volume, wanted: Callable[[], bool]) -> Volume:
    """Return a volume whose reading raises `Cancelled` as soon as ``wanted`` says no."""
    return replace(volume, data=_Watched(volume.data, wanted))


def _framebuffer() -> int:
    """Return a small framebuffer of the context that is current."""
    from OpenGL import GL

    texture = int(GL.glGenTextures(1))
    GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
    GL.glTexStorage2D(GL.GL_TEXTURE_2D, 1, GL.GL_RGBA8, *SIZE)
    framebuffer = int(GL.glGenFramebuffers(1))
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, texture, 0)
    return framebuffer
