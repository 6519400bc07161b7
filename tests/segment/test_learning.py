from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from volviz.core.annotations import Dense, Example, Tag
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.methods import unet as method_module
from volviz.segment.methods.unet import UNet, UNetPredictor
from volviz.segment.nn.augment import Augmentation, augment
from volviz.segment.nn.crops import Crops, Source
from volviz.segment.nn.fit import Schedule
from volviz.segment.nn.losses import cross_entropy, dice_and_cross_entropy, soft_dice
from volviz.segment.protocol import Run

TINY = UNet(f_maps=8, num_levels=2, crop=32, steps=100, learning_rate=1e-2, held_out=1)


def ball(seed: int = 0, voxel: float = 10.0, sign: int = 1) -> Example:
    """A hollow dark ball in grey noise: membrane and lumen."""
    rng = np.random.default_rng(seed)
    shape = (48, 50, 49)
    at = np.indices(shape) - np.asarray([24, 25, 24])[:, None, None, None] - rng.uniform(-4, 4, 3)[:, None, None, None]
    radius = np.sqrt((at**2).sum(0))
    classes = np.stack([radius > 11, (radius <= 11) & (radius > 7), np.zeros(shape, bool), radius <= 7])
    density = -3.0 * classes[1] - 1.0 * classes[3] + rng.normal(0, 0.3, shape)
    grid = Grid(shape, (voxel,) * 3)
    volume = Volume(grid, (sign * density).astype(np.float32), name=f"ball {seed}")
    return Example(volume, [Dense(Segmentation.of_probabilities(grid, classes.astype(np.float32)))])


def one_hot(classes: torch.Tensor, n: int = 4) -> torch.Tensor:
    return torch.nn.functional.one_hot(classes, n).movedim(-1, 1).float()


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
    from volviz.segment.models import card, load

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
        return method.fit([ball(0), ball(1)], Run(precision="float32", dense_is_dark=True)).network.final_conv.weight

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_a_cancelled_run_goes_on_from_its_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method_module, "Schedule", partial(Schedule, validate_every=5))
    seen: list[str] = []

    def stop(fraction: float, text: str = "", **metrics: float) -> None:
        seen.append(text)
        if text.endswith("step 7"):
            raise Cancelled

    method = UNet(f_maps=2, num_levels=2, crop=16, steps=12, held_out=1, checkpoints=tmp_path)
    examples = [ball(0), ball(1)]
    with pytest.raises(Cancelled):
        method.fit(examples, Run(precision="float32", dense_is_dark=True, report=stop))
    seen.clear()
    resumed = method.fit(examples, Run(precision="float32", dense_is_dark=True, report=lambda f, text="", **m: seen.append(text)))
    assert seen[0].endswith("step 6")
    assert resumed.card.training["steps"] == 12
    rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert rows[0].startswith("step,seconds,loss,rate,f1.membrane")
    assert [int(r.split(",")[0]) for r in rows[1:]] == [5, 10, 12]


def test_starting_weights_are_used(tmp_path: Path) -> None:
    predictor = UNet(f_maps=2, num_levels=2, crop=16, steps=2, held_out=1).fit([ball(0), ball(1)], Run(dense_is_dark=True))
    predictor.save(tmp_path / "a.safetensors")
    frozen = UNet(f_maps=2, num_levels=2, crop=16, steps=1, held_out=1, learning_rate=0.0, seed=7, start=tmp_path / "a.safetensors")
    again = frozen.fit([ball(0), ball(1)], Run(dense_is_dark=True))
    for a, b in zip(predictor.network.parameters(), again.network.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-3)


def test_bright_examples_are_learned_as_dark_ones() -> None:
    dark, bright = Source.of(ball(3), 10.0, 1), Source.of(ball(3, sign=-1), 10.0, -1)
    assert torch.allclose(dark.crop((0, 0, 0), 16)[0], bright.crop((0, 0, 0), 16)[0], atol=1e-5)


def test_examples_without_dense_labels_are_refused() -> None:
    poor = Example(ball().volume, [Tag(frozenset({"membrane"}))])
    with pytest.raises(VolvizError, match="no dense labels"):
        TINY.fit([poor, poor], Run(dense_is_dark=True))
    with pytest.raises(VolvizError, match="too few"):
        TINY.fit([ball()], Run())


def test_crops_keep_density_and_labels_together_at_the_networks_voxel_size() -> None:
    # Labels are a function of the density here, so that any mirror, turn or shift of one alone would show.
    grid = Grid((40, 44, 48), (5.0, 5.0, 5.0))
    smooth = np.random.default_rng(2).normal(size=(10, 11, 12)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    membrane = smooth < 0
    classes = np.stack([~membrane, membrane]).astype(np.float32)
    labels = (Label("background"), Label("membrane"))
    example = Example(Volume(grid, smooth.astype(np.float32)), [Dense(Segmentation.of_probabilities(grid, classes, labels))])
    none = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)
    crops = Crops([example], 16, 3, 10.0, none)
    for step in range(5):
        density, target = crops(np.random.default_rng((1, step)))
        assert density.shape == (3, 1, 16, 16, 16)
        assert target.shape == (3, 2, 16, 16, 16)
        for values, (ice, membrane_there) in zip(density[:, 0], target, strict=True):
            assert values[membrane_there > 0.99].max() < values[ice > 0.99].min()


def test_beyond_the_volume_nothing_is_known() -> None:
    density, target = Source.of(ball(), 10.0, 1).crop((-4, 0, 43), 16)
    assert (target[:, :4] == 0).all()
    assert (target[:, :, :, 6:] == 0).all()
    assert torch.allclose(target[:, 4:, :, :6].sum(0), torch.ones(12, 16, 6))
    assert (density[:4] == 0).all()


def test_augmentation_never_turns_the_beam_out_of_z() -> None:
    z = torch.arange(12.0)[:, None, None].expand(12, 12, 12).contiguous()
    for seed in range(20):
        crop, _ = augment(z, z[None], Augmentation(0, 0, 0, 0, 0, 0, 0, 0), np.random.default_rng(seed))
        assert crop.std(dim=(1, 2)).max() < 1e-5


def test_augmentation_is_finite_and_keeps_the_scale() -> None:
    x = torch.randn(24, 24, 24)
    always = Augmentation(1, 1, 1, 1, 1, 1, 1, 1)
    for seed in range(20):
        crop, target = augment(x, x[None], always, np.random.default_rng(seed))
        assert torch.isfinite(crop).all()
        assert 0.2 < crop.std() < 8
        assert target.shape == (1, 24, 24, 24)


class TestLosses:
    target = one_hot(torch.tensor([[[[0, 1], [2, 3]], [[1, 1], [0, 0]]]]))

    def test_both_vanish_where_the_answer_is_right_and_sure(self) -> None:
        assert dice_and_cross_entropy(50 * self.target, self.target) < 1e-3

    def test_cross_entropy_of_no_idea_is_log_4(self) -> None:
        assert cross_entropy(torch.zeros_like(self.target), self.target) == pytest.approx(np.log(4))

    def test_dice_of_halves_is_as_counted_by_hand(self) -> None:
        # All p = 1/4: for a class on k of 8 voxels (2 (k/4) + 1) / (8/16 + k + 1), k = 3, 1, 1.
        dice = [(2 * k / 4 + 1) / (0.5 + k + 1) for k in (3, 1, 1)]
        by_hand = 1 - np.average(dice, weights=[k**-0.25 for k in (3, 1, 1)])
        assert soft_dice(torch.zeros_like(self.target), self.target) == pytest.approx(by_hand)

    def test_unknown_voxels_have_no_gradient(self) -> None:
        target = self.target.clone()
        target[:, :, 0, 0] = 0
        logits = torch.randn_like(target, requires_grad=True)
        dice_and_cross_entropy(logits, target).backward()
        assert logits.grad is not None
        assert (logits.grad[:, :, 0, 0] == 0).all()
        assert (logits.grad[:, :, 1] != 0).any()

    def test_soft_targets_are_best_met_exactly(self) -> None:
        soft = torch.tensor([0.7, 0.3, 0.0, 0.0]).clamp_min(1e-6).reshape(1, 4, 1, 1, 1).expand(1, 4, 4, 4, 4)
        best = dice_and_cross_entropy(soft.log(), soft)
        for other in (0.5, 0.9):
            wrong = torch.tensor([other, 1 - other, 0.0, 0.0]).clamp_min(1e-6).reshape(1, 4, 1, 1, 1).expand(1, 4, 4, 4, 4)
            assert dice_and_cross_entropy(wrong.log(), soft) > best

    def test_ice_alone_is_no_special_case(self) -> None:
        ice = one_hot(torch.zeros(1, 3, 3, 3, dtype=torch.long))
        assert torch.isfinite(dice_and_cross_entropy(torch.randn_like(ice), ice))


def test_a_growing_sequence_is_drawn_from_as_it_grows() -> None:
    class Growing(Sequence[Example]):
        def __init__(self) -> None:
            self.n = 2

        def __len__(self) -> int:
            return self.n

        def __getitem__(self, i: int) -> Example:  # type: ignore[override]
            return ball(i)

    growing = Growing()
    crops = Crops(growing, 16, 1, 10.0, Augmentation(), first=1)
    crops(np.random.default_rng(0))
    assert set(crops.sources) == {1}
    growing.n = 6
    for i in range(40):
        crops(np.random.default_rng(i))
    assert set(crops.sources) == {1, 2, 3, 4, 5}


def test_card_is_plain_json_and_complete(tmp_path: Path) -> None:
    UNet(f_maps=2, num_levels=2, crop=16, steps=1, held_out=1).fit([ball(0), ball(1)], Run()).save(tmp_path / "m.safetensors")
    content = json.loads((tmp_path / "m.json").read_text())
    assert content["architecture"] == {"in_channels": 1, "out_channels": 4, "f_maps": 2, "num_levels": 2, "num_groups": 2}
    assert content["bricks"]["voxel_size"] == 10.0
    assert content["bricks"]["multiple"] == 2
    assert [label["name"] for label in content["labels"]] == ["background", "membrane", "spikes", "lumen"]
