"""What is not saved is written down as one works, so that a crash takes seconds and not an afternoon.

Every window has a folder of its own with a lock in it: the session as JSON, and beside it the segmentations that are in no
file yet. The folder goes when the window closes; one whose lock belongs to no process any more was left by a crash.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
import uuid
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from volviz.core.arranged import kept_of
from volviz.core.atomic import make_folders, reason
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.segmentation import Segmentation
from volviz.gui.document import Document, State
from volviz.gui.latest import Latest
from volviz.gui.machine import gigabytes, state_folder

EVERY_MS = 2000  # at the most so often
REST = 20  # as long as writing took, so many times over nothing is written
MOST_BYTES = 8_000_000_000  # of segmentations that are in no file
SHARE_OF_FREE = 4  # of the free disk, this part at the most
SESSION, LOCK = "session.volviz", "lock"

log = logging.getLogger(__name__)


def autosaves() -> Path:
    """Return the folder of the folders of all windows."""
    return state_folder() / "autosave"


def lock_of(folder: Path) -> QLockFile:
    """Return the lock of a window's folder. One that belongs to no process any more can be had."""
    lock = QLockFile(str(folder / LOCK))
    lock.setStaleLockTime(0)  # however old it is, as long as the process lives
    return lock


class Autosave(QObject):
    """Keeps what a document holds and no session file does."""

    said = Signal(str)  # what cannot be kept, and what to do
    wrote = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._folder: Path | None = None
        self._lock: QLockFile | None = None
        self._kept: dict[Path, tuple[weakref.ref[Any], list[str]]] = {}  # the arrays that lie in the folder, their classes' names there
        self._refused: weakref.ref[Any] | None = None  # the array that was said to be too large
        self._took = 0.0  # seconds to write the session down the last time
        self._busy, self._stop = False, threading.Event()
        self._latest = Latest(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._write)
        document.changed.connect(self._wait)
        document.undo_stack.cleanChanged.connect(self._wait)

    @property
    def session(self) -> Path | None:
        """The file that would be recovered from, if there is one now."""
        path = self._folder and self._folder / SESSION
        return path if path is not None and path.exists() else None

    def adopt(self, folder: Path, lock: QLockFile, state: State) -> None:
        """Go on in the folder of a window that is no more, whose state this one shows."""
        self._leave()
        self._folder, self._lock = folder, lock
        if state.segmentation is not None and "file" not in state.segmentation.provenance:
            for path in folder.glob("*.zarr"):
                self._kept[path] = weakref.ref(state.segmentation.data), _names_in_file(state.segmentation)

    def close_threads(self) -> None:
        """Nothing is to be recovered: the window closes in order."""
        self._stop.set()
        self._timer.stop()
        self._latest.close()
        self._leave()

    def _wait(self, *_: object) -> None:
        # Not put off by every change: what goes on for minutes is written meanwhile.
        if not self._timer.isActive():
            self._timer.start(max(EVERY_MS, round(1000 * REST * self._took)))

    def _write(self) -> None:
        state = self._document.state
        if self._busy:
            self._wait()
        elif self._document.undo_stack.isClean() or state.volume is None or state.volume.source is None:
            if (session := self.session) is not None:
                session.unlink(missing_ok=True)
        elif self._stop.is_set():
            return
        else:
            self._busy = True
            self._latest.ask(lambda: self._keep(state), self._done)

    def _done(self, problem: str) -> None:
        self._busy = False
        if problem:
            self.said.emit(problem)
        self.wrote.emit()

    def _keep(self, state: State) -> str:
        """Write a state, in a thread; return a sentence on what could not be kept."""
        try:
            folder = self._own_folder()
            segmentation = state.segmentation
            if segmentation is None or "file" in segmentation.provenance:
                self._write_session(folder, state)
                return ""
            where = self._where(segmentation)
            if where is None:
                self._write_session(folder, replace(state, segmentation=None))  # the rest at once, the classes take longer
                if problem := self._too_large(segmentation):
                    return problem
                where = folder / f"classes-{uuid.uuid4().hex[:8]}.zarr"
                self._write_classes(segmentation, where)
            self._write_session(folder, state, where)
        except Cancelled:
            return ""
        except (VolvizError, OSError) as error:
            why = f"{reason(error)}." if isinstance(error, OSError) else str(error)
            return f"What is not saved could not be kept for recovery: {why[:1].lower()}{why[1:]}"
        except Exception as error:  # must not keep the next attempt from being made
            log.warning("autosave failed", exc_info=error)
        return ""

    def _write_session(self, folder: Path, state: State, classes: Path | None = None) -> None:
        from volviz.gui.opening import project_of, stored_at
        from volviz.io.project import save_project

        if classes is not None and state.segmentation is not None:
            state = replace(state, segmentation=stored_at(state.segmentation, classes, self._kept[classes][1]))
        name = state.path.name if state.path is not None else state.volume.name if state.volume is not None else ""
        about = {"name": name, "time": time.time(), "path": str(state.path) if state.path is not None else None}
        if self._stop.is_set():
            raise Cancelled
        began = time.perf_counter()
        save_project(project_of(state), folder / SESSION, overwrite=True, about=about)
        self._took = time.perf_counter() - began

    def _write_classes(self, segmentation: Segmentation, path: Path) -> None:
        from volviz.io import save

        def report(*_: object, **__: object) -> None:
            if self._stop.is_set():
                raise Cancelled

        save(segmentation, path, report=report)
        self._kept[path] = weakref.ref(segmentation.data), [label.name for label in segmentation.drawn]

    def _where(self, segmentation: Segmentation) -> Path | None:
        """Return where the classes lie already; those that nobody holds any more are removed on the way."""
        for path, (array, _) in list(self._kept.items()):
            if array() is segmentation.data:
                return path
            if array() is None:
                del self._kept[path]
                shutil.rmtree(path, ignore_errors=True)
        return None

    def _too_large(self, segmentation: Segmentation) -> str:
        size = segmentation.data.dtype.itemsize
        for length in segmentation.data.shape:
            size *= length
        folder = self._own_folder()
        used = sum(os.stat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names)
        most = min(MOST_BYTES - used, shutil.disk_usage(folder).free // SHARE_OF_FREE)
        if size <= most:
            return ""
        if self._refused is not None and self._refused() is segmentation.data:
            return ""  # said already
        self._refused = weakref.ref(segmentation.data)
        return (
            f"The segmentation ({gigabytes(size)}) would not survive a crash: {gigabytes(max(0, most))} of the disk may be used for that; "
            "save the session to be sure of it."
        )

    def _own_folder(self) -> Path:
        if self._folder is None:
            folder = autosaves() / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
            make_folders(folder)
            lock = lock_of(folder)
            if not lock.tryLock(0):
                shutil.rmtree(folder, ignore_errors=True)
                raise VolvizError(f"nothing can be written into {folder.parent}; check its permissions, and the free space.")
            self._folder, self._lock = folder, lock
        return self._folder

    def _leave(self) -> None:
        folder, self._folder = self._folder, None
        self._kept.clear()
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        if folder is not None:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)


def _names_in_file(segmentation: Segmentation) -> list[str]:
    """Return what the drawn classes are called in the file from which they come."""
    return [one.of for one in kept_of(segmentation)] or [label.name for label in segmentation.drawn]
