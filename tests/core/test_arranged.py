"""Classes named otherwise, in another order, some left out."""

from __future__ import annotations

import numpy as np
import pytest

from volviz.core.alone import density_of, is_alone
from volviz.core.arranged import Kept, arrange, as_arranged, kept_of, scene_of_arranged
from volviz.core.cleaning import Cleaning
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import LUMEN, SPIKES, Label, Segmentation

SHAPE = (3, 4, 5)
GRID = Grid(SHAPE, (10.0,) * 3)


@pytest.fixture
def soft() -> Segmentation:
    values = np.random.default_rng(0).random((4, *SHAPE))
    return Segmentation.of_probabilities(GRID, values / values.sum(axis=0))


def test_names_and_order_change_and_what_is_left_out_becomes_background(soft: Segmentation) -> None:
    made = arrange(soft, [("spikes", "crown"), "membrane"])
    assert [label.name for label in made.labels] == ["background", "crown", "membrane"]
    assert made.labels[1].color == SPIKES.color
    stored = np.asarray(soft.data)
    np.testing.assert_array_equal(made.data[1], stored[2])
    np.testing.assert_array_equal(made.data[:, 1, ::2, -1], np.stack([stored[0] + stored[3], stored[2], stored[1]])[:, 1, ::2, -1])
    np.testing.assert_array_equal(made.data[..., 2], made.data[:][..., 2])
    np.testing.assert_allclose(made.probabilities().sum(axis=0), 1, atol=1e-6)
    assert soft.labels[1].name == "membrane"


def test_arranging_twice_is_arranging_once_and_another_name_moves_nothing(soft: Segmentation) -> None:
    once = arrange(soft, {"lumen": "core", "membrane": "coat"})
    twice = arrange(once, [("coat", "shell")])
    assert kept_of(twice) == (Kept("membrane", Label("shell", soft.labels[1].color, soft.labels[1].identifier)),)
    assert twice.data.source is soft.data
    np.testing.assert_array_equal(twice.data[0], np.asarray(soft.data)[[0, 2, 3]].sum(axis=0))
    again = as_arranged(soft, kept_of(once))
    assert again.labels == once.labels
    np.testing.assert_array_equal(again.data[:], once.data[:])
    assert arrange(soft, {"membrane": "coat", "spikes": "spikes", "lumen": "lumen"}).data is soft.data


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ([], "has to stay"),
        (["actin"], "no class called actin; choose from membrane, spikes, lumen"),
        ([("membrane", "Spikes"), "spikes"], "already"),
        ([("membrane", "background")], "can be no name"),
        ([("membrane", "light")], "can be no name"),
        ([("membrane", "a/b")], "can be no name"),
        ([("membrane", "a.low")], "can be no name"),
        ([("membrane", " ")], "can be no name"),
    ],
)
def test_what_cannot_be_arranged(soft: Segmentation, classes: list[str], words: str) -> None:
    with pytest.raises(VolvizError, match=words):
        arrange(soft, classes)


def test_scores_have_no_background_to_become() -> None:
    scores = Segmentation(GRID, np.full((2, *SHAPE), 200, np.uint8), (SPIKES, LUMEN), "score")
    made = arrange(scores, ["lumen"])
    assert made.labels == (LUMEN,)
    assert made.data.shape == (1, *SHAPE)


def test_a_look_goes_with_its_classes() -> None:
    scene = Scene({"a": Ramp(0.1), "b": Ramp(0.2)}, {"a": Cleaning(dust=5.0)})
    made = scene_of_arranged(scene, [("b", "b"), ("a", "c")])
    assert list(made.ramps) == ["b", "c"]
    assert made.ramps["c"].low == 0.1
    assert dict(made.cleaning) == {"c": Cleaning(dust=5.0)}


def test_classes_without_a_tomogram_are_dense_where_they_are_probable(soft: Segmentation) -> None:
    volume = density_of(soft)
    np.testing.assert_allclose(volume.read(), 1 - np.asarray(soft.data)[0] / 255, atol=1e-6)
    assert is_alone(volume)
    scene = Scene.of(volume, soft)
    assert not scene.raw.invert
    assert not scene.raw.multiply
