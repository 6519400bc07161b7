"""Starting: one sentence where there is no display, and nothing heavy before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from volviz.gui import actions
from volviz.gui.actions import view
from volviz.gui.planes import PLANES

pytestmark = pytest.mark.gui

PLAIN = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")
@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":97"}])
def test_without_a_display_it_says_so_in_one_sentence(display: dict[str, str]) -> None:
    code = "from volviz.cli import main; import sys; sys.exit(main(['open', 'some.mrc']))"
    done = subprocess.run([sys.executable, "-c", code], env=PLAIN | display, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "isplay" in done.stderr
    assert "Traceback" not in done.stderr


LATE = {"mrcfile", "torch", "av", "skimage", "scipy", "zarr", "vispy", "OpenGL", "superqt", "numpy"}
MOST_MODULES = 60  # of volviz; the start takes about a millisecond for each
START = """
import sys
from PySide6.QtWidgets import QApplication
from volviz.cli import main

def stop(app):
    window = next(w for w in app.topLevelWidgets() if w.windowTitle() == "volviz")
    until = QElapsedTimer()
    until.start()
    while not window._painted and until.elapsed() < 60000:
        app.processEvents()
    print(window._painted, window.lacks("document"), *sys.modules)
    return 0

from PySide6.QtCore import QElapsedTimer
QApplication.exec = stop
main([])
"""


def test_the_window_is_painted_before_what_it_needs_later_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=120, check=True)
    painted, bare, *modules = done.stdout.split()
    assert (painted, bare) == ("True", "True")
    assert {name.partition(".")[0] for name in modules} & LATE == set()
    assert len([name for name in modules if name.startswith("volviz")]) <= MOST_MODULES


STOPPED = """
import os, signal, sys, threading, time
from PySide6.QtCore import QTimer
from volviz.gui import viewport
from volviz.gui.app import run
from volviz.gui.window import Window
from volviz.render.textures import Loading

viewport.AT_ONCE = 100
slabs = Loading.slabs

def slowly(loading, *how):
    time.sleep(1.0)  # so that the thread is still at work when the window goes
    yield from slabs(loading, *how)

Loading.slabs = slowly
made = Window.__init__

def watched(window):
    made(window)
    timer = QTimer(window)
    def look():
        if not window.lacks("viewport") and window.viewport._uploading is not None:
            timer.stop()
            print("stopped while it is brought", flush=True)
            os.kill(os.getpid(), signal.SIGINT)
    timer.timeout.connect(look)
    timer.start(10)

Window.__init__ = watched
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.display
def test_a_signal_waits_for_what_is_brought_to_the_graphics_memory(ball_file: Path, tmp_path: Path) -> None:
    env = {**os.environ, **{name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}}
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(ball_file)], env=env, capture_output=True, text=True, timeout=180, check=False
    )
    assert "stopped while" in done.stdout
    assert done.stderr == ""
    assert done.returncode == 130


def test_every_action_finds_what_it_does() -> None:
    for entry in actions.ENTRIES:
        if isinstance(entry.do, partial):
            module, _, function = entry.do.args[0].partition(":")
            assert callable(getattr(import_module(f"volviz.gui.{module}"), function)), entry.id
    assert view.NAMES[1:] == tuple(plane.name for plane in PLANES)
