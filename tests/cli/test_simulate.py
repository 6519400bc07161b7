"""``volviz simulate``: every field can be set, and what does not fit ends in one sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import volviz
from volviz.cli import main
from volviz.simulate import random_spec

if TYPE_CHECKING:
    from pathlib import Path

TINY = ["--shape", "16", "32", "32", "--voxel-size", "16"]


def made(folder: Path, *options: str) -> tuple[np.ndarray, np.ndarray]:
    out = folder / "s.mrc"
    assert main(["simulate", str(out), *TINY, *options, "--overwrite"]) == 0
    return volviz.open(out).read(), volviz.open(folder / "s_labels.mrc").read()


def test_settings_recipes_and_scenes_reach_the_tomogram(tmp_path: Path) -> None:
    plain, _ = made(tmp_path, "--virions", "1")
    light, _ = made(tmp_path, "--virions", "1", "--set", "dark=off")
    np.testing.assert_allclose(light, -plain, atol=1e-4)

    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"virions": 1, "dark": False, "seed": 8}))
    from_file, _ = made(tmp_path, "--spec", str(recipe), "--seed", "1")
    np.testing.assert_allclose(from_file, light, atol=1e-4)
    recipe.write_text(json.dumps({"voxel_size": 10, "simulation": {"virions": 1, "dark": False}}))
    np.testing.assert_allclose(made(tmp_path, "--spec", str(recipe))[0], light, atol=1e-4)

    _, labels = made(tmp_path, "--scene", "ice", "--seed", "4")
    assert (labels == 0).all()


def test_a_random_tomogram_is_that_of_the_recipe(tmp_path: Path) -> None:
    data, _ = made(tmp_path, "--difficulty", "easy", "--seed", "3")
    expected, _ = volviz.simulate(random_spec(3, shape=(16, 32, 32), voxel_size=16.0, difficulty="easy"))
    np.testing.assert_allclose(data, expected.read(), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "spikes=many"], "spikes of a simulation takes"),
        (["--set", "wings=2"], "no 'wings'"),
        (["--spec", "missing.json"], "cannot be read as a recipe"),
        (["--densities", "."], "holds no atomic model"),
        (["--set", "spike_densities=gone.pdb"], "cannot be read as an atomic model"),
        (["--set", "debris_densities=gone.mrc"], "gone.mrc"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "s.mrc", *TINY, "--virions", "1", *options]) == 2
    captured = capsys.readouterr().err.strip()
    assert words in captured.splitlines()[-1]
    assert "Traceback" not in captured
    assert list(tmp_path.iterdir()) == []


def test_a_compressed_tomogram_has_compressed_labels_beside_it(tmp_path: Path) -> None:
    assert main(["simulate", str(tmp_path / "s.mrc.gz"), *TINY, "--virions", "1"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"s.mrc.gz", "s_labels.mrc.gz"}
    assert volviz.open(tmp_path / "s_labels.mrc.gz").grid == volviz.open(tmp_path / "s.mrc.gz").grid
