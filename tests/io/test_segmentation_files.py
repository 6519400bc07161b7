"""A segmentation as a folder of MRC files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, bricks
from volviz.core.segmentation import VIRION_LABELS, Label, Segmentation
from volviz.core.sink import Sink
from volviz.core.volume import Volume
from volviz.io.zarr_writer import ZarrSink

NAMES = ["background", "membrane", "spikes", "lumen", "labels"]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["probability", "score"])
def test_round_trip_through_a_folder(soft, tmp_path, kind):
    folder = tmp_path / "out"
    io.save(replace(soft, kind=kind), folder)
    assert names(folder) == {f"ts_01_{n}.mrc" for n in NAMES} | {"ts_01_segmentation.json"}
    for path in (folder, folder / "ts_01_segmentation.json"):
        back = io.open(path)
        assert isinstance(back, Segmentation)
        np.testing.assert_array_equal(back.data[...], soft.data)
        assert (back.grid, back.labels, back.kind, back.name) == (soft.grid, soft.labels, kind, soft.name)
        assert back.provenance == soft.provenance
        assert back.source == soft.source
    hard = replace(soft, kind=kind).hard()
    with mrcfile.open(folder / "ts_01_labels.mrc") as labels, mrcfile.open(folder / "ts_01_spikes.mrc") as spikes:
        assert labels.header.mode == 0
        np.testing.assert_array_equal(labels.data, np.where(hard == 255, 0, hard))
        assert spikes.header.mode == 12
        expected = (soft.data[2] - 128.0) / 127 if kind == "score" else soft.data[2] / 255
        np.testing.assert_allclose(spikes.data, expected, atol=1e-3)
        np.testing.assert_allclose(spikes.header.dmean, expected.mean(), atol=1e-4)


def test_every_byte_survives_half_precision(tmp_path):
    data = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    for kind in ("probability", "score"):
        io.save(Segmentation(Grid((1, 16, 16), (5, 5, 5)), data, (Label("heat"),), kind, name="x"), tmp_path / kind)
        np.testing.assert_array_equal(io.open(tmp_path / kind).data[:], data)


def test_classes_are_sliced_as_an_array(soft, tmp_path):
    io.save(soft, tmp_path / "out")
    data = io.open(tmp_path / "out").data
    assert (data.shape, data.dtype) == (soft.data.shape, np.uint8)
    for key in ((slice(None), slice(2, 5), 3), (2,), (1, 4), (slice(1, 3), ..., 7), (..., 0), (-1, slice(None, None, 2))):
        np.testing.assert_array_equal(data[key], soft.data[key])
    np.testing.assert_array_equal(np.asarray(data), soft.data)


def test_the_json_says_what_the_folder_holds(soft, tmp_path):
    io.save(soft, tmp_path / "out")
    card = json.loads((tmp_path / "out" / "ts_01_segmentation.json").read_text())
    assert [c["name"] for c in card["classes"]] == NAMES[:4]
    assert [c["file"] for c in card["classes"]] == [f"ts_01_{n}.mrc" for n in NAMES[:4]]
    assert card["labels"] == "ts_01_labels.mrc"
    assert card["kind"] == "probability"
    assert card["source"] == {"name": "ts_01.mrc", "path": "../data/ts_01.mrc"}
    assert card["provenance"] == {"model": "none", "seed": 5}


def test_results_carry_the_placement_of_the_tomogram(raw_mrc, tmp_path):
    # EMD-29207 has such starts; a result without them appears shifted beside it in ChimeraX.
    path = raw_mrc(np.zeros((128, 8, 52), np.int8), 0, name="shifted.mrc", starts=(-512, -512, -128), cell=(520, 80, 1280))
    volume = io.open(path)
    sink = io.MrcFolder(tmp_path / "out", "shifted", volume)
    fill(sink, volume.grid)
    back = io.open(tmp_path / "out")
    assert back.grid == volume.grid
    for name in NAMES:
        with mrcfile.open(tmp_path / "out" / f"shifted_{name}.mrc") as file:
            assert (int(file.header.nxstart), int(file.header.nystart), int(file.header.nzstart)) == (-512, -512, -128)
            assert float(file.header.cella.x) == 520
            assert float(file.header.origin.x) == 0
    io.save(back, tmp_path / "x.zarr")
    io.save(io.open(tmp_path / "x.zarr"), tmp_path / "labels.mrc")
    assert io.open(tmp_path / "labels.mrc").header["placement"] == volume.header["placement"]


def fill(sink: Sink, grid: Grid) -> np.ndarray:
    """Write random classes in bricks that fit no chunk, in no order."""
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, (4, *grid.shape), dtype=np.uint8)
    sink.begin(grid, VIRION_LABELS, "probability", {"path": Path("model.safetensors")})
    regions = list(bricks(grid.shape, (5, 7, 11)))
    for i in rng.permutation(len(regions)):
        sink.write(regions[i], data[(slice(None), *regions[i].slices)])
    sink.finish()
    return data


def sink_of(kind: str, folder: Path, source: Volume, **options: bool) -> Sink:
    return io.MrcFolder(folder / "out", "f", source, **options) if kind == "folder" else ZarrSink(folder / "out.zarr", source, **options)


@pytest.mark.parametrize("kind", ["folder", "zarr"])
def test_sinks_take_bricks_in_any_order(chiral, tmp_path, kind):
    sink = sink_of(kind, tmp_path, chiral)
    data = fill(sink, chiral.grid)
    back = io.open(sink.result)
    np.testing.assert_array_equal(back.data[:], data)
    assert back.grid == chiral.grid
    assert back.provenance == {"path": "model.safetensors"}
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("kind", ["folder", "zarr"])
def test_aborted_sinks_leave_nothing(chiral, tmp_path, kind):
    sink = sink_of(kind, tmp_path, chiral)
    sink.abort()
    assert names(tmp_path) == set()
    sink.begin(chiral.grid, VIRION_LABELS, "probability", {})
    region = next(bricks(chiral.grid.shape, (5, 7, 11)))
    sink.write(region, np.zeros((4, *region.shape), np.uint8))
    assert len(names(tmp_path)) == 1
    sink.abort()
    sink.abort()
    assert names(tmp_path) == set()


@pytest.mark.parametrize("kind", ["folder", "zarr"])
def test_what_is_there_is_refused_before_any_work(chiral, tmp_path, kind):
    data = fill(sink_of(kind, tmp_path, chiral), chiral.grid)
    with pytest.raises(VolvizError, match="--overwrite"):
        sink_of(kind, tmp_path, chiral)
    aborted = sink_of(kind, tmp_path, chiral, overwrite=True)
    aborted.begin(chiral.grid, VIRION_LABELS, "probability", {})
    aborted.abort()
    np.testing.assert_array_equal(io.open(aborted.result).data[:], data)
    fill(sink_of(kind, tmp_path, chiral, overwrite=True), chiral.grid)
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("kind", ["folder", "zarr"])
def test_folders_that_cannot_be_written(chiral, tmp_path, kind):
    (tmp_path / "file").write_text("")
    for folder in (Path("/proc/volviz"), tmp_path / "a" / "b", tmp_path / "file"):
        with pytest.raises(VolvizError, match=r"does not exist|cannot be|can be written"):
            sink_of(kind, folder / "c", chiral)


def test_a_tomogram_is_never_its_own_result(chiral, tmp_path):
    io.save(chiral, tmp_path / "f_labels.mrc")
    with pytest.raises(VolvizError, match="tomogram itself"):
        io.MrcFolder(tmp_path, "f", io.open(tmp_path / "f_labels.mrc"), overwrite=True)


@pytest.mark.parametrize("name", ["t.mrc", "t.tif", "t.zarr", "t.mrc.gz"])
def test_a_segmentation_is_never_saved_over_its_tomogram(soft, tmp_path, name):
    io.save(Volume(soft.grid, np.zeros(soft.grid.shape, np.float32)), tmp_path / name)
    (tmp_path / f"link_{name}").symlink_to(tmp_path / name)
    tomogram = io.open(tmp_path / name)
    for path in (tmp_path / name, tmp_path / f"link_{name}"):
        with pytest.raises(VolvizError, match="tomogram itself"):
            io.save(replace(soft, source=tmp_path / name), path, overwrite=True)
        if name == "t.zarr":
            with pytest.raises(VolvizError, match="tomogram itself"):
                ZarrSink(path, tomogram, overwrite=True)
    assert isinstance(io.open(tmp_path / name), Volume)


def test_class_names_that_are_no_file_names(soft, tmp_path):
    for name in ("labels", "a/b", "", "../up"):
        labels = (*VIRION_LABELS[:3], Label(name))
        with pytest.raises(VolvizError, match="another name"):
            io.save(replace(soft, labels=labels), tmp_path / "out")
    assert names(tmp_path) == set()


def test_damaged_folders(soft, chiral, tmp_path):
    folder = tmp_path / "out"
    io.save(soft, folder)
    io.save(replace(soft, name="second"), folder)
    with pytest.raises(VolvizError, match="holds 2 segmentations"):
        io.open(folder)
    (folder / "second_segmentation.json").write_text('{"format": "something else", "version": 1}')
    with pytest.raises(VolvizError, match="by another program"):
        io.open(folder / "second_segmentation.json")
    (folder / "second_segmentation.json").write_text("[1, 2")
    with pytest.raises(VolvizError, match="not the description"):
        io.open(folder / "second_segmentation.json")
    (folder / "second_segmentation.json").unlink()
    io.save(replace(chiral, grid=replace(chiral.grid, voxel_size=(3, 3, 3))), folder / "ts_01_spikes.mrc", overwrite=True)
    with pytest.raises(VolvizError, match="same grid"):
        io.open(folder)
    (folder / "ts_01_spikes.mrc").unlink()
    with pytest.raises(VolvizError, match=r"ts_01_spikes.mrc is missing"):
        io.open(folder)
    with pytest.raises(VolvizError, match="neither an OME-Zarr nor a segmentation"):
        io.open(tmp_path)


def test_both_move_together(soft, chiral, tmp_path):
    before = tmp_path / "before"
    before.mkdir()
    io.save(chiral, before / "tomogram.mrc")
    io.save(replace(soft, source=before / "tomogram.mrc"), before / "out")
    before.rename(tmp_path / "after")
    assert io.open(tmp_path / "after" / "out").source == tmp_path / "after" / "tomogram.mrc"


def test_voxel_size_of_a_person(soft, tmp_path):
    io.save(soft, tmp_path / "out")
    assert io.open(tmp_path / "out", voxel_size=20.0).grid == soft.grid.with_voxel_size(20.0)
