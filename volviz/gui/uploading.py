"""Bringing a large volume to the graphics memory while the window lives on: read in a thread, given to the driver in turns."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from volviz.measure.cleaned import akin

if TYPE_CHECKING:
    from volviz.gui.document import State
    from volviz.render.renderer import Renderer
    from volviz.render.slabs import Slab
    from volviz.render.textures import Loading

WAITING = 2  # slabs that may wait for their turn: the disk and the driver are busy together, and memory stays small
LISTENING_SECONDS = 0.1  # between two looks of a thread that waits for its turn at whether it should stop


class Held:
    """Which of a state's data are in the graphics memory; nothing, if no state is given."""

    def __init__(self, state: State | None = None) -> None:
        self.volume = state.volume if state is not None else None
        self.classes = state.classes if state is not None else None
        self._stored = state.scene.stored if state is not None else None

    def adoptable(self, state: State) -> bool:
        """Whether its classes are there under another name, but for bricks that are written as they come: of a run, or cleaned anew."""
        mine, theirs = self.classes, state.classes
        if mine is None or theirs is None:
            return False
        return akin(mine, theirs) or (mine.data is theirs.data and mine.grid == theirs.grid)  # classes that were called otherwise

    def lacks(self, state: State) -> bool:
        """Whether drawing this state has to move the whole volume to the graphics memory."""
        same = self.volume is state.volume and (self.classes is state.classes or self.adoptable(state))
        return not same or self._stored != state.scene.stored

    def brought(self, renderer: Renderer, state: State) -> Held:
        """Tell the renderer what to draw from now on; return what it will hold after the next drawing."""
        if self.volume is not state.volume or not (self.classes is state.classes or self.adoptable(state)):
            if state.volume is not None:
                renderer.load(state.volume, state.classes)
        elif state.classes is not None and self.classes is not state.classes:
            renderer.adopt(state.classes)
        return Held(state)


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
