from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from volviz.core.annotations import Dense, Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.project import Project, Source
from volviz.core.report import silent
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import save
from volviz.io.project import save_project
from volviz.segment.methods.unet import UNet, _Signs
from volviz.segment.models import card, load
from volviz.segment.nn.augment import Augmentation
from volviz.segment.nn.crops import Crops
from volviz.segment.nn.validate import Judge
from volviz.segment.protocol import Run
from volviz.tasks import pool as pool_module
from volviz.tasks import train
from volviz.tasks.examples import read_example
from volviz.tasks.labels import HardLabels
from volviz.tasks.pool import Pool, fill_pool, recipe
from volviz.tasks.train import Joined, command_of, train_file

TINY = UNet(f_maps=2, num_levels=2, crop=16, batch=1, steps=2, held_out=1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "SHAPE", (16, 24, 24))


def labelled(folder: Path, name: str, labels: np.ndarray) -> tuple[Path, Path]:
    grid = Grid(labels.shape, (10.0, 10.0, 10.0))
    density = -labels.astype(np.float32) + np.random.default_rng(0).normal(0, 0.1, labels.shape).astype(np.float32)
    paths = folder / f"{name}.mrc", folder / f"{name}_labels.mrc"
    save(Volume(grid, density), paths[0])
    save(Volume(grid, labels.astype(np.int8)), paths[1])
    return paths


@pytest.mark.parametrize(
    ("changed", "out", "device", "says"),
    [
        ({"minutes": -1.0}, "m.safetensors", "cpu", "--minutes must be at least 0, not -1"),
        ({"minutes": float("nan")}, "m.safetensors", "cpu", "--minutes"),
        ({"held_out": -1}, "m.safetensors", "cpu", "--held-out"),
        ({"crop": 17}, "m.safetensors", "cpu", "--crop a multiple of 2"),
        ({"f_maps": 3, "num_groups": 2}, "m.safetensors", "cpu", "groups must divide features"),
        ({"voxel_size": 0.0}, "m.safetensors", "cpu", "--voxel-size is a positive length"),
        ({"held_back": 0.9}, "m.safetensors", "cpu", "--held-back"),
        ({"start": Path("nowhere.safetensors")}, "m.safetensors", "cpu", "nowhere"),
        ({"checkpoints": Path("/proc/none/a")}, "m.safetensors", "cpu", "Nothing can be written into the folder /proc"),
        ({}, "no/folder/m.safetensors", "cpu", "does not exist"),
        ({}, "m.safetensors", "cuda", "CUDA"),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], out: str, device: Any, says: str
) -> None:
    monkeypatch.setattr(train, "_simulations", lambda *_: pytest.fail("simulated"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(VolvizError, match=says):
        train_file(replace(TINY, **changed), tmp_path / out, device=device)
    assert list(tmp_path.iterdir()) == []


def test_a_pool_fills_up_and_is_read_from_disk(tmp_path: Path, small: None) -> None:
    fill_pool(tmp_path, 2, seed=3)
    examples = Pool(tmp_path)
    assert len(examples) == 2
    volume = examples[1].volume
    assert volume.grid.voxel_size == (10.0, 10.0, 10.0)
    assert all(abs(n - m) <= 2 for n, m in zip(volume.grid.shape, (16, 24, 24), strict=True))
    assert isinstance(volume.data, np.memmap)
    (labels,) = examples[1].annotations
    assert isinstance(labels, Dense)
    assert np.abs(np.asarray(labels.segmentation.data).astype(int).sum(0) - 255).max() <= 2
    before = (tmp_path / "00001_density.npy").read_bytes()
    (tmp_path / "00000.json").unlink()
    assert len(Pool(tmp_path)) == 0
    fill_pool(tmp_path, 3, seed=3)
    assert len(examples) == 3
    assert (tmp_path / "00001_density.npy").read_bytes() == before
    with pytest.raises(IndexError):
        examples[3]


def test_recipes_differ_in_seed_and_number_and_are_the_same_again() -> None:
    assert recipe(1, 2, 10.0) == recipe(1, 2, 10.0)
    assert len({recipe(s, n, 10.0).seed for s in range(3) for n in range(5)}) == 15


def test_training_on_own_tomograms_writes_a_model_that_says_how_it_was_made(tmp_path: Path) -> None:
    labels = np.zeros((40, 40, 40), np.int8)
    labels[10:30, 10:30, 10:30] = 1
    labels[14:26, 14:26, 14:26] = 3
    data = [labelled(tmp_path, "a", labels), labelled(tmp_path, "b", labels)]
    out = tmp_path / "mine.safetensors"
    train_file(TINY, out, data=data, report=silent)
    told = card(out)
    assert told.name == "mine"
    assert told.training["own_tomograms"] == ["a.mrc", "b.mrc"]
    assert told.command.startswith("volviz train unet --out mine.safetensors --data ")
    assert "--f-maps 2" in told.command
    assert load(out).predict(read_example(*data[0]).volume, Run()).shape == (40, 40, 40)
    with pytest.raises(VolvizError, match="there already"):
        train_file(TINY, out, data=data)


def test_a_session_teaches_what_it_shows_and_what_was_said_of_it(tmp_path: Path) -> None:
    numbers = np.zeros((12, 12, 12), np.int16)
    numbers[4:8, 4:8, 4:8], numbers[1, 1, 1] = 1, 1
    tomogram, labels = labelled(tmp_path, "a", numbers)
    known = read_example(tomogram, labels)
    save(Segmentation(known.volume.grid, np.asarray(known.annotations[0].segmentation.data[:])), tmp_path / "a.zarr")
    said = Stroke(((5.0, 5.0, 5.0),), 10.0, "spikes")
    path = tmp_path / "a.volviz"
    sources = {"volume": Source(str(tomogram), voxel_size=20.0), "segmentation": Source(str(tmp_path / "a.zarr"))}
    cleaned = Scene(ramps={"membrane": Ramp()}).with_cleaning("membrane", dust=5.0)
    save_project(Project(**sources, scene=cleaned, annotations=(said,)), path)
    example = read_example(path, path)
    dense, stroke = example.annotations
    assert stroke == said
    assert example.volume.grid.voxel_size == dense.segmentation.grid.voxel_size == (20.0, 20.0, 20.0)
    assert np.asarray(dense.segmentation.data[1]).sum() == 64 * 255  # as clean as it is shown: the speck is gone
    assert f"--data {path}" in command_of(TINY, tmp_path / "m.safetensors", [(path, path)])
    save_project(Project(volume=sources["volume"]), tmp_path / "empty.volviz")
    with pytest.raises(VolvizError, match="nothing to learn from"):
        read_example(tmp_path / "empty.volviz", tmp_path / "empty.volviz")


def test_training_on_simulations_starts_while_they_are_still_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = pool_module.fill_pool
    monkeypatch.setattr(pool_module, "SHAPE", (16, 24, 24))
    fill(tmp_path / "pool", 2, seed=0)
    train_file(TINY, tmp_path / "sim.safetensors", simulated=2, pool=tmp_path / "pool")
    assert card(tmp_path / "sim.safetensors").training["simulated"] == 2
    assert "--simulate 2" in card(tmp_path / "sim.safetensors").command


def test_a_pool_without_room_is_a_sentence_and_keeps_no_half_volume(
    tmp_path: Path, small: None, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(5000), pytest.raises(VolvizError, match=r"00000_density\.npy could not be written \(no space left on device\)"):
        fill_pool(tmp_path, 1, seed=3)
    assert list(tmp_path.iterdir()) == []


def test_a_model_whose_place_is_full_when_it_has_learnt_is_kept_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.zeros((24, 24, 24), np.int8)
    labels[6:18, 6:18, 6:18] = 1
    data = [labelled(tmp_path, name, labels) for name in "ab"]
    taken, spare = tmp_path / "taken", tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(train, "default_folder", lambda: spare)

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if "loss" in metrics and not taken.exists():
            taken.write_text("the folder of the model has become a file")

    with pytest.raises(VolvizError, match="Until then the model is in ") as raised:
        train_file(TINY, taken / "mine.safetensors", data=data, report=report)
    (found,) = spare.glob("mine-*.safetensors")
    assert str(found) in str(raised.value)
    assert card(found).command.startswith("volviz train unet")
    assert load(found).predict(read_example(*data[0]).volume, Run()).shape == labels.shape


class AtOnce:
    """In place of a process: does its work when it is started."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        self.target(*self.args)

    def is_alive(self) -> bool:
        return False

    def terminate(self) -> None:
        """Has ended."""

    def join(self) -> None:
        """Has ended."""


def test_simulating_that_dies_is_not_waited_for(tmp_path: Path) -> None:
    # Where a folder should be there is a file: the process that simulates can write nothing.
    (tmp_path / "pool").write_text("in the way")
    with pytest.raises(VolvizError, match=r"pool cannot be made \(file exists\)"):
        train_file(UNet(crop=16, steps=1), tmp_path / "m.safetensors", simulated=2, pool=tmp_path / "pool")
    assert not (tmp_path / "m.safetensors").exists()


def test_simulations_to_learn_from_hold_the_structures_of_a_folder(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train.multiprocessing, "get_context", lambda kind: SimpleNamespace(Process=AtOnce, Pipe=Pipe))
    monkeypatch.setattr(train.os, "nice", lambda by: None)
    structures = tmp_path / "structures"
    structures.mkdir()
    ball = np.zeros((12, 12, 12), np.float32)
    ball[3:9, 3:9, 3:9] = 1
    save(Volume(Grid(ball.shape, (10.0, 10.0, 10.0)), ball), structures / "ball.mrc")
    out, pool = tmp_path / "m.safetensors", tmp_path / "pool"
    train_file(TINY, out, simulated=4, pool=pool, densities=structures)
    named = [json.loads(path.read_text())["simulation"]["debris_densities"] for path in sorted(pool.glob("*.json"))]
    assert len(named) == 4
    assert [str(structures / "ball.mrc")] in named
    assert f"--densities {structures}" in card(out).command


def test_structures_that_no_simulation_could_use_are_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(VolvizError, match="holds no atomic model"):
        train_file(TINY, tmp_path / "m.safetensors", densities=tmp_path)
    data = [labelled(tmp_path, "a", np.zeros((8, 8, 8), np.int8))]
    with pytest.raises(VolvizError, match="--simulate"):
        train_file(TINY, tmp_path / "m.safetensors", data=data, densities=tmp_path)


def test_labels_on_another_grid_and_values_that_are_no_class_are_refused(tmp_path: Path) -> None:
    tomogram, _ = labelled(tmp_path, "a", np.zeros((8, 8, 8), np.int8))
    _, other = labelled(tmp_path, "b", np.zeros((8, 8, 9), np.int8))
    with pytest.raises(VolvizError, match="belongs to another one"):
        read_example(tomogram, other)
    _, odd = labelled(tmp_path, "c", np.full((8, 8, 8), 9, np.int8))
    with pytest.raises(VolvizError, match="no class"):
        read_example(tomogram, odd)


def test_unknown_voxels_teach_nothing(tmp_path: Path) -> None:
    labels = np.zeros((8, 8, 8), np.int8)
    labels[0] = -1
    example = read_example(*labelled(tmp_path, "a", labels))
    (dense,) = example.annotations
    assert isinstance(dense, Dense)
    assert (np.asarray(dense.segmentation.data)[:, 0] == 0).all()
    assert (np.asarray(dense.segmentation.data)[0, 1:] == 255).all()


def test_a_model_is_saved_under_a_safetensors_name_only(tmp_path: Path) -> None:
    with pytest.raises(VolvizError, match=r"\.safetensors"):
        train_file(TINY, tmp_path / "model.pt")


def test_own_examples_come_after_the_first_simulations_and_stay_there_as_these_grow() -> None:
    simulated, own = ["s0", "s1"], ["o0"]
    joined = Joined(simulated, own, at=2)  # type: ignore[arg-type]
    assert [joined[i] for i in range(len(joined))] == ["s0", "s1", "o0"]
    simulated.append("s2")
    assert [joined[i] for i in range(len(joined))] == ["s0", "s1", "o0", "s2"]


def test_the_command_names_what_differs_from_the_defaults() -> None:
    out = Path("unet.safetensors")
    assert command_of(UNet(), out, simulated=400) == "volviz train unet --out unet.safetensors --simulate 400"
    changed = UNet(seed=3, minutes=90.0, checkpoints=Path("/tmp/x"))
    assert command_of(changed, out, simulated=40).endswith("--simulate 40 --minutes 90.0 --seed 3")


class Watched:
    """An array on disk, as far as its reader can tell, that remembers the most that was read at once."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.shape, self.dtype, self.most = data, data.shape, data.dtype, 0

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self.data[key]
        self.most = max(self.most, part.size)
        return part


def test_own_tomograms_are_read_cube_by_cube() -> None:
    grid = Grid((64, 200, 200), (10.0, 10.0, 10.0))
    hard = np.zeros(grid.shape, np.uint8)
    hard[20:40, 40:160, 40:160] = 1
    density, labels = Watched(np.random.default_rng(0).normal(size=grid.shape).astype(np.float32)), Watched(hard)
    example = Example(Volume(grid, density), [Dense(Segmentation(grid, HardLabels(Volume(grid, labels), 4)))])
    crops = Crops([example], 16, 10.0, Augmentation(), signs=_Signs([example], None), part=(0.0, 0.75))
    for seed in range(3):
        crops(np.random.default_rng(seed))
    Judge(crops, ["background", "membrane", "spikes", "lumen"], 8, torch.float32).some([(0, (0.75, 1.0))])
    assert 16**3 < density.most < 64 * 200 * 200 / 20
    assert 16**3 < labels.most < 64 * 200 * 200 / 10


@pytest.mark.parametrize("wrong", [{"learning_rate": -1.0}, {"learning_rate": float("nan")}, {"seed": -1}])
def test_what_no_network_can_learn_with_is_a_sentence(wrong):
    with pytest.raises(VolvizError, match=f"--{next(iter(wrong)).replace('_', '-')}"):
        UNet(**wrong).fit([], Run())
