"""From the scribbles of two people to a forest, its soft labels, and networks that learn from them: first two classes, then all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import volviz
from volviz.cli import main
from volviz.core.annotations import Dense, Stroke
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid
from volviz.core.report import Report, silent
from volviz.core.volume import Volume
from volviz.io.annotations import save_annotations
from volviz.segment.card import read_card, read_weights
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.methods.unet import UNet
from volviz.segment.nn.curve import read_curve
from volviz.tasks.examples import disputed, read_example
from volviz.tasks.segment import segment_file
from volviz.tasks.train import train_file

GRID = Grid((20, 32, 32), (10.0, 10.0, 10.0))
# Rows of these depths: background, then a dark band, then a grey one.
BACKGROUND, MEMBRANE, LUMEN = range(2, 9, 2), range(13, 18), range(22, 30, 2)
FAST = ["--f-maps", "2", "--num-levels", "2", "--crop", "16", "--batch", "1", "--steps", "4", "--validate-every", "2"]


def marks(z: int, *, lumen: str = "lumen") -> list[Stroke]:
    rows = [(y, "background") for y in BACKGROUND] + [(y, "membrane") for y in MEMBRANE] + [(y, lumen) for y in LUMEN]
    return [Stroke(((20.0, 10.0 * y, 10.0 * z), (290.0, 10.0 * y, 10.0 * z)), 6.0, label) for y, label in rows]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Tomograms a and b of the same bands, and in a what two people marked, who disagree on one slice."""
    bands = np.repeat([0.0, -4.0, -1.5], [10, 10, 12])[None, :, None]
    for seed, name in enumerate("ab"):
        noise = np.random.default_rng(seed).normal(0, 0.3, GRID.shape)
        volviz.save(Volume(GRID, (bands + noise).astype(np.float32)), tmp_path / f"{name}.mrc")
    save_annotations(marks(5), tmp_path / "mine.json")
    save_annotations([*marks(14), *marks(5, lumen="spikes")[-4:]], tmp_path / "hers.json")
    return tmp_path


def test_scribbles_of_two_people_teach_a_forest_and_its_labels_teach_networks_of_two_classes_and_then_of_all(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forest, found = files / "forest.safetensors", files / "found.zarr"
    both = f"{files / 'mine.json'}+{files / 'hers.json'}"
    teach = ["train", "scribble-forest", str(files / "a.mrc"), "--strokes", both, "--out", str(forest)]
    assert main([*teach, "--trees", "20", "--features", "smoothed", "--held-back", "0.25"]) == 0
    assert "of 728 voxels that 2 people marked in a, 112 have different classes, and teach nothing" in capsys.readouterr().err
    card = read_card(forest)
    assert card.scores["held_back"]["f1.membrane"] > 0.9
    assert "spikes" not in card.scores["held_back"]  # nobody said so alone
    assert main(["segment", str(files / "a.mrc"), "--model", str(forest), "--out", str(found)]) == 0

    data = f"{files / 'a.mrc'}:{found}+{both}"
    two, all_of_them = files / "two.safetensors", files / "all.safetensors"
    learn = ["train", "unet", "--data", data, "--held-back", "0.25"]
    first = [*learn, "--classes", "foreground", "--loss", "mse", *FAST, "--checkpoints", str(files / "run"), "--out", str(two)]
    assert main(first) == 0
    card = read_card(two)
    assert [label.name for label in card.labels] == ["background", "foreground"]
    assert card.training["judged_by"].startswith("judged by marks that were held back: 2 of background, 2 of membrane")
    assert "flatter" not in card.training["judged_by"]
    assert set(card.scores) == {"held_back"}
    assert card.scores["held_back"]["f1.foreground"] == max(f1 for _, f1 in read_curve(files / "run" / "curve.csv")["macro_f1"])
    again = [*learn, "--start", str(two), "--loss", "ce", "--crop", "16", "--batch", "1", "--steps", "2", "--out", str(all_of_them)]
    assert main(again) == 0
    card = read_card(all_of_them)
    assert [label.name for label in card.labels] == ["background", "membrane", "lumen", "spikes"]
    assert card.training["start"]["weights"] == "two"
    assert card.training["start"]["drawn_anew"] == ["final_conv"]
    assert f"--data {data}" in card.command
    assert main(["segment", str(files / "b.mrc"), "--model", str(all_of_them), "--out", str(files / "b.zarr")]) == 0


def test_a_run_with_marks_held_back_that_was_interrupted_goes_on_with_the_same_judges_to_the_same_end(files: Path) -> None:
    example = (files / "a.mrc", files / "a_labels.mrc", files / "mine.json")
    numbers = np.repeat([0, 1, 3], [10, 10, 12]).astype(np.uint8)[None, :, None] * np.ones(GRID.shape, np.uint8)
    volviz.save(Volume(GRID, numbers), example[1])
    seen: list[str] = []

    def stop(fraction: float, text: str = "", **_: float) -> None:
        if text.endswith("step 4"):
            raise Cancelled

    def learn(run: str, report: Report = silent) -> Path:
        method = UNet(
            f_maps=2, num_levels=2, crop=16, batch=1, steps=6, validate_every=2, held_back=0.25, sure=0.6, checkpoints=files / run
        )
        train_file(method, files / f"{run}.safetensors", data=[example], device="cpu", report=report)
        return files / f"{run}.safetensors"

    with pytest.raises(Cancelled):
        learn("stopped", stop)
    assert not (files / "stopped.safetensors").exists()
    resumed = learn("stopped", lambda fraction, text="", **_: seen.append(text))
    assert next(text for text in seen if "step" in text).endswith("step 3")
    straight = learn("straight")
    curves = [read_curve(files / run / "curve.csv") for run in ("stopped", "straight")]
    assert curves[0]["macro_f1"] == curves[1]["macro_f1"]
    assert [step for step, _ in curves[0]["macro_f1"]] == [2, 4, 6]
    cards = [read_card(path) for path in (resumed, straight)]
    assert cards[0].training["judged_by"] == cards[1].training["judged_by"]
    assert cards[0].training["judged_by"].startswith("judged by marks that were held back: 1 of background, 1 of membrane")
    assert cards[0].scores == cards[1].scores
    weights = [read_weights(path) for path in (resumed, straight)]
    assert all(torch.equal(weights[0][name], tensor) for name, tensor in weights[1].items())


def test_another_tomograms_marks_choose_the_best_weights_and_teach_nothing(files: Path) -> None:
    tiny = UNet(f_maps=2, num_levels=2, crop=16, batch=1, steps=2, hard=True, sure=0.5)
    pseudo, out = files / "pseudo.mrc", files / "m.safetensors"
    numbers = np.repeat([0, 1, 3], [10, 10, 12])[None, :, None] * np.ones((20, 1, 32), np.int8)
    volviz.save(Volume(GRID, numbers.astype(np.int8)), pseudo)
    data = [(files / "a.mrc", pseudo, files / "mine.json")]
    train_file(tiny, out, data=data, judged_by=[(files / "b.mrc", files / "mine.json")])
    card = read_card(out)
    assert card.training["judged_by"] == "mine.json"
    assert card.training["own_tomograms"] == ["a.mrc"]
    assert {"f1.membrane", "f1.lumen"} <= set(card.scores["held_out"])
    assert f"--judged-by {files / 'b.mrc'}:{files / 'mine.json'}" in card.command
    with pytest.raises(VolvizError, match="--held-back judges a forest"):
        train_file(ScribbleForest(), files / "f.safetensors", data=data, judged_by=data)
    with pytest.raises(VolvizError, match="--sure is a probability"):
        train_file(UNet(sure=1.5), files / "n.safetensors", data=data)


def test_a_forest_that_learnt_from_all_marks_is_known_to_flatter(files: Path) -> None:
    forest, found = files / "forest.safetensors", files / "found.zarr"
    train_file(ScribbleForest(features="smoothed", trees=5), forest, data=[(files / "a.mrc", files / "mine.json")])
    segment_file(files / "a.mrc", found, model=str(forest))
    tiny = UNet(f_maps=2, num_levels=2, crop=16, batch=1, steps=1, held_back=0.5)
    train_file(tiny, files / "m.safetensors", data=[(files / "a.mrc", found, files / "mine.json")])
    assert "flatter" in read_card(files / "m.safetensors").training["judged_by"]


def test_several_peoples_files_are_read_apart_and_one_segmentation_at_a_time(files: Path) -> None:
    example = read_example(files / "a.mrc", files / "mine.json", files / "hers.json")
    assert [len(person) for person in example.marks] == [1, 0] or isinstance(example.annotations[0], Dense)
    example = read_example(files / "a.mrc", files / "mine.json", files / "hers.json", needs=(Stroke,))
    assert [len(person) for person in example.marks] == [13, 17]
    differ, marked = disputed(example)
    assert differ == 4 * 28
    assert marked == 2 * 13 * 28
    pseudo = files / "pseudo.mrc"
    volviz.save(Volume(GRID, np.ones(GRID.shape, np.int8)), pseudo)
    with pytest.raises(VolvizError, match=r"2 segmentations of a\.mrc; name the tomogram once with each"):
        read_example(files / "a.mrc", pseudo, pseudo)
