"""TIFF stacks of ImageJ, OME and nobody in particular."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import tifffile

from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.volume import Volume

# Left alone, tifffile takes a short axis for red, green and blue.
write = partial(tifffile.imwrite, photometric="minisblack")


@pytest.fixture
def bytes_(ramp):
    return ramp.astype(np.uint8)


@pytest.mark.parametrize(
    ("unit", "pixels", "spacing", "size"),
    [
        ("nm", 1 / 1.4, 2.0, (20, 14, 14)),
        ("micron", 1 / 0.0014, 0.0014, (14, 14, 14)),
        ("\\u00B5m", 1 / 0.0014, 0.0014, (14, 14, 14)),
        ("angstrom", 1 / 14.0, 14.0, (14, 14, 14)),
        ("\\u00C5", 1 / 14.0, 14.0, (14, 14, 14)),
        ("pixel", 1.0, 1.0, None),
        ("cm", 72.0, 0.01, None),  # dots on paper
    ],
)
def test_imagej(tmp_path, bytes_, unit, pixels, spacing, size):
    path = tmp_path / "ij.tif"
    write(path, bytes_, imagej=True, resolution=(pixels, pixels), metadata={"axes": "ZYX", "unit": unit, "spacing": spacing})
    volume = io.open(path)
    np.testing.assert_array_equal(volume.read(), bytes_)
    assert volume.grid.voxel_size_known is (size is not None)
    np.testing.assert_allclose(volume.grid.voxel_size, size or (1, 1, 1), rtol=1e-6)
    assert isinstance(volume.data, np.memmap)


def test_resolution_tags_alone(tmp_path, bytes_):
    write(tmp_path / "a.tif", bytes_, resolution=(1e8 / 12.5, 1e8 / 12.5), resolutionunit="CENTIMETER")
    volume = io.open(tmp_path / "a.tif")
    np.testing.assert_allclose(volume.grid.voxel_size, 12.5, rtol=1e-6)
    assert any("thickness" in note for note in volume.notes)
    write(tmp_path / "b.tif", bytes_, resolution=(300, 300), resolutionunit="INCH")
    assert not io.open(tmp_path / "b.tif").grid.voxel_size_known


def test_ome_of_others(tmp_path, bytes_):
    sizes = {f"PhysicalSize{a}": v for a, v in zip("ZYX", (2.1, 1.4, 1.3), strict=True)}
    units = {f"PhysicalSize{a}Unit": "nm" for a in "ZYX"}
    places = {"Plane": {"PositionX": [4.0, 4.0], "PositionXUnit": ["mm", "mm"]}}
    write(tmp_path / "a.ome.tif", bytes_, ome=True, metadata={"axes": "ZYX", **sizes, **units, **places})
    volume = io.open(tmp_path / "a.ome.tif")
    # The position of the microscope's stage, 40 million Å away, is not where the volume is.
    assert volume.grid == Grid((2, 3, 4), (21, 14, 13))
    assert volume.name == "a"


def test_axes(tmp_path, bytes_):
    four = np.stack([bytes_, bytes_ + 100])
    write(tmp_path / "c.tif", four, ome=True, metadata={"axes": "CZYX"})
    first = io.open(tmp_path / "c.tif")
    np.testing.assert_array_equal(first.read(), bytes_)
    assert any("2 volumes" in note for note in first.notes)
    np.testing.assert_array_equal(io.open(tmp_path / "c.tif", index=1).read(), bytes_ + 100)
    write(tmp_path / "t.tif", bytes_, ome=True, metadata={"axes": "TYX"})
    np.testing.assert_array_equal(io.open(tmp_path / "t.tif").read(), bytes_)
    write(tmp_path / "flat.tif", bytes_[0])
    flat = io.open(tmp_path / "flat.tif")
    assert flat.grid.shape == (1, 3, 4)
    assert any("one slice" in note for note in flat.notes)


@pytest.mark.parametrize("options", [{"compression": "zlib"}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": (16, 16)}])
def test_ways_of_storing(tmp_path, options):
    data = np.arange(3 * 20 * 33, dtype=np.uint16).reshape(3, 20, 33)
    write(tmp_path / "x.tif", data, **options)
    volume = io.open(tmp_path / "x.tif")
    np.testing.assert_array_equal(volume.read(), data)
    pieces = "compression" in options or "tile" in options
    assert any("read whole" in note for note in volume.notes) is pieces


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_sections_written_one_by_one_are_one_volume(tmp_path, bytes_, compression):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for section in bytes_:
            writer.write(section, photometric="minisblack", contiguous=False, compression=compression)
    volume = io.open(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.read(), bytes_)
    with tifffile.TiffWriter(tmp_path / "b.tif") as writer:
        writer.write(bytes_[0], photometric="minisblack")
        writer.write(bytes_[0, :2], photometric="minisblack")
    assert any("different kinds" in note for note in io.open(tmp_path / "b.tif").notes)


def test_what_is_refused(tmp_path, bytes_):
    tifffile.imwrite(tmp_path / "colour.tif", np.zeros((20, 20, 3), np.uint8), photometric="rgb")
    write(tmp_path / "complex.tif", np.zeros((2, 20, 20), np.complex64))
    (tmp_path / "magic.tif").write_bytes(b"II*\0" + b"\xff" * 40)
    write(tmp_path / "whole.tif", np.zeros((4, 50, 50), np.float32))
    (tmp_path / "cut.tif").write_bytes((tmp_path / "whole.tif").read_bytes()[:-5000])
    for name, words in (("colour", "colour picture"), ("complex", "complex64"), ("magic", "not a whole TIFF"), ("cut", "not a whole TIFF")):
        with pytest.raises(VolvizError, match=words) as caught:
            io.open(tmp_path / f"{name}.tif")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "f2", "f4", ">f4", "?"])
def test_round_trip_and_tifffile_agrees(tmp_path, chiral, dtype):
    volume = replace(chiral, data=chiral.data.astype(dtype), grid=replace(chiral.grid, voxel_size=(10.5, 7.25, 31.36)))
    io.save(volume, tmp_path / "f.tif")
    back = io.open(tmp_path / "f.tif")
    assert back.grid == volume.grid
    np.testing.assert_array_equal(back.read(), chiral.data)
    assert isinstance(back.data, np.memmap)
    with tifffile.TiffFile(tmp_path / "f.tif") as file:
        np.testing.assert_array_equal(file.asarray(), chiral.data)
        assert file.series[0].axes == "ZYX"
        assert 'PhysicalSizeX="31.36"' in file.ome_metadata


def test_one_section_and_unknown_size(tmp_path):
    volume = Volume(Grid((1, 3, 4), voxel_size_known=False), np.zeros((1, 3, 4), np.float32))
    io.save(volume, tmp_path / "x.tif")
    assert io.open(tmp_path / "x.tif").grid == volume.grid


def test_segmentations_are_saved_as_hard_classes(soft, tmp_path):
    io.save(soft, tmp_path / "s.tif")
    back = io.open(tmp_path / "s.tif")
    np.testing.assert_array_equal(back.read(), soft.hard())
    assert back.grid == soft.grid
