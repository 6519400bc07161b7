from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from volviz.core.annotations import Dense
from volviz.core.errors import VolvizError
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment import models
from volviz.segment.card import Card
from volviz.segment.methods.unet import UNet, UNetPredictor
from volviz.segment.nn.unet import ResidualUNet3D


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with one model."""
    folder = tmp_path / "models"
    monkeypatch.setattr(models, "user_folder", lambda: folder)
    network = ResidualUNet3D(1, 4, 2, 2, 2)
    architecture = {"in_channels": 1, "out_channels": 4, "f_maps": 2, "num_levels": 2, "num_groups": 2}
    UNetPredictor(network, Card("mine", "unet", architecture, VIRION_LABELS)).save(folder / "mine.safetensors")
    return folder


def test_models_in_the_users_folder_are_listed_and_load_by_name(mine: Path) -> None:
    assert models.models()["mine"] == mine / "mine.safetensors"
    assert models.load("mine").labels == VIRION_LABELS
    assert models.load(mine / "mine.safetensors").labels == VIRION_LABELS


def test_a_model_that_has_no_room_leaves_the_one_before_whole(mine: Path, full_disk: Callable[[int], AbstractContextManager[None]]) -> None:
    before = {path: path.read_bytes() for path in mine.iterdir()}
    network = ResidualUNet3D(1, 4, 2, 2, 2)
    other = UNetPredictor(network, replace(models.card("mine"), limits=("another",)))
    room = len(before[mine / "mine.json"]) + 500  # for the card, and not for the weights
    with full_disk(room), pytest.raises(VolvizError, match=r"mine\.safetensors could not be written"):
        other.save(mine / "mine.safetensors")
    assert {path: path.read_bytes() for path in mine.iterdir()} == before


def test_an_unknown_model_is_one_sentence_that_lists_what_there_is(mine: Path) -> None:
    with pytest.raises(VolvizError, match=r"no model 'mime'; there are: .*mine"):
        models.load("mime")
    with pytest.raises(VolvizError, match=r"no file .*nowhere\.safetensors"):
        models.load("nowhere.safetensors")


def test_weights_without_a_card_are_refused(mine: Path) -> None:
    (mine / "mine.json").unlink()
    assert "mine" not in models.models()
    with pytest.raises(VolvizError, match=r"mine\.json must lie beside it"):
        models.load(mine / "mine.safetensors")


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 99}', '{"format": 1, "name": "x"}'])
def test_a_damaged_card_is_refused(mine: Path, damage: str) -> None:
    (mine / "mine.json").write_text(damage)
    with pytest.raises(VolvizError, match="no model card"):
        models.load("mine")


def test_damaged_or_foreign_weights_are_refused(mine: Path) -> None:
    card = json.loads((mine / "mine.json").read_text())
    card["architecture"]["f_maps"] = 4
    (mine / "mine.json").write_text(json.dumps(card))
    with pytest.raises(VolvizError, match=r"are not those that mine\.json describes"):
        models.load("mine")
    (mine / "mine.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(VolvizError, match="no weights in safetensors form"):
        models.load("mine")


def test_a_card_of_an_unknown_method_names_it(mine: Path) -> None:
    card = json.loads((mine / "mine.json").read_text())
    card["method"] = "crystal-ball"
    (mine / "mine.json").write_text(json.dumps(card))
    with pytest.raises(VolvizError, match="'crystal-ball', which is not installed"):
        models.load("mine")


def test_segmenters_are_frozen_dataclasses_that_say_what_they_need() -> None:
    assert models.segmenters()[0] == "unet"
    kind = models.find_segmenter("unet")
    assert kind is UNet
    assert is_dataclass(kind)
    assert kind.needs == (Dense,)
    assert "needs" not in {f.name for f in fields(UNet)}
    with pytest.raises(VolvizError, match="no method 'vnet'; there are: unet"):
        models.find_segmenter("vnet")


def test_listing_models_does_not_import_torch() -> None:
    code = "import sys; from volviz.segment import models; models.models(); models.segmenters(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
