"""A forest that learns while one scribbles: what is looked at is classified within a second of a stroke, the rest after it.

    with volviz.Live(volume, listen=print) as live:
        live.learn(annotations)
        segmentation = live.result()

One thread does all of it. What it does next is decided anew after every step, and a step ends within a chunk when somebody
draws: the quick forest, the planes through the crosshair and its neighbourhood, the whole forest, the same planes by that, then
all bricks, the nearest first. As long as there is nothing to learn from, features are computed ahead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Annotation
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, Triple
from volviz.core.report import Report, part, silent
from volviz.core.room import default_folder
from volviz.core.segmentation import Segmentation
from volviz.core.sink import Sink
from volviz.core.volume import Volume
from volviz.tasks.live_events import Began, Done, Event, Failed, Learnt, Noted, Progress, Suggested, Waiting, Wrote
from volviz.tasks.live_work import Wishes, Work, nobody

if TYPE_CHECKING:
    from volviz.segment.methods.scribble_forest import ScribbleForest, ScribbleForestPredictor
    from volviz.segment.protocol import Device

__all__ = ["Began", "Done", "Event", "Failed", "Learnt", "Live", "Noted", "Progress", "Suggested", "Waiting", "Wrote"]

_POLL = 0.1  # seconds between two looks at the progress by whoever waits


class Live:
    """A session of scribbling in one volume. It begins at once, with features around the middle.

    Args:
        volume: it may lie on disk, and be of any size.
        method: how the forest learns; None for the defaults.
        listen: hears of everything that happens, in the session's thread. It should return at once.
        device: "auto" takes CUDA where there is one.
        dense_is_dark: which sign of the density is matter; None guesses.
        cache: bytes of the temporary file of features at the most; None for what there is room for, 0 for none.
        folder: where temporary files lie; None for a folder of the system's.
    """

    def __init__(
        self,
        volume: Volume,
        method: ScribbleForest | None = None,
        *,
        listen: Callable[[Event], None] = nobody,
        device: Device = "auto",
        dense_is_dark: bool | None = None,
        cache: int | None = None,
        folder: Path | None = None,
    ) -> None:
        self._volume, self._folder = volume, folder
        self._how = {"device": device, "dense_is_dark": dense_is_dark}
        x, y, z = volume.grid.center_xyz.tolist()
        self._wishes = Wishes((x, y, z), method)
        self._work = Work(volume, self._wishes, listen, self._how, cache, folder)
        self._thread = threading.Thread(target=self._work.run, name="live", daemon=True)
        self._thread.start()

    @property
    def predictor(self) -> ScribbleForestPredictor | None:
        """The whole forest of the latest marks, None until it has grown. Its `save` writes a model."""
        engine = self._work.engine
        return engine.predictor if engine is not None and self._work.up_to_date else None

    @property
    def segmentation(self) -> Segmentation | None:
        """What fills up, None until there is something to learn from."""
        filling = self._work.filling
        return None if filling is None else filling.segmentation

    @property
    def fraction(self) -> float:
        """How much of the volume is final for the latest marks, 0 to 1."""
        filling = self._work.filling
        return filling.fraction if filling is not None and self._work.up_to_date else 0.0

    def learn(self, annotations: Sequence[Annotation], method: ScribbleForest | None = None) -> None:
        """Learn from all marks as they are now, and classify anew; by another method if one is given. Returns at once."""
        with self._wishes as wishes:
            wishes.marks = tuple(annotations)
            wishes.method = method or wishes.method
            wishes.lessons += 1

    def look(self, point_xyz: Triple) -> None:
        """Classify next what a person sees with the crosshair at a point (A). Returns at once."""
        with self._wishes as wishes:
            wishes.point_xyz = point_xyz

    def suggest(self, count: int = 8) -> None:
        """Ask for places where a stroke would teach most; they come as an event, once there is a forest. Returns at once."""
        with self._wishes as wishes:
            wishes.places = count

    def pause(self, paused: bool = True) -> None:
        """Do nothing (or go on) in the background; what is looked at still follows the marks. Returns at once."""
        with self._wishes as wishes:
            wishes.paused = paused

    def close(self) -> None:
        """End the session: its thread and temporary files are gone on return, and no event comes any more."""
        self._work.listen = nobody
        with self._wishes as wishes:
            wishes.closed = True
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all that was asked for is done, and say whether it is; False, too, once the session has ended."""
        return self._wishes.wait_for(lambda: self._work.idle or self._work.ended, seconds) and not self._work.ended

    def result(self, report: Report = silent, sink: Sink | None = None) -> Segmentation:
        """Return the whole volume as the latest marks have it, once it is done; with a sink, all but the data, which go there.

        Without one the data are a copy: in memory, or where they are too large for it in a mapped temporary file.

        Raises:
            VolvizError: the marks do not suffice, others came while the result was handed on, or the session has ended.
            Cancelled: by the report; the session goes on.
        """
        from volviz.segment.filling import Room
        from volviz.segment.frame import classified
        from volviz.segment.protocol import Run

        while not self.wait(_POLL):
            if self._work.error is not None:
                raise self._work.error
            if self._work.ended:
                raise VolvizError("The session of scribbling was closed before the volume was done; begin another one.")
            report(0.9 * self.fraction, "segmenting")
        lessons = self._wishes.lessons
        if self._work.refused:
            raise VolvizError(self._work.refused)
        predictor, filling, engine = self.predictor, self._work.filling, self._work.engine
        if engine is None or filling is None or predictor is None or filling.fraction < 1:
            raise VolvizError("The volume is not classified yet: scribble on at least two classes, and let the session go on.")
        kept = sink or Room(self._folder or default_folder())
        run = Run(**self._how, sink=kept)  # type: ignore[arg-type]
        hear = part(report, 0.9, 1.0)

        def finished(_: Region) -> Iterator[tuple[Region, npt.NDArray[np.float32]]]:
            for fraction, region, values in filling.finished():
                others = self._wishes.lessons != lessons
                hear(fraction, "writing")  # whoever draws a stroke may have cancelled this before
                if others:
                    raise VolvizError("There are other marks now than those of this result; ask for it again.")
                yield region, values

        found = classified(self._volume, run, engine.frame, predictor.labels, finished, predictor.said)
        report(1.0, "segmented")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
