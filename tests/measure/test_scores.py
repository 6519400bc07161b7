from __future__ import annotations

import numpy as np
import pytest

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.measure import count, evaluate, scores

TRUE = np.array([0, 0, 0, 1, 1, 2, 3, 3])
FOUND = np.array([0, 0, 1, 1, 1, 1, 3, 0])


def volume(values: np.ndarray, dtype: type = np.uint8) -> Volume:
    return Volume(Grid((1, 1, len(values)), (10, 10, 10)), values.reshape(1, 1, -1).astype(dtype))


def one_hot(values: np.ndarray, sure: float = 1.0) -> Segmentation:
    p = np.full((4, *values.shape), (1 - sure) / 3)
    np.put_along_axis(p, values[None], sure, 0)
    return Segmentation.of_probabilities(Grid((1, 1, len(values))), p.reshape(4, 1, 1, -1))


def test_scores_of_eight_voxels_counted_by_hand() -> None:
    scores = count(volume(FOUND), volume(TRUE)).scores()
    # membrane: 2 hits, 2 true, 4 found; spikes: 0 hits, 1 true, 0 found; lumen: 1 hit, 2 true, 1 found; background: 2, 3, 3
    assert scores == pytest.approx(
        {
            "f1.membrane": 4 / 6,
            "f1.spikes": 0.0,
            "f1.lumen": 2 / 3,
            "macro_f1": (4 / 6 + 0 + 2 / 3) / 3,
            "iou.membrane": 2 / 4,
            "iou.spikes": 0.0,
            "iou.lumen": 1 / 2,
            "miou": (2 / 4 + 2 / 4 + 0 + 1 / 2) / 4,
            "accuracy": 5 / 8,
        }
    )


def test_probabilities_are_scored_by_their_most_probable_class_and_have_a_calibration_error() -> None:
    scores = evaluate(one_hot(FOUND, 0.7), volume(TRUE))
    hard = evaluate(volume(FOUND), volume(TRUE))
    assert {k: v for k, v in scores.items() if k != "ece"} == hard
    # Every voxel has foreground probability above 0.05 here: confidence 0.7 (as bytes 178 or 179 of 255), 5 of 8 right.
    assert scores["ece"] == pytest.approx(abs(0.7 - 5 / 8), abs=0.005)


def test_sure_background_does_not_enter_the_calibration_error() -> None:
    ice = np.zeros(1000, int)
    true, found = np.concatenate([ice, [1, 1]]), np.concatenate([ice, [1, 0]])
    # Two voxels count: one membrane found with certainty, one missed with certainty.
    assert evaluate(one_hot(found), volume(true))["ece"] == pytest.approx(0.5)


def test_perfect_probabilities_score_one_everywhere() -> None:
    scores = count(one_hot(TRUE), volume(TRUE)).scores()
    assert scores.pop("ece") == 0
    assert all(v == 1 for v in scores.values())


def test_a_class_that_nobody_has_is_none_and_enters_no_mean() -> None:
    scores = evaluate(volume(np.array([0, 1, 1])), volume(np.array([0, 1, 0])))
    assert scores["f1.spikes"] is None
    assert scores["macro_f1"] == scores["f1.membrane"] == pytest.approx(2 / 3)


def test_unknown_voxels_count_nothing_whichever_byte_says_so() -> None:
    unknown = TRUE.copy()
    unknown[FOUND != TRUE] = 255
    assert evaluate(volume(FOUND), volume(unknown))["accuracy"] == 1
    assert evaluate(volume(FOUND), volume(np.where(unknown == 255, -1, unknown), np.int8))["accuracy"] == 1


def test_bricks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    grid = Grid((5, 7, 6))
    p = rng.dirichlet([1, 1, 1, 1], grid.shape).transpose(3, 0, 1, 2)
    seg, true = Segmentation.of_probabilities(grid, p), Volume(grid, rng.integers(0, 4, grid.shape).astype(np.uint8))
    whole = evaluate(seg, true)
    monkeypatch.setattr(scores, "BRICK", (2, 3, 4))
    assert evaluate(seg, true) == pytest.approx(whole)


def test_counts_of_two_volumes_add_up_to_those_of_both() -> None:
    one, other = count(one_hot(FOUND, 0.7), volume(TRUE)), count(one_hot(TRUE, 0.9), volume(TRUE))
    both = count(one_hot(np.concatenate([FOUND, TRUE]), 0.7), volume(np.concatenate([TRUE, TRUE]))).scores()
    scores = (one + other).scores()
    assert scores["f1.membrane"] == both["f1.membrane"]
    assert scores["ece"] == pytest.approx((abs(0.7 - 5 / 8) + (1 - 0.9)) / 2, abs=0.01)
    assert "ece" not in (one + count(volume(FOUND), volume(TRUE))).scores()


def test_other_voxels_are_refused_with_both_sizes() -> None:
    with pytest.raises(VolvizError, match=r"1 x 1 x 8 .* 1 x 1 x 3"):
        evaluate(volume(FOUND), volume(np.array([0, 1, 2])))


def test_values_that_are_no_class_are_refused() -> None:
    with pytest.raises(VolvizError, match="value 7"):
        evaluate(volume(FOUND), volume(np.full(8, 7)))


def test_signed_scores_are_refused() -> None:
    seg = one_hot(FOUND)
    with pytest.raises(VolvizError, match="signed scores"):
        evaluate(Segmentation(seg.grid, seg.data, kind="score"), volume(TRUE))
