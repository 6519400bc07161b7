"""What a person finds with nothing open: where to drop, the demo, and what was open last."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.gui import settings
from volviz.gui.recent import look
from volviz.gui.welcome import Welcome
from volviz.io import save

pytestmark = pytest.mark.gui


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    volume = Volume(Grid((64, 96, 128), (10.0, 10.0, 10.0)), np.zeros((64, 96, 128), np.float32))
    save(volume, tmp_path / "small.mrc")
    (tmp_path / "odd.mrc").write_bytes(b"no")
    (tmp_path / "view.volviz").write_text("{}")
    (tmp_path / "classes_segmentation.zarr").mkdir()
    for name, day in (("small.mrc", 3), ("odd.mrc", 2), ("view.volviz", 1)):
        noon = datetime(2025, 3, day, 12).timestamp()
        os.utime(tmp_path / name, (noon, noon))
    return [tmp_path / name for name in ("small.mrc", "odd.mrc", "view.volviz", "classes_segmentation.zarr", "gone.mrc")]


def test_what_was_open_is_told_in_words(paths: list[Path]) -> None:
    found = look([(path,) for path in paths], date(2025, 3, 3))
    assert found[0].about == "Tomogram, 128 × 96 × 64, 3 MB, today"
    assert found[1].about == "Tomogram, yesterday"
    assert found[2].about == "Session, 1 March"
    assert found[3].about.startswith("Segmentation, ")
    assert found[4].about == "Tomogram, no longer there"
    assert [one.there for one in found] == [True, True, True, True, False]
    pair, lost = look([(paths[0], paths[3]), (paths[0], paths[4])], date(2025, 3, 3))
    assert (pair.title, pair.about) == ("small.mrc + 1 file", "Tomogram, 128 × 96 × 64, 3 MB, today")
    assert pair.paths == (paths[0], paths[3])
    assert not lost.there
    assert lost.about == "gone.mrc is no longer there"


def test_what_was_open_together_is_one_entry(qapp: QApplication, paths: list[Path]) -> None:
    settings.settings().remove("recent")
    for entry in ([paths[0]], [paths[2]], [paths[0], paths[3]], [paths[0]], [paths[0], paths[3]]):
        settings.remember(entry)
    assert settings.recent() == [(paths[0], paths[3]), (paths[2],)]
    settings.settings().remove("recent")


def test_what_is_gone_is_grey_and_the_rest_opens(qtbot: QtBot, paths: list[Path]) -> None:
    welcome = Welcome()
    qtbot.addWidget(welcome)
    welcome.set_recent(look([(path,) for path in paths]))
    welcome.show()
    assert [link.isEnabled() for link in welcome.links] == [True, True, True, True, False]
    chosen: list[tuple[Path, ...]] = []
    welcome.recent_chosen.connect(chosen.append)
    for link in (welcome.links[-1], welcome.links[0]):
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert chosen == [(paths[0],)]
    with qtbot.waitSignal(welcome.open_asked, timeout=1000):
        qtbot.mouseClick(welcome.place, Qt.MouseButton.LeftButton)
