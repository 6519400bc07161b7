"""The real application, driven from inside its own event loop: run by `test_recovery` in processes that are killed.

``crashing.py work TOMOGRAM OUT`` changes what can be changed, writes to OUT what is shown once it is kept, and goes on working.
``crashing.py recover OUT`` takes the first offer, writes what is shown then, and closes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from volviz.core.annotations import Stroke
from volviz.core.json import to_json
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation
from volviz.gui.app import application, run
from volviz.gui.opening import STORED
from volviz.gui.recovery import Offer
from volviz.gui.window import Window

LEFT = Qt.MouseButton.LeftButton
PATIENCE_SECONDS = 120


def wait(condition) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        QTest.qWait(20)


def drive(what: str, out: Path) -> None:
    try:
        (work if what == "work" else recover)(out)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def window() -> Window:
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, Window))


def said(w: Window, **more: object) -> dict[str, object]:
    state = w.document.state
    data = np.ascontiguousarray(state.segmentation.data[:])
    shown = {name: to_json(getattr(state, name)) for name in STORED}
    classes = {"sha": hashlib.sha256(data.tobytes()).hexdigest(), "saved": "file" in state.segmentation.provenance}
    size = {"voxel_size": state.volume.grid.voxel_size, "path": str(state.path), "clean": w.document.undo_stack.isClean()}
    return json.loads(json.dumps({**shown, **classes, **size, **more}))


def kept(w: Window) -> str:
    path = w.autosave.session
    return "" if path is None else path.read_text()


def work(out: Path) -> None:
    w = window()
    wait(lambda: w.document.state.volume is not None)
    grid = w.document.state.volume.grid
    soft = np.random.default_rng(1).dirichlet((4, 1, 1, 1), grid.shape).transpose(3, 0, 1, 2)
    found = Segmentation.of_probabilities(grid, soft.astype(np.float32))
    scene = Scene(ramps={label.name: Ramp(color=label.color) for label in found.drawn})
    w.document.change("Segment", segmentation=found, scene=scene)
    QTest.mouseClick(w.classes_panel.rows["lumen"].visible, LEFT)
    w.data_panel.low.value_changed.emit(-1.25)
    w.data_panel.voxel_size.set_value(13.5)
    QTest.mouseClick(w.data_panel.apply, LEFT)
    w.document.change("Scribble", annotations=(Stroke(((10.0, 20.0, 30.0), (40.0, 50.0, 60.0)), 25.0, "spikes"),))
    w.document.show(camera=w.document.state.camera.orbited(33, 11))
    wait(lambda: all(word in kept(w) for word in ("classes-", "Stroke", "13.5")))
    out.write_text(json.dumps(said(w)))

    def count(report) -> None:
        while True:
            report(0.5, "counting")

    w.jobs.start("Count", count)  # killed in the middle of something


def recover(out: Path) -> None:
    w = window()
    wait(lambda: w.findChildren(Offer) and w.findChildren(Offer)[0].isVisible())
    offer = w.findChildren(Offer)[0]
    leftover, button, _ = offer.rows[0]
    offered = len(offer.rows)
    QTest.mouseClick(button, LEFT)
    wait(lambda: w.document.state.volume is not None and not w.jobs.running)
    wait(lambda: w.viewport.resting)
    out.write_text(json.dumps(said(w, offered=offered, name=leftover.name, hidden=not offer.isVisible())))
    w.document.undo_stack.setClean()  # nothing is asked then
    w.close()


if __name__ == "__main__":
    application()
    what, *rest = sys.argv[1:]
    out = Path(rest[-1])
    QTimer.singleShot(0, lambda: drive(what, out))
    sys.exit(run(rest[:-1]))
