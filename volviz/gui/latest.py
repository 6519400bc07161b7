"""Short work off the window's thread, where only the newest request matters: a slice to read, a histogram to count."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from volviz.core.errors import Cancelled

PICTURES_FIRST_MS = 500  # how long histograms wait for slices after something was opened

log = logging.getLogger(__name__)


class Latest(QObject):
    """Runs requests one at a time and forgets those that a newer one has overtaken."""

    _ready = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="volviz-latest")
        self._number = 0
        self._done: Callable[[Any], None] | None = None
        self._closed = False
        self._ready.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def ask(self, work: Callable[[], Any], done: Callable[[Any], None], *, wait_ms: int = 0) -> None:
        """Do the work in a thread, then call ``done`` with its result in this one, unless something newer was asked.

        ``wait_ms`` lets more urgent things come first. After `close` nothing is done any more.
        """
        if self._closed:
            return
        self._number += 1
        self._done = done
        number = self._number
        if wait_ms:
            QTimer.singleShot(wait_ms, self, lambda: self._submit(number, work))
        else:
            self._submit(number, work)

    def wanted(self) -> Callable[[], None]:
        """Return what long work that is asked for next calls now and then: it raises `Cancelled` once nobody wants its result."""
        number = self._number + 1

        def check() -> None:
            if number != self._number:
                raise Cancelled

        return check

    def forget(self) -> None:
        """Let nothing that was asked arrive any more."""
        self._number += 1

    def close(self) -> None:
        """Wait for the work in hand and drop the rest."""
        self._number, self._closed = self._number + 1, True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, number: int, work: Callable[[], Any]) -> None:
        if number == self._number:
            self._pool.submit(self._run, number, work)

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        if number != self._number:
            return
        try:
            result = work()
        except Cancelled:
            return
        except Exception as error:  # a slice that cannot be read must not end the thread
            log.warning("background reading failed: %s", error, exc_info=error)
            return
        try:
            self._ready.emit(number, result)
        except RuntimeError:
            log.debug("a result arrived after its window was closed")

    def _deliver(self, number: int, result: Any) -> None:
        if number == self._number and self._done is not None:
            self._done(result)
