"""Bringing a large volume to the graphics memory while the window lives on: read in a thread, given to the driver in turns."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

if TYPE_CHECKING:
    from volviz.render.slabs import Slab
    from volviz.render.textures import Loading

WAITING = 2  # slabs that may wait for their turn: the disk and the driver are busy together, and memory stays small
LISTENING_SECONDS = 0.1  # between two looks of a thread that waits for its turn at whether it should stop


class Uploading(QThread):
    """Reads slab after slab. For each, ``arrived`` asks the window's thread to `put` it, in the context.

    ``error`` says afterwards what went wrong, if anything; ``stopped`` whether nobody wanted it any more.
    """

    arrived = Signal()

    def __init__(self, loading: Loading, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.error: Exception | None = None
        self._loading = loading
        self._slabs: queue.Queue[Slab] = queue.Queue(WAITING)
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether it ended before everything was there."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Read no further than the slab that is being read."""
        self._stop.set()

    def put(self) -> float:
        """Give the next slab to the driver; return which fraction of all is there."""
        return self._loading.put(self._slabs.get_nowait())

    def run(self) -> None:
        try:
            for slab in self._loading.slabs():
                if not self._hand_over(slab):
                    return
        except Exception as error:
            self.error = error

    def _hand_over(self, slab: Slab) -> bool:
        while not self._stop.is_set():
            try:
                self._slabs.put(slab, timeout=LISTENING_SECONDS)
            except queue.Full:
                continue
            self.arrived.emit()
            return True
        return False
