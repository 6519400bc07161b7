"""What was caught nowhere reaches the person as one dialog with details to copy, and the window lives on."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget
from shiboken6 import isValid

MOST = 3  # dialogs at a time: what fails at every repaint must not bury the window


class Uncaught(QObject):
    """Takes the place of the interpreter's hooks, for the window's thread and all others."""

    raised = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._seen: dict[str, QMessageBox] = {}
        self.raised.connect(self._show)

    def listen(self) -> None:
        """Hear of everything from now on."""
        sys.excepthook = self.hook
        threading.excepthook = lambda found: self.hook(found.exc_type, found.exc_value, found.exc_traceback)

    def hook(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Take an exception, in any thread."""
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        if error is None or issubclass(kind, SystemExit):
            return
        sys.__excepthook__(kind, error, trace)
        try:
            self.raised.emit(error)
        except RuntimeError:
            return  # the window has gone

    def _show(self, error: BaseException) -> None:
        # Qt may have deleted the window, or it has closed: a dialog that nobody expects any more would keep volviz from ending.
        if not isValid(self._window) or not self._window.isVisible():
            return
        from volviz.gui.dialogs import error_box

        name = f"{type(error).__name__}: {error}"
        self._seen = {said: box for said, box in self._seen.items() if _is_open(box)}
        if name in self._seen or len(self._seen) >= MOST:
            return
        box = self._seen[name] = error_box(self._window, "volviz", error)
        box.open()


def _is_open(box: QMessageBox) -> bool:
    return isValid(box) and box.isVisible()
