from __future__ import annotations

import numpy as np
import pytest

from volviz.core.annotations import Stroke
from volviz.core.grid import Grid
from volviz.core.segmentation import Label, Segmentation
from volviz.segment.suggest import suggest

GRID = Grid((40, 64, 72), (10.0, 8.0, 9.0), (50.0, -30.0, 20.0))
LABELS = (Label("background"), Label("membrane"), Label("lumen"))


def hesitating(*at: tuple[int, int, int]) -> Segmentation:
    """Sure of the background but around some voxels, of which the first is less sure than the others."""
    index = np.stack(np.indices(GRID.shape))
    doubt = np.zeros(GRID.shape)
    for k, voxel in enumerate(at):
        away = np.linalg.norm(index - np.array(voxel)[:, None, None, None], axis=0)
        doubt = np.maximum(doubt, (0.48 - 0.06 * k) * (away < 9))
    probabilities = np.stack([1 - doubt, 0.0 * doubt, doubt])
    return Segmentation.of_probabilities(GRID, probabilities, LABELS)


def voxels(places: tuple) -> np.ndarray:  # type: ignore[type-arg]
    return GRID.to_index([place.point_xyz for place in places])


def test_places_are_where_it_hesitates_most_apart_and_in_angstrom() -> None:
    at = ((10, 14, 50), (30, 50, 16))
    found = suggest(hesitating(*at), (), 2)
    nearest = np.linalg.norm(voxels(found.places)[:, None] - np.array(at), axis=2).min(axis=1)
    assert nearest.max() < 9 + 6  # where there is doubt, and as far as that is smoothed
    assert np.linalg.norm(voxels(found.places)[0] - voxels(found.places)[1]) >= 6 * 4
    assert [place.classes for place in found.places] == [("background", "lumen")] * 2
    assert found.places == suggest(hesitating(*at), (), 2).places
    assert found.seen == 1
    unsure = found.uncertainty
    there = np.rint(unsure.grid.to_index(found.places[0].point_xyz)).astype(int)
    assert unsure.data[tuple(there)] == pytest.approx(found.places[0].uncertainty)
    assert np.all(np.abs(unsure.grid.center_xyz - GRID.center_xyz) < 2.5 * np.array(GRID.voxel_size[::-1]))


def test_what_is_marked_already_is_not_suggested_again() -> None:
    at = ((10, 14, 50), (30, 50, 16))
    x, y, z = GRID.to_world(at[0]).tolist()
    marked = Stroke(((x - 30, y, z), (x + 30, y, z)), 120.0, "lumen")
    assert np.linalg.norm(voxels(suggest(hesitating(*at), [marked], 1).places)[0] - at[1]) < 9 + 6


def test_where_nothing_is_uncertain_nothing_is_suggested() -> None:
    assert suggest(hesitating(), (), 5).places == ()


def test_scores_do_not_say_how_sure_they_are() -> None:
    data = np.zeros((3, *GRID.shape), np.uint8)
    with pytest.raises(ValueError, match="scores"):
        suggest(Segmentation(GRID, data, LABELS, "score"))
