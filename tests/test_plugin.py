"""A package that is none of volviz's registers a segmenter by its entry points, and is then at hand everywhere."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.core.annotations import Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume
from volviz.segment import models
from volviz.segment.parameters import parameters
from volviz.segment.protocol import Run
from volviz.tasks.train import command_of, train_file

CPU = Run(device="cpu", dense_is_dark=True)
STROKES = (
    Stroke(((150.0, 160.0, 200.0), (250.0, 160.0, 200.0)), 25.0, "lumen"),
    Stroke(((20.0, 20.0, 60.0), (460.0, 20.0, 60.0)), 25.0, "background"),
)


def ball(seed: int) -> Volume:
    """A dark ball in noise, (40, 44, 48) voxels of 10 A; the middle is at (200, 160, 200)."""
    grid = Grid((40, 44, 48), (10.0, 10.0, 10.0))
    noise = np.random.default_rng(seed).normal(0, 0.6, grid.shape)
    return Volume(grid, (noise - 1.0 * inside(grid)).astype(np.float32), name="ball")


def inside(grid: Grid) -> np.ndarray:
    z, y, x = np.indices(grid.shape)
    return (z - 20) ** 2 + (y - 16) ** 2 + (x - 20) ** 2 < 12**2


def overlap(found: np.ndarray, grid: Grid) -> float:
    return 2 * (found & inside(grid)).sum() / (found.sum() + inside(grid).sum())


@pytest.fixture
def installed(grey_levels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(grey_levels))
    return grey_levels


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two tomograms, and what was marked in the first."""
    for name, seed in (("a", 1), ("b", 2)):
        volviz.save(ball(seed), tmp_path / f"{name}.mrc")
    volviz.write_annotations(STROKES, tmp_path / "a.annotations.json", ball(1))
    return tmp_path


def broken(folder: Path, name: str, code: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{name}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[volviz.segmenters]\n{name} = {name}:Method\n[volviz.predictors]\n{name} = {name}:Method\n")


def command(*words: str, path: Path, cwd: Path, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(path)]), "COLUMNS": "140"}
    if data is not None:
        environment["XDG_DATA_HOME"] = str(data)
    return subprocess.run(
        [sys.executable, "-m", "volviz", *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_python_finds_it_fits_it_and_loads_what_it_saved(installed: Path, tmp_path: Path) -> None:
    assert models.segmenters()[-1] == "grey-levels"
    method = models.find_segmenter("grey-levels")
    assert models.name_of(method) == "grey-levels"
    assert [(p.name, p.kind, p.default, p.least) for p in parameters(method)] == [
        ("smoothing", float, 20.0, 0.0),
        ("equal", bool, True, None),
    ]
    predictor = method().fit([Example(ball(1), STROKES)], CPU)
    found = predictor.predict(ball(2), CPU)
    assert [label.name for label in found.labels] == ["background", "lumen"]
    assert overlap(np.asarray(found.data)[1] > 127, found.grid) > 0.9
    unsmoothed = method(smoothing=0.0).fit([Example(ball(1), STROKES)], CPU).predict(ball(2), CPU)
    assert overlap(np.asarray(unsmoothed.data)[1] > 127, found.grid) < overlap(np.asarray(found.data)[1] > 127, found.grid) - 0.05
    region = Region((3, 7, 11), (33, 30, 40))
    part = predictor.predict(ball(2), replace(CPU, region=region))
    assert np.abs(np.asarray(part.data).astype(int) - np.asarray(found.data)[(slice(None), *region.slices)]).max() <= 1
    predictor.save(tmp_path / "grey.safetensors")
    again = models.load(tmp_path / "grey.safetensors").predict(ball(2), CPU)
    assert np.array_equal(again.data, found.data)
    with pytest.raises(VolvizError, match="at least two classes"):
        method().fit([Example(ball(1), STROKES[:1])], CPU)


def test_tasks_train_and_segment_with_it_and_the_card_says_how(installed: Path, files: Path) -> None:
    segmenter = models.find_segmenter("grey-levels")(smoothing=15.0)
    data = [(files / "a.mrc", files / "a.annotations.json")]
    train_file(segmenter, files / "grey.safetensors", data=data, device="cpu")
    card = json.loads((files / "grey.json").read_text())
    assert card["command"] == command_of(segmenter, files / "grey.safetensors", data)
    assert "volviz train grey-levels" in card["command"]
    assert "--smoothing 15.0" in card["command"]
    found = volviz.segment(volviz.open(files / "b.mrc"), model=files / "grey.safetensors", device="cpu")
    assert overlap(np.asarray(found.data)[1] > 127, found.grid) > 0.9


def test_the_command_line_shows_its_fields_trains_it_and_segments_with_it(grey_levels: Path, files: Path) -> None:
    said = command("train", "grey-levels", "--help", path=grey_levels, cwd=files)
    assert said.returncode == 0, said.stderr
    assert "parameters of grey-levels" in said.stdout
    assert "--smoothing X" in said.stdout
    assert "Standard deviation in angstrom of the Gaussian that density is smoothed with. (default: 20.0)" in said.stdout
    assert "--equal, --no-equal" in said.stdout
    data = files / "data"
    out = data / "volviz" / "models" / "grey.safetensors"
    words = ["train", "grey-levels", "a.mrc", "--strokes", "a.annotations.json", "--smoothing", "15", "--out", str(out)]
    trained = command(*words, path=grey_levels, cwd=files, data=data)
    assert trained.returncode == 0, trained.stderr
    # Among the person's own models it has a name.
    done = command("segment", "b.mrc", "--model", "grey", "--out", "b.zarr", "--device", "cpu", path=grey_levels, cwd=files, data=data)
    assert done.returncode == 0, done.stderr
    found = volviz.open(files / "b.zarr")
    assert overlap(found.probabilities()[1] > 0.5, found.grid) > 0.9
    without = command("segment", "b.mrc", "--model", str(out), "--out", "again.zarr", path=files, cwd=files)
    assert without.returncode == 2
    assert "needs the method 'grey-levels', which is not installed; there are: unet, scribble-forest" in without.stderr


@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("torn", "import nothing_of_this_name", "The plug-in torn with the method 'torn' cannot be loaded (ModuleNotFoundError"),
        ("empty", "", "The plug-in empty with the method 'empty' cannot be loaded (AttributeError"),
        ("odd", "class Method:\n    needs = ()\n", "The method 'odd' of a plug-in is no dataclass with needs and fit"),
    ],
)
def test_a_broken_plug_in_is_one_sentence_and_takes_nothing_down(name: str, code: str, sentence: str, files: Path) -> None:
    broken(files / "site", name, code)
    for words in ((name, "--help"), (name, "a.mrc", "--strokes", "a.annotations.json", "--out", "x.safetensors")):
        said = command("train", *words, path=files / "site", cwd=files)
        assert said.returncode == 2
        assert said.stderr.splitlines()[-1].startswith(f"volviz: {sentence}"), said.stderr
        assert "Traceback" not in said.stderr
    fine = ["train", "scribble-forest", "a.mrc", "--strokes", "a.annotations.json", "--out", "x.safetensors"]
    fine += ["--features", "smoothed", "--trees", "3"]
    done = command(*fine, path=files / "site", cwd=files)
    assert done.returncode == 0, done.stderr


def test_the_page_on_plug_ins_shows_this_very_package() -> None:
    root = Path(__file__).resolve().parents[1]
    source = "".join((root / "tests" / "plugin" / name).read_text(encoding="utf-8") for name in ("grey_levels.py", "pyproject.toml"))
    shown = re.findall(r"```(?:python|toml)\n(.*?)```", (root / "docs" / "plugins.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 3
    assert all(block.rstrip() in source for block in shown)
