"""A short flight of the camera from where it is to where it is wanted: one sees where one came from."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer

from volviz.core.between import camera_between
from volviz.core.camera import Camera
from volviz.gui.document import Document

SECONDS = 0.35
TICK_MS = 12


class Flight(QObject):
    """One at a time. Whatever else moves the camera meanwhile, a hand above all, ends it there."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.seconds = SECONDS
        self._document = document
        self._start = self._goal = self._last = document.state.camera
        self._began = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def flying(self) -> bool:
        """Whether the camera is on its way."""
        return self._timer.isActive()

    def to(self, goal: Camera) -> None:
        """Fly there, or be there at once if flights take no time."""
        self._start = self._last = self._document.state.camera
        self._goal, self._began = goal, time.perf_counter()
        if self.seconds <= 0 or goal == self._start:
            self._timer.stop()
            self._document.show(camera=goal)
        else:
            self._timer.start()

    def _tick(self) -> None:
        if self._document.state.camera is not self._last:
            self._timer.stop()
            return
        t = (time.perf_counter() - self._began) / self.seconds
        if t >= 1:
            self._timer.stop()
        self._last = camera_between(self._start, self._goal, min(1.0, t) ** 2 * (3 - 2 * min(1.0, t)))
        self._document.show(camera=self._last)
