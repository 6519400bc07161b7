from __future__ import annotations

from pathlib import Path

import pytest

from volviz.segment.nn.curve import log_row, read_curve, ticks


def test_a_curve_forgets_what_an_interrupted_run_did_after_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    for step, f1 in ((0, 0.1), (5, 0.2), (10, 0.9), (5, 0.3)):
        log_row(path, {"step": step, "loss": "" if step == 0 else 1.0, "macro_f1": f1})
    assert read_curve(path) == {"loss": [(5, 1.0)], "macro_f1": [(0, 0.1), (5, 0.3)]}


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.3, 11.2), (250.0, 6000.0), (0.0112, 0.0113)])
def test_axes_are_marked_at_round_numbers(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert 2 <= len(marks) <= 12
    assert all(low - 1e-9 <= mark <= high + 1e-9 for mark in marks)
    assert float(f"{marks[1] - marks[0]:.1g}") == pytest.approx(marks[1] - marks[0])
