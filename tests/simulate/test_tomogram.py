"""Whole simulations, and recipes drawn at random."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS
from volviz.simulate import Spec, random_spec, simulate

SMALL = Spec(shape=(40, 72, 80), voxel_size=16.0, virions=1, vesicles=1, vesicle_radius=(160.0, 200.0), clearance=(20.0, 60.0), snr=3.0)


@pytest.fixture(scope="module")
def small():
    return simulate(SMALL)


def test_a_recipe_always_gives_the_same_tomogram(small):
    again, labels = simulate(SMALL)
    np.testing.assert_array_equal(again.data, small[0].data)
    np.testing.assert_array_equal(labels.data, small[1].data)
    other, _ = simulate(replace(SMALL, seed=2))
    assert np.corrcoef(other.data.ravel(), small[0].data.ravel())[0, 1] < 0.5


def test_form_of_the_results(small):
    volume, labels = small
    assert volume.grid == labels.grid
    assert volume.grid.shape == (40, 72, 80)
    assert volume.grid.voxel_size == (16.0, 16.0, 16.0)
    assert volume.data.dtype == np.float32
    assert abs(volume.data.mean()) < 1e-4
    assert volume.data.std() == pytest.approx(1, abs=1e-4)
    assert labels.labels == VIRION_LABELS
    assert np.abs(labels.data.astype(int).sum(axis=0) - 255).max() <= 2
    assert set(np.unique(labels.hard())) == {0, 1, 2, 3}
    assert Spec(**labels.provenance["simulation"]) == SMALL
    assert Spec(**json.loads(json.dumps(SMALL.to_json()))) == SMALL


def test_dense_is_dark_unless_told_otherwise(small):
    volume, labels = small
    hard = labels.hard()
    assert volume.data[hard == 1].mean() < volume.data[hard == 0].mean() - 0.3
    assert volume.data[hard == 2].mean() < volume.data[hard == 0].mean() - 0.3
    light, _ = simulate(replace(SMALL, dark=False))
    np.testing.assert_allclose(light.data, -volume.data, atol=1e-5)


def test_labels_lie_on_the_density(small):
    """Handedness and place: any flip or shift of the labels fits the tomogram worse."""
    volume, labels = small
    membrane = labels.probabilities()[1]

    def fit(mask):
        return -float(np.corrcoef(mask.ravel(), volume.data.ravel())[0, 1])

    here = fit(membrane)
    others = [np.flip(membrane, axes) for axes in (0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2))]
    others += [np.roll(membrane, s, axis) for axis in range(3) for s in (-3, 3)]
    assert here > 0.1
    assert here > 1.15 * max(fit(other) for other in others)


def test_empty_ice_is_only_background():
    volume, labels = simulate(replace(SMALL, shape=(16, 32, 32), virions=0, vesicles=0, gold=1, carbon=0.3, contamination=1, filaments=1))
    assert (labels.hard() == 0).all()
    assert np.isfinite(volume.data).all()


def test_a_field_inside_a_vesicle_shows_its_membrane():
    for seed in range(4):
        spec = replace(SMALL, shape=(16, 48, 48), virions=0, vesicle_radius=(2000.0, 2500.0), nested=1.0, seed=seed, snr=1.0)
        assert (simulate(spec)[1].hard() == 1).mean() > 0.01


def test_what_finds_no_room_is_told():
    volume, _ = simulate(replace(SMALL, shape=(24, 48, 48), virions=9))
    assert "of 10 virions and vesicles found room" in volume.notes[0]


def test_more_than_a_field_can_hold_is_given_up_soon():
    spec = Spec(shape=(16, 32, 32), voxel_size=20.0, virions=20_000, seed=1)
    started = time.process_time()
    volume, _ = simulate(spec)
    assert time.process_time() - started < 20
    assert "of 20001 virions and vesicles found room" in volume.notes[0]


def test_thin_ice_holds_everything():
    spec = replace(SMALL, virions=0, vesicles=1, vesicle_radius=(100.0, 110.0), ice_thickness=350.0, elongation=0.0)
    found = np.flatnonzero((simulate(spec)[1].hard() > 0).any(axis=(1, 2)))
    assert found.min() >= 7
    assert found.max() <= 32


def test_cancelling_stops_the_work():
    def report(fraction, text="", **metrics):
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        simulate(SMALL, report)


def test_progress_rises_to_one():
    seen = []
    simulate(replace(SMALL, shape=(16, 32, 32)), lambda fraction, text="", **metrics: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize("seed", range(8))
def test_random_recipes_give_tomograms(seed):
    spec = random_spec(seed, shape=(20, 40, 40), voxel_size=16.0)
    assert spec == random_spec(seed, shape=(20, 40, 40), voxel_size=16.0)
    volume, labels = simulate(spec)
    assert np.isfinite(volume.data).all()
    assert volume.data.std() == pytest.approx(1, abs=1e-3)
    assert labels.probabilities(Region((0, 0, 0), (2, 2, 2))).shape == (4, 2, 2, 2)


def test_random_recipes_vary():
    specs = [random_spec(seed) for seed in range(60)]
    assert len({spec.core for spec in specs}) >= 4
    assert {spec.filter for spec in specs} == {"ramp", "hamming", "sirt"}
    assert any(spec.virions == 0 for spec in specs)
    assert max(spec.snr for spec in specs) > 10 * min(spec.snr for spec in specs)
    assert all(random_spec(seed, difficulty="easy").snr > 0.3 for seed in range(20))
    assert all(random_spec(seed, difficulty="hard").virions > 0 for seed in range(20))


@pytest.mark.parametrize(
    "bad", [{"shape": (4, 64, 64)}, {"voxel_size": 0.0}, {"snr": 0.0}, {"virions": -1}, {"tilt_range": (10.0, -10.0)}, {"tilt_step": 0.0}]
)
def test_impossible_recipes_are_refused_in_a_sentence(bad):
    with pytest.raises(VolvizError, match=r"\.$"):
        Spec(**bad)


def test_importing_the_simulator_is_light():
    code = (
        "import sys, volviz.simulate; print([m for m in ('torch', 'skimage', 'zarr', 'mrcfile', 'OpenGL', 'PySide6') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
