from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import Written

from volviz.core.annotations import Example, Stroke
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.report import silent
from volviz.core.volume import Volume
from volviz.segment import models
from volviz.segment.methods import scribble_forest
from volviz.segment.methods.scribble_forest import ScribbleForest, ScribbleForestPredictor, choose
from volviz.segment.protocol import Run

CPU = Run(device="cpu", dense_is_dark=True)
SMALL = ScribbleForest(features="smoothed, gradient, hessian 1.6", trees=20, samples=400)


def ball(seed: int = 0, voxel: tuple[float, float, float] = (10.0, 10.0, 10.0), radius: float = 160.0) -> Volume:
    """A dark ball in noise, off the middle of a volume off the origin."""
    extent = np.array([480.0, 560.0, 600.0])
    grid = Grid(tuple(np.rint(extent / voxel).astype(int).tolist()), voxel, (100.0, -50.0, 30.0))
    z, y, x = np.indices(grid.shape)
    xyz = grid.to_world(np.stack([z, y, x], axis=-1))
    inside = np.linalg.norm(xyz - CENTRE, axis=-1) < radius
    noise = np.random.default_rng(seed).standard_normal(grid.shape)
    return Volume(grid, (noise * 0.5 - 2.0 * inside).astype(np.float32), name="ball")


CENTRE = np.array([300.0, 230.0, 340.0])  # x, y, z
INSIDE = Stroke(((250.0, 230.0, 340.0), (350.0, 230.0, 340.0)), 25.0, "lumen")
OUTSIDE = Stroke(((60.0, -20.0, 150.0), (560.0, -20.0, 150.0)), 25.0, "background")


@pytest.fixture(scope="module")
def predictor() -> ScribbleForestPredictor:
    return SMALL.fit([Example(ball(), [INSIDE, OUTSIDE])], CPU)


def overlap(found: np.ndarray, volume: Volume, radius: float = 160.0) -> float:
    xyz = volume.grid.to_world(np.stack(np.indices(volume.grid.shape), axis=-1))
    true = np.linalg.norm(xyz - CENTRE, axis=-1) < radius
    return 2 * (found & true).sum() / (found.sum() + true.sum())


@pytest.mark.parametrize("voxel", [(10.0, 10.0, 10.0), (8.0, 13.0, 10.0)])
def test_two_strokes_find_the_ball_in_other_noise_and_on_other_voxels(
    predictor: ScribbleForestPredictor, voxel: tuple[float, float, float]
) -> None:
    volume = ball(seed=7, voxel=voxel)
    found = predictor.predict(volume, CPU)
    assert found.grid == volume.grid
    assert [label.name for label in found.labels] == ["background", "lumen"]
    assert overlap(np.asarray(found.data)[1] > 127, volume) > 0.93


def test_a_region_is_the_crop_of_the_whole_and_blocks_leave_no_seam(
    predictor: ScribbleForestPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = ball(seed=3, voxel=(12.0, 9.0, 10.0))
    whole = np.asarray(predictor.predict(volume, CPU).data)
    region = Region((5, 20, 11), (33, 61, 40))
    part = np.asarray(predictor.predict(volume, Run(device="cpu", dense_is_dark=True, region=region)).data)
    monkeypatch.setattr(scribble_forest, "BLOCK", (17, 20, 23))
    small = np.asarray(predictor.predict(volume, CPU).data)
    # A feature may lie on a threshold; how blocks lie must not move anything else.
    assert (np.abs(part.astype(int) - whole[(slice(None), *region.slices)]) > 1).mean() < 1e-4
    assert (np.abs(small.astype(int) - whole) > 1).mean() < 1e-4
    assert whole[1].std() > 20


def test_it_is_saved_without_pickle_and_found_by_its_card(predictor: ScribbleForestPredictor, tmp_path: Path) -> None:
    predictor.save(tmp_path / "mine.safetensors")
    volume = ball(seed=9)
    again = models.load(tmp_path / "mine.safetensors")
    assert np.array_equal(again.predict(volume, CPU).data, predictor.predict(volume, CPU).data)
    card = models.card(tmp_path / "mine.safetensors")
    assert card.training["voxels"]["lumen"] > 100
    (tmp_path / "mine.json").write_text((tmp_path / "mine.json").read_text().replace("hessian 1.6", "hessian 3.5"))
    models.load(tmp_path / "mine.safetensors")  # as many channels: nothing to notice
    (tmp_path / "mine.json").write_text((tmp_path / "mine.json").read_text().replace("hessian 3.5", "smoothed 0.3"))
    with pytest.raises(VolvizError, match=r"not those that mine\.json describes"):
        models.load(tmp_path / "mine.safetensors")


def test_cancelling_leaves_nothing(predictor: ScribbleForestPredictor) -> None:
    sink = Written()

    def stop(fraction: float, text: str = "", **_: object) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        predictor.predict(ball(), Run(device="cpu", sink=sink, report=stop, z=(0, 40)))
    assert sink.ended == "aborted"


def test_one_class_alone_is_a_sentence() -> None:
    with pytest.raises(VolvizError, match="only lumen is marked"):
        SMALL.fit([Example(ball(), [INSIDE])], CPU)
    with pytest.raises(VolvizError, match="nothing is marked"):
        SMALL.fit([Example(ball(), [])], CPU)


def test_features_are_chosen_by_name_family_and_scale() -> None:
    assert [feature.name for feature in choose("hessian 1.6, 0.3")] == ["smoothed 0.3", "hessian 1.6"]
    assert len(choose("structure")) == 6
    assert len(choose("10, all")) == 37
    with pytest.raises(VolvizError, match=r"'sobel'.*smoothed, laplacian.*0\.3, 0\.7"):
        choose("smoothed, sobel")


def test_a_budget_keeps_the_features_that_tell_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribble_forest, "_cost", lambda features, device: len(features))
    examples = [Example(ball(), [INSIDE, OUTSIDE])]
    few = ScribbleForest(features="smoothed, gradient", trees=20, samples=400, budget=3.5).fit(examples, CPU)
    assert len(few.features) == 3
    whole = ScribbleForest(features="smoothed, gradient", trees=20, samples=400).fit(examples, CPU)
    told = dict(zip(whole.features, whole.forest.importance.tolist(), strict=True))
    assert set(few.features) == set(sorted(told, key=told.__getitem__)[-3:])


def test_several_volumes_teach_together_and_each_guesses_its_own_sign() -> None:
    bright = ball(seed=5)
    bright = Volume(bright.grid, -bright.data, name="bright")
    learnt: list[str] = []

    def listen(fraction: float, text: str = "", **_: object) -> None:
        learnt.append(text)

    both = [Example(ball(), [INSIDE, OUTSIDE]), Example(bright, [INSIDE])]
    predictor = SMALL.fit(both, Run(device="cpu", report=listen))
    assert "growing trees" in learnt
    found = predictor.predict(ball(seed=8), Run(device="cpu", report=silent))
    assert overlap(np.asarray(found.data)[1] > 127, ball(seed=8)) > 0.93
