"""The list of jobs, and closing while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QMessageBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from volviz.core.atomic import replacing
from volviz.core.report import Report
from volviz.gui.joblist import EndedRow, JobList, RunningRow
from volviz.gui.jobs import Jobs
from volviz.gui.window import Window

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(900, 600)
    jobs = Jobs()
    window.statusBar().addPermanentWidget(jobs)
    window.show()
    qtbot.waitExposed(window)
    yield jobs
    window.close()


def shown_list(jobs: Jobs, qtbot: QtBot) -> JobList:
    qtbot.mouseClick(jobs.button, LEFT)
    (found,) = jobs.window().findChildren(JobList)
    assert found.isVisible()
    assert jobs.window().rect().contains(found.geometry())
    return found


def endless(report: Report, until: threading.Event) -> None:
    while not until.wait(0.005):
        report(0.4, "drawing")


def test_what_runs_can_be_seen_and_cancelled_each_by_itself(qtbot: QtBot, jobs: Jobs) -> None:
    end = threading.Event()
    first, second = (jobs.start(title, lambda report: endless(report, end)) for title in ("Save video", "Segment"))
    listed = shown_list(jobs, qtbot)
    assert jobs.button.text() == "2 jobs"
    row = listed.rows[first]
    assert isinstance(row, RunningRow)
    qtbot.waitUntil(lambda: row.text.text() == "Drawing" and row.time.text().startswith("40 %, ") and row.bar.value() == 400)
    with qtbot.waitSignal(first.cancelled, timeout=5000):
        qtbot.mouseClick(row.cancel, LEFT)
    qtbot.waitUntil(lambda: list(listed.rows) == [second])
    assert not second.cancelling
    end.set()
    qtbot.waitUntil(lambda: not listed.rows)
    assert not jobs.button.isVisible()


def test_finished_files_can_be_opened_found_and_forgotten(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    class Opener(QObject):
        @Slot(QUrl)
        def open(self, url: QUrl) -> None:
            asked.append(Path(url.toLocalFile()))

    asked: list[Path] = []
    opener = Opener()
    QDesktopServices.setUrlHandler("file", opener, "open")
    path = tmp_path / "view.png"

    def work(report: Report) -> Path:
        path.write_bytes(b"0" * 2500)
        return path

    try:
        job = jobs.start("Save still", work)
        qtbot.waitUntil(lambda: jobs.ended == [job])
        row = shown_list(jobs, qtbot).rows[job]
        assert isinstance(row, EndedRow)
        assert row.text.text().startswith("view.png, 2.5 kB, took")
        qtbot.mouseClick(row.buttons["Open"], LEFT)
        qtbot.mouseClick(row.buttons["Show in folder"], LEFT)
        assert asked == [path, tmp_path]
        qtbot.mouseClick(row.buttons["Copy path"], LEFT)
        assert QGuiApplication.clipboard().text() == str(path)
        path.unlink()
        qtbot.mouseClick(row.buttons["Open"], LEFT)
        (box,) = jobs.window().findChildren(QMessageBox)
        assert "not there any more" in box.text()
        box.close()
        assert len(asked) == 2
    finally:
        QDesktopServices.unsetUrlHandler("file")
    (forget,) = [button for button in row.findChildren(QToolButton) if button.text() == "×"]
    qtbot.mouseClick(forget, LEFT)
    assert jobs.ended == []


def test_why_something_failed_can_be_read_and_copied_later(qtbot: QtBot, jobs: Jobs) -> None:
    def work(report: Report) -> None:
        raise RuntimeError("the cable is loose")

    job = jobs.start("Save video", work)
    qtbot.waitUntil(lambda: jobs.ended == [job])
    row = shown_list(jobs, qtbot).rows[job]
    assert "the cable is loose" in row.text.text()
    qtbot.mouseClick(row.buttons["Details"], LEFT)
    (box,) = jobs.window().findChildren(QMessageBox)
    (copy,) = [button for button in box.findChildren(QPushButton) if button.text() == "Copy details"]
    qtbot.mouseClick(copy, LEFT)
    assert "RuntimeError: the cable is loose" in QGuiApplication.clipboard().text()
    box.close()


def test_what_came_to_nothing_and_what_left_nothing_is_not_listed(qtbot: QtBot, jobs: Jobs) -> None:
    jobs.start("Open", lambda report: object())
    jobs.start("Save", lambda report: endless(report, threading.Event())).cancel()
    qtbot.waitUntil(lambda: not jobs.running)
    assert jobs.ended == []


@pytest.mark.display
def test_closing_asks_while_something_runs_and_leaves_nothing_half_written(qapp: object, qtbot: QtBot, tmp_path: Path) -> None:
    shown = Window()  # of its own: the one of all tests must not close
    shown.show()
    qtbot.waitExposed(shown)
    target = tmp_path / "out.mrc"

    def work(report: Report) -> None:
        with replacing(target) as partial:
            partial.write_bytes(b"half")
            endless(report, threading.Event())

    job = shown.jobs.start("Save video", work)
    qtbot.waitUntil(lambda: job.fraction > 0)
    for answer, closes in (("Keep running", False), ("Stop and close", True)):
        shown.close()
        (box,) = [box for box in shown.findChildren(QMessageBox) if box.isVisible()]
        assert "Save video: 40 %" in box.informativeText()
        (button,) = [button for button in box.buttons() if button.text().replace("&", "") == answer]
        qtbot.mouseClick(button, LEFT)
        qtbot.waitUntil(lambda closes=closes: shown.isVisible() != closes)
        assert job.cancelling == closes
        assert [p.suffix for p in tmp_path.iterdir()] == ([] if closes else [".mrc"])
    qtbot.waitUntil(lambda: not shown.jobs.running)
    shown.deleteLater()


def test_no_row_is_cut_off_at_the_side_while_the_list_grows_and_shrinks(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    end = threading.Event()
    jobs.start("Save video", lambda report: endless(report, end))
    for number in range(12):
        with qtbot.waitSignal(jobs.start(f"Export still {number}", lambda _: None, files=[tmp_path / f"{number}.png"]).ended):
            pass
    listed = shown_list(jobs, qtbot)
    room = listed._scroll.viewport()

    def whole() -> bool:
        return all(row.mapTo(room, row.rect().topRight()).x() < room.width() for row in listed.rows.values())

    for left in (12, 5, 4, 3):
        jobs.forget(jobs.ended[left:])
        qtbot.wait(300)
        assert whole()
        assert listed._scroll.verticalScrollBar().isVisible() == (left == 12)
        assert listed._holder.height() <= room.height() or left == 12
    end.set()
