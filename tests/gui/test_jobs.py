"""Work in threads: progress, cancelling, errors."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from volviz.core.errors import VolvizError
from volviz.core.report import Report
from volviz.gui.jobs import Job, Jobs, duration
from volviz.gui.latest import Latest

pytestmark = pytest.mark.gui


@pytest.fixture
def jobs(qtbot: QtBot) -> Jobs:
    jobs = Jobs()
    qtbot.addWidget(jobs)
    jobs.show()
    return jobs


def test_the_result_arrives_in_the_thread_of_the_window(qtbot: QtBot, jobs: Jobs) -> None:
    got: list[object] = []
    jobs.start("Add", lambda report: 1 + 1, lambda result: got.append((result, threading.current_thread())))
    qtbot.waitUntil(lambda: not jobs.running)
    assert got == [(2, threading.main_thread())]


def test_cancel_reaches_the_work_through_its_report(qtbot: QtBot, jobs: Jobs) -> None:
    left_behind: list[str] = []

    def work(report: Report) -> None:
        left_behind.append("half")
        try:
            for step in range(100_000):
                report(step / 100_000, "counting")
                threading.Event().wait(0.005)
        finally:
            left_behind.clear()

    job = jobs.start("Count", work, lambda _: left_behind.append("finished"))
    (button,) = [button for button in jobs.findChildren(QToolButton) if button.text() == "Cancel"]
    with qtbot.waitSignals([job.cancelled, job.ended], timeout=5000):
        qtbot.waitUntil(lambda: job.fraction > 0)
        button.click()
    assert left_behind == []


def test_what_was_asked_to_stop_has_no_result_though_it_was_done_before_it_heard(qtbot: QtBot, jobs: Jobs) -> None:
    got: list[object] = []
    begun, go = threading.Event(), threading.Event()

    def work(report: Report) -> int:
        begun.set()
        go.wait(5)
        return 1

    job = jobs.start("Open", work, got.append)
    qtbot.waitUntil(begun.is_set)
    job.cancel()
    with qtbot.waitSignals([job.cancelled, job.ended], timeout=5000):
        go.set()
    assert got == []


def test_after_its_end_nothing_is_asked_of_a_thread(qtbot: QtBot) -> None:
    latest, got = Latest(), []
    latest.close()
    latest.ask(lambda: 1, got.append)
    qtbot.wait(50)
    assert got == []


def test_an_error_says_which_work_failed(qtbot: QtBot, jobs: Jobs) -> None:
    def work(report: Report) -> None:
        raise VolvizError("The disk is full; free some space.")

    with qtbot.waitSignal(jobs.failed, timeout=5000) as caught:
        jobs.start("Save", work)
    assert caught.args is not None
    assert caught.args[0] == "Save"
    assert str(caught.args[1]) == "The disk is full; free some space."
    qtbot.waitUntil(lambda: not jobs.running)


def test_who_starts_work_hears_its_end_however_soon_it_comes(qtbot: QtBot, jobs: Jobs) -> None:
    heard: list[str] = []
    for _ in range(20):
        job = jobs.start("Nothing", lambda report: None)
        threading.Event().wait(0.001)
        job.succeeded.connect(lambda _: heard.append("succeeded"))
        job.ended.connect(lambda: heard.append("ended"))
    qtbot.waitUntil(lambda: not jobs.running)
    qtbot.waitUntil(lambda: heard.count("ended") == heard.count("succeeded") == 20)


def test_work_cancelled_before_it_began_never_begins(qtbot: QtBot, jobs: Jobs) -> None:
    done: list[str] = []
    jobs.start("Late", lambda report: done.append("worked"))
    assert jobs.cancel_all()
    qtbot.waitUntil(lambda: not jobs.running)
    assert done == []


def test_cancel_all_waits_until_everything_has_stopped(qtbot: QtBot, jobs: Jobs) -> None:
    def work(report: Report) -> None:
        while True:
            report(0.5)
            threading.Event().wait(0.005)

    started = [jobs.start(f"Job {i}", work) for i in range(3)]
    assert jobs.cancel_all()
    assert not any(job.running for job in started)
    qtbot.waitUntil(lambda: not jobs.running)


def test_the_time_left_follows_the_pace_of_the_work_proper_and_counts_down_between_two_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)

    def heard(seconds: float, fraction: float, text: str) -> float | None:
        clock.now += seconds
        job.report(fraction, text)
        return job.seconds_left

    job = Job("Segment", lambda _: None)
    assert heard(0, 0.0, "loading the model") is None
    assert heard(30, 0.0, "segmenting") is None  # from here on it is the work that takes time
    assert heard(5, 0.0, "segmenting") is None
    assert heard(5, 0.1, "segmenting") == pytest.approx(90)
    assert heard(4, 0.1, "segmenting") == pytest.approx(86)  # a layer that is not done yet
    assert heard(6, 0.2, "segmenting") == pytest.approx(80)
    assert heard(200, 0.2, "segmenting") == pytest.approx(880)  # it has become slower: not "0 s left" at a fifth of the way


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (59.4, "59 s"), (61, "1:01 min"), (3725, "1:02 h")])
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
