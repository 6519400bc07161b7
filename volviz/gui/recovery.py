"""What a window that ended without closing has left: found, offered, and brought back or thrown away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from volviz.core.errors import VolvizError
from volviz.core.report import Report
from volviz.gui.autosave import SESSION, autosaves, lock_of
from volviz.gui.closing import nothing_lost
from volviz.gui.document import State

if TYPE_CHECKING:
    from volviz.gui.jobs import Job
    from volviz.gui.window import Window

EMPTY_SECONDS = 3600  # a folder without a session may be one that is just being made
TAKEN = "Another window of volviz has taken this up already, or has thrown it away."


@dataclass(frozen=True, slots=True)
class Leftover:
    """Unsaved work: its folder, what it was called, when it was written last, and the session file it belongs to."""

    folder: Path
    name: str
    time: float
    path: Path | None

    @property
    def when(self) -> str:
        """The time, with the date if it was not today."""
        then = datetime.fromtimestamp(self.time).astimezone()
        return then.strftime("%H:%M" if then.date() == datetime.now().astimezone().date() else "%d %b %Y, %H:%M")


def leftovers() -> list[Leftover]:
    """Return what was left by windows that are no more, the newest first."""
    found = []
    for folder in autosaves().glob("*-*"):
        lock = lock_of(folder)
        if not lock.tryLock(0):
            continue  # its window lives
        from volviz.io.project import read_about  # not where there is nothing, as nearly always when the window starts

        session = folder / SESSION
        try:
            about = read_about(session) if session.exists() else None
        except VolvizError:
            about = None
        old = time.time() - folder.stat().st_mtime > EMPTY_SECONDS
        lock.unlock()
        if about is not None:
            path = about.get("path")
            found.append(Leftover(folder, str(about.get("name", "")), float(about.get("time", 0)), Path(path) if path else None))
        elif old:
            shutil.rmtree(folder, ignore_errors=True)
    return sorted(found, key=lambda one: -one.time)


def recover(window: Window, leftover: Leftover) -> Job | None:
    """Show what was left, in a job; None if another window was faster."""
    from volviz.gui.lost import Chosen, LostDialog
    from volviz.gui.opening import open_state
    from volviz.io.sources import LostSources

    lock = lock_of(leftover.folder)
    if not (leftover.folder / SESSION).exists() or not lock.tryLock(0):
        window.say(TAKEN)
        return None

    def start(chosen: Chosen, find: list[Path]) -> Job:
        def work(report: Report) -> State | LostSources:
            try:
                return _own(open_state([leftover.folder / SESSION], State(), 1.0, report, find, chosen), leftover)
            except LostSources as lost:
                return lost

        def done(state: State | LostSources) -> None:
            if isinstance(state, LostSources):
                dialog = LostDialog(state, lambda more, folders: start({**chosen, **more}, [*find, *folders]), window)
                dialog.rejected.connect(lock.unlock)
                dialog.open()
                return
            window.cancel_segmenting()
            window.document.open(state)
            window.document.undo_stack.resetClean()
            window.autosave.adopt(leftover.folder, lock, state)
            window.say(f"{leftover.name} is as it was at {leftover.when}; nothing of it is saved yet.")

        job = window.jobs.start(f"Recover {leftover.name}", work, done)
        job.failed.connect(lambda _: lock.unlock())
        job.cancelled.connect(lock.unlock)
        return job

    return start({}, [])


def discard(leftover: Leftover) -> None:
    """Throw away what was left, unless another window has taken it up."""
    lock = lock_of(leftover.folder)
    if lock.tryLock(0):
        lock.unlock()
        shutil.rmtree(leftover.folder, ignore_errors=True)


def _own(state: State, leftover: Leftover) -> State:
    """Return a state that knows its own session file again; what lies in the folder of leftovers is saved nowhere."""
    segmentation = state.segmentation
    if segmentation is not None and leftover.folder in Path(str(segmentation.provenance.get("file", ""))).parents:
        kept = {name: value for name, value in segmentation.provenance.items() if name != "file"}
        segmentation = replace(segmentation, provenance=kept)
    return replace(state, segmentation=segmentation, path=leftover.path)


class Offer(QFrame):
    """One row for everything that can be recovered; hidden if there is nothing."""

    def __init__(self, window: Window, then: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._window, self._then = window, then
        self.setObjectName("offer")
        self.rows: list[tuple[Leftover, QPushButton, QPushButton]] = []
        self._layout = QVBoxLayout(self)
        intro = QLabel("<b>volviz ended before this was saved:</b>")
        self._layout.addWidget(intro)
        for leftover in leftovers()[:4]:
            self._add(leftover)
        self.setVisible(bool(self.rows))

    def _add(self, leftover: Leftover) -> None:
        what = QLabel(f"{leftover.name} from {leftover.when}")
        what.setToolTip(str(leftover.path or leftover.folder))
        back = QPushButton("Recover")
        back.setToolTip(f"Show {leftover.name} as it was at {leftover.when}, with all changes that were not saved")
        away = QPushButton("Discard")
        away.setToolTip("Throw these changes away; files that were saved stay as they are")
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(what, 1)
        row.addWidget(back)
        row.addWidget(away)
        self._layout.addWidget(holder)
        self.rows.append((leftover, back, away))
        back.clicked.connect(lambda: self._recover(holder, leftover))
        away.clicked.connect(lambda: self._take(holder, lambda: discard(leftover)))

    def _recover(self, row: QWidget, leftover: Leftover) -> None:
        def go() -> None:
            self._take(row, lambda: recover(self._window, leftover))

        if nothing_lost(self._window, "recover", go, stops=False):
            go()

    def _take(self, row: QWidget, do: Callable[[], object]) -> None:
        do()
        row.hide()
        self.rows = [one for one in self.rows if one[1].parentWidget() is not row]
        if not self.rows:
            self.hide()
        self._then()


def offer(window: Window) -> None:
    """Offer what can be recovered where a person looks first."""
    found = Offer(window)
    if found.rows:
        window.welcome.offer(found)
        window.say(f"{found.rows[0][0].name} from {found.rows[0][0].when} was not saved: File, Recover unsaved work")


def show_offers(window: Window) -> None:
    """List what can be recovered in a dialog."""
    dialog = QDialog(window)
    dialog.setWindowTitle("Recover unsaved work")
    dialog.setMinimumWidth(460)
    layout = QVBoxLayout(dialog)
    offer = Offer(window, dialog.accept)
    layout.addWidget(offer if offer.rows else QLabel("There is nothing to recover: every window was closed in order."))
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout.addWidget(buttons)
    dialog.open()
