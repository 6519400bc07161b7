"""What has no room is refused before the work, and what is empty takes none."""

from __future__ import annotations

import os
import re
import sys
from collections import namedtuple
from pathlib import Path

import mrcfile
import numpy as np
import pytest

import volviz
from volviz.core.cleaning import Cleaning
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume
from volviz.io.mrc_folder import MrcFolder
from volviz.io.mrc_writer import MrcWriter
from volviz.io.pyramid import compressed_share
from volviz.io.writing import save_together
from volviz.io.zarr_writer import ZarrSink
from volviz.segment.methods.unet import UNetPredictor
from volviz.segment.results import Memory, Outputs
from volviz.tasks.clean import clean, clean_file
from volviz.tasks.segment import FilledWithMargin, segment, segment_file

SHAPE = (300, 70, 90)
INNER = Region((131, 0, 0), (134, 70, 90))


def full(*_: object) -> object:
    return namedtuple("Usage", "total used free")(2**40, 2**40 - 2**6, 2**6)


def values() -> np.ndarray:
    return np.random.default_rng(0).dirichlet([2, 1, 1, 1], INNER.shape).transpose(3, 0, 1, 2).astype(np.float32)


def streamed(sink, bits=8):
    """Put a few slices into a sink, as segmenting does: background beyond them."""
    outputs = Outputs(sink, None, bits, 4)
    with outputs.begun(Grid(SHAPE, (10, 10, 10)), VIRION_LABELS, {}):
        outputs.background(Region.whole(SHAPE), INNER, lambda *_, **__: None)
        outputs.write(INNER, values())


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["folder", "zarr"])
def test_a_few_slices_are_written_as_in_memory(tmp_path, kind, bits):
    source = Volume(Grid(SHAPE, (10, 10, 10)), np.zeros(SHAPE, np.float32), name="t")
    limits = (INNER.start[0], INNER.stop[0])
    sink = (
        MrcFolder(tmp_path / "o", "t", source, bits=bits, z=limits)
        if kind == "folder"
        else ZarrSink(tmp_path / "o.zarr", source, bits=bits)
    )
    memory = Memory(bits)
    streamed(memory, bits)
    streamed(sink, bits)
    found = volviz.open(sink.result)
    assert np.array_equal(np.asarray(found.data[:]), memory.data)
    assert (memory.data[0, :131] == 2**bits - 1).all()
    assert not memory.data[1:, 134:].any()
    if kind == "folder":
        for name in ("background", "spikes", "labels"):
            path = tmp_path / "o" / f"t_{name}.mrc"
            with mrcfile.open(path) as file:
                assert file.header.dmean == pytest.approx(file.data.mean(dtype=np.float64), abs=1e-6)
                assert (file.header.dmin, file.header.dmax) == (file.data.min(), file.data.max())
            if sys.platform == "linux":
                assert (path.stat().st_blocks * 512 < path.stat().st_size // 10) == (name != "background")


def test_what_is_written_beyond_the_slices_that_were_named_is_kept(tmp_path):
    data = np.zeros((9, 5, 6), np.float32)
    data[7, 2] = 3
    with MrcWriter(tmp_path / "x.mrc", Grid(data.shape, (1, 1, 1)), np.float32, {}, sections=(2, 4)) as writer:
        writer.write(Region.whole(data.shape), data)
    with mrcfile.open(tmp_path / "x.mrc") as file:
        assert np.array_equal(file.data, data)
        assert file.header.rms == pytest.approx(data.std())


def test_uncertainty_is_told_of_background(tmp_path):
    class Margin:
        seen = np.full(SHAPE, np.nan, np.float32)

        def begin(self, grid):
            assert grid.shape == SHAPE

        def write(self, region, values):
            self.seen[region.slices] = values

        def finish(self): ...

        def abort(self): ...

    streamed(FilledWithMargin(Memory(), Margin()))
    assert not Margin.seen[:131].any()
    assert not Margin.seen[134:].any()
    assert (Margin.seen[131:134] > 0).all()


def made(folder: Path) -> Path:
    volviz.save(Volume(Grid((40, 64, 64), (10, 10, 10)), np.zeros((40, 64, 64), np.float32), name="t"), folder / "t.mrc")
    return folder / "t.mrc"


@pytest.mark.parametrize("name", ["out", "out.zarr"])
def test_a_segmentation_without_room_is_refused_before_the_network_runs(tmp_path, monkeypatch, name):
    tomogram = made(tmp_path)
    monkeypatch.setattr("volviz.core.room.shutil.disk_usage", full)
    monkeypatch.setattr(UNetPredictor, "predict", lambda *_: pytest.fail("the network ran"))
    with pytest.raises(VolvizError, match=r"There is no room for the result in .*: it takes .*, and 1 kB are free .*--z"):
        segment_file(tomogram, tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["t.mrc"]


@pytest.mark.parametrize("name", ["x.mrc", "x.mrc.gz", "x.tif", "x.zarr"])
def test_a_volume_without_room_is_refused_before_it_is_written(tmp_path, monkeypatch, name):
    data = np.random.default_rng(0).normal(0, 1, (40, 64, 64)).astype(np.float32)
    volume = Volume(Grid(data.shape, (10, 10, 10)), data)
    monkeypatch.setattr("volviz.core.room.shutil.disk_usage", full)
    with pytest.raises(VolvizError, match=r"it takes .*, and 1 kB are free on this disk.*choose another place"):
        volviz.save(volume, tmp_path / name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", [".mrc", ".mrc.gz", ".tif", ".zarr"])
def test_of_files_that_belong_together_none_is_left_alone(tmp_path, full_disk, ending):
    grids = Grid((4, 8, 9), (10, 10, 10)), Grid((40, 80, 90), (10, 10, 10))
    small, large = (Volume(grid, np.random.default_rng(0).normal(0, 1, grid.shape).astype(np.float32)) for grid in grids)
    a, b = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    save_together([(small, a), (small, b)])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with full_disk(20_000), pytest.raises(VolvizError, match=re.escape(f"{b} could not be written")):
        save_together([(small, a), (large, b)], overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def soft() -> Segmentation:
    data = np.zeros((4, 20, 30, 40), np.uint8)
    data[0], data[1, 5:9, 5:9, 5:9] = 255, 200
    return Segmentation(Grid((20, 30, 40), (10, 10, 10)), data, name="s")


@pytest.mark.parametrize("name", ["cleaned", "cleaned.zarr"])
def test_cleaning_without_room_on_the_disk_is_refused_before_the_work(tmp_path, monkeypatch, name):
    volviz.save(soft(), tmp_path / "s.zarr")
    monkeypatch.setattr("volviz.core.room.shutil.disk_usage", full)
    monkeypatch.setattr("volviz.tasks.clean.Cleaner.clean", lambda *_: pytest.fail("it was cleaned"))
    with pytest.raises(VolvizError, match="There is no room for the result"):
        clean_file(tmp_path / "s.zarr", tmp_path / name, ["membrane.dust=5"])
    assert sorted(os.listdir(tmp_path)) == ["s.zarr"]


def test_what_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("volviz.core.room.available_memory", lambda: 180_000)
    with pytest.raises(VolvizError, match=r"To clean these classes would take .* of memory"):
        clean(soft(), {"membrane": Cleaning(dust=5, level=0.5)})
    assert clean(soft(), {"membrane": Cleaning(dust=5, level=0.5, trim=(50, 50))}).data is not None  # half of it fits
    with pytest.raises(VolvizError, match=r"The classes of this tomogram would take .*segment it into a file"):
        segment(Volume(Grid((40, 64, 64), (10, 10, 10)), np.zeros((40, 64, 64), np.float32)))


@pytest.mark.parametrize("kind", ["noise", "labels", "classes", "nothing", "score"])
def test_what_is_said_of_a_compressed_file_is_no_more_than_it_takes(tmp_path, kind):
    rng, shape = np.random.default_rng(0), (70, 150, 160)
    grid = Grid(shape, (10, 10, 10))
    if kind in {"classes", "score"}:
        data = np.zeros((2, *shape), np.uint8)
        data[1, 20:50, 30:90, 40:120] = rng.integers(0, 255, (30, 60, 80))
        data[0] = 255 - data[1]
        value = Segmentation(grid, data, VIRION_LABELS[:2], kind="score" if kind == "score" else "probability", name="s")
        sink = ZarrSink(tmp_path / "x.zarr", value)
        said = sink.room(grid, value.labels)
    else:
        data = {"noise": rng.normal(0, 1, shape), "labels": np.zeros(shape), "nothing": np.zeros(shape)}[kind].astype(">f4")
        data[20:50, 30:90, 40:120] += kind == "labels"
        value = Volume(grid, data, name="v")
        said = data.nbytes * compressed_share(data)
    volviz.save(value, tmp_path / "x.zarr")
    taken = sum(path.stat().st_size for path in (tmp_path / "x.zarr").rglob("*") if path.is_file())
    assert taken / 3 - 5000 < said <= taken
