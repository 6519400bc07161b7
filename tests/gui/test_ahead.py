"""What the first picture needs is imported before anything is opened, by a thread."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from volviz.gui import ahead

pytestmark = pytest.mark.gui

# The command, with nothing to open; when nothing is left to do, a tomogram is opened.
CODE = """
import json, sys, threading, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from volviz.cli import main

HEAVY = ("OpenGL.GL", "OpenGL.raw", "scipy", "volviz.render")
importers = {}

class Watch:
    def find_spec(self, name, path, target=None):
        importers[name] = threading.current_thread().name
        return None

def wait(app, done):
    until = time.monotonic() + 120
    while not done() and time.monotonic() < until:
        app.processEvents()
        time.sleep(0.002)
    assert done()

def use(app):
    window = next(w for w in app.topLevelWidgets() if w.windowTitle() == "volviz")
    wait(app, lambda: not window.lacking and any(name == "volviz-ahead" for name in importers.values()))
    wait(app, lambda: not any(thread.name == "volviz-ahead" for thread in threading.enumerate()))
    there = set(sys.modules)
    window.open_paths([Path(sys.argv[1])])
    wait(app, lambda: window.viewport.resting)
    late = [n for n in set(sys.modules) - there if n.startswith(HEAVY) and importers.get(n) == "MainThread"]
    print(json.dumps([sorted(late), importers["OpenGL.GL"], importers["scipy.ndimage"]]))
    window.close()
    return 0

sys.meta_path.insert(0, Watch())
QApplication.exec = use
main([])
"""


@pytest.mark.display
def test_nothing_heavy_is_left_to_import_when_something_is_opened(ball_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(ball_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[], "volviz-ahead", "volviz-ahead"]


def test_a_module_that_is_broken_is_left_to_who_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "volviz_broken.py").write_text("raise OSError('no such library')\n", encoding="utf-8")
    (tmp_path / "volviz_whole.py").write_text("import threading\nby = threading.current_thread()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(ahead, "MODULES", ("volviz_broken", "volviz_whole"))
    thread = ahead.begin()
    assert thread is not None
    thread.join()
    assert sys.modules["volviz_whole"].by is thread is not threading.current_thread()
    monkeypatch.setattr(ahead, "MODULES", ("volviz_whole",))
    assert ahead.begin() is None
    del sys.modules["volviz_whole"]
