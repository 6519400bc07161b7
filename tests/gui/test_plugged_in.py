"""A segmenter of another package in the window: its form, its training, its model in the list, what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import rest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.gui.train_window import TrainWindow
from volviz.gui.window import Window

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT = Qt.MouseButton.LeftButton
LONG_MS = 240_000  # another process has to import torch first, on a machine that may have other work


@pytest.fixture
def plugged(shown: Window, qtbot: QtBot, grey_levels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainWindow]:
    """The training window where one package brings a method and another is broken."""
    info = tmp_path / "torn-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[volviz.segmenters]\ntorn = nothing_of_this_name:Method\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(grey_levels))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    trainer = TrainWindow(shown.document, shown.jobs, shown)
    trainer.finished.connect(shown.segment_panel.refresh)
    qtbot.waitUntil(lambda: "grey-levels" in trainer.forms, timeout=LONG_MS)
    trainer.show()
    yield trainer
    if trainer.training is not None:
        trainer.training.job.cancel()
    qtbot.waitUntil(lambda: trainer.training is None, timeout=LONG_MS)
    trainer.close_threads()
    trainer.close()
    trainer.setParent(None)
    trainer.deleteLater()


def test_a_method_of_another_package_is_trained_and_finds_the_core(shown: Window, plugged: TrainWindow, qtbot: QtBot) -> None:
    torn = plugged.method.findText("torn (cannot be loaded)")
    assert torn >= 0
    assert not plugged.method.model().item(torn).isEnabled()
    assert "The plug-in torn" in plugged.method.itemData(torn, Qt.ItemDataRole.ToolTipRole)
    plugged.method.setCurrentIndex(plugged.method.findData("grey-levels"))
    assert list(plugged.forms["grey-levels"].fields) == ["smoothing", "equal"]
    assert "Learns from: scribbles" in plugged.about.text()
    smoothing = plugged.forms["grey-levels"].fields["smoothing"].widget
    assert smoothing.toolTip().startswith("Standard deviation in angstrom")
    smoothing.setValue(5.0)
    x, y, z = 142.0, 280.0, 138.0  # the middle of the ball; its shell is 108 A away
    ring = tuple((x + 108 * np.cos(a), y + 108 * np.sin(a), z) for a in np.linspace(0, 6, 40))
    marks = (
        Stroke(ring, 12.0, "membrane"),
        Stroke(((x - 30, y, z), (x + 30, y, z)), 24.0, "lumen"),
        Stroke(((x + 200, y - 80, z), (x + 200, y + 80, z)), 20.0, "background"),
    )
    shown.document.change("Scribble", annotations=marks)
    plugged.learns.shown.setChecked(True)
    plugged.name.setText("grey")
    with qtbot.waitSignal(plugged.finished, timeout=LONG_MS):
        qtbot.mouseClick(plugged.start, LEFT)
    panel = shown.segment_panel
    assert panel.model.currentData() == "grey"
    panel.about.setChecked(True)
    qtbot.waitUntil(lambda: "grey-levels" in panel.card.text(), timeout=LONG_MS)
    assert "sees a tomogram as it is" in panel.card.text()
    panel.about.setChecked(False)
    truth = shown.document.state.segmentation.probabilities()[1] > 0.5
    before = shown.document.state.segmentation
    qtbot.mouseClick(panel.button, LEFT)
    qtbot.waitUntil(lambda: shown.document.state.segmentation is not before and not shown.jobs.running, timeout=LONG_MS)
    found = shown.document.state.segmentation
    assert [label.name for label in found.labels] == ["background", "membrane", "lumen"]
    there = found.probabilities()[1] > 0.5
    assert 2 * (there & truth).sum() / (there.sum() + truth.sum()) > 0.8
    panel.model.setCurrentIndex(0)
    rest(qtbot, shown)
