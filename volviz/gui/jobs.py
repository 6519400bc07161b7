"""Long work in threads, with progress in the status bar, a way to stop it, and errors that reach the person."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from volviz.core.errors import Cancelled
from volviz.core.failures import let_go
from volviz.core.report import Report
from volviz.gui.widgets.elided import Elided

REPORTS_PER_SECOND = 20
LONG_ENOUGH = 30.0  # seconds at work after which the pace of less than a fiftieth tells something
REMEMBERED = 40  # ended jobs that the list shows

log = logging.getLogger(__name__)


class Job(QObject):
    """One piece of work in a thread of its own. Signals are emitted in the thread that it was made in: the window's.

    What was asked to stop has no result, though the work was done before it heard of that: the window may have closed meanwhile.
    ``files`` are what it left behind, known when it has succeeded; ``error`` is why it failed.
    """

    progressed = Signal(float, str)
    succeeded = Signal(object)
    failed = Signal(object)  # the exception
    cancelled = Signal()
    ended = Signal()
    _over = Signal(str, object)  # how the thread ended, with what

    def __init__(self, title: str, work: Callable[[Report], Any], parent: QObject | None = None, files: Sequence[Path] = ()) -> None:
        super().__init__(parent)
        self.title = title
        self.fraction = 0.0
        self.text = ""
        self.files: tuple[Path, ...] = ()
        self.error: Exception | None = None
        self.seconds = 0.0  # that it took
        self.started = time.monotonic()
        self._paced = self.started, self.started  # when what is counted began, and when more of it was last done
        self._work: Callable[[Report], Any] | None = work
        self._expected = tuple(files)
        self._stop = threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)
        self._over.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin, unless it was cancelled before it could."""
        if self.cancelling:
            self._tell("cancelled", None)
        else:
            self._thread.start()

    def cancel(self) -> None:
        """Ask the work to stop; it does so at its next report."""
        self._stop.set()

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    @property
    def running(self) -> bool:
        """Whether the thread is still at work."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Wait for the thread to end, and say whether it has."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self.running

    @property
    def seconds_left(self) -> float | None:
        """A guess from the pace since the work proper began; None as long as there is nothing to guess from."""
        began, moved = self._paced
        if self.fraction <= 0 or moved - began < (1 if self.fraction > 0.02 else LONG_ENOUGH):
            return None
        now, rest = time.monotonic(), (1 - self.fraction) / self.fraction
        left = (moved - began) * rest - (now - moved)
        return left if left > 0 else (now - began) * rest  # what takes longer than it should is slower than it was

    @property
    def time_said(self) -> str:
        """How long it has been at work, and how long it still will be if that can be guessed."""
        elapsed = duration(time.monotonic() - self.started)
        left = self.seconds_left
        return elapsed if left is None else f"{elapsed}, {duration(left)} left"

    @property
    def left_said(self) -> str:
        """How long it still will be or, as long as that cannot be guessed, how long it has been at work."""
        left = self.seconds_left
        return duration(time.monotonic() - self.started) if left is None else f"{duration(left)} left"

    def report(self, fraction: float, text: str = "", **metrics: float) -> None:
        """Pass progress on to the window, a few times a second.

        Raises:
            Cancelled: the person does not want it any more.
        """
        if self._stop.is_set():
            raise Cancelled
        now = time.monotonic()
        if fraction <= 0 and text != self.text:
            self._paced = now, now  # loading and the like tell nothing about the pace of what follows
        elif fraction != self.fraction:
            self._paced = self._paced[0], now
        self.fraction, self.text = fraction, text
        if now - self._last > 1 / REPORTS_PER_SECOND or fraction >= 1:
            self._last = now
            self.progressed.emit(fraction, text)

    def _run(self) -> None:
        work, self._work = self._work, None  # what it holds is let go of when it ends, though the job stays in the list
        assert work is not None
        try:
            how, found = "succeeded", work(self.report)
        except Cancelled:
            how, found = "cancelled", None
        except Exception as error:  # whatever it was, the person must hear of it
            log.debug("%s failed", self.title, exc_info=error)
            let_go(error)
            how, found = "failed", error
        self.seconds = time.monotonic() - self.started
        try:
            self._over.emit(how, found)
        except RuntimeError:
            log.debug("%s ended after its window was closed", self.title)

    def _tell(self, how: str, found: Any) -> None:
        """Say how it ended."""
        if how == "succeeded":
            self.files = self._expected or _paths(found)
        if how == "failed":
            self.error = found
            self.failed.emit(found)
        elif how == "cancelled" or self.cancelling:
            self.cancelled.emit()
        else:
            self.succeeded.emit(found)
        self.ended.emit()


class Jobs(QWidget):
    """The newest of the work in progress as a row of the status bar, and a button that lists all of it.

    ``ended`` are jobs that left files or failed, the newest last.
    """

    failed = Signal(str, object)  # title, exception
    count_changed = Signal(int)
    changed = Signal()  # something began, ended or was taken off the list

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []
        self.ended: list[Job] = []
        self._rows: dict[Job, QWidget] = {}
        self._list: QWidget | None = None
        self.button = QToolButton()
        self.button.setAutoRaise(True)
        self.button.setVisible(False)
        self.button.setToolTip("List what is running, what has ended and where its files are (Ctrl+J)")
        self.button.clicked.connect(self.toggle_list)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.button)

    def start(
        self, title: str, work: Callable[[Report], Any], done: Callable[[Any], None] | None = None, files: Sequence[Path] = ()
    ) -> Job:
        """Run work in a thread; ``done`` gets its result in the window's thread.

        ``files`` are what it writes, if its result is not their paths: the list offers to open them.
        """
        job = Job(title, work, self, files)
        row = self._rows[job] = _Row(job, self)
        self._layout.insertWidget(0, row)
        self.running.append(job)
        if done is not None:
            job.succeeded.connect(done)
        job.failed.connect(lambda error: self.failed.emit(title, error))
        job.ended.connect(lambda: self._end(job))
        # At the next turn of the event loop, so that whoever asked can listen to all of its signals first.
        QTimer.singleShot(0, job, job.start)
        self._tell()
        return job

    def cancel_all(self, seconds: float = 10.0) -> bool:
        """Ask everything to stop, wait a little, and say whether everything has."""
        for job in self.running:
            job.cancel()
        until = time.monotonic() + seconds
        return all(job.wait(max(0.0, until - time.monotonic())) for job in self.running)

    def forget(self, jobs: Sequence[Job]) -> None:
        """Take ended jobs off the list."""
        for job in jobs:
            if job in self.ended:
                self.ended.remove(job)
                job.deleteLater()
        self._tell()

    def toggle_list(self) -> None:
        """Show or hide the list of jobs, above the status bar."""
        from volviz.gui.joblist import JobList

        if self._list is None:
            self._list = JobList(self, self.window())
        self._list.setVisible(not self._list.isVisible())

    def _end(self, job: Job) -> None:
        self.running.remove(job)
        row = self._rows.pop(job)
        self._layout.removeWidget(row)
        row.deleteLater()
        job.wait(1.0)
        if job.files or job.error is not None:
            self.ended.append(job)
            self.forget(self.ended[:-REMEMBERED])
        else:
            job.deleteLater()
        self._tell()

    def _tell(self) -> None:
        # The others are in the list: three rows would push each other out of the status bar.
        for job, row in self._rows.items():
            row.setVisible(job is self.running[-1])
        count = len(self.running)
        self.button.setText(f"{count} jobs" if count > 1 else "Jobs")
        self.button.setVisible(bool(self.running or self.ended))
        self.count_changed.emit(count)
        self.changed.emit()


class _Row(QWidget):
    def __init__(self, job: Job, parent: QWidget) -> None:
        super().__init__(parent)
        self._job = job
        self._text = Elided(job.title)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setFixedWidth(140)
        self._bar.setTextVisible(False)
        self._time = QLabel()
        self._cancel = QToolButton()
        self._cancel.setText("Cancel")
        self._cancel.setToolTip(f"Stop: {job.title}")
        self._cancel.clicked.connect(self._stop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._text, self._bar, self._time, self._cancel):
            layout.addWidget(widget)
        job.progressed.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_time)
        self._timer.start(500)

    def _stop(self) -> None:
        self._job.cancel()
        self._look_stopping()

    def _look_stopping(self) -> None:
        self._cancel.setEnabled(False)
        self._text.setText(f"{self._job.title}: stopping")

    def _show(self, fraction: float, text: str) -> None:
        if self._job.cancelling:
            return
        self._bar.setRange(0, 1000 if fraction > 0 else 0)  # it moves by itself as long as there is nothing to tell
        self._bar.setValue(round(1000 * fraction))
        # "Segment: segmenting" says it twice.
        again = text.lower().startswith(self._job.title.lower())
        self._text.setText(text[:1].upper() + text[1:] if again else f"{self._job.title}: {text}" if text else self._job.title)

    def _show_time(self) -> None:
        if self._job.cancelling:  # perhaps from the list
            self._look_stopping()
        elif self._job.text:  # the last word may have come too soon after another to be passed on, and stand for a minute
            self._show(self._job.fraction, self._job.text)
        self._time.setText(self._job.time_said)


def duration(seconds: float) -> str:
    """Write a length of time as people say it: 42 s, 3:05 min, 1:02 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"


def _paths(result: Any) -> tuple[Path, ...]:
    """Return the files that a result names: a path, or several."""
    if isinstance(result, Path):
        return (result,)
    if isinstance(result, list | tuple) and result and all(isinstance(one, Path) for one in result):
        return tuple(result)
    return ()
