"""Classes of 16 bits: every value that a file holds is the value that comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import zarr
from mrc_bytes import mrc_bytes

from volviz import io
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Kind, Label, Segmentation
from volviz.io.zarr_writer import ZarrSink

KINDS: tuple[Kind, ...] = ("probability", "score")


@pytest.fixture
def fine(soft: Segmentation) -> Segmentation:
    """The random classes of `soft`, in 16 bits that no byte holds."""
    values = np.random.default_rng(6).integers(0, 65536, soft.data.shape, dtype=np.uint16)
    return replace(soft, data=values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["out", "out.zarr"])
def test_all_values_survive(tmp_path: Path, kind: Kind, name: str) -> None:
    data = np.arange(65536, dtype=np.uint16).reshape(1, 16, 64, 64)
    value = Segmentation(Grid((16, 64, 64), (5, 5, 5)), data, (Label("heat"),), kind, name="x")
    io.save(value, tmp_path / name)
    back = io.open(tmp_path / name)
    assert isinstance(back, Segmentation)
    assert (back.data.dtype, back.bits, back.kind) == (np.uint16, 16, kind)
    np.testing.assert_array_equal(back.data[:], data)


@pytest.mark.parametrize("kind", KINDS)
def test_formats_are_converted_into_one_another(fine: Segmentation, tmp_path: Path, kind: Kind) -> None:
    value = replace(fine, kind=kind)
    for path in ("a", "b.zarr", "c"):
        io.save(value, tmp_path / path)
        value = io.open(tmp_path / path)
        assert isinstance(value, Segmentation)
    np.testing.assert_array_equal(value.data[:], fine.data)
    hard = replace(fine, kind=kind).hard()
    with mrcfile.open(tmp_path / "c" / "ts_01_labels.mrc") as labels:
        np.testing.assert_array_equal(labels.data, np.where(hard == 255, 0, hard))
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "b.zarr"), mode="r")["labels/classes/0"][:], np.where(hard == 255, 0, hard))
    with mrcfile.open(tmp_path / "c" / "ts_01_spikes.mrc") as spikes:
        assert spikes.header.mode == 2
        np.testing.assert_allclose(spikes.data, value.values(fine.data[2]), atol=1e-6)


def test_other_programs_are_told_how_bright_the_brightest_is(fine: Segmentation, soft: Segmentation, tmp_path: Path) -> None:
    for name, value, most in (("fine.zarr", fine, 65535), ("soft.zarr", soft, 255)):
        io.save(value, tmp_path / name)
        channels = zarr.open_group(str(tmp_path / name), mode="r").attrs["ome"]["omero"]["channels"]
        assert {c["window"]["max"] for c in channels} == {c["window"]["end"] for c in channels} == {most}


def test_a_sink_brings_classes_to_its_own_bits(fine: Segmentation, soft: Segmentation, tmp_path: Path) -> None:
    for bits, given, expected in ((8, fine, fine.as_bytes(fine.data)), (16, soft, np.asarray(soft.data).astype(np.uint16) * 257)):
        sink = ZarrSink(tmp_path / f"{bits}.zarr", given, bits=bits)
        sink.begin(given.grid, given.labels, given.kind, {})
        sink.write(Region.whole(given.grid.shape), np.asarray(given.data))
        sink.finish()
        np.testing.assert_array_equal(io.open(sink.result).data[:], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_class_files_of_other_programs_keep_what_they_hold(soft: Segmentation, tmp_path: Path, kind: Kind) -> None:
    # Whole shorts are classes as memory holds them; real numbers are the probabilities themselves.
    shape = soft.grid.shape
    rng = np.random.default_rng(7)
    shorts = rng.integers(0, 65536, shape, dtype=np.uint16)
    numbers = rng.uniform(-1.1 if kind == "score" else -0.1, 1.1, shape).astype(np.float32)
    size = tuple(n * v for n, v in zip(shape[::-1], soft.grid.voxel_size[::-1], strict=True))
    io.save(replace(soft, kind=kind), tmp_path / "out")
    before = io.open(tmp_path / "out")
    assert (before.data.dtype, before.bits) == (np.uint8, 8)
    with mrcfile.open(tmp_path / "out" / "ts_01_membrane.mrc") as file:
        header = {"starts": (int(file.header.nxstart), int(file.header.nystart), int(file.header.nzstart))}
        header["origin"] = tuple(float(file.header.origin[a]) for a in "xyz")
    for name, data, mode in (("membrane", shorts, 6), ("spikes", numbers, 2)):
        (tmp_path / "out" / f"ts_01_{name}.mrc").write_bytes(mrc_bytes(data, mode, cell=size, **header))
    back = io.open(tmp_path / "out")
    assert isinstance(back, Segmentation)
    assert back.data.dtype == np.uint16
    np.testing.assert_array_equal(back.data[1], shorts)
    half = 32768 if kind == "score" else 0
    expected = np.clip(np.rint(numbers.astype(np.float64) * (32767 if kind == "score" else 65535) + half), 0, 65535)
    np.testing.assert_allclose(back.data[2].astype(float), expected, atol=1)
    # The others have no more than half precision, which holds bytes; -1.008, the least byte of a score, has no shorts.
    least = 1 if kind == "score" else 0
    np.testing.assert_array_equal(back.as_bytes(back.data[3]), np.maximum(soft.data[3], least))


@pytest.mark.parametrize("dtype", [">u2", "<u2", "<f4", ">f4", "<f8"])
def test_zarr_classes_of_other_numbers(fine: Segmentation, tmp_path: Path, dtype: str) -> None:
    io.save(fine, tmp_path / "x.zarr")
    root = zarr.open_group(str(tmp_path / "x.zarr"), mode="r+")
    values = np.asarray(fine.data).astype(np.float64) / 65535 if "f" in dtype else np.asarray(fine.data)
    del root["0"]
    array = root.create_array("0", shape=values.shape, chunks=(1, *values.shape[1:]), dtype=np.dtype(dtype))
    array[:] = values.astype(dtype)
    back = io.open(tmp_path / "x.zarr")
    assert isinstance(back, Segmentation)
    assert back.data.dtype == np.uint16
    np.testing.assert_array_equal(back.data[:], fine.data)
    np.testing.assert_array_equal(back.data[1, 2:5, 3], fine.data[1, 2:5, 3])
