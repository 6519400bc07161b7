from __future__ import annotations

import numpy as np
import pytest

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.core.volume import Volume
from volviz.measure import compare_instances, evaluate

SHAPE = (40, 60, 60)


def volume(data: np.ndarray, *, known: bool = True, size: float = 10.0) -> Volume:
    return Volume(Grid(data.shape, (size, size, size), voxel_size_known=known), data)


def virion(classes: np.ndarray, x: int, radius: int = 12) -> None:
    """Draw lumen in a membrane of two voxels around (20, 30, x)."""
    z, y, xs = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    r = np.sqrt((z - 20) ** 2 + (y - 30) ** 2 + (xs - x) ** 2)
    classes[(r < radius + 2) & (classes != 3)] = 1
    classes[r < radius] = 3


def two_virions() -> np.ndarray:
    """Their membranes touch; each has a spike."""
    classes = np.zeros(SHAPE, np.uint8)
    virion(classes, 16)
    virion(classes, 43)
    classes[2:5, 28:32, 14:20] = 2
    classes[2:5, 28:32, 40:46] = 2
    return classes


def scores_of(found: np.ndarray, true: np.ndarray, kind: str, **more: Volume) -> list[float | None]:
    scores = compare_instances(volume(found), volume(true), more.get("instances"))
    return [scores[f"instances.{kind}.{what}"] for what in ("found", "true", "matched", "f1")]


def test_touching_envelopes_are_two_and_match_themselves() -> None:
    classes = two_virions()
    assert scores_of(classes, classes, "envelopes") == [2, 2, 2, 1]
    assert scores_of(classes, classes, "spikes") == [2, 2, 2, 1]


def test_what_is_missed_added_or_joined_does_not_match() -> None:
    true = two_virions()
    missed = true.copy()
    missed[:, :, 30:] = 0
    assert scores_of(missed, true, "envelopes") == [1, 2, 1, pytest.approx(2 / 3)]
    joined = true.copy()
    joined[20, 30, 16:44] = 3  # a thread of lumen from one to the other
    # The one piece has both insides, and shares no more than half with either.
    assert scores_of(joined, true, "envelopes") == [1, 2, 0, 0]
    assert scores_of(true, joined, "envelopes") == [2, 1, 0, 0]
    moved = np.roll(true, 4, axis=1)
    assert scores_of(moved, true, "spikes") == [2, 2, 0, 0]
    assert scores_of(moved, true, "envelopes") == [2, 2, 2, 1]


def test_pieces_that_are_too_small_are_no_objects() -> None:
    true = two_virions()
    specks = true.copy()
    specks[36:40, 50:55, 50:52] = 2  # 40 nm3
    specks[36:40, 2:12, 2:12] = 3  # 400 nm3
    assert scores_of(specks, true, "spikes") == [2, 2, 2, 1]
    assert scores_of(specks, true, "envelopes") == [2, 2, 2, 1]
    specks[36:40, 50:55, 50:53] = 2  # 60 nm3
    assert scores_of(specks, true, "spikes") == [3, 2, 2, 0.8]
    # The same voxels of half the size are an eighth of the volume.
    scores = compare_instances(volume(true, size=5.0), volume(true, size=5.0))
    assert (scores["instances.spikes.found"], scores["instances.envelopes.found"]) == (0, 0)
    assert scores["instances.spikes.f1"] is None


def test_corners_join() -> None:
    true = two_virions()
    found = np.zeros_like(true)
    found[2:5, 28:32, 14:20] = 2
    found[5:8, 32:36, 20:26] = 2
    assert scores_of(found, true, "spikes")[0] == 1


def test_given_instances_decide_which_envelope_a_voxel_belongs_to() -> None:
    true = two_virions()
    joined = true.copy()
    joined[20, 30, 16:44] = 3
    ids = np.where(joined % 2 == 1, np.where(np.arange(SHAPE[2]) < 30, 5, 9), 0).astype(np.int16)
    assert scores_of(true, joined, "envelopes", instances=volume(ids)) == [2, 2, 2, 1]
    assert scores_of(true, joined, "spikes", instances=volume(ids)) == [2, 2, 2, 1]  # they mark no spikes
    with pytest.raises(VolvizError, match="same grid"):
        scores_of(true, joined, "spikes", instances=volume(ids[1:]))
    with pytest.raises(VolvizError, match="from 0"):
        scores_of(true, joined, "spikes", instances=volume(ids - 1))


def test_unknown_voxels_are_no_objects() -> None:
    true = two_virions()
    unknown = true.copy()
    unknown[:, :, 30:] = 255
    assert scores_of(true, unknown, "envelopes") == [1, 1, 1, 1]


def test_without_a_voxel_size_nobody_knows_what_is_large_enough() -> None:
    true = two_virions()
    scores = compare_instances(volume(true, known=False), volume(true, known=False))
    assert set(scores.values()) == {None}
    assert compare_instances(volume(true), volume(true, known=False))["instances.envelopes.found"] == 2


def test_objects_of_other_classes_have_their_name() -> None:
    true = np.zeros(SHAPE, np.uint8)
    true[10:20, 10:20, 10:20] = 1
    hot = np.stack([true == 0, true == 1]).astype(np.uint8) * 255
    found = Segmentation(Grid(SHAPE, (10, 10, 10)), hot, (BACKGROUND, Label("ribosome")))
    scores = evaluate(found, volume(true))
    assert scores["instances.ribosome.matched"] == 1
    assert scores["f1.ribosome"] == 1


def test_all_scores_come_together() -> None:
    true = two_virions()
    scores = evaluate(volume(true), volume(true))
    assert {"f1.membrane", "miou", "accuracy", "instances.envelopes.found", "instances.spikes.f1"} <= set(scores)
