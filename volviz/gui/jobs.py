"""Long work in threads, with progress in the status bar, a way to stop it, and errors that reach the person."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from volviz.core.errors import Cancelled
from volviz.core.report import Report

REPORTS_PER_SECOND = 20

log = logging.getLogger(__name__)


class Job(QObject):
    """One piece of work in a thread of its own. Signals arrive in the window's thread."""

    progressed = Signal(float, str)
    succeeded = Signal(object)
    failed = Signal(object)  # the exception
    cancelled = Signal()
    ended = Signal()

    def __init__(self, title: str, work: Callable[[Report], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.fraction = 0.0
        self.text = ""
        self.started = time.monotonic()
        self._work = work
        self._stop = threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)

    def start(self) -> None:
        """Begin, unless it was cancelled before it could."""
        if self.cancelling:
            self._say(self.cancelled)
            self._say(self.ended)
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
        """A guess from the pace so far; None as long as there is nothing to guess from."""
        elapsed = time.monotonic() - self.started
        return elapsed * (1 - self.fraction) / self.fraction if self.fraction > 0.02 and elapsed > 2 else None

    def report(self, fraction: float, text: str = "", **metrics: float) -> None:
        """Pass progress on to the window, a few times a second.

        Raises:
            Cancelled: the person does not want it any more.
        """
        if self._stop.is_set():
            raise Cancelled
        self.fraction, self.text = fraction, text
        now = time.monotonic()
        if now - self._last > 1 / REPORTS_PER_SECOND or fraction >= 1:
            self._last = now
            self.progressed.emit(fraction, text)

    def _run(self) -> None:
        try:
            result = self._work(self.report)
        except Cancelled:
            self._say(self.cancelled)
        except Exception as error:  # whatever it was, the person must hear of it
            log.debug("%s failed", self.title, exc_info=error)
            self._say(self.failed, error)
        else:
            self._say(self.succeeded, result)
        self._say(self.ended)

    def _say(self, signal: Any, *arguments: Any) -> None:
        try:
            signal.emit(*arguments)
        except RuntimeError:
            log.debug("%s ended after its window was closed", self.title)


class Jobs(QWidget):
    """The work in progress, as rows of the status bar."""

    failed = Signal(str, object)  # title, exception
    count_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def start(self, title: str, work: Callable[[Report], Any], done: Callable[[Any], None] | None = None) -> Job:
        """Run work in a thread; ``done`` gets its result in the window's thread."""
        job = Job(title, work, self)
        row = _Row(job, self)
        self._layout.addWidget(row)
        self.running.append(job)
        if done is not None:
            job.succeeded.connect(done)
        job.failed.connect(lambda error: self.failed.emit(title, error))
        job.ended.connect(lambda: self._end(job, row))
        # At the next turn of the event loop, so that whoever asked can listen to all of its signals first.
        QTimer.singleShot(0, job, job.start)
        self.count_changed.emit(len(self.running))
        return job

    def cancel_all(self, seconds: float = 10.0) -> bool:
        """Ask everything to stop, wait a little, and say whether everything has."""
        for job in self.running:
            job.cancel()
        until = time.monotonic() + seconds
        return all(job.wait(max(0.0, until - time.monotonic())) for job in self.running)

    def _end(self, job: Job, row: QWidget) -> None:
        self.running.remove(job)
        self._layout.removeWidget(row)
        row.deleteLater()
        job.wait(1.0)
        job.deleteLater()
        self.count_changed.emit(len(self.running))


class _Row(QWidget):
    def __init__(self, job: Job, parent: QWidget) -> None:
        super().__init__(parent)
        self._job = job
        self._text = QLabel(job.title)
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
        self._cancel.setEnabled(False)
        self._text.setText(f"{self._job.title}: stopping")

    def _show(self, fraction: float, text: str) -> None:
        if self._job.cancelling:
            return
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * fraction))
        self._text.setText(f"{self._job.title}: {text}" if text else self._job.title)

    def _show_time(self) -> None:
        elapsed = duration(time.monotonic() - self._job.started)
        left = self._job.seconds_left
        self._time.setText(elapsed if left is None else f"{elapsed}, {duration(left)} left")


def duration(seconds: float) -> str:
    """Write a length of time as people say it: 42 s, 3:05 min, 1:02 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
