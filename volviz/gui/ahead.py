"""Modules that the first picture needs, imported by a thread while nothing else is to do: the window need not wait for them later."""

from __future__ import annotations

import logging
import sys
import threading
from importlib import import_module

MODULES = ("OpenGL.GL", "volviz.render.renderer", "scipy.ndimage")  # 0.4 s of a processor

log = logging.getLogger(__name__)


def begin() -> threading.Thread | None:
    """Import what is not there yet; return who does it, or None if all is there."""
    missing = [name for name in MODULES if name not in sys.modules]
    if not missing:
        return None
    thread = threading.Thread(target=_import, args=(missing,), name="volviz-ahead")
    thread.start()
    return thread


def _import(names: list[str]) -> None:
    for name in names:
        try:
            import_module(name)
        except Exception as error:  # who needs it will meet that again, and say so
            log.debug("%s cannot be imported", name, exc_info=error)
