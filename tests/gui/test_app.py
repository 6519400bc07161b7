"""Starting: one sentence where there is no display, and nothing heavy before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from importlib import import_module

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


def test_every_action_finds_what_it_does() -> None:
    for entry in actions.ENTRIES:
        if isinstance(entry.do, partial):
            module, _, function = entry.do.args[0].partition(":")
            assert callable(getattr(import_module(f"volviz.gui.{module}"), function)), entry.id
    assert view.NAMES[1:] == tuple(plane.name for plane in PLANES)
