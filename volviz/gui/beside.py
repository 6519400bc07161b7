"""An OpenGL context beside the window's, for work of a thread that would hold the window up."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QThread
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext

log = logging.getLogger(__name__)


class Beside:
    """A context for one thread, to be used once, that shares textures, buffers and programs with another context."""

    def __init__(self, context: QOpenGLContext, surface: QOffscreenSurface) -> None:
        self._context, self._surface = context, surface

    @classmethod
    def of(cls, other: QOpenGLContext, thread: QThread) -> Beside | None:
        """Make one in the window's thread for another thread; None where the driver has none for it."""
        context, surface = QOpenGLContext(), QOffscreenSurface()
        context.setFormat(other.format())
        context.setShareContext(other)
        surface.setFormat(other.format())
        surface.create()
        made = QOpenGLContext.supportsThreadedOpenGL() and surface.isValid() and context.create()
        if not (made and QOpenGLContext.areSharing(context, other)):  # Qt makes one that shares nothing where it must
            log.info("no second OpenGL context is to be had: the window waits while graphics memory is allocated")
            return None
        context.moveToThread(thread)
        return cls(context, surface)

    @contextmanager
    def current(self) -> Iterator[bool]:
        """Have it current in its thread until this ends, and then no more. Says whether that could be done."""
        try:
            yield self._context.makeCurrent(self._surface)
        finally:
            self._context.doneCurrent()
            # The window's thread has to tidy them up: a surface may be a hidden window.
            self._context.moveToThread(self._surface.thread())
            self._context.deleteLater()
            self._surface.deleteLater()
