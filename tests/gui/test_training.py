"""Training from the window: forms, a network that learns in a process of its own, stop, cancel and go on, and a model that is then used."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from conftest import rest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMessageBox, QSpinBox
from pytestqt.qtbot import QtBot

from volviz.core.errors import VolvizError
from volviz.gui.form import Form
from volviz.gui.train_window import TrainWindow
from volviz.gui.window import Window
from volviz.segment.models import models
from volviz.tasks.runs import TrainingRun, unfinished

pytestmark = [pytest.mark.gui, pytest.mark.display]

LEFT = Qt.MouseButton.LeftButton
LONG_MS = 120_000  # another process has to import torch first, on a machine that may have other work


@dataclass(frozen=True)
class Odd:
    """A method with a parameter of every kind."""

    kernel: int = field(default=3, metadata={"least": 1, "most": 9})
    """Edge of the kernel in voxels."""
    trees: int | None = None
    """How many trees."""
    rate: float = 2e-3
    """Step size."""
    loss: Literal["dice", "ce"] = "ce"
    """What is made small."""
    norm: Literal["batch", "group"] | None = None
    """How it normalises."""
    soft: bool = True
    """Learn soft labels."""
    start: Path | None = None
    """Weights to start from."""
    notes: str = "plain"
    """Words."""
    scales: tuple[float, ...] = (1.0, 2.0)
    """Sigmas."""


def test_a_form_is_made_of_any_dataclass_and_gives_back_what_it_shows(qtbot: QtBot) -> None:
    form = Form(Odd)
    qtbot.addWidget(form)
    assert form.value() == Odd()
    boxes = {name: f.widget for name, f in form.fields.items()}
    kernel = boxes["kernel"]
    assert isinstance(kernel, QSpinBox)
    assert (kernel.minimum(), kernel.maximum(), kernel.toolTip()) == (1, 9, "Edge of the kernel in voxels.\nDefault: 3")
    assert isinstance(boxes["soft"], QCheckBox)
    assert isinstance(boxes["norm"], QComboBox)
    with qtbot.waitSignal(form.changed):
        qtbot.keyClick(kernel, Qt.Key.Key_Up)
    boxes["soft"].click()
    boxes["norm"].setCurrentIndex(2)
    qtbot.keyClick(boxes["trees"], Qt.Key.Key_Up)
    scales = boxes["scales"]
    assert isinstance(scales, QLineEdit)
    scales.setText("0.7, 1.6, 3.5")
    assert form.value() == Odd(kernel=4, trees=0, norm="group", soft=False, scales=(0.7, 1.6, 3.5))
    other = Odd(trees=7, rate=0.125, loss="dice", start=Path("a.safetensors"), notes="x")
    form.show_values({f: getattr(other, f) for f in form.fields})
    assert form.value() == other
    scales.setText("wide")
    with pytest.raises(VolvizError, match="Scales cannot be 'wide'"):
        form.value()


@pytest.fixture
def trainer(shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainWindow]:
    """The training window over the ball, with the smallest U-Net, and folders of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    shown.actions_by_id["segment.train"].trigger()
    window = next(child for child in shown.children() if isinstance(child, TrainWindow))
    qtbot.waitUntil(lambda: "unet" in window.forms, timeout=LONG_MS)
    window.method.setCurrentIndex(window.method.findData("unet"))
    small = {"f_maps": 2, "num_levels": 2, "crop": 16, "batch": 1, "steps": 100_000, "validate_every": 2, "held_out": 0, "tested": 0}
    window.forms["unet"].show_values(small)
    window.learns.simulated.setValue(0)
    window.name.setText("small")
    window.learns.shown.setChecked(True)
    yield window
    if window.training is not None:
        window.training.job.cancel()
    qtbot.waitUntil(lambda: window.training is None, timeout=LONG_MS)
    window.close_threads()
    window.close()
    window.setParent(None)
    window.deleteLater()


def test_a_network_learns_is_stopped_and_then_segments(shown: Window, trainer: TrainWindow, qtbot: QtBot) -> None:
    assert trainer.learns.shown.isEnabled()
    qtbot.mouseClick(trainer.start, LEFT)
    assert not trainer.start.isEnabled()
    assert "Train small" in [job.title for job in shown.jobs.running]
    qtbot.waitUntil(lambda: bool(trainer.curve.scores) and len(trainer.curve.losses) > 3, timeout=LONG_MS)
    assert "macro_f1" in trainer.curve.scores
    qtbot.mouseClick(trainer.stop, LEFT)
    with qtbot.waitSignal(trainer.finished, timeout=LONG_MS):
        pass
    assert "small" in models()
    assert not unfinished()
    panel = shown.segment_panel
    assert panel.model.currentData() == "small"
    panel.about.setChecked(True)
    qtbot.waitUntil(lambda: "Learnt from" in panel.card.text(), timeout=LONG_MS)
    panel.about.setChecked(False)
    before = shown.document.state.segmentation
    panel.bits.setCurrentIndex(1)
    panel.voxel_size.setValue(10.0)
    qtbot.mouseClick(panel.button, LEFT)
    qtbot.waitUntil(lambda: shown.document.state.segmentation is not before and not shown.jobs.running, timeout=LONG_MS)
    result = shown.document.state.segmentation
    panel.bits.setCurrentIndex(0)
    panel.voxel_size.setValue(0.0)
    assert result.bits == 16
    assert result.grid == shown.document.state.volume.grid  # where the tomogram is, whatever the network was told
    assert "10 Å" in result.provenance["notes"][-1]
    assert np.abs(result.probabilities().sum(axis=0) - 1).max() < 0.01
    shown.document.undo_stack.undo()
    assert shown.document.state.segmentation is before
    panel.model.setCurrentIndex(0)
    rest(qtbot, shown)


def test_a_cancelled_training_leaves_no_model_and_can_go_on(shown: Window, trainer: TrainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(trainer.start, LEFT)
    qtbot.waitUntil(lambda: bool(trainer.curve.scores), timeout=LONG_MS)
    qtbot.mouseClick(trainer.cancel, LEFT)
    qtbot.waitUntil(lambda: trainer.training is None, timeout=LONG_MS)
    assert "small" not in models()
    assert list(unfinished()) == ["small"]
    stopped = max(step for step, _ in trainer.curve.scores["macro_f1"])
    shown.document.show(segmentation=None)  # what it learns from was kept
    trainer.forms["unet"].show_values({"f_maps": 4})
    trainer.again.setCurrentIndex(trainer.again.findData("small"))
    trainer.again.activated.emit(trainer.again.currentIndex())
    assert trainer.forms["unet"].value().f_maps == 2
    assert trainer.curve.scores
    trainer.forms["unet"].show_values({"steps": int(stopped) + 4})
    qtbot.mouseClick(trainer.start, LEFT)
    with qtbot.waitSignal(trainer.finished, timeout=LONG_MS):
        pass
    assert trainer.curve.losses[-1][0] == stopped + 4
    assert trainer.curve.losses[0][0] <= stopped
    assert not unfinished()


def test_a_stopped_training_is_deleted_with_all_it_left(shown: Window, trainer: TrainWindow, qtbot: QtBot) -> None:
    run = TrainingRun("old", "unet", shown=True)
    run.keep()
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "checkpoint.pt").write_bytes(bytes(3_000_000))
    trainer._list_runs()
    assert not trainer.stopped.isHidden()
    assert not trainer.stopped.delete.isEnabled()
    trainer.again.setCurrentIndex(trainer.again.findData("old"))
    assert trainer.again.currentText() == "old, today, 3 MB"
    for answer, stays in (("Cancel", True), ("Delete", False)):
        qtbot.mouseClick(trainer.stopped.delete, LEFT)
        box = next(found for found in trainer.findChildren(QMessageBox) if found.isVisible())
        qtbot.mouseClick(next(button for button in box.buttons() if button.text().replace("&", "") == answer), LEFT)
        assert run.folder.exists() is stays
    assert trainer.stopped.isHidden()
    assert not unfinished()


def test_what_cannot_begin_says_why(shown: Window, trainer: TrainWindow, qtbot: QtBot) -> None:
    trainer.learns.shown.setChecked(False)
    for name, sentence in (("small", "nothing to learn from"), ("unet", "already"), ("../up", "cannot be the name")):
        trainer.name.setText(name)
        qtbot.mouseClick(trainer.start, LEFT)
        box = next(box for box in trainer.findChildren(QMessageBox) if box.isVisible())
        assert sentence in box.text()
        box.close()
        box.deleteLater()
        assert trainer.training is None


PLUGIN = '''
from dataclasses import dataclass
from typing import ClassVar
import os, signal
from volviz.core.annotations import Stroke

@dataclass(frozen=True)
class Scribbler:
    """Learns from scribbles, or would."""
    needs: ClassVar = (Stroke,)
    trees: int = 100
    """How many trees it grows."""
    def fit(self, examples, run):
        run.report(0.5, "growing", step=1, loss=0.25)
        assert [type(a) for a in examples[0].annotations if isinstance(a, Stroke)]
        os.kill(os.getpid(), signal.SIGSEGV)
'''


def test_a_method_of_a_plug_in_has_its_form_and_its_crash_is_a_sentence(
    shown: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from volviz.core.annotations import Stroke

    info = tmp_path / "plugin" / "scribbler-1.0.dist-info"
    info.mkdir(parents=True)
    (tmp_path / "plugin" / "scribbler.py").write_text(textwrap.dedent(PLUGIN))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scribbler\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[volviz.segmenters]\nscribbler = scribbler:Scribbler\n")
    monkeypatch.syspath_prepend(str(tmp_path / "plugin"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    trainer = TrainWindow(shown.document, shown.jobs)
    qtbot.addWidget(trainer)
    qtbot.waitUntil(lambda: "scribbler" in trainer.forms, timeout=LONG_MS)
    trainer.method.setCurrentIndex(trainer.method.findData("scribbler"))
    assert trainer.forms["scribbler"].fields["trees"].widget.toolTip().startswith("How many trees it grows.")
    assert "scribbles" in trainer.about.text()
    assert not trainer.learns.simulated.isEnabled()  # simulations have no scribbles
    assert not trainer.learns.shown.isEnabled()
    shown.document.change("Scribble", annotations=(Stroke(((0.0, 0.0, 0.0),), 30.0, "membrane"),))
    assert trainer.learns.shown.isEnabled()
    trainer.learns.shown.setChecked(True)
    trainer.show()
    with qtbot.waitSignal(shown.jobs.failed, timeout=LONG_MS) as failed:
        qtbot.mouseClick(trainer.start, LEFT)
    assert "SIGSEGV" in str(failed.args[1])
    assert trainer.curve.losses == [(1.0, 0.25)]
    assert not list((tmp_path / "data").rglob("*.safetensors"))
    assert not list((tmp_path / "data").rglob("run.json"))  # nothing of it can go on
    trainer.close_threads()
