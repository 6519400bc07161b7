"""Segment shows what made the classes that were opened, with its settings; the panel of classes offers ways to some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from volviz.gui import files
from volviz.gui.document import Document, State
from volviz.gui.panels import segment
from volviz.gui.panels.segment import Choice, SegmentPanel, Wish
from volviz.gui.widgets.name_box import NameBox
from volviz.gui.window import Window

pytestmark = pytest.mark.gui

LEFT = Qt.MouseButton.LeftButton
SAID = {"model": "mine", "method": "unet", "weights_sha256": "bb", "augment": 4, "z": [3, 20], "told_voxel_size": 12.5, "notes": ()}


@pytest.fixture
def panel(document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmentPanel]:
    document.open(State())
    monkeypatch.setattr(segment, "choices", lambda: [Choice("unet", "unet", "", "aa"), Choice("mine", "mine", "", "bb")])
    panel = SegmentPanel(document)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close_threads()


def reopened(state: State, **said: Any) -> State:
    """A session whose classes lie in a file, and say this of how they were made."""
    volume = replace(state.volume, data=state.volume.data.copy())
    return replace(state, volume=volume, segmentation=replace(state.segmentation, provenance={**SAID, "file": "there.zarr", **said}))


def wish(panel: SegmentPanel, qtbot: QtBot) -> Wish:
    with qtbot.waitSignal(panel.started) as started:
        panel.button.click()
    return started.args[0]


def test_what_was_opened_is_shown_with_all_its_settings(panel: SegmentPanel, document: Document, state: State, qtbot: QtBot) -> None:
    document.open(reopened(state))
    assert wish(panel, qtbot) == Wish("mine", augment=4, z=(3, 20), voxel_size=12.5)
    assert "The classes shown" not in panel._notes.text()
    document.open(reopened(state, model="renamed since", augment=1, z=None, told_voxel_size=None))  # the weights tell
    assert wish(panel, qtbot) == Wish("mine")


@pytest.mark.parametrize(
    ("said", "sentence", "model"),
    [
        ({"model": "theirs", "weights_sha256": "cc"}, "made by theirs, which is not among the models here", "unet"),
        ({"weights_sha256": "cc"}, "made by other weights than those that are called mine now", "mine"),
        ({"model": "docs", "method": "scribble-forest", "weights_sha256": ""}, "learnt from scribbles", "unet"),
    ],
)
def test_what_is_not_here_any_more_is_said(
    panel: SegmentPanel, document: Document, state: State, said: dict[str, str], sentence: str, model: str
) -> None:
    document.open(reopened(state, **said))
    assert sentence in panel._notes.text()
    assert panel._notes.isVisible()
    assert panel.model.currentData() == model
    document.change("Segment", segmentation=replace(state.segmentation, data=state.segmentation.data.copy()))
    assert sentence not in panel._notes.text()


def test_weights_that_lay_in_a_file_are_found_there(
    panel: SegmentPanel, document: Document, state: State, qtbot: QtBot, tmp_path: Path
) -> None:
    from volviz.assets import asset

    path = tmp_path / "copy.safetensors"
    for suffix in (".safetensors", ".json"):
        path.with_suffix(suffix).write_bytes(asset(f"resources/weights/unet{suffix}").read_bytes())
    sha256 = segment.weights_of(str(path))
    document.open(reopened(state, model="unet", weights_sha256=sha256, weights=str(path)))
    qtbot.waitUntil(lambda: panel.model.currentData() == str(path), timeout=PATIENCE_MS)
    assert panel.model.currentText() == "copy.safetensors"
    assert "The classes shown" not in panel._notes.text()
    count = panel.model.count()
    path.with_suffix(".json").unlink()
    document.open(reopened(state, model="gone", weights_sha256="dd", weights=str(tmp_path / "gone.safetensors")))
    assert "made by gone" in panel._notes.text()
    assert panel.model.count() == count


def test_a_result_of_its_own_leaves_the_next_run_as_it_was_prepared(
    panel: SegmentPanel, document: Document, state: State, qtbot: QtBot
) -> None:
    document.open(replace(state, segmentation=None))
    panel.views.setCurrentIndex(2)
    panel.first.setValue(7)
    document.change("Segment", segmentation=replace(state.segmentation, provenance=SAID))
    document.show(segmentation=replace(document.state.segmentation, provenance={**SAID, "file": "saved.zarr"}))  # saving says where
    assert wish(panel, qtbot) == Wish("unet", augment=8, z=(6, 24))
    other = replace(state.volume, data=state.volume.data.copy())
    document.open(replace(state, volume=other, segmentation=None))  # its specimen lies elsewhere, though it has as many slices
    assert wish(panel, qtbot).z is None


def test_of_a_long_name_both_ends_are_seen(qtbot: QtBot) -> None:
    box = NameBox("A model")
    qtbot.addWidget(box)
    name = "spikes_in_ice_of_the_third_grid_2026-05-11_fine_tuned_v12"
    box.addItem(name)
    box.resize(150, 26)
    box.show()
    assert box.shown_text.startswith("spikes")
    assert box.shown_text.endswith("v12")
    assert "…" in box.shown_text
    assert box.fontMetrics().horizontalAdvance(box.shown_text) < 130
    box.showPopup()
    assert box.view().width() > box.fontMetrics().horizontalAdvance(name)
    box.hidePopup()
    box.resize(700, 26)
    assert box.shown_text == name


@pytest.mark.display
def test_three_ways_to_classes_each_a_button(window: Window, qtbot: QtBot, ball_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with qtbot.waitSignal(window.document.changed, timeout=PATIENCE_MS):
        window.open_paths([ball_file])
    none = window.classes_panel.none
    assert none.isVisible()
    asked: list[str] = []
    monkeypatch.setattr(files, "ask_add_classes", lambda _: asked.append("volumes"))
    qtbot.mouseClick(none.volumes, LEFT)
    assert asked == ["volumes"]
    monkeypatch.setattr(files, "with_place", lambda _, wish: asked.append(wish.model))  # nothing is segmented
    qtbot.mouseClick(none.segment, LEFT)
    assert asked == ["volumes", "fake"]
    qtbot.mouseClick(none.scribble, LEFT)
    try:
        assert window.annotating.tool == "scribble"
        assert window.learning.on
        assert window.learn_panel.isVisible()
    finally:
        window.learning.switch(False)
        window.annotating.take(None)
