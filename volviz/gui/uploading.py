"""Bringing a large volume to the graphics memory while the window lives on: room for it is made and its file read in a thread."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from volviz.core.errors import Cancelled
from volviz.gui.beside import Beside
from volviz.measure.cleaned import akin

if TYPE_CHECKING:
    from PySide6.QtGui import QOpenGLContext

    from volviz.core.scene import Scene
    from volviz.gui.document import State
    from volviz.gui.overview import Overview
    from volviz.render.renderer import Renderer
    from volviz.render.slabs import Slab
    from volviz.render.storage import Allocation, Storage

WAITING = 2  # slabs that may wait for their turn: the disk and the driver are busy together, and memory stays small
LISTENING_SECONDS = 0.1  # between two looks of a thread that waits for its turn at whether it should stop
APART = 64 * 2**20  # bytes for which the window does not wait: a driver that draws in software fills a gigabyte in two seconds


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
    """Allocates what is large, then reads slab after slab.

    Whenever something came of that, ``arrived`` asks the window's thread to `put` it, in the context of the view.
    ``error`` says afterwards what went wrong, if anything; ``stopped`` whether nobody wanted it any more.
    """

    arrived = Signal()

    def __init__(self, renderer: Renderer, scene: Scene, context: QOpenGLContext, parent: QObject | None = None) -> None:
        """Find out what a renderer lacks for a scene: nothing, unless it is ``needed``. Its ``context`` must be current."""
        super().__init__(parent)
        self.error: Exception | None = None
        self.overview: Overview | None = None  # that is to hear what is read
        self._renderer, self._scene = renderer, scene
        self._allocation = renderer.allocation(scene)
        self._storage: Storage | None = None
        self._beside: Beside | None = None
        if self._allocation is not None and self._allocation.bytes > APART:
            self._beside = Beside.of(context, self)
        self._loading = renderer.loading(scene) if self._beside is None else None
        self._slabs: queue.Queue[Slab] = queue.Queue(WAITING)
        self._taken = threading.Event()  # by the window's thread: what was allocated
        self._stop = threading.Event()

    @property
    def needed(self) -> bool:
        """Whether there is anything to bring."""
        return self._beside is not None or self._loading is not None

    @property
    def stopped(self) -> bool:
        """Whether it ended before everything was there."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Allocate no further than the texture that is on its way, and read no further."""
        self._stop.set()

    def put(self) -> float:
        """Give the driver what came; return which fraction of all is there."""
        if self._loading is not None:
            return self._loading.put(self._slabs.get_nowait())
        if self._storage is not None:
            self._renderer.take(self._storage)
            self._storage = None
        self._loading = self._renderer.loading(self._scene)
        self._taken.set()
        return 0.0

    def run(self) -> None:
        try:
            if self._beside is not None and self._allocation is not None:
                self._allocate(self._beside, self._allocation)
            if self._loading is None:
                return
            if self.overview is not None:
                self._loading.heard = self.overview.begin(self._loading.shape)
            for slab in self._loading.slabs(self._check):
                if not self._hand_over(slab):
                    return
        except Cancelled:
            return
        except Exception as error:
            self.error = error

    def _allocate(self, beside: Beside, allocation: Allocation) -> None:
        """Allocate while the window lives on, and wait until its thread has taken it."""
        with beside.current() as current:
            if current:  # else the window's thread has to allocate
                self._storage = allocation.make(self._go_on)
            self.arrived.emit()
            while not (self._taken.wait(LISTENING_SECONDS) or self.stopped):
                pass
            if self._storage is not None:  # nobody wanted it any more
                self._storage.delete()
                self._storage = None

    def _go_on(self, fraction: float, text: str = "", **metrics: float) -> None:
        self._check()

    def _check(self) -> None:
        if self.stopped:
            raise Cancelled

    def _hand_over(self, slab: Slab) -> bool:
        while not self._stop.is_set():
            try:
                self._slabs.put(slab, timeout=LISTENING_SECONDS)
            except queue.Full:
                continue
            self.arrived.emit()
            return True
        return False
