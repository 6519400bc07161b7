"""The classes that are shown follow the cleaning of the scene: worked out in a thread, the newest wish wins."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from volviz.core.cleaning import Cleaning
from volviz.core.grid import Region
from volviz.core.report import Report, part
from volviz.core.segmentation import Segmentation
from volviz.gui.document import Document, State
from volviz.gui.jobs import Job
from volviz.measure.cleaned import akin, changes, cleaning_of

if TYPE_CHECKING:
    from volviz.tasks.clean import Cleaner

LISTENING_SECONDS = 0.05  # between two looks of a waiting thread at whether all is clean
Wanted = dict[str, Cleaning]


class LiveCleaning(QObject):
    """Keeps ``state.cleaned`` what the scene asks for.

    One piece of work runs at a time. What a newer wish can use is finished and shown, so that something is seen while a
    slider is dragged; anything else is cancelled.
    """

    looked = Signal()  # more is known of the objects, or work began, went on, or ended
    failed = Signal(str, object)  # what was done, exception

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._cleaner: Cleaner | None = None
        self._job: Job | None = None
        self._doing: Wanted = {}
        self._given_up: Wanted | None = None  # what went wrong is not tried again until something else is wanted
        document.changed.connect(self._look)

    @property
    def pending(self) -> bool:
        """Whether the classes that are shown are not yet as the scene asks for; may be asked in any thread."""
        state = self._document.state
        wanted = _wanted(state)
        return state.live is None and wanted not in (cleaning_of_shown(state), self._given_up)

    @property
    def fraction(self) -> float | None:
        """How far the present work is; None if there is none."""
        return None if self._job is None else self._job.fraction

    def counts(self, name: str, cleaning: Cleaning) -> tuple[int, int] | None:
        """Return how many objects of a class stay, and how many there are; None if that is not known yet, or not asked for."""
        return None if self._cleaner is None or not cleaning.tells_objects else self._cleaner.counts(name, cleaning)

    def settled(self, state: State, report: Report) -> State:
        """Wait until all is clean, in any thread but the window's, and return the state with what is shown then.

        Raises:
            Cancelled: by ``report``.
        """
        while self.pending:
            report(0.0, "cleaning")
            time.sleep(LISTENING_SECONDS)
        now = self._document.state.cleaned
        return state if not akin(now or state.segmentation, state.segmentation) else replace(state, cleaned=now)

    def close_threads(self) -> None:
        """Stop, and wait for the thread."""
        if self._job is not None:
            self._job.cancel()
            self._job.wait(10.0)

    def _look(self, _old: State, new: State) -> None:
        if self._cleaner is not None and not akin(self._cleaner.segmentation, new.segmentation):
            self._cleaner = None
            if self._job is not None:
                self._job.cancel()
        if self._job is not None:
            if self._cleaner is not None and not self._cleaner.serves(self._doing, _wanted(new)):
                self._job.cancel()
        elif self.pending:
            self._start(new)

    def _start(self, state: State) -> None:
        from volviz.tasks.clean import Cleaner

        shown, segmentation = state.classes, state.segmentation
        if shown is None or segmentation is None:
            return
        cleaner = self._cleaner = self._cleaner or Cleaner(segmentation)
        wanted = self._doing = _wanted(state)
        self._given_up = None

        def work(report: Report) -> tuple[Segmentation, list[Region]]:
            cleaned = cleaner.clean(wanted, part(report, 0.0, 0.95))
            return cleaned, changes(shown, cleaned, part(report, 0.95, 1.0))

        job = self._job = Job("Clean", work, self)
        job.succeeded.connect(lambda found: self._show(cleaner, *found))
        job.failed.connect(self._fail)
        job.progressed.connect(lambda *_: self.looked.emit())
        job.ended.connect(self._end)
        job.start()
        self.looked.emit()

    def _show(self, cleaner: Cleaner, cleaned: Segmentation, regions: list[Region]) -> None:
        if cleaner is not self._cleaner:
            return
        self._document.show(cleaned=cleaned if cleaning_of(cleaned) else None)
        for region in regions:
            self._document.brick(region)

    def _fail(self, error: Exception) -> None:
        self._given_up = self._doing
        self.failed.emit("Clean", error)

    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self.looked.emit()
        if self.pending:
            self._start(self._document.state)


def _wanted(state: State) -> Wanted:
    """Return what the scene asks for, of the classes that there are."""
    from volviz.tasks.clean import wanted_of

    return {} if state.segmentation is None else wanted_of(state.segmentation, state.scene.cleans)


def cleaning_of_shown(state: State) -> Wanted:
    """Return how the classes that are shown were cleaned."""
    return {} if state.classes is None else cleaning_of(state.classes)
