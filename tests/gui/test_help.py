"""Finding one's way: the palette, keys, documents, versions, the first tour, and what empty panels say."""

from __future__ import annotations

import sys

import pytest
from conftest import PATIENCE_MS
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from volviz.core.annotations import Stroke
from volviz.gui import settings
from volviz.gui.actions import ENTRIES
from volviz.gui.help.about import ASKING, About
from volviz.gui.help.commands import commands
from volviz.gui.help.fuzzy import fit
from volviz.gui.help.keys import KeysDialog, all_keys
from volviz.gui.help.manual import Manual, pages
from volviz.gui.help.palette import Palette
from volviz.gui.help.tour import SEEN, STEPS, Tour, beside
from volviz.gui.rooms import LOWER, UPPER
from volviz.gui.window import Window

pytestmark = pytest.mark.gui
display = pytest.mark.display


def test_letters_find_the_likeliest_name_first() -> None:
    names = ["Save session", "Show everything", "Slices", "Softness of the light", "Scale bar", "Orthographic"]

    def best(typed: str) -> str | None:
        fits = {name: fit(typed, name) for name in names}
        found = {name: value for name, value in fits.items() if value is not None}
        return max(found, key=found.__getitem__) if found else None

    assert best("zoom") is None
    assert best("sess") == "Save session"
    assert best("sb") == "Scale bar"
    assert best("light soft") == "Softness of the light"
    assert best("ortho") == "Orthographic"
    assert fit("", "anything") is not None


@display
def test_every_action_is_told_with_its_key(window: Window) -> None:
    told = {keys for rows in all_keys().values() for keys, _ in rows}
    assert {entry.keys for entry in ENTRIES if entry.keys} <= told
    window.actions_by_id["help.shortcuts"].trigger()
    dialog = window.findChild(KeysDialog)
    dialog.line.setText("crosshair")
    group = [dialog.list.topLevelItem(i) for i in range(dialog.list.topLevelItemCount())]
    shown = [item.child(j).text(1) for item in group for j in range(item.childCount()) if not item.child(j).isHidden()]
    assert shown
    assert "Move the crosshair" in shown
    assert len(shown) < 12


@display
def test_the_palette_does_what_its_letters_find(shown: Window, qtbot: QtBot) -> None:
    shown.actions_by_id["help.palette"].trigger()
    palette = shown.findChild(Palette)
    assert palette.isVisible()
    qtbot.keyClicks(palette.line, "orthog")
    assert palette.list.topLevelItem(0).text(2) == "O"
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown.document.state.camera.orthographic_height is not None)
    qtbot.waitUntil(lambda: not shown.findChildren(Palette))


@display
def test_the_palette_reaches_the_controls_of_panels(shown: Window, qtbot: QtBot) -> None:
    shown.activateWindow()
    shown.docks["Classes"].raise_()
    shown.actions_by_id["help.palette"].trigger()
    palette = [found for found in shown.findChildren(Palette) if found.isVisible()][-1]
    qtbot.keyClicks(palette.line, "first slice segment")
    first = palette.list.topLevelItem(0)
    assert (first.text(0), first.text(1)) == ("First slice", "Segment")
    qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=palette.list.visualItemRect(first).center())
    box = next(box for box in shown.segment_panel.findChildren(QSpinBox) if box.accessibleName() == "First slice")
    qtbot.waitUntil(lambda: box.isVisible() and shown.focusWidget() is box)


@display
def test_what_cannot_be_done_is_grey_and_says_why(window: Window, qtbot: QtBot) -> None:
    window.actions_by_id["help.palette"].trigger()
    palette = [found for found in window.findChildren(Palette) if found.isVisible()][-1]
    qtbot.keyClicks(palette.line, "still")
    first = palette.list.topLevelItem(0)
    assert first.text(0) == "Still"
    assert "Open a tomogram first" in first.text(1)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()
    palette.close()
    assert "Open a tomogram first" in window.actions_by_id["file.still"].toolTip()


@display
def test_the_palette_and_the_menus_agree_on_what_can_be_done(shown: Window) -> None:
    stroke = Stroke(((0.0, 200.0, 100.0),), 25.0, "spikes")
    for marks in ((stroke,), ()):
        shown.document.show(annotations=marks)
        found = {(command.title, command.where): command for command in commands(shown)}
        for entry in ENTRIES:
            action = shown.actions_by_id[entry.id]
            if entry.id != "help.palette":
                title = action.text().removesuffix("…").replace("&", "")
                command = found[title, entry.menu.replace("/", " › ")]
                assert bool(command.lacks) != action.isEnabled(), entry.id


@display
def test_about_tells_the_driver_at_once_and_cuda_when_it_answers(shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volviz.gui.help.about.QUESTION", "print('off: only a test')")
    shown.actions_by_id["help.about"].trigger()
    about = shown.findChild(About)
    assert about.isVisible()
    assert f"OpenGL {shown.viewport.gl_strings()[1]}" in about.text.toPlainText()
    assert ASKING in about.text.toPlainText()
    qtbot.waitUntil(lambda: "CUDA off: only a test" in about.text.toPlainText(), timeout=PATIENCE_MS)
    about.close()


def test_asking_about_cuda_loads_no_torch_here() -> None:
    from volviz.gui.help import about

    before = "torch" in sys.modules
    assert about.cuda().startswith("CUDA o")
    assert ("torch" in sys.modules) == before


@display
def test_documents_are_read_without_a_network(window: Window) -> None:
    assert next(iter(pages())) == "Introduction"
    assert len(pages()) > 5
    window.actions_by_id["help.manual"].trigger()
    manual = window.findChild(Manual)
    assert "cryo-electron tomograms" in manual.page.toPlainText()
    for row in range(manual.list.count()):
        manual.list.setCurrentRow(row)
        assert len(manual.page.toPlainText()) > 200
    manual.list.setCurrentRow(0)
    blocks = [block for i in range(manual.page.document().blockCount()) if (block := manual.page.document().findBlockByNumber(i)).isValid()]
    assert not any(block.blockFormat().nonBreakableLines() for block in blocks)  # long lines of code go on below
    manual.close()


@display
def test_the_tour_goes_from_one_real_thing_to_the_next(shown: Window, qtbot: QtBot) -> None:
    shown.resize(1200, 760)
    shown.actions_by_id["help.tour"].trigger()
    tour = shown.findChildren(Tour)[-1]
    for at in range(len(STEPS)):
        assert tour.note.isVisible()
        about = STEPS[at].about(shown)
        ring = QRect(about.mapTo(shown, QPoint()), about.size())
        assert tour.ring.geometry().adjusted(-3, -3, 3, 3).contains(ring & shown.rect())
        assert shown.rect().contains(tour.note.geometry())
        qtbot.mouseClick(tour.note.next, Qt.MouseButton.LeftButton)
    assert tour.done
    assert not any(found for found in shown.findChildren(Tour) if not found.done)


@display
def test_the_tour_is_offered_once(shown: Window, qtbot: QtBot) -> None:
    settings.settings().remove(SEEN)
    Tour.offer(shown)
    tour = shown.findChildren(Tour)[-1]
    # On a real keyboard the shortcuts are asked first, and Esc is one of them.
    asked = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    asked.ignore()
    QApplication.sendEvent(tour.note.next, asked)
    assert asked.isAccepted()
    qtbot.keyClick(tour.note.next, Qt.Key.Key_Escape)
    assert tour.done
    Tour.offer(shown)
    assert all(found.done for found in shown.findChildren(Tour))


def test_a_note_covers_neither_its_subject_nor_leaves_the_window() -> None:
    room, note = QRect(0, 0, 1000, 700), QRect(0, 0, 300, 120)
    for area in (QRect(700, 100, 290, 400), QRect(5, 100, 200, 400), QRect(100, 5, 800, 40)):
        placed = QRect(beside(area, note, room), note.size())
        assert room.contains(placed)
        assert not placed.intersects(area)
    assert room.contains(QRect(beside(room, note, room), note.size()))


@display
def test_empty_panels_say_what_to_do(window: Window, qtbot: QtBot) -> None:
    window.furnish()
    for name in (*UPPER, *LOWER):  # not the list of changes, which has "As opened" to show
        dock = window.docks[name]
        hidden = dock.isHidden()
        dock.show()
        dock.raise_()
        said = [label.text() for label in dock.findChildren(QLabel) if label.isVisible()]
        assert any("pen " in text or "drop" in text for text in said), name
        assert not any(button.isVisible() and button.isEnabled() and button.text() == "Set" for button in dock.findChildren(QPushButton))
        dock.setHidden(hidden)
    assert not [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
