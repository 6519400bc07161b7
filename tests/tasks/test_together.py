"""Several processes that learn together: what torchrun starts here are two on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.io import save
from volviz.segment.card import read_card, read_weights
from volviz.segment.methods.unet import UNet
from volviz.segment.nn.networks import build
from volviz.segment.nn.ranks import Ranks, joined
from volviz.segment.nn.unet import random_weights
from volviz.tasks.train import train_file

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch was built without torch.distributed")


def together(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Start two processes, as ``torchrun --nproc-per-node 2`` does."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_two_processes_do_with_one_cube_each_what_one_does_with_two(tmp_path: Path) -> None:
    labels = np.zeros((24, 28, 26), np.int8)
    labels[6:18, 6:22, 6:20] = 1
    labels[9:15, 9:18, 9:16] = 3
    grid = Grid(labels.shape, (10.0, 10.0, 10.0))
    noise = np.random.default_rng(0).normal(0, 0.3, labels.shape)
    save(Volume(grid, (noise - labels).astype(np.float32)), tmp_path / "t.mrc")
    save(Volume(grid, labels), tmp_path / "l.mrc")

    # With statistics of volumes each process has a volume of its own, and pools over its own cubes alone.
    how = {
        "f_maps": 2,
        "num_levels": 2,
        "crop": 16,
        "steps": 4,
        "validate_every": 2,
        "warmup": 1,
        "learning_rate": 1e-2,
        "statistics": "cube",
    }
    alone = UNet(**how, batch=2)
    data = [(tmp_path / "t.mrc", tmp_path / "l.mrc")]
    train_file(alone, tmp_path / "alone.safetensors", data=data, precision="float32")

    options = [word for name, value in how.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    options += ["--batch", "1", "--checkpoints", "ck", "--precision", "float32"]
    done = together("-m", "volviz", "train", "unet", "--data", "t.mrc:l.mrc", "--out", "both.safetensors", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["both.safetensors"]  # the first process alone speaks
    assert read_card(tmp_path / "both.safetensors").training["processes"] == 2
    one, two = (read_weights(tmp_path / f"{name}.safetensors") for name in ("alone", "both"))
    assert set(one) == set(two)
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=1e-3), name
    before = build({"f_maps": 2, "num_levels": 2})
    random_weights(before, 0)
    moved = [float((one[name] - value).abs().max()) for name, value in before.state_dict().items()]
    assert max(moved) > 1e-2  # they did learn something


def test_what_stops_the_first_process_stops_all(tmp_path: Path) -> None:
    (tmp_path / "stop.py").write_text(
        """
import sys
from pathlib import Path
import torch
from volviz.core.errors import Cancelled
from volviz.segment.nn.fit import Schedule, fit
from volviz.segment.nn.networks import build
from volviz.segment.nn.ranks import joined

def report(fraction, text="", **metrics):
    if text.endswith("step 2"):
        raise Cancelled

with joined() as ranks:
    drawn = []
    class Cubes:
        def choose(self, rng):
            return 0
        def cube(self, volume, rng, look=None, aimed=None):
            drawn.append(float(rng.random()))
            return torch.zeros(4, 4, 4), torch.zeros(2, 4, 4, 4)
    try:
        fit(torch.nn.Conv3d(1, 2, 1), Cubes(), lambda n: {"macro_f1": 0.0}, Schedule(9, batch=1), dtype=torch.float32, report=report)
        said = "went on"
    except Cancelled:
        said = "cancelled"
    mean = ranks.mean([torch.tensor([float(ranks.rank)]), torch.ones(2, 2) * 3])
    assert mean[0] == 0.5 and (mean[1] == 3).all(), mean
    shared = torch.full((2, 3), float(ranks.rank))
    ranks.share([shared])
    assert (shared == 0).all()
    assert ranks.lead(lambda: ranks.rank) == 0
    Path(f"{ranks.rank}.txt").write_text(f"{said} {sorted(drawn)[0]}")
""",
        encoding="utf-8",
    )
    done = together("stop.py", cwd=tmp_path)
    # Now and then a thread of gloo (torch 2.13) aborts its process on the way out. Nobody leaves before all are done, so what
    # they did is there, which is asked for below; anything else that goes wrong is not forgiven.
    assert done.returncode == 0 or "terminate called without an active exception" in done.stderr, done.stderr
    said = [(tmp_path / f"{rank}.txt").read_text().split() for rank in (0, 1)]
    assert [word for word, _ in said] == ["cancelled", "cancelled"]
    assert said[0][1] != said[1][1]  # each draws other cubes


def test_a_process_by_itself_needs_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with joined() as ranks:
        assert ranks == Ranks(0, 1)
        assert ranks.lead(lambda: 7) == 7
        tensor = torch.ones(2)
        assert ranks.mean([tensor])[0] is tensor
        assert ranks.device(torch.device("cuda")) == torch.device("cuda")


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.core.errors import VolvizError

    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(VolvizError, match="no GPU for process 2: start at most 1"):
        Ranks(1, 2).device(torch.device("cuda"))
    assert Ranks(1, 2).device(torch.device("cpu")) == torch.device("cpu")
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert Ranks(1, 2).device(torch.device("cuda")) == torch.device("cuda", 1)
    assert chosen == [1]
