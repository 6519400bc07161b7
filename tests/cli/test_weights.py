"""Other programs' weights by their path, from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

import volviz
from volviz.cli import main
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.segment.nn.unet3d import UNet3D


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = UNet3D(1, 1, f_maps=8, num_levels=2)
    torch.save({"num_epochs": 1, "model_state_dict": network.state_dict()}, tmp_path / "cells.pytorch")
    return tmp_path / "cells.pytorch"


def test_segment_with_a_checkpoint_and_with_what_it_is_converted_to(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = np.random.default_rng(0).normal(size=(8, 16, 16)).astype(np.float32)
    volviz.save(Volume(Grid(data.shape, (9.0, 9.0, 9.0)), data), tmp_path / "t.mrc")
    assert main(["segment", str(tmp_path / "t.mrc"), "--model", str(checkpoint), "--out", str(tmp_path / "one")]) == 0
    assert "cells.pytorch is taken for weights of pytorch-3dunet" in capsys.readouterr().err
    assert main(["convert", str(checkpoint), str(tmp_path / "cells.safetensors")]) == 0
    assert "pytorch-3dunet" in capsys.readouterr().err
    card = json.loads((tmp_path / "cells.json").read_text())
    assert card["architecture"]["f_maps"] == 8
    assert card["output"] == "sigmoid"
    assert main(["segment", str(tmp_path / "t.mrc"), "--model", str(tmp_path / "cells.safetensors"), "--out", str(tmp_path / "two")]) == 0
    one, two = (volviz.open(tmp_path / name) for name in ("one", "two"))
    assert [label.name for label in one.labels] == ["background", "foreground"]
    assert np.array_equal(one.data[:], two.data[:])


class Runs:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_a_checkpoint_that_would_run_something_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": {}, "x": Runs()}, tmp_path / "evil.ckpt")
    assert main(["convert", str(tmp_path / "evil.ckpt"), str(tmp_path / "out.safetensors")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "os.system" in lines[0]
    assert not (tmp_path / "out.safetensors").exists()
