from __future__ import annotations

import errno
import mmap
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from volviz.core import room
from volviz.core.annotations import Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.zarr_writer import ZarrSink
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.protocol import Run
from volviz.tasks import live_work
from volviz.tasks.live import Began, Done, Event, Failed, Learnt, Live, Progress, Suggested, Waiting, Wrote

FEW = ScribbleForest(features="smoothed, gradient, hessian 1.6", trees=20)
CENTRE = np.array([300.0, 230.0, 340.0])  # x, y, z
INSIDE = Stroke(((250.0, 230.0, 340.0), (350.0, 230.0, 340.0)), 25.0, "lumen")
OUTSIDE = Stroke(((60.0, -20.0, 150.0), (560.0, -20.0, 150.0)), 25.0, "background")
MEMBRANE = Stroke(((300.0, 230.0, 180.0), (300.0, 235.0, 180.0)), 20.0, "membrane")


def ball(voxel: tuple[float, float, float] = (10.0, 10.0, 10.0), seed: int = 0) -> Volume:
    """A dark ball in noise, off the middle of a volume off the origin; no two axes are equal."""
    grid = Grid(tuple(round(n / v) for n, v in zip((660.0, 560.0, 600.0), voxel, strict=True)), voxel, (100.0, -50.0, 30.0))
    xyz = grid.to_world(np.stack(np.indices(grid.shape), axis=-1))
    inside = np.linalg.norm(xyz - CENTRE, axis=-1) < 160
    noise = np.random.default_rng(seed).standard_normal(grid.shape)
    return Volume(grid, (noise * 0.5 - 2.0 * inside).astype(np.float32), name="ball")


class Heard:
    """Listens, and lets a test wait for an event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def wait(self, kind: type, count: int = 1) -> Event:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count or self.of(Failed), 300)
        assert not self.of(Failed), self.of(Failed)
        return self.of(kind)[count - 1]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def live(heard: Heard, tmp_path: Path) -> Iterator[Live]:
    with Live(ball(), FEW, listen=heard, device="cpu", dense_is_dark=True, folder=tmp_path) as session:
        yield session


def test_the_first_features_are_told_of_before_anything_is_learnt(live: Live, heard: Heard) -> None:
    live.learn([INSIDE, OUTSIDE])
    heard.wait(Learnt)
    first = next(event for event in heard.events if isinstance(event, Learnt))
    before = heard.events[: heard.events.index(first)]
    told = [event for event in before if isinstance(event, Progress)]
    assert [event.text for event in told][:1] == ["features of what is marked"]
    assert all(event.fraction < 1 for event in told)


@pytest.mark.parametrize("voxel", [(10.0, 10.0, 10.0), (8.0, 13.0, 10.0)])
def test_what_fills_up_is_what_the_method_predicts(voxel: tuple[float, float, float], tmp_path: Path) -> None:
    volume = ball(voxel)
    run = Run(device="cpu", dense_is_dark=True)
    with Live(volume, FEW, device="cpu", dense_is_dark=True, folder=tmp_path) as live:
        live.learn([INSIDE, OUTSIDE])
        found = live.result()
        assert live.predictor is not None
        same_forest = live.predictor.predict(volume, run)
    predictor = FEW.fit([Example(volume, [INSIDE, OUTSIDE])], run)
    expected = predictor.predict(volume, run)
    for other in (same_forest, expected):
        assert found.provenance == other.provenance
        assert (found.grid, found.labels, found.name) == (other.grid, other.labels, other.name)
        apart = np.abs(np.asarray(found.data, int) - np.asarray(other.data, int))
        assert (found.hard() == other.hard()).mean() > 0.999
        assert apart.mean() < 1
    assert np.asarray(found.data)[1].std() > 20
    assert live.predictor.card == predictor.card


def test_views_come_first_then_the_whole_nearest_first(live: Live, heard: Heard) -> None:
    point = (300.0, 230.0, 500.0)
    live.look(point)
    live.learn([INSIDE, OUTSIDE])
    heard.wait(Done)
    z, y, x = (int(i) for i in np.rint(ball().grid.to_index(point)))
    wrote = heard.of(Wrote)
    quick = [event.region for event in wrote if event.quick]
    assert [region.start for region in quick[:3]] == [(z, 0, 0), (0, y, 0), (0, 0, x)]
    assert [region.shape for region in quick[:3]] == [(1, 56, 60), (66, 1, 60), (66, 56, 1)]
    assert len(quick) == 4
    whole = [event.region for event in wrote if not event.quick]
    assert [region.start for region in whole[:4]] == [region.start for region in quick]
    covered = np.zeros(ball().grid.shape, int)
    for region in whole[4:]:
        covered[region.slices] += 1
    assert (covered == 1).all()
    kinds = [type(event) for event in heard.events if isinstance(event, Learnt | Began | Wrote | Done)]
    assert kinds[:3] == [Learnt, Began, Wrote]
    assert [(event.quick, event.trees) for event in heard.of(Learnt)] == [(True, 16), (False, 20)]
    assert heard.of(Learnt)[0].voxels["lumen"] > 100


def test_a_stroke_interrupts_and_what_is_final_is_of_the_latest_marks(live: Live, heard: Heard) -> None:
    live.learn([INSIDE, OUTSIDE])
    heard.wait(Wrote)
    live.learn([INSIDE, OUTSIDE, MEMBRANE])
    third = live.result()
    assert [label.name for label in third.labels] == ["background", "membrane", "lumen"]
    assert len(heard.of(Done)) == 1
    assert len(heard.of(Began)) == 2
    live.learn([INSIDE, OUTSIDE])  # undone
    back = live.result()
    assert [label.name for label in back.labels] == ["background", "lumen"]
    with Live(ball(), FEW, device="cpu", dense_is_dark=True) as fresh:
        fresh.learn([INSIDE, OUTSIDE])
        assert np.array_equal(fresh.result().data, back.data)


def test_too_few_classes_are_said_and_learning_goes_on_after_it(live: Live, heard: Heard) -> None:
    live.learn([INSIDE])
    assert "only lumen is marked" in heard.wait(Waiting).sentence
    assert live.wait(60)
    with pytest.raises(VolvizError, match="only lumen is marked"):
        live.result()
    assert live.predictor is None
    live.learn([INSIDE, OUTSIDE])
    assert live.result().labels[1].name == "lumen"


def test_it_waits_while_paused_but_for_what_is_looked_at(live: Live, heard: Heard) -> None:
    live.pause()
    live.learn([INSIDE, OUTSIDE])
    assert live.wait(60)
    assert len(heard.of(Wrote)) == 4
    live.look((200.0, 100.0, 100.0))
    assert live.wait(60)
    assert len(heard.of(Wrote)) == 7  # the neighbourhood is all of it but two slices, and did not move
    assert live.fraction == 0
    with pytest.raises(VolvizError, match="not classified yet"):
        live.result()
    live.pause(False)
    assert live.result().data.shape[1:] == ball().grid.shape


def test_places_to_scribble_next_are_where_the_forest_hesitates(live: Live, heard: Heard) -> None:
    live.learn([INSIDE, OUTSIDE])
    live.result()
    live.suggest(3)
    found = heard.wait(Suggested).suggestions
    assert found.seen == 1
    assert 1 <= len(found.places) <= 3
    grid = found.uncertainty.grid
    edge = abs(np.linalg.norm(grid.to_world(np.stack(np.indices(grid.shape), axis=-1)) - CENTRE, axis=-1) - 160)
    unsure = np.asarray(found.uncertainty.data)
    assert unsure[edge < 40].mean() > 2 * unsure[edge > 100].mean()
    assert found.places[0].uncertainty > np.percentile(unsure, 90)
    assert set(found.places[0].classes) == {"background", "lumen"}


def test_without_room_for_features_it_finds_the_same(tmp_path: Path, heard: Heard) -> None:
    with Live(ball(), FEW, device="cpu", dense_is_dark=True, cache=0, listen=heard) as without:
        without.learn([INSIDE, OUTSIDE])
        data = np.asarray(without.result().data)
    with Live(ball(), FEW, device="cpu", dense_is_dark=True, folder=tmp_path) as cached:
        cached.learn([INSIDE, OUTSIDE])
        assert np.array_equal(cached.result().data, data)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with less memory than the classes of the ball take, for which they lie on its disk."""
    monkeypatch.setattr(room, "physical_memory", lambda: 2**20)


@pytest.mark.usefixtures("little_memory")
def test_classes_beyond_memory_are_on_disk_and_go_to_a_file_as_others_do(live: Live, tmp_path: Path) -> None:
    volume = ball()
    live.learn([INSIDE, OUTSIDE])
    found = live.result()
    assert live.segmentation is not None
    for data in (live.segmentation.data, found.data):
        assert isinstance(data, np.ndarray)
        assert isinstance(data.base, mmap.mmap | np.memmap)
    said = live.result(sink=ZarrSink(tmp_path / "found.zarr", volume))
    assert [path.name for path in tmp_path.iterdir()] == ["found.zarr"]  # temporary files have no name
    written = open_path(tmp_path / "found.zarr")
    assert isinstance(written, Segmentation)
    live.learn([INSIDE, OUTSIDE, MEMBRANE])  # which fills another file, and leaves those as they are
    other = live.result()
    with Live(volume, FEW, device="cpu", dense_is_dark=True, cache=0) as in_one_piece:
        in_one_piece.learn([INSIDE, OUTSIDE])
        expected = in_one_piece.result()
    assert np.array_equal(np.asarray(written.data), expected.data)
    assert np.array_equal(found.data, expected.data)
    assert (written.grid, written.labels, written.provenance) == (expected.grid, expected.labels, said.provenance)
    assert [label.name for label in other.labels] == ["background", "membrane", "lumen"]
    assert np.asarray(other.data).sum(axis=0).min() > 250  # every voxel is of some class


@pytest.mark.usefixtures("little_memory")
def test_without_room_on_disk_the_session_says_so(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    live.learn([INSIDE, OUTSIDE])
    with pytest.raises(VolvizError, match=r"no room for 434 kB of classes"):
        live.result()


def rod() -> tuple[Volume, list[Stroke]]:
    """Dark and bright halves of a volume that is as long as several chunks, and a stroke along each."""
    grid = Grid((20, 24, 300), (10.0, 10.0, 10.0))
    noise = np.random.default_rng(0).standard_normal(grid.shape)
    noise[:, 12:] -= 2
    strokes = [Stroke(((300.0, y, 100.0), (500.0, y, 100.0)), 30.0, name) for y, name in ((50.0, "background"), (180.0, "lumen"))]
    return Volume(grid, noise.astype(np.float32), name="rod"), strokes


def test_marks_that_come_while_a_result_is_handed_on_do_not_mix_with_it(tmp_path: Path) -> None:
    volume, strokes = rod()
    with Live(volume, FEW, device="cpu", dense_is_dark=True) as live:

        def scribble_on(_: float, text: str = "", **__: float) -> None:
            if text == "writing":
                live.learn([*strokes, Stroke(((2000.0, 50.0, 100.0),), 30.0, "membrane")])

        live.learn(strokes)
        with pytest.raises(VolvizError, match="other marks now"):
            live.result(scribble_on, ZarrSink(tmp_path / "found.zarr", volume))
        assert not list(tmp_path.iterdir())
        assert len(live.result().labels) == 3


def test_a_view_that_takes_long_is_shown_part_by_part_and_left_for_another(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_work, "_AT_ONCE", 0.0)
    volume, strokes = rod()
    here, there = (2600.0, 100.0, 100.0), (200.0, 100.0, 50.0)

    def listen(event: Event) -> None:
        if isinstance(event, Wrote) and not heard.of(Wrote):
            live.look(there)
        heard(event)

    with Live(volume, FEW, listen=listen, device="cpu", dense_is_dark=True) as live:
        live.pause()
        live.look(here)
        live.learn(strokes)
        assert live.wait(60)
    first, *rest = [event.region for event in heard.of(Wrote)]
    assert (first.start[0], first.stop[0]) == (10, 11)
    assert first.start[2] <= 260 < first.stop[2]  # the nearest to the crosshair
    assert not [region for region in rest if region.start[0] == 10 and region.shape[0] == 1]
    plane = [region for region in rest if region.start[0] == 5 and region.shape[0] == 1]
    assert plane[-1].shape == (1, 24, 300)
    covered = np.zeros((24, 300), int)
    for region in plane[:-1]:
        covered[region.slices[1:]] += 1
    assert covered.max() == 1
    assert covered.mean() > 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
def test_what_it_does_stands_behind_what_the_window_does(live: Live, heard: Heard) -> None:
    live.learn([INSIDE, OUTSIDE])
    heard.wait(Wrote)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    working = [thread for thread in threading.enumerate() if thread.name == "live" or thread.name.startswith("block")]
    assert len(working) > 1
    assert {os.getpriority(os.PRIO_PROCESS, thread.native_id or 0) for thread in working} == {min(19, mine + 5)}


def test_another_method_learns_anew_and_a_wrong_one_ends_the_session(live: Live, heard: Heard) -> None:
    live.learn([INSIDE, OUTSIDE])
    live.learn([INSIDE, OUTSIDE], ScribbleForest(features="smoothed, gradient", trees=10, budget=1e-9))
    live.result()
    assert live.predictor is not None
    assert len(live.predictor.features) == 1
    live.learn([INSIDE, OUTSIDE], ScribbleForest(trees=0))
    with pytest.raises(VolvizError, match="--trees must be at least 1"):
        live.result()
    assert [type(event.error) for event in heard.of(Failed)] == [VolvizError]


def test_a_closed_session_says_so() -> None:
    live = Live(ball(), FEW, device="cpu")
    live.close()
    with pytest.raises(VolvizError, match="closed"):
        live.result()
    assert not live.wait(1)
