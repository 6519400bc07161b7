"""What the thread of a live session does: the most urgent thing, again and again."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volviz.core.annotations import Annotation
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, Triple
from volviz.core.room import default_folder
from volviz.core.volume import Volume
from volviz.tasks.live_events import Began, Done, Event, Failed, Learnt, Noted, Progress, Suggested, Waiting, Wrote

if TYPE_CHECKING:
    from volviz.segment.filling import Filling
    from volviz.segment.methods.scribble_forest import ScribbleForest
    from volviz.segment.scribbling import Scribbling

_PER_SECOND = 5  # times that progress is told
_NICE = 5  # steps of priority that the work stands behind the window's
_AT_ONCE = 1.0  # seconds; a view that takes longer is told part by part


class _Interrupted(Exception):  # noqa: N818 - a wish, not an error
    """Something else is more urgent."""


def nobody(_: Event) -> None:
    """Listen to nothing."""


class Wishes:
    """What a person wants by now. Changed inside a `with` block, which wakes the thread."""

    def __init__(self, point_xyz: Triple, method: ScribbleForest | None) -> None:
        self.marks: tuple[Annotation, ...] = ()
        self.method = method
        self.lessons = 0  # times that somebody asked to learn
        self.point_xyz = point_xyz
        self.places = 0  # to suggest
        self.paused = self.closed = False
        self.calls = 0  # times that anything was asked for
        self.changed = threading.Condition()

    def __enter__(self) -> Wishes:
        self.changed.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.calls += 1
        self.changed.notify_all()
        self.changed.release()

    def wait_for(self, true: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until something is true; return whether it is."""
        with self.changed:
            return self.changed.wait_for(true, seconds)


class Work:
    """The session's thread. Others may read its attributes.

    Attributes:
        engine: what was learnt.
        filling: what was classified.
        refused: why there is nothing to learn from the latest marks, empty if there is.
        error: what ended the session.
    """

    def __init__(
        self,
        volume: Volume,
        wishes: Wishes,
        listen: Callable[[Event], None],
        how: Mapping[str, Any],
        cache: int | None,
        folder: Path | None,
    ) -> None:
        self.listen = listen
        self.engine: Scribbling | None = None
        self.filling: Filling | None = None
        self.refused = ""
        self.error: Exception | None = None
        self._volume, self._wishes, self._how = volume, wishes, how
        self._cache, self._folder = cache, folder
        self._lesson = 0  # which is being learnt
        self._learnt = 0  # which was, or could not be
        self._shown: set[Region] = set()  # views that are as good as they can be by now
        self._done = False
        self._rested = -1  # after how many calls there was nothing to do
        self._told = 0.0  # when progress was

    @property
    def ended(self) -> bool:
        """Whether nothing will be done any more."""
        return self._wishes.closed or self.error is not None

    @property
    def idle(self) -> bool:
        """Whether all that was asked for is done."""
        return self._rested == self._wishes.calls

    @property
    def up_to_date(self) -> bool:
        """Whether what there is was learnt from the latest marks."""
        return self._learnt == self._wishes.lessons and not self.refused

    def run(self) -> None:
        """Work until the session is closed."""
        _give_way()
        try:
            self._open()
            while not self._wishes.closed:
                with suppress(_Interrupted):
                    self._step()
        except Exception as error:  # whatever it was, the person must hear of it
            self.error = error
            self.listen(Failed(error))
        finally:
            if self.engine is not None:
                self.engine.close()
            with self._wishes.changed:
                self._wishes.changed.notify_all()

    def _open(self) -> None:
        """Look at the volume, by the method that is wished for."""
        from volviz.segment.methods.scribble_forest import ScribbleForest
        from volviz.segment.protocol import Run
        from volviz.segment.scribbling import Scribbling

        if self.engine is not None:
            self.engine.close()
        method = self._wishes.method = self._wishes.method or ScribbleForest()
        self.engine = Scribbling(self._volume, method, Run(**self._how), budget=self._cache, folder=self._folder, note=self._note)
        for sentence in self.engine.frame.notes:
            self._note(sentence)

    def _step(self) -> None:
        """Do the most urgent thing."""
        wishes, engine, filling = self._wishes, self.engine, self.filling
        calls = wishes.calls
        assert engine is not None
        if self._learnt != wishes.lessons:
            self._learn()
        elif engine.forest is None or filling is None:
            if wishes.paused or engine.cache.full:
                self._rest(calls)
            else:
                self._compute_ahead(engine, calls)
        elif self._serve(engine, filling):
            pass
        elif wishes.paused or self._done:
            self._rest(calls)
        elif engine.predictor is None:
            self._grow(engine, filling)
        elif filling.fraction < 1:
            self._fill(engine, filling, calls)
        else:
            self._finish(engine, filling)

    def _learn(self) -> None:
        from volviz.segment.filling import Filling

        with self._wishes.changed:
            marks, method, self._lesson = self._wishes.marks, self._wishes.method, self._wishes.lessons
        self._done = False
        self._shown.clear()
        if self.engine is None or method is not self.engine.method:
            self._open()
        engine = self.engine
        assert engine is not None
        try:
            engine.mark(marks, self._first_look)
        except VolvizError as error:
            self.refused, self._learnt = str(error), self._lesson
            self.listen(Waiting(self.refused))
            return
        self.listen(Learnt(engine.voxels, engine.trees, quick=True))
        if self.filling is None or self.filling.segmentation.labels != engine.labels:
            said = {"source": self._volume.source, "name": self._volume.name, "header": self._volume.header}
            before = self.filling
            self.filling = Filling(self._volume.grid, engine.labels, engine.cache.shape, self._folder or default_folder(), said)
            if before is not None:
                self.filling.inherit(before)
            self.listen(Began(self.filling.segmentation))
        self.filling.final.clear()
        self.refused, self._learnt = "", self._lesson

    def _serve(self, engine: Scribbling, filling: Filling) -> bool:
        """Do one thing that somebody waits for; return whether there was any."""
        stale = [view for view in filling.views(self._wishes.point_xyz) if view not in self._shown]
        if stale:
            self._show(engine, filling, stale[0])
            return True
        if self._wishes.places:
            count, self._wishes.places = self._wishes.places, 0
            self.listen(Suggested(engine.suggest(self._wishes.marks, count, self._same_marks)))
            return True
        return False

    def _show(self, engine: Scribbling, filling: Filling, view: Region) -> None:
        """Classify what somebody looks at.

        A view that was begun is finished though the crosshair moves on: else nothing would be seen while it moves. But in a large
        volume of which no features are there yet that takes minutes: then its parts are told, and it is left for another.
        """
        from volviz.segment.feature_cache import nearest

        point = self._wishes.point_xyz
        pieces = filling.pieces(view)
        pieces = [pieces[i] for i in nearest([region for _, region in pieces], filling.segmentation.grid, point)]
        began, told, quick = time.monotonic(), 0, engine.predictor is None
        for done, _ in enumerate(self._classify(engine, filling, pieces, self._same_marks, keep=True), 1):
            if done < len(pieces) and time.monotonic() - began > _AT_ONCE:
                for _, region in pieces[told:done]:
                    self.listen(Wrote(region, quick))
                told = done
                if view not in filling.views(self._wishes.point_xyz):
                    return
        self._shown.add(view)
        self.listen(Wrote(view, quick))

    def _grow(self, engine: Scribbling, filling: Filling) -> None:
        def report(fraction: float, text: str = "", **_: float) -> None:
            self._same_marks()
            while self._serve(engine, filling):
                self._same_marks()
            self._tell(fraction, text)

        engine.grow(report)
        self._shown.clear()
        self.listen(Learnt(engine.voxels, engine.trees, quick=False))

    def _fill(self, engine: Scribbling, filling: Filling, calls: int) -> None:
        """Classify bricks until there is none left, or somebody wants something."""
        bricks = [(number, filling.bricks[number]) for number in filling.left(self._wishes.point_xyz)]
        for number in self._classify(engine, filling, bricks, lambda: self._undisturbed(calls), keep=False):
            filling.final.add(number)
            self.listen(Wrote(filling.bricks[number], quick=False))
            self._tell(filling.fraction, "segmenting")
            self._undisturbed(calls)

    def _classify(
        self, engine: Scribbling, filling: Filling, pieces: list[tuple[int, Region]], check: Callable[[], None], keep: bool
    ) -> Iterator[int]:
        """Write the classes of pieces, and yield the number of each."""
        from volviz.segment.results import rounded

        def work(piece: tuple[int, Region]) -> Any:
            return rounded(engine.votes(piece[1], keep, check), 8)

        with closing(engine.workers.map(work, pieces)) as found:
            for (number, region), stored in zip(pieces, found, strict=True):
                filling.write(region, stored)
                yield number

    def _finish(self, engine: Scribbling, filling: Filling) -> None:
        from volviz.segment.frame import said_of
        from volviz.segment.protocol import Run

        assert engine.predictor is not None
        said = said_of(engine.frame, Run(**self._how), engine.predictor.said)
        filling.segmentation = replace(filling.segmentation, provenance=said)
        self._done = True
        self._tell(1.0, "segmented")
        self.listen(Done(filling.segmentation))

    def _compute_ahead(self, engine: Scribbling, calls: int) -> None:
        cache = engine.cache
        left = [number for number in cache.nearest(self._wishes.point_xyz) if not cache.has(number)]
        with closing(engine.workers.map(cache.prepare, left)) as computed:
            for _ in computed:
                self._tell(cache.kept / cache.room, "computing features ahead")
                self._undisturbed(calls)

    def _rest(self, calls: int) -> None:
        """Wait until somebody wants something, unless somebody did since so many calls."""
        with self._wishes.changed:
            self._rested = calls
            self._wishes.changed.notify_all()
            self._wishes.changed.wait_for(lambda: self._wishes.calls != calls)

    def _same_marks(self, *_: object, **__: object) -> None:
        """Stop when there are other marks than those that are being learnt from."""
        if self._wishes.closed or self._lesson != self._wishes.lessons:
            raise _Interrupted

    def _first_look(self, fraction: float, text: str = "", **_: float) -> None:
        self._same_marks()
        if self.filling is None:
            # Where nothing is known of the volume yet, the features of what is marked may take a minute.
            self._tell(min(fraction, 0.99), text)

    def _undisturbed(self, calls: int) -> None:
        """Stop when anything was asked for since so many calls."""
        if self._wishes.calls != calls:
            raise _Interrupted

    def _note(self, sentence: str) -> None:
        self.listen(Noted(sentence))

    def _tell(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if now - self._told > 1 / _PER_SECOND or fraction >= 1:
            self._told = now
            self.listen(Progress(fraction, text))


def _give_way() -> None:
    """Let threads that draw come before this one, and before those that it starts, where each thread has a priority of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + _NICE))
