"""What plays in the window in real time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from volviz.gui.document import Document, State

TICK_MS = 15  # between two pictures at least; they take as long as they take, and what is late is left out


class Running(QObject):
    """Shows moment after moment until the end comes, or a person takes hold of the view.

    Nothing waits for it: every moment is the one that the clock shows when the window gets to it.
    """

    moved = Signal(float)  # seconds
    ended = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show: Callable[[float], None] = lambda _: None
        self._seconds, self._loop = 0.0, False
        self._began = 0.0
        self._own = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        document.changed.connect(self._look)

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self._timer.isActive()

    def start(self, show: Callable[[float], None], seconds: float, *, begin: float = 0.0, loop: bool = False) -> None:
        """Call ``show`` with the seconds since the start, from ``begin`` to ``seconds``, again and again if it loops."""
        self.stop()
        self._show, self._seconds, self._loop = show, seconds, loop
        self._began = time.monotonic() - begin
        self._timer.start()

    def set_loop(self, loop: bool) -> None:
        """Go on at the end, or do not."""
        self._loop = loop

    def stop(self) -> None:
        """End it where it is."""
        if self.on:
            self._timer.stop()
            self.ended.emit()

    def _tick(self) -> None:
        at = time.monotonic() - self._began
        over = at >= self._seconds and not self._loop
        at = min(at, self._seconds) if not self._loop or self._seconds <= 0 else at % self._seconds
        self._own = True
        try:
            self._show(at)
        finally:
            self._own = False
        self.moved.emit(at)
        if over:
            self.stop()

    def _look(self, old: State, new: State) -> None:
        if not self._own and (new.scene != old.scene or new.camera != old.camera or new.volume is not old.volume):
            self.stop()
