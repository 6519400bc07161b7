from __future__ import annotations

import hashlib

import numpy as np
import pytest

from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.measure import evaluate
from volviz.segment.models import card, load, models
from volviz.segment.protocol import Run
from volviz.simulate import Spec, simulate


def test_the_bundled_model_is_small_and_says_what_it_is() -> None:
    path = models()["unet"]
    told = card("unet")
    assert path.stat().st_size < 25e6
    assert hashlib.sha256(path.read_bytes()).hexdigest() == told.sha256
    assert told.labels == VIRION_LABELS
    assert told.command.startswith("volviz train unet ")
    assert any("simulations only" in sentence for sentence in told.limits)
    assert {"membrane", "spikes", "lumen"} <= {key.removeprefix("f1.") for key in told.scores["held_out"]}
    assert told.license


@pytest.mark.parametrize("dark", [True, False])
def test_the_bundled_model_finds_a_virion_whichever_sign_is_dense(dark: bool) -> None:
    volume, truth = simulate(Spec(shape=(64, 104, 104), virions=1, vesicles=0, radius=(330, 340), seed=12, dark=dark))
    found = load("unet").predict(volume, Run())
    assert found.provenance["dense_is_dark"] is dark
    scores = evaluate(found, Volume(truth.grid, truth.hard()))
    floors = {"f1.membrane": 0.75, "f1.spikes": 0.4, "f1.lumen": 0.9}
    assert {k: v for k, v in scores.items() if k in floors and (v is None or v < floors[k])} == {}


def test_the_bundled_model_leaves_ice_alone() -> None:
    volume, _ = simulate(Spec(shape=(64, 96, 96), virions=0, vesicles=0, free_spikes=0, seed=3))
    found = load("unet").predict(volume, Run(dense_is_dark=True))
    assert np.mean(found.hard() > 0) < 0.01
