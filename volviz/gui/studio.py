"""Stills and frames of videos, drawn in the 3D view's own context, a piece at a time between two turns of the event loop.

A second context would hold every texture twice. Who asks waits in a thread of their own, where they save or encode what
they get.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.gui.document import State

if TYPE_CHECKING:
    from volviz.render.passes.march import Quality
    from volviz.render.picture import Pixels, Size
    from volviz.render.renderer import Renderer
    from volviz.render.sketch import Sketch

LISTENING_SECONDS = 0.05  # between two looks of a waiting thread at whether it should stop
SLICE_SECONDS = 0.03  # the event loop may wait
OTHER_DATA = (
    "The picture was not finished, because other data or another region are drawn by now, the classes are cleaned otherwise, or "
    "the raw density is smoothed or inverted anew; ask for it again."
)
CLOSED = "The picture was not finished, because the 3D view was closed; ask for it again."


@dataclass(eq=False)
class _Request:
    state: State
    scene: Scene
    camera: Camera
    size: Size
    samples: int
    quality: Quality
    transparent: bool
    sketch: Sketch | None = None
    wanted: bool = True
    fraction: float = 0.0
    steps: Generator[float, None, Pixels] | None = None
    picture: Pixels | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def fits(self, state: State) -> bool:
        """Whether what is on the GPU for this state is what this picture is of."""
        mine, other = self.state.classes, state.classes
        same = mine is other or (mine is not None and other is not None and mine.data is other.data)
        return state.volume is self.state.volume and same and state.scene.stored == self.scene.stored

    def advance(self, renderer: Renderer) -> None:
        if self.steps is None:
            self.steps = renderer.steps(
                self.scene,
                self.camera,
                self.size,
                samples=self.samples,
                quality=self.quality,
                transparent=self.transparent,
                sketch=self.sketch,
                seconds=SLICE_SECONDS,
            )
        try:
            self.fraction = next(self.steps)
        except StopIteration as finished:
            self.end(finished.value)

    def end(self, picture: Pixels | None = None, error: Exception | None = None) -> None:
        if self.steps is not None:
            self.steps.close()
        self.picture, self.error = picture, error
        self.done.set()


class Studio(QObject):
    """The pictures that are asked for, in order. Threads call what `artist` returns; the 3D view calls the rest."""

    asked = Signal()  # there is something to do; from any thread

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._requests: deque[_Request] = deque()

    @property
    def busy(self) -> bool:
        """Whether a picture is on its way."""
        return bool(self._requests)

    @property
    def drawing(self) -> bool:
        """Whether a picture was begun: until it is whole, what it is of must stay in the graphics memory."""
        return self.busy and self._requests[0].steps is not None

    def artist(self, state: State) -> Artist:
        """Return who draws pictures of what this state holds."""
        return Artist(self, state)

    def draw(self, request: _Request, report: Report) -> Pixels:
        """Wait for a picture; in any thread but the window's."""
        self._requests.append(request)
        self.asked.emit()
        try:
            while not request.done.wait(LISTENING_SECONDS):
                report(request.fraction, "drawing")
        finally:
            request.wanted = False
            self.asked.emit()
        if request.picture is None:
            raise request.error or RuntimeError("a picture ended without a result")
        return request.picture

    def advance(self, renderer: Renderer, state: State) -> None:
        """Do a piece of work; the context must be current and hold the data of ``state``."""
        request = self._requests[0]
        if request.wanted:
            try:
                if not request.fits(state):
                    raise VolvizError(OTHER_DATA)
                request.advance(renderer)
            except Exception as error:
                request.end(error=error)
        else:
            request.end()
        if request.done.is_set():
            self._requests.popleft()

    def close(self, message: str = CLOSED) -> None:
        """End everything unfinished; the context must be current."""
        while self._requests:
            self._requests.popleft().end(error=VolvizError(message))


class Artist:
    """Draws what a state of the window holds, as `volviz.render.picture.Artist` wants it; may be called in any thread."""

    def __init__(self, studio: Studio, state: State) -> None:
        self._studio, self._state = studio, state

    def __call__(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        samples: int,
        quality: Quality = "cached",
        transparent: bool = False,
        sketch: Sketch | None = None,
        report: Report = silent,
    ) -> Pixels:
        """Return the picture, (height, width, 4) uint8.

        Raises:
            VolvizError: the window shows other data by now, or is closed.
            Cancelled: by ``report``.
        """
        return self._studio.draw(_Request(self._state, scene, camera, size, samples, quality, transparent, sketch), report)
