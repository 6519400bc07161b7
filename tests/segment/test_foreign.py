"""Weights of other programs: read by their layout, computing what they computed there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import State, lightning, logits, new_residual, old_residual, plain, wolny

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.segment import models
from volviz.segment.foreign import read_foreign
from volviz.segment.protocol import Run
from volviz.tasks.segment import segment
from volviz.tasks.weights import convert_weights

RUN = Run(device="cpu", precision="float32")


def tomogram(*shape: int) -> Volume:
    data = np.random.default_rng(1).normal(100, 20, shape).astype(np.float32)
    return Volume(Grid(data.shape, (13.0, 13.0, 13.0)), data)


def min_max(volume: Volume) -> torch.Tensor:
    data = volume.read()
    return torch.from_numpy((data - data.min()) / (data.max() - data.min()))[None, None]


def standard(volume: Volume) -> torch.Tensor:
    data = volume.read().astype(np.float64)
    return torch.from_numpy(((data - data.mean()) / data.std()).astype(np.float32))[None, None]


@pytest.mark.parametrize(("width", "levels"), [(4, 5), (2, 3), (6, 2)])
def test_nano_oetzi_gives_what_its_network_computes(tmp_path: Path, width: int, levels: int) -> None:
    state = old_residual(width, levels, 4)
    if levels == 5:
        assert len(state) == 91
    path = lightning(tmp_path / "four_classes.ckpt", state)
    before = path.read_bytes()
    volume = tomogram(16, 32, 16)
    found = segment(volume, model=path, device="cpu", precision="float32", dense_is_dark=True)
    expected = logits(state, min_max(volume), 2).softmax(dim=1)[0].numpy()
    assert np.abs(found.probabilities() - expected).max() < 0.01
    assert expected.std() > 0.05
    assert found.labels == VIRION_LABELS
    assert found.provenance["model"] == "four_classes"
    assert "Nano-Oetzi" in found.provenance["notes"][0]
    assert "2 groups" in found.provenance["notes"][0]
    assert not any("pytorch_lightning" in name for name in sys.modules)
    assert path.read_bytes() == before


def test_a_tomogram_where_dense_is_bright_is_inverted_for_nano_oetzi(tmp_path: Path) -> None:
    state = old_residual(2, 2, 4)
    path = lightning(tmp_path / "x.ckpt", state)
    volume = tomogram(8, 8, 8)
    found = segment(volume, model=path, device="cpu", precision="float32", dense_is_dark=False)
    expected = logits(state, 1 - min_max(volume), 2).softmax(dim=1)[0].numpy()
    assert np.abs(found.probabilities() - expected).max() < 0.01


@pytest.mark.parametrize(("settings", "squash"), [({"loss": "mse"}, "clamp"), ({"loss": "bce"}, "sigmoid"), ({}, "clamp")])
def test_one_class_of_nano_oetzi_is_a_foreground_over_what_it_leaves(tmp_path: Path, settings: dict[str, str], squash: str) -> None:
    state = old_residual(2, 3, 1)
    state["final_conv.bias"] += 0.5
    volume = tomogram(8, 16, 8)
    found = models.load(lightning(tmp_path / "fg.ckpt", state, **settings)).predict(volume, RUN)
    value = logits(state, min_max(volume), 2)[0, 0]
    expected = (value.sigmoid() if squash == "sigmoid" else value.clamp(0, 1)).numpy()
    assert [label.name for label in found.labels] == ["background", "foreground"]
    assert np.abs(found.probabilities()[1] - expected).max() < 0.01


@pytest.mark.parametrize("layout", [old_residual, new_residual, lambda *a: new_residual(*a, resized=False), plain])
@pytest.mark.parametrize(("width", "levels", "classes"), [(4, 4, 3), (16, 2, 1), (6, 3, 2)])
def test_pytorch_3dunet_gives_what_its_networks_compute(
    tmp_path: Path, layout: Callable[..., State], width: int, levels: int, classes: int
) -> None:
    state = layout(width, levels, classes)
    volume = tomogram(8, 16, 8)
    predictor = read_foreign(wolny(tmp_path / "best_checkpoint.pytorch", state))
    found = predictor.predict(volume, RUN)
    # 8 groups, unless they do not divide the features.
    groups = {4: 4 if layout is plain else 8, 16: 8, 6: 6}[width]
    assert predictor.card.architecture["num_groups"] == groups
    values = logits(state, standard(volume), groups)[0]
    expected = values.softmax(dim=0)[1:] if classes > 1 else values.sigmoid()
    assert np.abs(found.probabilities()[1:] - expected.numpy()).max() < 0.01
    assert expected.std() > 0.02
    names = [label.name for label in found.labels[1:]]
    assert names == (["foreground"] if classes < 3 else ["class 1", "class 2"])
    assert f"{groups} groups" in found.provenance["notes"][0]


def test_the_published_default_sizes_have_as_many_tensors_as_described(tmp_path: Path) -> None:
    predictor = read_foreign(wolny(tmp_path / "a.pytorch", new_residual(4, 5, 4)))
    assert len(predictor.network.state_dict()) == 70
    assert sum(p.numel() for p in predictor.network.parameters()) == 445_108


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.model."])
@pytest.mark.parametrize("zipped", [True, False])
def test_wrappers_and_old_files_change_nothing(tmp_path: Path, prefix: str, zipped: bool) -> None:
    state = plain(4, 2, 2)
    found = read_foreign(wolny(tmp_path / "a.pytorch", state, prefix=prefix, zipped=zipped)).network.state_dict()
    assert {name: value.tolist() for name, value in found.items()} == {name: value.tolist() for name, value in state.items()}


def test_bare_weights_load_too(tmp_path: Path) -> None:
    torch.save(old_residual(2, 2, 4), tmp_path / "bare.pt")
    assert read_foreign(tmp_path / "bare.pt").card.training["program"] == "Nano-Oetzi"
    for state in (plain(8, 2, 2), new_residual(8, 2, 2), new_residual(8, 2, 2, resized=False)):
        torch.save(state, tmp_path / "bare.pth")
        assert read_foreign(tmp_path / "bare.pth").card.training["program"] == "pytorch-3dunet"


def test_a_recipe_beside_the_weights_says_what_shapes_do_not(tmp_path: Path) -> None:
    state = plain(8, 2, 2)
    path = wolny(tmp_path / "boundaries.pytorch", state)
    recipe = "model:\n  name: UNet3D\n  out_channels: 2\n  num_groups: 4\n  # use sigmoid\n  final_sigmoid: True\n"
    (tmp_path / "boundaries.yml").write_text(recipe)
    volume = tomogram(8, 8, 8)
    predictor = read_foreign(path)
    found = predictor.predict(volume, RUN).probabilities()
    values = logits(state, standard(volume), 4)[0].sigmoid().numpy()
    whole = np.concatenate([1 - values.max(axis=0, keepdims=True), values])
    assert np.abs(found - whole / whole.sum(axis=0)).max() < 0.01
    assert [label.name for label in predictor.labels] == ["background", "class 1", "class 2"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_converted_checkpoint_gives_the_same_and_says_what_it_assumes(tmp_path: Path, precision: str) -> None:
    path = wolny(tmp_path / "a.pytorch", new_residual(8, 2, 1))
    card = convert_weights(path, tmp_path / "mine.safetensors")
    assert card.assumptions == read_foreign(path).card.assumptions
    assert models.card(tmp_path / "mine.safetensors") == card
    volume, run = tomogram(8, 16, 8), Run(device="cpu", precision=precision)  # type: ignore[arg-type]
    one, two = (models.load(p).predict(volume, run) for p in (path, tmp_path / "mine.safetensors"))
    assert np.array_equal(one.data, two.data)
    assert one.provenance["notes"] == two.provenance["notes"]
    with pytest.raises(VolvizError, match="already"):
        convert_weights(path, tmp_path / "mine.safetensors")
    with pytest.raises(VolvizError, match=r"saved as a \.safetensors file"):
        convert_weights(path, tmp_path / "mine.mrc")


def test_tiles_of_a_large_volume_are_blended_as_ever(tmp_path: Path) -> None:
    found = read_foreign(wolny(tmp_path / "a.pytorch", plain(2, 2, 1))).predict(tomogram(9, 131, 10), RUN)
    assert found.grid.shape == (9, 131, 10)
    assert (found.probabilities().sum(axis=0) > 0.99).all()
