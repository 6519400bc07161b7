"""Regions of the classes that were filled or cleaned anew, on their way to the graphics memory a few at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from volviz.core.grid import Region
from volviz.core.segmentation import Segmentation

if TYPE_CHECKING:
    from volviz.render.renderer import Renderer

SLICE_SECONDS = 0.05  # the event loop may wait


class Bricks(QObject):
    """Regions wait here, each once, until they can be written; what is written is what the classes hold by then."""

    due = Signal()  # there is something to write; as soon as the event loop has a turn for it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[Region, None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.due)

    @property
    def waiting(self) -> bool:
        """Whether something has not been written yet."""
        return bool(self._waiting)

    def add(self, region: Region) -> None:
        """Let a region wait."""
        self._waiting[region] = None
        self.go_on()

    def go_on(self) -> None:
        """Ask for a turn, if something waits."""
        if self._waiting:
            self._timer.start(0)

    def forget(self) -> None:
        """Write none of them: all the data are brought anew."""
        self._waiting.clear()

    def write(self, renderer: Renderer, classes: Segmentation) -> None:
        """Write for a moment; the context must be current and hold these classes, but for what waits here."""
        until = time.perf_counter() + SLICE_SECONDS
        while self._waiting and time.perf_counter() < until:
            region = next(iter(self._waiting))
            del self._waiting[region]
            renderer.write(region, np.asarray(classes.data[(slice(None), *region.slices)]))
        if not self._waiting:
            renderer.adopt(classes)  # which lets go of what was written
        self.go_on()
