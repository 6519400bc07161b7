from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from volviz.core.annotations import Dense, Example, Tag
from volviz.core.errors import Cancelled, Enough, VolvizError
from volviz.core.grid import Grid, Shape
from volviz.core.report import Report, silent
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume
from volviz.segment.methods.unet import UNet, UNetPredictor
from volviz.segment.models import card, load
from volviz.segment.nn.augment import Augmentation
from volviz.segment.nn.crops import Crops, Source
from volviz.segment.nn.curve import read_curve
from volviz.segment.nn.division import Division
from volviz.segment.nn.losses import LOSSES
from volviz.segment.nn.networks import Architecture
from volviz.segment.nn.validate import covering, grouped
from volviz.segment.protocol import Precision, Run
from volviz.segment.tiles import Overview

TINY = UNet(f_maps=8, num_levels=2, crop=32, steps=100, learning_rate=1e-2, held_out=1)


def ball(seed: int = 0, voxel: float = 10.0, sign: int = 1, shape: Shape = (48, 50, 49)) -> Example:
    """A hollow dark ball in grey noise: membrane and lumen."""
    rng = np.random.default_rng(seed)
    at = np.indices(shape) - (np.asarray(shape) // 2)[:, None, None, None] - rng.uniform(-4, 4, 3)[:, None, None, None]
    radius = np.sqrt((at**2).sum(0))
    classes = np.stack([radius > 11, (radius <= 11) & (radius > 7), np.zeros(shape, bool), radius <= 7])
    density = -3.0 * classes[1] - 1.0 * classes[3] + rng.normal(0, 0.3, shape)
    grid = Grid(shape, (voxel,) * 3)
    volume = Volume(grid, (sign * density).astype(np.float32), name=f"ball {seed}")
    return Example(volume, [Dense(Segmentation.of_probabilities(grid, classes.astype(np.float32)))])


def small(seed: int = 0) -> Example:
    return ball(seed, shape=(24, 26, 25))


def test_a_tiny_network_learns_a_tiny_phantom(tmp_path: Path) -> None:
    predictor = TINY.fit([ball(i) for i in range(3)], Run(precision="float32", dense_is_dark=True))
    scores = predictor.card.scores["held_out"]
    assert scores["f1.membrane"] > 0.6
    assert scores["f1.lumen"] > 0.6
    unseen = ball(9)
    found = predictor.predict(unseen.volume, Run(precision="float32", dense_is_dark=True))
    (truth,) = (a.segmentation for a in unseen.annotations if isinstance(a, Dense))
    assert (found.hard() == truth.hard()).mean() > 0.9

    path = tmp_path / "deep" / "ball.safetensors"
    predictor.save(path)
    again = load(path)
    assert isinstance(again, UNetPredictor)
    assert again.labels == VIRION_LABELS
    assert all(torch.equal(a, b) for a, b in zip(predictor.network.parameters(), again.network.parameters(), strict=True))
    repeated = again.predict(unseen.volume, Run(precision="float32", dense_is_dark=True))
    assert (np.asarray(repeated.data) == np.asarray(found.data)).all()
    assert repeated.provenance["weights_sha256"] == card(path).sha256 != ""
    assert card(path).training["parameters"]["f_maps"] == 8
    size = sum(p.numel() for p in predictor.network.parameters())
    assert path.stat().st_size < 2 * size + 20_000  # half precision loses nothing of what was judged


def test_the_seed_decides_everything() -> None:
    def weights(seed: int) -> torch.Tensor:
        method = UNet(f_maps=2, num_levels=2, crop=16, steps=3, held_out=1, seed=seed)
        return method.fit([small(0), small(1)], Run(precision="float32", dense_is_dark=True)).network.final_conv.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize(("precision", "architecture"), [("float32", "dense"), ("float16", "residual-unet")])
def test_a_cancelled_run_goes_on_from_its_checkpoint_to_the_same_end(
    tmp_path: Path, precision: Precision, architecture: Architecture
) -> None:
    seen: list[str] = []

    def stop(fraction: float, text: str = "", **metrics: float) -> None:
        if text.endswith("step 4"):
            raise Cancelled

    def learn(folder: str, report: Report = silent) -> UNetPredictor:
        sizes = {"f_maps": 4, "num_levels": 2, "num_groups": 2, "crop": 16, "held_out": 1}
        method = UNet(architecture, **sizes, steps=5, validate_every=2, checkpoints=tmp_path / folder)
        return method.fit([small(0), small(1)], Run(precision=precision, dense_is_dark=True, report=report))

    with pytest.raises(Cancelled):
        learn("stopped", stop)
    resumed = learn("stopped", lambda fraction, text="", **metrics: seen.append(text))
    assert seen[0].endswith("step 3")
    assert resumed.card.training["steps"] == 5
    straight = learn("straight")
    assert all(torch.equal(v, straight.network.state_dict()[k]) for k, v in resumed.network.state_dict().items())
    curves = [read_curve(tmp_path / folder / "curve.csv") for folder in ("stopped", "straight")]
    assert curves[0]["loss"] == curves[1]["loss"]
    assert [step for step, _ in curves[0]["loss"]] == [2, 4, 5]
    rows = (tmp_path / "stopped" / "curve.csv").read_text().splitlines()
    assert rows[0].startswith("step,seconds,loss,rate,f1.membrane")
    with Image.open(tmp_path / "stopped" / "curve.png") as picture:
        assert len(set(picture.convert("RGB").get_flattened_data())) > 50
    other = UNet(f_maps=6, num_levels=2, crop=16, steps=5, held_out=1, checkpoints=tmp_path / "stopped")
    with pytest.raises(VolvizError, match="checkpoint of another network"):
        other.fit([small(0), small(1)], Run(dense_is_dark=True))


def test_weights_to_start_from_may_get_more_levels(tmp_path: Path) -> None:
    first = UNet(f_maps=2, num_levels=2, crop=16, steps=2, held_out=1).fit([small(0), small(1)], Run(dense_is_dark=True))
    first.save(tmp_path / "a.safetensors")
    frozen = UNet(num_levels=3, crop=16, steps=1, held_out=1, learning_rate=1e-12, start=tmp_path / "a.safetensors")
    again = frozen.fit([small(0), small(1)], Run(dense_is_dark=True))
    assert again.card.architecture == {**first.card.architecture, "num_levels": 3}
    assert again.card.bricks.multiple == 4
    before, after = first.network.state_dict(), again.network.state_dict()
    assert torch.allclose(
        before["encoders.0.basic_module.conv1.conv.weight"], after["encoders.0.basic_module.conv1.conv.weight"], atol=1e-3
    )


def test_starting_weights_are_used_with_the_sizes_on_their_card(tmp_path: Path) -> None:
    first = UNet("unet3d", f_maps=4, num_levels=2, num_groups=2, crop=16, steps=2, held_out=1)
    predictor = first.fit([small(0), small(1)], Run(dense_is_dark=True))
    predictor.save(tmp_path / "a.safetensors")
    frozen = UNet(crop=16, steps=1, held_out=1, learning_rate=1e-12, seed=7, start=tmp_path / "a.safetensors", checkpoints=tmp_path / "ck")
    again = frozen.fit([small(0), small(1)], Run(dense_is_dark=True))
    assert again.card.architecture == predictor.card.architecture
    assert again.card.training["start"] == {"weights": "unet", "sha256": card(tmp_path / "a.safetensors").sha256, "drawn_anew": []}
    for a, b in zip(predictor.network.parameters(), again.network.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-3)
    # What it starts from is judged too: the result is never worse than that.
    assert (tmp_path / "ck" / "curve.csv").read_text().splitlines()[1].startswith("0,0,,")
    with pytest.raises(VolvizError, match="f-maps 4, not 8: leave --f-maps out"):
        UNet(f_maps=8, start=tmp_path / "a.safetensors").fit([small(0), small(1), small(2)], Run(dense_is_dark=True))
    with pytest.raises(VolvizError, match="num-levels 2, not 3: leave --num-levels out"):
        UNet(num_levels=3, start=tmp_path / "a.safetensors").fit([small(0), small(1), small(2)], Run(dense_is_dark=True))
    with pytest.raises(VolvizError, match="architecture unet3d, not dense"):
        UNet("dense", start=tmp_path / "a.safetensors").fit([small(0), small(1), small(2)], Run(dense_is_dark=True))


def test_a_second_look_is_kept_where_classes_and_voxels_are_those_of_the_weights(tmp_path: Path) -> None:
    first = UNet("unet3d", f_maps=4, num_levels=2, num_groups=2, crop=16, steps=1, held_out=1)
    told = first.fit([small(0), small(1)], Run(dense_is_dark=True))
    assert told.card.bricks.overview is None
    far = Overview(2.0, "lumen")
    replace(told, card=replace(told.card, bricks=replace(told.card.bricks, overview=far))).save(tmp_path / "far.safetensors")
    start = UNet(crop=16, steps=1, held_out=1, start=tmp_path / "far.safetensors")
    again = start.fit([small(0), small(1)], Run(dense_is_dark=True))
    again.save(tmp_path / "again.safetensors")
    assert card(tmp_path / "again.safetensors").bricks.overview == far
    assert again.predict(small(2).volume, Run(dense_is_dark=True)).provenance["overview"] == {"coarser": 2.0, "label": "lumen"}
    for other in (replace(start, voxel_size=14.0), replace(start, classes="foreground")):
        assert other.fit([small(0), small(1)], Run(dense_is_dark=True)).card.bricks.overview is None


@pytest.mark.parametrize("architecture", ["residual-unet", "dense"])
def test_two_classes_first_then_four_with_a_new_last_layer(tmp_path: Path, architecture: Architecture) -> None:
    sizes = {"f_maps": 4, "num_levels": 2, "num_groups": 2, "crop": 16, "held_out": 1}
    two = UNet(architecture, **sizes, steps=2, classes="foreground", loss="mse").fit([small(0), small(1)], Run(dense_is_dark=True))
    assert [label.name for label in two.labels] == ["background", "foreground"]
    assert set(two.card.scores["held_out"]) == {"f1.foreground", "macro_f1"}
    assert two.predict(small(2).volume, Run(dense_is_dark=True)).data.shape == (2, 24, 26, 25)
    two.save(tmp_path / "two.safetensors")
    said: list[str] = []
    report = lambda fraction, text="", **metrics: said.append(text)  # noqa: E731
    four = UNet(crop=16, held_out=1, steps=1, learning_rate=1e-12, start=tmp_path / "two.safetensors", loss="ce")
    predictor = four.fit([small(0), small(1)], Run(dense_is_dark=True, report=report))
    assert said[0] == "last layer drawn anew: two.safetensors knows background, foreground; now background, membrane, spikes, lumen"
    assert predictor.labels == VIRION_LABELS
    heads = predictor.network.head
    assert predictor.card.training["start"]["drawn_anew"] == list(heads)
    for (name, a), (_, b) in zip(two.network.state_dict().items(), predictor.network.state_dict().items(), strict=True):
        assert name.startswith(heads) or torch.allclose(a, b, atol=1e-3), name


def fewer(seed: int) -> Example:
    """The ball without spikes among its classes."""
    example = small(seed)
    (told,) = (a.segmentation for a in example.annotations if isinstance(a, Dense))
    labels = tuple(label for label in VIRION_LABELS if label.name != "spikes")
    return Example(example.volume, [Dense(Segmentation(told.grid, np.asarray(told.data)[[0, 1, 3]], labels))])


def test_some_of_the_classes_go_on_with_what_the_weights_know_of_them(tmp_path: Path) -> None:
    four = replace(TINY, crop=16, steps=2).fit([small(0), small(1)], Run(dense_is_dark=True))
    four.save(tmp_path / "four.safetensors")
    said: list[str] = []
    report = lambda fraction, text="", **metrics: said.append(text)  # noqa: E731
    start = UNet(crop=16, held_out=1, steps=1, learning_rate=1e-12, start=tmp_path / "four.safetensors")
    three = start.fit([fewer(0), fewer(1)], Run(dense_is_dark=True, report=report))
    assert said[0] == "of the classes of four.safetensors only these: background, membrane, lumen"
    assert [label.name for label in three.labels] == ["background", "membrane", "lumen"]
    assert three.card.training["start"]["drawn_anew"] == []
    before = four.network.state_dict()
    for name, now in three.network.state_dict().items():
        kept = before[name][[0, 1, 3]] if name.startswith(four.network.head) else before[name]
        assert torch.allclose(now, kept, atol=1e-3), name


def test_two_classes_first_is_one_run_that_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    method = UNet(f_maps=2, num_levels=2, crop=16, batch=1, steps=4, validate_every=2, classes="foreground-first", checkpoints=tmp_path)
    examples = [small(0), small(1)]
    steps: list[float] = []

    def stop_in_the_second(fraction: float, text: str = "", **metrics: float) -> None:
        steps.extend([metrics["step"]] if "loss" in metrics else [])
        if steps and steps[-1] >= 7:
            raise Cancelled

    with pytest.raises(Cancelled):
        method.fit(examples, Run(dense_is_dark=True, report=stop_in_the_second))
    assert steps[:4] == [1, 2, 3, 4]
    foreground = card(tmp_path / "foreground" / "foreground.safetensors")
    assert [label.name for label in foreground.labels] == ["background", "foreground"]
    steps.clear()
    found = method.fit(examples, Run(dense_is_dark=True, report=lambda *_, **m: steps.extend([m["step"]] if "loss" in m else [])))
    assert min(steps) > 4
    assert max(steps) == 8
    assert [label.name for label in found.labels] == [label.name for label in VIRION_LABELS]
    assert found.card.training["start"]["weights"] == foreground.name
    assert found.card.training["start"]["drawn_anew"]
    assert found.card.training["parameters"]["classes"] == "foreground-first"
    assert found.card.training["parameters"]["start"] is None

    def enough(fraction: float, text: str = "", **metrics: float) -> None:
        if metrics.get("step", 0) >= 3:
            raise Enough

    early = replace(method, checkpoints=None).fit(examples, Run(dense_is_dark=True, report=enough))
    assert [label.name for label in early.labels] == ["background", "foreground"]


def test_one_own_tomogram_is_divided_into_slabs_that_do_not_touch(tmp_path: Path) -> None:
    predictor = UNet(f_maps=2, num_levels=2, crop=16, steps=2).fit([small()], Run(dense_is_dark=True))
    assert set(predictor.card.scores) == {"held_out", "test"}
    assert "f1.membrane" in predictor.card.scores["test"]
    division = Division.of(1, None, None)
    crops = Crops([ball()], 16, 10.0, Augmentation(0, 0, 0, 0, 0, 0, 0, 0), part=division.part)
    parts = [crops.source(0, part) for part in (division.part, division.validation[0][1], division.test[0][1])]
    spans = [(source.within.start[1], source.within.stop[1]) for source in parts]  # y is the longest axis
    assert spans[0][0] == 0
    assert spans[0][1] == spans[1][0]
    assert spans[1][1] == spans[2][0]
    assert spans[2][1] == 50
    assert all(sum(len(p) for p in source.places) > 0 for source in parts)
    for seed in range(10):
        start = parts[0]._place(16, np.random.default_rng(seed))
        assert start[1] + 16 <= spans[0][1]
    _, target = parts[1].crop((0, 0, 0), (48, 50, 49))
    assert (target.sum(0)[:, spans[1][0] : spans[1][1]] > 0.99).all()
    assert target.sum() == pytest.approx(48 * 49 * (spans[1][1] - spans[1][0]))


def test_examples_are_divided_as_in_the_paper() -> None:
    paper = Division.of(60, None, None)
    assert (len(paper.validation), len(paper.test), 60 - paper.first) == (5, 5, 50)
    few = Division.of(6, None, None)
    assert (len(few.validation), len(few.test), few.first) == (1, 1, 2)
    assert Division.of(400, 8, None).test == ()
    assert Division.of(3, None, 0).test == ()
    assert Division.of(9, 0, None).part == Division.of(1, None, None).part == (0.0, 0.75)
    with pytest.raises(VolvizError, match="4 labelled tomograms are too few when 5 are held out"):
        Division.of(4, 3, 2)


def test_what_cannot_be_learnt_from_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, run = [small(0), small(1)], Run(precision="float32", dense_is_dark=True)
    with pytest.raises(VolvizError, match="--crop a multiple of 8"):
        UNet(f_maps=2, crop=20, held_out=1).fit(examples, run)
    other = Segmentation(examples[1].volume.grid, np.zeros((2, 24, 26, 25), np.uint8), VIRION_LABELS[:2])
    with pytest.raises(VolvizError, match="classes background, membrane, those of another volume others"):
        UNet(f_maps=2, num_levels=2, crop=16, held_out=0).fit([examples[0], Example(examples[1].volume, [Dense(other)])], run)
    with pytest.raises(VolvizError, match="--batch must be at least 1"):
        UNet(batch=0).fit(examples, run)

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setitem(LOSSES, "dice-ce", full)  # type: ignore[arg-type]
    with pytest.raises(VolvizError, match="no room for 2 cubes at a time"):
        UNet(f_maps=2, num_levels=2, crop=8, held_out=1).fit(examples, run)


def test_cubes_too_small_for_half_precision_are_learnt_from_in_single() -> None:
    def precision(crop: int) -> str:
        method = UNet("dense", f_maps=4, num_levels=2, num_groups=2, crop=crop, steps=2, held_out=1)
        fitted = method.fit([small(0), small(1)], Run(device="cpu", precision="bfloat16", dense_is_dark=True))
        assert all(torch.isfinite(value).all() for value in fitted.network.state_dict().values())
        return str(fitted.card.training["precision"])

    assert precision(8) == "float32"
    assert precision(16) == "bfloat16"


def test_a_voxel_size_that_nobody_knows_is_the_networks() -> None:
    example = small()
    unknown = Grid(example.volume.grid.shape, (1.0, 1.0, 1.0), voxel_size_known=False)
    source = Source.of(Example(Volume(unknown, example.volume.data), example.annotations), 10.0, 1)
    assert source.grid.shape == unknown.shape
    assert torch.equal(source.crop((0, 0, 0), (8, 8, 8))[0], Source.of(example, 10.0, 1).crop((0, 0, 0), (8, 8, 8))[0])


def test_boxes_judge_every_voxel_once() -> None:
    grid = Grid((20, 150, 300), (10.0, 10.0, 10.0))
    labels = np.zeros((4, *grid.shape), np.uint8)
    labels[0] = 255
    source = Source.of(Example(Volume(grid, np.zeros(grid.shape, np.float32)), [Dense(Segmentation(grid, labels))]), 10.0, 1)
    counts = np.zeros((24, 152, 304), int)
    boxes = covering(source, 8)
    for box in boxes:
        region = tuple(slice(s + j, s + n) for s, n, j in zip(box.start, box.shape, box.judged, strict=True))
        assert all(n % 8 == 0 for n in box.shape)
        counts[region] += 1
    assert (counts[:20, :150, :300] == 1).all()
    assert len(covering(source, 8, most=3)) == 3
    # What is normalised together is of one volume, and of boxes apart from one another; every box is in one group.
    other = Source.of(ball(), 10.0, 1)
    groups = grouped([*boxes, *covering(other, 8)], "volume")
    assert sorted(len(group) for group in groups) == [1, *([2] * (len(boxes) // 2))]
    assert all(len({id(box.source) for box in group}) == 1 for group in groups)
    assert {id(box) for group in groups[:-1] for box in group} == {id(box) for box in boxes}
    assert grouped(boxes, "cube") == [[box] for box in boxes]


def test_bright_examples_are_learned_as_dark_ones() -> None:
    dark, bright = Source.of(ball(3), 10.0, 1), Source.of(ball(3, sign=-1), 10.0, -1)
    assert torch.allclose(dark.crop((0, 0, 0), (16, 16, 16))[0], bright.crop((0, 0, 0), (16, 16, 16))[0], atol=1e-5)


def test_examples_without_dense_labels_are_refused() -> None:
    poor = Example(ball().volume, [Tag(frozenset({"membrane"}))])
    with pytest.raises(VolvizError, match="no dense labels"):
        TINY.fit([poor, poor], Run(dense_is_dark=True))
    with pytest.raises(VolvizError, match="too few"):
        TINY.fit([ball()], Run())
    ice = np.zeros((4, 48, 50, 49), np.float32)
    ice[0] = 1
    empty = Segmentation.of_probabilities(ball().volume.grid, ice)
    with pytest.raises(VolvizError, match="Nothing is labelled"):
        UNet(f_maps=2, num_levels=2, crop=16).fit([Example(ball().volume, [Dense(empty)])], Run(dense_is_dark=True))


def test_beyond_the_volume_nothing_is_known() -> None:
    density, target = Source.of(ball(), 10.0, 1).crop((-4, 0, 43), (16, 16, 16))
    assert (target[:, :4] == 0).all()
    assert (target[:, :, :, 6:] == 0).all()
    assert torch.allclose(target[:, 4:, :, :6].sum(0), torch.ones(12, 16, 6))
    assert (density[:4] == 0).all()


def test_a_growing_sequence_is_drawn_from_as_it_grows() -> None:
    class Growing(Sequence[Example]):
        def __init__(self) -> None:
            self.n = 2

        def __len__(self) -> int:
            return self.n

        def __getitem__(self, i: int) -> Example:  # type: ignore[override]
            return ball(i)

    growing = Growing()
    crops = Crops(growing, 16, 10.0, Augmentation(), first=1)
    crops(np.random.default_rng(0))
    assert {number for number, _ in crops.sources} == {1}
    growing.n = 6
    for i in range(40):
        crops(np.random.default_rng(i))
    assert {number for number, _ in crops.sources} == {1, 2, 3, 4, 5}


def test_card_is_plain_json_and_complete(tmp_path: Path) -> None:
    UNet(f_maps=2, num_levels=2, crop=16, steps=1, held_out=1).fit([small(0), small(1)], Run()).save(tmp_path / "m.safetensors")
    content = json.loads((tmp_path / "m.json").read_text())
    sizes = {"in_channels": 1, "out_channels": 4, "f_maps": 2, "num_levels": 2, "num_groups": 2}
    assert content["architecture"] == {"kind": "residual-unet", **sizes}
    assert content["bricks"]["voxel_size"] == 10.0
    assert content["bricks"]["multiple"] == 2
    assert [label["name"] for label in content["labels"]] == ["background", "membrane", "spikes", "lumen"]
    assert content["bricks"]["statistics"] == "volume"
    alone = UNet(f_maps=2, num_levels=2, crop=16, steps=1, held_out=1, statistics="cube").fit([small(0), small(1)], Run())
    assert alone.card.bricks.statistics == "tile"
