"""Start the desktop application."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from volviz.core.errors import VolvizError
from volviz.render.gl import SOFTWARE, gl_env

if TYPE_CHECKING:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from volviz.gui.window import Window

NEEDED = (4, 3)
SIGNAL_MS = 300  # Python hears of Ctrl-C only when it runs, so it runs a little now and then
INTERRUPTED = 130


def run(paths: Sequence[str | Path] = (), *, demo: bool = False, find: Sequence[Path] = (), software: bool = False) -> int:
    """Open the window, with what is named in it, and return the exit status when it closes.

    Files of a session that have moved are looked for in the folders of ``find``. With
    ``software`` the pictures are drawn without the graphics card, as the environment variable VOLVIZ_SOFTWARE asks for too.

    Raises:
        VolvizError: there is no display.
    """
    check_display()
    if software:
        os.environ[SOFTWARE] = "1"
    app = application()
    from volviz.gui.ending import end_threads
    from volviz.gui.graphics import graphics
    from volviz.gui.uncaught import Uncaught
    from volviz.gui.window import Window

    graphics()
    window = Window()
    Uncaught(window).listen()
    timer = _listen_to_signals(app)
    window.show()
    window.there.connect(lambda: _offer(window))
    if demo:
        window.actions_by_id["file.demo"].trigger()
    else:
        window.open_paths([Path(path) for path in paths], find=find)
    status = app.exec()
    # A signal ends the loop without a question and without closing the window: what is kept for recovery stays.
    end_threads(window)
    timer.stop()
    return status


def _offer(window: Window) -> None:
    from volviz.gui.recovery import offer

    offer(window)


def application() -> QApplication:
    """Return the one QApplication, made if there is none yet."""
    gl_env()
    os.environ.setdefault("QT_API", "pyside6")  # for superqt
    from PySide6.QtGui import QSurfaceFormat
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    surface = QSurfaceFormat()
    surface.setVersion(*NEEDED)
    surface.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    QSurfaceFormat.setDefaultFormat(surface)
    QApplication.setApplicationName("volviz")
    QApplication.setApplicationDisplayName("volviz")
    from volviz.gui import loading_torch
    from volviz.gui.icons import icon
    from volviz.gui.theme import STYLE, dress

    loading_torch.prepare()
    app = QApplication([*sys.argv[:1], "-style", STYLE])  # setStyle would first make Python's copies of all that QStyle can name
    dress(app)
    app.setWindowIcon(icon("volviz", app.palette()))
    return app


def check_display() -> None:
    """Refuse early where Qt would end the process.

    Raises:
        VolvizError: there is no display.
    """
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not shown:
        raise VolvizError("There is no display to open a window on; use volviz segment and volviz render here, or connect with ssh -X.")
    if sys.platform.startswith("linux") and not (os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM")) and not _answers():
        raise VolvizError(
            f"The display {os.environ['DISPLAY']} does not answer; check DISPLAY, or use volviz segment and volviz render without a window."
        )


def _answers() -> bool:
    """Whether the X server that DISPLAY names can be reached: where it cannot, Qt ends the process."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # then let Qt say what it lacks
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    reached = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return bool(reached)


def _listen_to_signals(app: QApplication) -> QTimer:
    from PySide6.QtCore import QTimer

    def stop(_number: int, _frame: object) -> None:
        app.exit(INTERRUPTED)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    timer = QTimer(app)
    timer.timeout.connect(lambda: None)
    timer.start(SIGNAL_MS)
    return timer
