"""A crash takes nothing along: the application is killed, started again, and shows what it showed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conftest import PATIENCE_MS
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.gui import autosave, recovery
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

DRIVER = Path(__file__).with_name("crashing.py")
ROOT = Path(__file__).parents[2]


def start(home: Path, *words: object) -> subprocess.Popen[str]:
    env = os.environ | {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config"), "PYTHONPATH": str(ROOT)}
    words = [sys.executable, str(DRIVER), *map(str, words)]
    return subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str], out: Path) -> dict[str, object]:
    until = time.monotonic() + 240
    while not (out.exists() and out.stat().st_size):
        assert process.poll() in {None, 0}, process.stderr.read()
        assert time.monotonic() < until, "nothing was written in four minutes"
        time.sleep(0.1)  # another process is waited for
    return json.loads(out.read_text())


def test_what_was_not_saved_survives_a_kill(ball_file: Path, tmp_path: Path) -> None:
    processes = [start(tmp_path, "work", ball_file, tmp_path / f"{name}.json") for name in ("killed", "living")]
    try:
        before, _ = (result(p, tmp_path / f"{name}.json") for p, name in zip(processes, ("killed", "living"), strict=True))
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait(10)
        assert len(list((tmp_path / "state/volviz/autosave").iterdir())) == 2
        again = start(tmp_path, "recover", tmp_path / "again.json")
        processes.append(again)
        after = result(again, tmp_path / "again.json")
        assert again.wait(60) == 0, again.stderr.read()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert after.pop("offered") == 1  # and not that of the window that lives
    assert after.pop("name") == "ball"
    assert after.pop("hidden")
    assert not before["clean"]
    assert after == before
    (left,) = (tmp_path / "state/volviz/autosave").iterdir()
    assert left.name.startswith(f"{processes[1].pid}-")


def kept(window: Window, qtbot: QtBot) -> Path:
    qtbot.waitUntil(lambda: window.autosave.session is not None, timeout=PATIENCE_MS)
    return window.autosave.session


def test_what_is_saved_or_undone_is_not_offered(shown: Window, qtbot: QtBot) -> None:
    shown.document.change("Scribble", annotations=(Stroke(((0.0, 0.0, 0.0),), 20.0, "spikes"),))
    session = kept(shown, qtbot)
    assert recovery.leftovers() == []  # its window lives
    shown.document.undo_stack.undo()
    qtbot.waitUntil(lambda: not session.exists(), timeout=PATIENCE_MS)


def test_a_segmentation_too_large_is_said_to_be(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosave, "MOST_BYTES", 1000)
    with qtbot.waitSignal(shown.autosave.said, timeout=PATIENCE_MS) as told:
        shown.document.change("Scribble", annotations=(Stroke(((0.0, 0.0, 0.0),), 20.0, "spikes"),))
    assert "would not survive a crash" in told.args[0]
    assert "Stroke" in kept(shown, qtbot).read_text()


def test_a_full_disk_is_said_and_leaves_no_folders(
    shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    shown.autosave.close_threads()
    saving = autosave.Autosave(shown.document)
    with full_disk(0), qtbot.waitSignal(saving.said, timeout=PATIENCE_MS) as told:
        shown.document.change("Scribble", annotations=(Stroke(((0.0, 0.0, 0.0),), 20.0, "spikes"),))
    saving.close_threads()
    assert told.args[0].endswith(f"nothing can be written into {autosave.autosaves()}; check its permissions, and the free space.")
    assert list(autosave.autosaves().iterdir()) == []


def test_what_was_left_can_be_thrown_away(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.core.project import Project
    from volviz.io import save_project

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = autosave.autosaves() / "1-abc"
    folder.mkdir(parents=True)
    save_project(Project(), folder / autosave.SESSION, about={"name": "ts_16", "time": time.time(), "path": None})
    (found,) = recovery.leftovers()
    assert found.name == "ts_16"
    recovery.discard(found)
    assert recovery.leftovers() == []
    assert not folder.exists()
