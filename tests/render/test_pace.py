"""How coarse a moving picture is, and how large a piece of work: arithmetic, without OpenGL."""

from __future__ import annotations

from itertools import pairwise

import pytest

from volviz.render.pace import BETTER_BELOW, GROWTH, LEVELS, ROWS, SHARE, Pace, Pieces

SIZE = (1280, 720)


def settle(pace: Pace, whole: float, frames: int = 40) -> list[int]:
    """Draw frames on a machine on which one in full quality takes ``whole`` seconds; return the levels."""
    chosen = []
    for _ in range(frames):
        level = pace.choose(SIZE)
        pace.took(whole * level.work, SIZE, level)
        chosen.append(LEVELS.index(level))
    return chosen


@pytest.mark.parametrize("whole", [0.005, 0.04, 0.22, 0.6, 1.5])
def test_a_moving_picture_is_as_fine_as_comes_in_time(whole: float) -> None:
    pace = Pace(0.066)
    last = settle(pace, whole)[-1]
    assert whole * LEVELS[last].work <= SHARE * 0.066 or last == len(LEVELS) - 1
    assert last == 0 or whole * LEVELS[last - 1].work > BETTER_BELOW * SHARE * 0.066


def test_what_is_too_slow_is_coarser_in_the_very_next_frame() -> None:
    pace = Pace(0.066)
    settle(pace, 0.01)
    assert settle(pace, 0.8, frames=2)[0] == 0
    level = pace.choose(SIZE)
    assert 0.8 * level.work <= SHARE * 0.066


def test_levels_do_not_alternate_when_times_waver() -> None:
    pace = Pace(0.066)
    chosen = [settle(pace, whole, frames=1)[0] for whole in [0.22, 0.25, 0.20, 0.24] * 20]
    assert len(set(chosen[4:])) == 1


def test_what_was_learnt_holds_for_another_size() -> None:
    pace = Pace(0.066)
    before = LEVELS[settle(pace, 0.22)[-1]]
    assert pace.choose((2560, 1440)).work < 0.3 * before.work


def test_pieces_come_to_take_the_time_they_may() -> None:
    pieces, per_pixel, took = Pieces(0.05), 2e-6, []
    for _ in range(12):
        rows = pieces.rows(1000)
        took.append(rows * 1000 * per_pixel)
        pieces.took(took[-1], rows * 1000)
    assert max(took) <= 0.05
    assert took[-1] > 0.03


def test_a_piece_grows_step_by_step_and_shrinks_at_once() -> None:
    pieces = Pieces(0.05)
    rows = []
    for _ in range(6):
        rows.append(pieces.rows(1000))
        pieces.took(rows[-1] * 1000 * 1e-9, rows[-1] * 1000)
    assert all(b <= GROWTH * a for a, b in pairwise(rows))
    assert rows[-1] > 50 * rows[0]
    pieces.took(0.05, 10_000)
    assert pieces.rows(1000) * 1000 <= 10_000
    assert pieces.rows(1000, seconds=0.01) == ROWS
