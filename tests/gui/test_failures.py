"""What fails: no OpenGL, a full or lost graphics memory, mistakes nobody expected. Each is a sentence and a way on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import PATIENCE_MS, SHOWN, picture, rest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from volviz.gui import painted
from volviz.gui.document import Document
from volviz.gui.graphics import Graphics
from volviz.gui.uncaught import Uncaught
from volviz.gui.window import Window

pytestmark = pytest.mark.gui

ROOT = Path(__file__).parents[2]
LEFT = Qt.MouseButton.LeftButton
CODE = """
import sys
from pathlib import Path
import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from volviz.gui.app import application, run
application()

def drive():
    from volviz.gui import stills
    from volviz.gui.stills import StillChoice
    from volviz.gui.window import Window
    (window,) = (w for w in QApplication.topLevelWidgets() if isinstance(w, Window))
    views = window.slices.views
    while window.document.state.volume is None or not all(view.shown for view in views):
        QTest.qWait(20)
    window.resize(1280, 800)
    grey = np.zeros(1)
    for _ in range(100):
        QTest.qWait(50)
        image = views[0].canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()]
        if grey.std() > 15:
            break
    print("SHOWN", window.no_view.isVisible(), window.viewport.isVisible(), round(float(grey.std()), 1))
    print("SAID", window.no_view.text.text())
    window.jobs.failed.connect(lambda title, error: print("FAILED", title, error))
    stills.write_still(window, Path(sys.argv[2]), StillChoice((120, 90), transparent=False))
    while window.jobs.running:
        QTest.qWait(20)
    window.close()

QTimer.singleShot(0, drive)
sys.exit(run([sys.argv[1]]))
"""
CASES = {
    "no OpenGL at all": {"QT_QPA_PLATFORM": "offscreen"},
    "OpenGL 2.1": {"MESA_GL_VERSION_OVERRIDE": "2.1"},
    "no OpenGL on X": {"QT_XCB_GL_INTEGRATION": "none"},
}


@pytest.mark.parametrize("case", CASES)
def test_without_opengl_slices_and_all_else_work(case: str, ball_file: Path, tmp_path: Path) -> None:
    if case != "no OpenGL at all" and not SHOWN:
        pytest.skip("needs a display")
    env = {**os.environ, **CASES[case], "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    words = [sys.executable, "-c", CODE, str(ball_file), str(tmp_path / "still.png")]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    _, instead, solid, contrast = lines["SHOWN"].split()
    assert (instead, solid) == ("True", "False")
    if case != "OpenGL 2.1":  # what OpenGL draws into a widget, grab does not see everywhere
        assert float(contrast) > 15
    assert "The 3D view cannot be drawn" in lines["SAID"]
    assert "--software" in lines["SAID"]
    if case == "OpenGL 2.1":
        assert "No OpenGL 4.3" in lines["FAILED"]
    else:
        assert (tmp_path / "still.png").exists()  # pictures need no window


@pytest.mark.display
def test_painted_slices_look_as_those_of_opengl(document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.gui.planes import XY
    from volviz.gui.slice_view import SliceView

    seen = []
    for kind in (Graphics(), Graphics(solid=False, slices=False, problem="none")):
        monkeypatch.setattr(painted, "graphics", lambda kind=kind: kind)
        view = SliceView(XY, document)
        qtbot.addWidget(view)
        view.resize(420, 380)
        view.show()
        qtbot.waitExposed(view)
        document.open(document.state)
        document.show(overlay=0.4)
        view._look(type(document.state)(), document.state)
        qtbot.waitUntil(lambda view=view: view.shown > 0, timeout=PATIENCE_MS)
        view.fit()
        image = view.canvas.grab().toImage() if isinstance(view.canvas, painted.Painted) else None
        seen.append(pixels(image) if image is not None else view._canvas.render()[..., :3].astype(int))
        view.close_threads()
    drawn, by_qt = seen
    assert drawn.shape == by_qt.shape
    assert drawn.std() > 20
    assert np.abs(drawn - by_qt).mean() < 4


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


@pytest.mark.display
def test_a_full_graphics_memory_is_said_and_trying_again_draws(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from OpenGL.error import GLError

    before, state = picture(shown), shown.document.state

    def full(*_: object, **__: object) -> None:
        raise GLError(err=1285, description=b"out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(type(shown.viewport._renderer), "draw", full)
        shown.document.show(camera=state.camera.orbited(10, 0))
        qtbot.waitUntil(shown.no_view.isVisible, timeout=PATIENCE_MS)
    assert "graphics memory is full" in shown.no_view.text.text()
    assert "GLError" in shown.no_view.details
    assert "llvmpipe" in shown.no_view.details or "OpenGL" in shown.no_view.details
    assert all(view.isVisible() for view in shown.slices.views)
    shown.document.show(camera=state.camera)
    qtbot.mouseClick(shown.no_view.again, LEFT)
    rest(qtbot, shown)
    assert shown.viewport.isVisible()
    np.testing.assert_array_equal(picture(shown), before)


@pytest.mark.display
def test_the_same_can_be_opened_again_in_software(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from PySide6.QtCore import QProcess

    started: list[list[str]] = []
    closed: list[bool] = []
    monkeypatch.setattr(QProcess, "startDetached", lambda _program, words: started.append(words))
    monkeypatch.setattr(shown, "close_at_once", lambda: closed.append(True))
    shown.no_view.say(RuntimeError("context lost"))
    assert "graphics driver stopped" in shown.no_view.text.text()
    shown.stage.setCurrentWidget(shown.no_view)
    qtbot.mouseClick(shown.no_view.software, LEFT)
    assert started == [["-m", "volviz", "open", "--software", str(shown.document.state.volume.source)]]
    assert closed
    shown.stage.setCurrentIndex(0)


@pytest.mark.display
def test_a_gpu_without_memory_for_segmenting_leaves_the_window_and_the_old_result(
    shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    import volviz.tasks.segment as task

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(task, "segment", full)
    before = shown.document.state.segmentation
    with qtbot.waitSignal(shown.jobs.failed, timeout=PATIENCE_MS):
        shown.segment_panel.button.click()
    box = boxes(shown)[-1]
    assert "graphics memory is full" in box.text()
    assert "OutOfMemoryError" in box.detailedText()
    qtbot.waitUntil(lambda: shown.segmenting is None, timeout=PATIENCE_MS)
    assert shown.document.state.segmentation is before
    assert shown.segment_panel.button.isEnabled()


@pytest.mark.display
def test_what_nobody_caught_is_one_dialog_with_details_to_copy(
    shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    Uncaught(shown).listen()

    def fail() -> None:
        raise ZeroDivisionError("in a slot")

    for _ in range(5):
        QTimer.singleShot(0, fail)
    thread = threading.Thread(target=lambda: {}["in a thread"])
    thread.start()
    qtbot.waitUntil(lambda: len(boxes(shown)) == 2, timeout=PATIENCE_MS)
    texts = {box.informativeText() for box in boxes(shown)}
    assert texts == {"ZeroDivisionError: in a slot", "KeyError: 'in a thread'"}
    box = next(box for box in boxes(shown) if "slot" in box.informativeText())
    (copy,) = (button for button in box.findChildren(QPushButton) if "Copy" in button.text())
    qtbot.mouseClick(copy, LEFT)
    copied = QGuiApplication.clipboard().text()
    assert "in a slot" in copied
    assert "PySide6" in copied
    assert shown.viewport.gl_strings()[1] in copied
    assert box.isVisible()
    thread.join()


def test_what_fails_after_the_window_has_gone_opens_no_dialog(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    window = QWidget()
    caught = Uncaught(window)
    caught.setParent(None)
    monkeypatch.setattr(sys, "excepthook", caught.hook)
    for gone in (window.close, lambda: delete(window)):  # a dialog would keep the program alive, or fail and so be asked for again
        gone()
        before = set(QApplication.topLevelWidgets())
        caught.hook(ZeroDivisionError, ZeroDivisionError("late"), None)
        assert {type(new) for new in set(QApplication.topLevelWidgets()) - before} == set()
    assert capsys.readouterr().err.count("late") == 2


def boxes(parent: QWidget) -> list[QMessageBox]:
    return [box for box in parent.findChildren(QMessageBox) if box.isVisible()]
